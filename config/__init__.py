"""Wiring only: settings, URLs, Celery, servers."""
