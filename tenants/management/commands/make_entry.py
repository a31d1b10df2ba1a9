"""`manage.py make_entry --bank 125 --branch … --staff … --product …`: a QR entry, as staff make one in admin."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.tenancy import in_bank
from tenants import directory
from tenants.models import Entry
from tenants.operations import make_entry


class Command(BaseCommand):
    """Make an entry and print its scene."""

    help = "Make a QR entry of a bank and print its scene."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare on whose behalf."""
        parser.add_argument("--bank", required=True)
        for name in ("branch", "staff", "product", "campaign"):
            parser.add_argument(f"--{name}", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        del args
        if directory.card_of(options["bank"]) is None:
            raise CommandError(f"there is no bank {options['bank']}: open it with open_bank first")
        with in_bank(options["bank"]):
            entry_id = make_entry(
                branch=options["branch"],
                staff=options["staff"],
                product=options["product"],
                campaign=options["campaign"],
                actor="command",
            )
            self.stdout.write(Entry.objects.values_list("scene", flat=True).get(pk=entry_id))
