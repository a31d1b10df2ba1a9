"""`manage.py open_bank --code … --name … --region …`: a new bank with schema, keys, roles and default products."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.models.bank import STAGES
from tenants.provisioning import BankOpening, open_bank, prepare_database
from tenants.provisioning.opening import CannotOpenBank


class Command(BaseCommand):
    """Open a bank."""

    help = "Open a bank: schema, role, keys, staff roles, default products. All or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the particulars."""
        parser.add_argument("--code", required=True, help="three digits, e.g. 125; they never change")
        parser.add_argument("--name", required=True, help="full legal name, as contracts name the lender")
        parser.add_argument("--region", required=True, help="six-digit region code of the registration area")
        parser.add_argument("--display-name", default="")
        parser.add_argument("--city", default="")
        parser.add_argument("--stage", default="draft", choices=[stage for stage, _ in STAGES])

    def handle(self, *args: Any, **options: Any) -> None:
        """Open it."""
        del args
        prepare_database()
        try:
            open_bank(
                BankOpening(
                    code=options["code"],
                    name=options["name"],
                    region_code=options["region"],
                    display_name=options["display_name"],
                    city=options["city"],
                    stage=options["stage"],
                )
            )
        except CannotOpenBank as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"bank {options['code']} is open at stage {options['stage']}")
