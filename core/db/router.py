"""Which table lives where: in `public` (what all banks read) or in the schema of each bank and the province.

A model says so itself by deriving from `core.db.scope.PublicModel`; everything else belongs to a bank. Raw SQL in a
migration says it by `hints={"scope": "public"}` or `hints={"scope": "bank"}`. No table name exists in both.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections

from core.tenancy import PUBLIC_SCHEMA


def lives_in_public(app_label: str, model_name: str) -> bool:
    """Tell whether the model's table lives in the public schema; a model that no longer exists never does."""
    try:
        model = apps.get_model(app_label, model_name)
    except LookupError:
        return False
    return bool(getattr(model, "lives_in_public", False))


class SchemaRouter:
    """Create each table in its own kind of schema only."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Allow an operation where the schema that is being migrated is the one that the table lives in."""
        at_public = bool(connections[db].schema_name == PUBLIC_SCHEMA)  # type: ignore[attr-defined]
        if model_name is not None:
            return lives_in_public(app_label, model_name) == at_public
        scope = hints.get("scope")
        return None if scope is None else (scope == "public") == at_public
