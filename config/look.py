"""What the theme asks for each request: names of the bank or the province, its stage, our style sheet and icon."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.templatetags.static import static

from tenants.directory import BankCard
from tenants.models.bank import DRAFT, LIVE, PILOT, STAGES, SUSPENDED, TEST

STAGE_COLOURS: Final = {DRAFT: "info", TEST: "info", PILOT: "warning", LIVE: "success", SUSPENDED: "danger"}


def bank_of(request: HttpRequest) -> BankCard | None:
    """Return the bank whose admin is asked for; None at the province."""
    return getattr(request, "bank", None)


def site_title(request: HttpRequest) -> str:
    """Name the bank, or the province, in the page's head and on the login page."""
    bank = bank_of(request)
    return f"{bank.display_name} · 信贷管理" if bank else "省级管理平台"


def site_header(request: HttpRequest) -> str:
    """Name the bank, or the province, at the top of the navigation."""
    bank = bank_of(request)
    return bank.display_name if bank else "省级管理平台"


def site_subheader(request: HttpRequest) -> str:
    """Say what the site is for, under its name."""
    bank = bank_of(request)
    return f"线上信贷管理 · 机构 {bank.code}" if bank else "线上信贷全省汇总"


def stage(request: HttpRequest) -> tuple[str, str] | None:
    """Show the bank's stage as a coloured label."""
    bank = bank_of(request)
    return (dict(STAGES)[bank.stage], STAGE_COLOURS[bank.stage]) if bank else None


def style_sheet(_: HttpRequest) -> str:
    """Return the address of our additions to the theme's style: Chinese fonts."""
    return static("config/admin.css")


def script(_: HttpRequest) -> str:
    """Return the address of our additions to the theme's script: the words that its templates cannot translate."""
    return static("config/admin.js")


def icon(_: HttpRequest) -> str:
    """Return the address of the icon that a browser's tab shows."""
    return static("config/icon.svg")


def login_picture(_: HttpRequest) -> str:
    """Return the address of the picture beside the login form."""
    return static("config/login.svg")
