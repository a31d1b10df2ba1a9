"""Who moves something where no person does, as histories and the audit log name it."""

from __future__ import annotations

from typing import Final

SYSTEM: Final = "system"
