"""What can be done in the tenants room."""

from __future__ import annotations

from tenants.operations.entries import (
    Arrival,
    EntryUnknown,
    fetch_image_again,
    make_entry,
    resolve_scene,
    scan_of_entry_token,
)
from tenants.operations.figures import BORROWERS, DRAWN, GRANTED, record_figures
from tenants.operations.wechat import wechat_openid, wechat_phone_number

__all__ = [
    "BORROWERS",
    "DRAWN",
    "GRANTED",
    "Arrival",
    "EntryUnknown",
    "fetch_image_again",
    "make_entry",
    "record_figures",
    "resolve_scene",
    "scan_of_entry_token",
    "wechat_openid",
    "wechat_phone_number",
]
