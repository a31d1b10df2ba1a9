"""Tell which named constraint a database error came from, so that each maps to one exception."""

from __future__ import annotations

from django.db import IntegrityError


def violated(error: IntegrityError) -> str:
    """Return the constraint's name, or an empty string where the database named none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")
