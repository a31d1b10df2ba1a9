"""`/healthz`: the process is alive. `/readyz`: database, broker and migrations are fine."""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.utils import Error
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Unavailable
from core.idempotency import Answer
from core.rest.endpoint import Access, ContractView, endpoint
from core.tenancy import PUBLIC, at


class HealthDocument(serializers.Serializer[Any]):
    """How the process is."""

    status = serializers.CharField()


class Alive(ContractView):
    """The process answers."""

    @endpoint(summary="进程存活", answers={200: HealthDocument}, access=Access.OPEN, at_a_bank=False, tags=["health"])
    def get(self, request: Request) -> Response:
        """Answer."""
        del request
        return self.answer(Answer(200, {"status": "ok"}, {}))


class Ready(ContractView):
    """Database, broker and migrations are fine."""

    @endpoint(
        summary="可以接收请求",
        answers={200: HealthDocument},
        access=Access.OPEN,
        at_a_bank=False,
        problems=[Unavailable],
        tags=["health"],
    )
    def get(self, request: Request) -> Response:
        """Ask the database, the broker and the directory of banks.

        Raises:
            Unavailable: one of them does not answer; the detail says which.
        """
        del request
        try:
            with at(PUBLIC), connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM public.tenants_bank")
        except Error as error:
            raise Unavailable("数据库或其表结构未就绪") from error
        try:
            redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1).ping()
        except redis.RedisError as error:
            raise Unavailable("消息中间件未就绪") from error
        return self.answer(Answer(200, {"status": "ok"}, {}))


healthz = Alive.as_view()
readyz = Ready.as_view()
