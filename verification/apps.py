"""The app of the verification room."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    """Register at start-up what other rooms reach by name: step kinds, acts, furnishings."""

    name = "verification"
    label = "verification"
    verbose_name = "身份核验"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import what registers itself."""
        for module in ("steps", "acts", "approvals", "furnishing", "mechanism"):
            if find_spec(f"verification.{module}") is not None:
                import_module(f"verification.{module}")
