"""The durable work of this room; importing it registers the kinds."""

from __future__ import annotations

from verification.steps import carrier, faces, housekeeping, id_cards, id_check, phone_codes, voices

__all__ = ["carrier", "faces", "housekeeping", "id_cards", "id_check", "phone_codes", "voices"]
