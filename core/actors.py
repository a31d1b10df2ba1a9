"""Who acts, as histories, the audit log and rows keep it: a login, or the two of an approval joined."""

from __future__ import annotations

from typing import Final

ACTOR_LENGTH: Final = 310
"""Room for two logins of 150 characters, the most that Django has, and the sign that joins them."""
