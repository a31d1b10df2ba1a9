"""`manage.py create_master_key`: make the file that holds the master key, once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.crypto import create_master_key


class Command(BaseCommand):
    """Make the master key."""

    help = "Create MASTER_KEY_FILE with a new master key; an existing one is left as it is."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it where there is none."""
        del args, options
        path = settings.MASTER_KEY_FILE
        try:
            create_master_key(path)
        except FileExistsError:
            self.stdout.write(f"{path} exists and is kept")
        else:
            self.stdout.write(f"{path} was made: keep a copy in a safe place, without it nothing sealed can be read")
