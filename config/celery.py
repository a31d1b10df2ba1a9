"""Celery: bells only. A message carries a bank and a lane, never data; nothing is lost when the broker is wiped."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery
from django.conf import settings

from core.steps.registry import DEFAULT, LANES

app = Celery("lending")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 120, "socket_timeout": 5, "socket_connect_timeout": 2},
    task_ignore_result=True,
    task_default_queue=DEFAULT,
    task_queues=None,
    task_create_missing_queues=True,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="Asia/Shanghai",
    enable_utc=True,
    beat_schedule={
        "sweep": {"task": "core.steps.sweep", "schedule": 1.0, "options": {"expires": 5, "queue": DEFAULT}},
        "round": {"task": "tenants.come_round", "schedule": 60.0, "options": {"expires": 50, "queue": DEFAULT}},
    },
)
app.autodiscover_tasks(["core.steps", "tenants", "verification", "accounts", "lending"])
__all__ = ["LANES", "app"]
