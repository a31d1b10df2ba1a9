"""`manage.py close_day [--bank CODE|--all] [--date DATE] [--json]`: the day end by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.clock import business_date, now
from core.tenancy import in_bank
from lending.closing.runner import TooFarAhead, close_until
from tenants import directory

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What has become of one bank: the days closed, the business date after it, and what went wrong."""

    bank: str
    days: tuple[date, ...] = ()
    day: date | None = None
    asked_for: date | None = None
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "bank": self.bank,
            "ok": not self.error,
            "closed": [day.isoformat() for day in self.days],
            "business_date": None if self.day is None else self.day.isoformat(),
            "error": self.error,
        }

    def __str__(self) -> str:
        """Say it in a line."""
        if self.error:
            return f"{self.bank}: FAILED: {self.error}"
        closed = f"closed {', '.join(map(str, self.days))}" if self.days else f"{self.asked_for} is closed already"
        return f"{self.bank}: {closed}; business date {self.day}"


class Command(BaseCommand):
    """Close a bank's present business day, or every day up to a date, and begin the next.

    A day that is closed already stays so. What a former run has left is finished first. One bank's failure stops no other.
    """

    help = "Close the business day: income, provisions, books, dues, overdue, categories, repricing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which banks and which day."""
        whom = parser.add_mutually_exclusive_group()
        whom.add_argument("--bank", help="code of the bank")
        whom.add_argument("--all", action="store_true", help="every bank; so it is without --bank")
        parser.add_argument("--date", help="the last business date to close, such as 2026-12-22; default: the present")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Close, and tell what became of each bank.

        Raises:
            CommandError: there is no such bank or date, a date lies ahead of the calendar, or a bank has failed.
        """
        last = _date(options["date"])
        codes = [card.code for card in directory.all_cards()] if options["bank"] is None else [options["bank"]]
        for code in codes:
            if directory.card_of(code) is None:
                raise CommandError(f"there is no bank {code}")
        results = [_close(code, last) for code in codes]
        if options["json"]:
            self.stdout.write(json.dumps({"banks": [result.as_json() for result in results]}, ensure_ascii=False))
        else:
            for result in results:
                self.stdout.write(str(result))
        failed = [result.bank for result in results if result.error]
        if failed:
            raise CommandError(f"the day end has failed at {', '.join(failed)}: the log says why; run it again")


def _close(code: str, last: date | None) -> Closed:
    with in_bank(code):
        try:
            day = last or business_date()
            if day > now().date() and not settings.SIMULATION:
                return Closed(bank=code, day=business_date(), error=f"{day} is still to come")
            progress = close_until(to_date=max(day + timedelta(days=1), business_date()))
        except TooFarAhead as error:
            return Closed(bank=code, day=business_date(), error=str(error))
        except Exception as error:
            log.exception("day_end.failed", bank=code)
            return Closed(bank=code, error=f"{type(error).__name__}: {error}")
        return Closed(bank=code, days=progress.closed, day=progress.day, asked_for=day)


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--date must be a date such as 2026-12-22, not {text!r}") from error
