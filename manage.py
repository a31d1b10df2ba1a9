#!/usr/bin/env python
"""Run a management command. Commands run as the owner of the database, servers and workers as its web login.

Where no `DATABASE_URL` is set, a command works on the demo of this checkout (`.local/demo.json`, written by `make demo`).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

DEMO_FILE = Path(__file__).resolve().parent / ".local" / "demo.json"


def main() -> None:
    """Run the command that the arguments name."""
    if "DATABASE_URL" not in os.environ:
        with contextlib.suppress(OSError, ValueError, KeyError):
            os.environ.update(json.loads(DEMO_FILE.read_text(encoding="utf-8"))["environment"] | os.environ)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DATABASE_LOGIN", "owner")
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) is not None:
            raise
        sys.exit(
            f"the database cannot be reached: {error}\nStart it (`make demo`), or set DATABASE_URL to where it is."
        )


if __name__ == "__main__":
    main()
