"""`manage.py replay_decisions --bank CODE`: every stored decision made again from its snapshot, and compared bit for bit."""

from __future__ import annotations

import time
import uuid
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.tenancy import in_bank
from lending.queries.decisions import replayed_alike
from tenants import directory

DIFFERENT: Final = 1
UNKNOWN: Final = 2
SHOWN: Final = 20


class Command(BaseCommand):
    """Replay stored decisions; the exit code is 0 where all are what they were and 1 where one is not."""

    help = "Make stored decisions again from what is kept of them, the newest first, and compare every byte."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the bank and how many."""
        parser.add_argument("--bank", required=True, help="code of the bank")
        parser.add_argument(
            "--limit", type=int, default=None, help="how many at most, the newest first; all by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay.

        Raises:
            CommandError: there is no such bank (exit code 2), or a decision is not what it was (exit code 1).
        """
        code = options["bank"]
        if directory.card_of(code) is None:
            raise CommandError(f"there is no bank {code}", returncode=UNKNOWN)
        checked, different, started = 0, list[uuid.UUID](), time.monotonic()
        with in_bank(code):
            for decision_id, alike in replayed_alike(limit=options["limit"]):
                checked += 1
                if not alike:
                    different.append(decision_id)
        seconds = time.monotonic() - started
        self.stdout.write(f"bank {code}: checked {checked}, different {len(different)}, {seconds:.1f} s")
        if different:
            named = ", ".join(decision_id.hex for decision_id in different[:SHOWN])
            raise CommandError(f"not what they were: {named}", returncode=DIFFERENT)
