"""The app of the tenants room."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Register at start-up what other rooms reach by name: step kinds, acts, furnishings."""

    name = "tenants"
    label = "tenants"
    verbose_name = "银行与渠道"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import what registers itself."""
        for module in ("steps", "acts", "approvals", "furnishing"):
            if find_spec(f"tenants.{module}") is not None:
                import_module(f"tenants.{module}")
