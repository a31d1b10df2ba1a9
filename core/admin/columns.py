"""Columns that many pages have: amounts, states in colour, opaque ids cut short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from core.admin.amounts import exact

Column = Callable[[Any], Any]
SHORT_ID: Final = 8


def amount(field: str, title: str) -> Column:
    """Return a column that shows an amount in fen as yuan, `1,000.00`; a dash where there is none."""

    def show(row: Model) -> str:
        fen = getattr(row, field)
        return "—" if fen is None else exact(fen)

    show.__name__ = f"{field}_in_yuan"
    shown: Column = display(show, description=f"{title}（元）", ordering=field)
    return shown


def state(field: str, title: str, colours: Mapping[str, str]) -> Column:
    """Return a column that shows a choice in colour: info, success, warning, danger or primary by its stored word.

    Without colours its words alone are shown.
    """

    def show(row: Model) -> tuple[str, str] | str:
        word = getattr(row, field)
        told: str = getattr(row, f"get_{field}_display", lambda: word)()
        return (word, told) if colours else told

    show.__name__ = f"{field}_in_colour"
    label: dict[str, str | None] = defaultdict(lambda: None, colours)
    shown: Column = display(show, description=title, ordering=field, label=label)
    return shown


def opaque(field: str, title: str) -> Column:
    """Return a column that shows the last digits of an opaque id, all of it as the title."""

    def show(row: Model) -> str:
        value = getattr(row, field)
        text = getattr(value, "hex", None) or str(value or "")
        return format_html('<span title="{}" class="font-mono">{}</span>', text, text[-SHORT_ID:]) if text else "—"

    show.__name__ = f"{field}_in_short"
    shown: Column = display(show, description=title, ordering=field)
    return shown


def linked(field: str, page: str, title: str) -> Column:
    """Return a column that shows a value and leads to the row's own page, `app_model`."""

    def show(row: Model) -> str:
        return format_html(
            '<a class="text-primary-600 dark:text-primary-400" href="{}">{}</a>',
            reverse(f"admin:{page}_change", args=(row.pk,)),
            getattr(row, field),
        )

    show.__name__ = f"{field}_linked"
    shown: Column = display(show, description=title, ordering=field)
    return shown


def whole(field: str, title: str) -> Column:
    """Return a column that shows an id or a name in full, for the page of one row."""

    def show(row: Model) -> str:
        return str(getattr(row, field) or "—")

    show.__name__ = f"{field}_in_full"
    shown: Column = display(show, description=title, ordering=field)
    return shown


def words(field: str, title: str) -> Column:
    """Return a column that shows a small JSON object as `name value, …`; a dash where it is empty."""

    def show(row: Model) -> str:
        told = getattr(row, field) or {}
        return "，".join(f"{name} {value}" for name, value in told.items() if value not in (None, "")) or "—"

    show.__name__ = f"{field}_in_words"
    shown: Column = display(show, description=title)
    return shown


def actor(field: str = "actor", title: str = "操作人") -> Column:
    """Return a column that shows who acted; of a customer's opaque id only the last digits."""

    def show(row: Model) -> str:
        text = str(getattr(row, field))
        kind, colon, name = text.partition(":")
        if not colon:
            return text
        return format_html('<span title="{}">{} <span class="font-mono">{}</span></span>', text, kind, name[-SHORT_ID:])

    show.__name__ = f"{field}_in_short"
    shown: Column = display(show, description=title, ordering=field)
    return shown
