"""`manage.py advance_day --bank … --to DATE`: walk the business date forward, each day closed and each followed."""

from __future__ import annotations

import time
from datetime import date
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.clock import business_date
from core.tenancy import in_bank
from lending.closing.runner import AnotherDayEnd, TooFarAhead, close_until
from tenants import directory

log = structlog.get_logger(__name__)
PATIENCE_SECONDS: Final = 60.0
A_MOMENT: Final = 0.1


class Command(BaseCommand):
    """Walk one bank, or all that serve customers, to a date.

    Wall time stays as it is: only what counts in days moves. A bank whose date is there already stays where it is. Each
    day goes through the stages of `close_day`; what hangs on it is owed by a step as well, so nothing is lost where the
    command dies half-way. One bank's failure stops no other.
    """

    help = "Move the business date (only with SIMULATION=1)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which banks and how far."""
        whom = parser.add_mutually_exclusive_group(required=True)
        whom.add_argument("--bank", help="code of the bank")
        whom.add_argument("--all", action="store_true", help="every bank that serves customers")
        parser.add_argument("--to", required=True, help="the new business date, such as 2026-12-22")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move.

        Raises:
            CommandError: this is no simulation, the bank is not open, the date lies behind or much too far ahead, or a day
                end has failed; the other banks have been walked by then.
        """
        if not settings.SIMULATION:
            raise CommandError("advance_day moves time: it runs only with SIMULATION=1, never at a working bank")
        to_date = _date(options["to"])
        codes = _serving() if options["all"] else [options["bank"]]
        for code in codes:
            if directory.card_of(code) is None:
                raise CommandError(f"there is no bank {code}")
        failed = [error for code in codes if (error := self._advance(code, to_date))]
        if failed:
            raise CommandError("; ".join(failed))

    def _advance(self, code: str, to_date: date) -> str:
        """Walk one bank; return what went wrong, which stops no other bank."""
        with in_bank(code):
            try:
                day = start = business_date()
                if to_date < day:
                    return f"bank {code} is at {day}: the business date never goes back to {to_date}"
                if day < to_date:
                    day = _walk(to_date)
            except TooFarAhead as error:
                return f"bank {code}: {error}"
            except Exception as error:
                log.exception("day_end.failed", bank=code)
                return f"bank {code}: {type(error).__name__}: {error}: run it again to go on where it stopped"
        self.stdout.write(f"{code}: {start} → {day}")
        return ""


def _walk(to_date: date) -> date:
    """Walk to a date; a worker that is at this bank's day end at this moment is waited for."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return close_until(to_date=to_date).day
        except AnotherDayEnd:
            if time.monotonic() >= until:
                raise
            time.sleep(A_MOMENT)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--to must be a date such as 2026-12-22, not {text!r}") from error


def _serving() -> list[str]:
    return [card.code for card in directory.all_cards() if card.serves_customers]
