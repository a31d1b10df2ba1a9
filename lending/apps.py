"""The app of the lending room."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class LendingConfig(AppConfig):
    """Register at start-up what other rooms reach by name: step kinds, acts, furnishings."""

    name = "lending"
    label = "lending"
    verbose_name = "贷款"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import what registers itself."""
        for module in ("steps", "acts", "approvals", "complaint_subjects", "furnishing", "facts_for_province"):
            if find_spec(f"lending.{module}") is not None:
                import_module(f"lending.{module}")
