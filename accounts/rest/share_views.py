"""The call by which a customer gets a code to hand on."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.operations.sharing import share
from core.errors import StateConflict
from core.idempotency import Answer
from core.rest.endpoint import ContractView, caller, endpoint


class ShareDocument(serializers.Serializer[Any]):
    """A code that a customer hands on."""

    scene = serializers.CharField()
    product = serializers.CharField(allow_blank=True)
    campaign = serializers.CharField(allow_blank=True)


class Shares(ContractView):
    """The customer's own code."""

    @endpoint(
        summary="取得分享码", answers={200: ShareDocument}, problems=[StateConflict], idempotent=True, tags=["sessions"]
    )
    def post(self, request: Request) -> Response:
        """Give the code that the customer hands on, the same each time."""
        return self.settle(
            request,
            lambda: share(customer_id=caller(request).customer_id),
            lambda own: Answer(200, {"scene": own.scene, "product": own.product, "campaign": own.campaign}, {}),
        )
