"""Where staff find what was screened: the rooms above name the admin page of each purpose at start-up."""

from __future__ import annotations

from typing import Final

_PAGES: Final[dict[str, str]] = {}


def show_business(purpose: str, *, page: str) -> None:
    """Lead from a check of this purpose to the page (`app_model`) whose rows have the business objects' ids."""
    _PAGES[purpose] = page


def page_of(purpose: str) -> str | None:
    """Return the page for a purpose, where a room has named one."""
    return _PAGES.get(purpose)
