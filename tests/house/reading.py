"""What the house rules look at: the project's own files, modules, models and state machines."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from django.apps import apps
from django.db import models

from core.states import Machine

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("core", "tenants", "verification", "accounts", "lending")
PRODUCT: Final = (*ROOMS, "config")
OWN_CODE: Final = (*PRODUCT, "sandbox", "scripts")


@dataclass(frozen=True, slots=True)
class Source:
    """One file of ours: where it is and what it says."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Return the path from the root, as reports show it."""
        return self.path.relative_to(ROOT).as_posix()

    def tree(self) -> ast.Module:
        """Return the syntax tree, made once per run and never changed."""
        return _tree(self)

    @property
    def lines(self) -> int:
        """Return how many lines the file has."""
        return len(self.text.splitlines())


@cache
def _tree(source: Source) -> ast.Module:
    return ast.parse(source.text, filename=source.name)


@cache
def sources(*packages: str) -> tuple[Source, ...]:
    """Return the Python files of these packages, but for migrations, which `makemigrations` writes."""
    return tuple(
        Source(path, path.read_text(encoding="utf-8"))
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.relative_to(ROOT).parts
    )


def own_models() -> list[type[models.Model]]:
    """Return the models of all rooms."""
    return [model for room in ROOMS for model in apps.get_app_config(room).get_models()]


def own_fields() -> Iterator[tuple[str, models.Field[Any, Any]]]:
    """Give every column of ours with its full name, `accounts.Payment.amount_fen`."""
    for model in own_models():
        for field in model._meta.concrete_fields:
            yield f"{model._meta.label}.{field.name}", field


def modules_below(package: str) -> Iterator[ModuleType]:
    """Import and give a package and every module in it; nothing where the package does not exist."""
    try:
        top = importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        return
    yield top
    for found in pkgutil.walk_packages(getattr(top, "__path__", []), f"{package}."):
        yield importlib.import_module(found.name)


def machines_of(room: str) -> list[Machine[Any]]:
    """Return the state machines of a room, each once, in the order of its `states`."""
    found: dict[int, Machine[Any]] = {}
    if room == "core":  # offers the mechanism; its package `states` holds no machine
        return []
    for module in modules_below(f"{room}.states"):
        found |= {id(value): value for value in vars(module).values() if isinstance(value, Machine)}
    return list(found.values())
