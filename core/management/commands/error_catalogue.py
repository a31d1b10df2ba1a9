"""`manage.py error_catalogue`: write docs/errors.md from the problems that the code declares."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import CATALOGUE, Problem

FILE: Final = Path("docs") / "errors.md"
HEAD: Final = """# Errors

Made from the code by `python manage.py error_catalogue`; a test refuses a stale copy. Do not edit it by hand.

A request that cannot be done is answered with an RFC 9457 document (`application/problem+json`): `type`, `title`
(Chinese, safe for the customer), `status`, `code` (stable: a front end may depend on it), `detail`, `errors` (field →
list of texts) and `trace_id`, which finds the request in the log. Some carry further members, such as `retry_after`.

*Same key* says what a repeated request with the same `Idempotency-Key` gets. **stored**: the refusal is the answer to
this key for 30 days, with `Idempotent-Replayed: true`; correct the request and send it under a new key. **tried anew**:
nothing was kept, the same request may be sent again under the same key.

Absent and forbidden look the same (`not_found`). Work that runs on after its `202` ends in the resource's own `status`
and `reason_code`; where `retryable` is true there, nothing spoke against the customer.

| code | status | title | meaning | room | same key |
|---|---|---|---|---|---|
"""


def import_own_modules() -> None:
    """Import every module of the project's own apps, so that every problem is registered whoever defines it."""
    for config in _own_apps():
        for found in pkgutil.walk_packages([config.path], f"{config.name}."):
            if ".migrations" not in found.name:
                import_module(found.name)


def _own_apps() -> list[AppConfig]:
    """Return the apps whose code lies in this repository."""
    return [config for config in apps.get_app_configs() if Path(config.path).parent == Path(settings.BASE_DIR)]


def own_problems() -> list[type[Problem]]:
    """Return the problems of the project's own apps, by code; what a test defines is none."""
    names = {config.name for config in _own_apps()}
    return [problem for _, problem in sorted(CATALOGUE.items()) if room_of(problem) in names]


def room_of(problem: type[Problem]) -> str:
    """Return the room that raises a problem."""
    return problem.__module__.partition(".")[0]


def meaning_of(problem: type[Problem]) -> str:
    """Return the first sentence of a problem's docstring on one line, empty where it has none of its own."""
    paragraph = inspect.cleandoc(vars(problem).get("__doc__") or "").split("\n\n")[0]
    sentence, stop, _ = " ".join(paragraph.split()).partition(". ")
    return f"{sentence}{stop.strip()}"


def catalogue(problems: Iterable[type[Problem]]) -> str:
    """Write the catalogue's text."""
    return HEAD + "".join(f"{_row(problem)}\n" for problem in problems)


def _row(problem: type[Problem]) -> str:
    same_key = "stored" if problem.replayable else "tried anew"
    cells = (
        f"`{problem.code}`", str(problem.status), problem.title, meaning_of(problem), room_of(problem), same_key,
    )  # fmt: skip
    return f"| {' | '.join(cell.replace('|', '¦') for cell in cells)} |"


class Command(BaseCommand):
    """Write the catalogue, or tell whether the stored one is current."""

    help = "Write docs/errors.md from the code; with --check, fail where the stored file differs."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the check."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail where the file is not current")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare.

        Raises:
            CommandError: with --check, the stored file is not what the code says.
        """
        del args
        import_own_modules()
        problems = own_problems()
        text, path = catalogue(problems), Path(settings.BASE_DIR) / FILE
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{FILE} is written: {len(problems)} problems")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise CommandError(f"{FILE} is not what the code says: run `manage.py error_catalogue` and commit it")
        else:
            self.stdout.write(f"{FILE} is current: {len(problems)} problems")
