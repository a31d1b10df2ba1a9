"""The wiring as an app: its templates and translations are found through it."""

from __future__ import annotations

import gc

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Wiring."""

    name = "config"
    label = "config"

    def ready(self) -> None:
        """Start Celery's app, so that bells can be rung, and register the admin pages."""
        from config import celery, openapi  # noqa: F401
        from config.admin_site import register_pages

        register_pages()
        spare_collections()


def spare_collections() -> None:
    """Keep the garbage collector from walking through what start-up has made, and let it look less often (decision 0053)."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
