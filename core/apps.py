"""The app of the mechanisms."""

from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Core: mechanism only."""

    name = "core"
    label = "core"
    verbose_name = "系统"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the Celery tasks and the steps of the mechanisms."""
        from core.steps import housekeeping, tasks  # noqa: F401
