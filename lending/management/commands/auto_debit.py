"""`manage.py auto_debit --bank CODE`: one round of automatic debits now, in a simulation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, Max

from core.clock import business_date
from core.tenancy import in_bank
from lending.closing.collecting import collect_round
from lending.models import AutoDebit
from tenants import directory


class Command(BaseCommand):
    """Collect what is due on the bank's business date, whatever day the calendar has."""

    help = "Run a round of automatic debits for the business date (only with SIMULATION=1)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which bank."""
        parser.add_argument("--bank", required=True, help="code of the bank")

    def handle(self, *args: Any, **options: Any) -> None:
        """Collect, and tell how the list stands.

        Raises:
            CommandError: this is no simulation, or there is no such bank.
        """
        if not settings.SIMULATION:
            raise CommandError(
                "auto_debit by hand runs only with SIMULATION=1; the rounds of a working bank run by themselves"
            )
        if directory.card_of(options["bank"]) is None:
            raise CommandError(f"there is no bank {options['bank']}")
        with in_bank(options["bank"]):
            day = business_date()
            today = AutoDebit.objects.filter(debit_date=day)
            last = today.aggregate(last=Max("rounds"))["last"] or 0
            collect_round(day=day, round_number=last + 1, seconds=float("inf"))
            counts = today.values_list("status").annotate(loans=Count("pk")).order_by("status")
            told = ", ".join(f"{status} {loans}" for status, loans in counts) or "nothing is due"
            self.stdout.write(f"{options['bank']}: {day}: {told}")
