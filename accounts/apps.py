"""The app of the accounts room."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Register at start-up what other rooms reach by name: step kinds, acts, furnishings."""

    name = "accounts"
    label = "accounts"
    verbose_name = "客户与账户"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import what registers itself."""
        for module in ("steps", "acts", "approvals", "furnishing", "mechanism"):
            if find_spec(f"accounts.{module}") is not None:
                import_module(f"accounts.{module}")
