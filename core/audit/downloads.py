"""Put on record that numbers have left the system as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.audit.log import record
from core.operations import opens_transaction

DOWNLOADED: Final = "figures.downloaded"


@opens_transaction
def record_download(*, actor: str, subject: str, detail: Mapping[str, str | int | bool | None]) -> None:
    """Commit who took which numbers, with what they asked for, before a byte is handed out."""
    record(DOWNLOADED, actor=actor, subject=subject, detail=detail)
