"""Where staff find what was screened: the rooms above name each purpose, and its admin page, at start-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessPage:
    """What a purpose is called, and the page (`app_model`) whose rows have the business objects' ids."""

    title: str
    page: str


_PAGES: Final[dict[str, BusinessPage]] = {}


def show_business(purpose: str, *, title: str, page: str) -> None:
    """Lead from what was screened for a purpose to its page."""
    _PAGES[purpose] = BusinessPage(title=title, page=page)


def business_page(purpose: str) -> BusinessPage | None:
    """Return the page for a purpose, where a room has named one."""
    return _PAGES.get(purpose)
