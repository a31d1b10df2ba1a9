"""`manage.py advance_day --bank … --to DATE`: move the business date, day by day, and do what hangs on each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.clock import business_date
from core.evidence import HeadOvertaken
from core.tenancy import in_bank
from lending.day_end import follow_day
from lending.operations import move_day
from lending.reporting import AnotherPush
from tenants import directory

FARTHEST: Final = timedelta(days=3700)


class Command(BaseCommand):
    """Walk one bank, or all that serve customers, to a date.

    Wall time stays as it is: only what counts in days moves. A bank whose date is there already stays where it is. What
    hangs on a day is owed by a step as well, so nothing is lost where the command dies half-way.
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
            CommandError: this is no simulation, the bank is not open, or the date lies behind or much too far ahead.
        """
        if not settings.SIMULATION:
            raise CommandError("advance_day moves time: it runs only with SIMULATION=1, never at a working bank")
        to_date = _date(options["to"])
        codes = _serving() if options["all"] else [options["bank"]]
        for code in codes:
            if directory.card_of(code) is None:
                raise CommandError(f"there is no bank {code}")
            with in_bank(code):
                self._advance(code, to_date)

    def _advance(self, code: str, to_date: date) -> None:
        day = start = business_date()
        if to_date < day:
            raise CommandError(f"bank {code} is at {day}: the business date never goes back to {to_date}")
        if to_date - day > FARTHEST:
            raise CommandError(f"{to_date} is more than {FARTHEST.days} days ahead of bank {code}'s {day}")
        while day < to_date:
            day += timedelta(days=1)
            move_day(to_date=day)
            try:
                follow_day()
            except (AnotherPush, HeadOvertaken):
                continue  # a worker is at it: the day's own step
        self.stdout.write(f"{code}: {start} → {day}")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--to must be a date such as 2026-12-22, not {text!r}") from error


def _serving() -> list[str]:
    return [card.code for card in directory.all_cards() if card.serves_customers]
