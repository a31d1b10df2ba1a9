"""`manage.py check_books [--bank CODE] [--json]`: do the books of a bank agree with each other."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import queries as accounts
from core.money import fen_to_yuan
from core.tenancy import in_bank
from lending.queries import loan_book_agrees
from tenants import directory


class Command(BaseCommand):
    """Check the books."""

    help = "Check that the ledger balances and agrees with deposits, suspense, holds, quotas and loans; exit 1 if it does not."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which bank."""
        parser.add_argument("--bank", required=True)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, print, and fail where the books disagree."""
        del args
        if directory.card_of(options["bank"]) is None:
            raise CommandError(f"there is no bank {options['bank']}")
        with in_bank(options["bank"]):
            found = self._found()
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for code, amount in found["trial_balance"].items():
                self.stdout.write(f"{code}  {accounts.gl_name(code):<12}  {amount:>20}")
            self.stdout.write("账务相符" if found["balanced"] else "账务不符")
        if not found["balanced"]:
            failed = ", ".join(name for name, agrees in found.items() if agrees is False and name != "balanced")
            raise CommandError(f"the books of bank {options['bank']} disagree: {failed}")

    @staticmethod
    def _found() -> dict[str, Any]:
        trial = accounts.trial_balance()
        checks = {
            "ledger_balances": sum(trial.values()) == 0,
            "deposits_equal_ledger": accounts.deposits_equal_ledger(),
            "suspense_agrees": accounts.suspense_agrees(),
            "holds_equal_accounts": accounts.holds_equal_accounts(),
            "quotas_equal_charges": accounts.quotas_equal_charges(),
            "loans_equal_ledger": loan_book_agrees(),
        }
        return {
            "balanced": all(checks.values()),
            **checks,
            "trial_balance": {code: fen_to_yuan(amount) for code, amount in trial.items()},
        }
