"""The steps of this room: each asks somebody outside (or the local reader) and stores what was answered."""

from __future__ import annotations

from verification.steps import carrier, faces, housekeeping, id_cards, id_check, phone_codes

__all__ = ["carrier", "faces", "housekeeping", "id_cards", "id_check", "phone_codes"]
