"""The SMS door's codes in our words; total, an unknown code is loud."""

from __future__ import annotations

from core.gateway import Answer, Refusals, Rejected

REFUSALS: Refusals = {"invalid_phone": Rejected}


def message_id(answer: Answer) -> str:
    """Read the sender's id of the message."""
    return answer.text("message_id")
