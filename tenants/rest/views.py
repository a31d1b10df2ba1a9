"""The calls before a bank is known."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.idempotency import Answer
from core.rest.endpoint import Access, ContractView, endpoint
from tenants import directory
from tenants.operations import EntryUnknown, resolve_scene


class BankDocument(serializers.Serializer[Any]):
    """A bank that serves customers."""

    code = serializers.CharField()
    name = serializers.CharField()
    city = serializers.CharField()
    region_code = serializers.CharField()
    stage = serializers.ChoiceField(["pilot", "live"])


class BankPage(serializers.Serializer[Any]):
    """The open banks; there are never more than a page of them."""

    items = BankDocument(many=True)
    next = serializers.CharField(allow_null=True)


class SceneBody(serializers.Serializer[Any]):
    """POST entries/resolve."""

    scene = serializers.CharField(max_length=64)


class ArrivalDocument(serializers.Serializer[Any]):
    """Where a scan leads."""

    bank = serializers.CharField()
    branch = serializers.CharField(allow_blank=True)
    staff = serializers.CharField(allow_blank=True)
    product = serializers.CharField(allow_blank=True)
    campaign = serializers.CharField(allow_blank=True)
    entry_token = serializers.CharField()


class Banks(ContractView):
    """The directory."""

    @endpoint(
        summary="可办理业务的银行", answers={200: BankPage}, access=Access.OPEN, at_a_bank=False, tags=["province"]
    )
    def get(self, request: Request) -> Response:
        """List the banks that serve customers."""
        del request
        items = [
            {
                "code": card.code,
                "name": card.display_name,
                "city": card.city,
                "region_code": card.region_code,
                "stage": card.stage,
            }
            for card in directory.serving_cards()
        ]
        return self.answer(Answer(200, {"items": items, "next": None}, {}))


class EntriesResolve(ContractView):
    """The scan of a code."""

    @endpoint(
        summary="解析推广码",
        request=SceneBody,
        answers={200: ArrivalDocument},
        problems=[EntryUnknown],
        access=Access.OPEN,
        at_a_bank=False,
        tags=["province"],
    )
    def post(self, request: Request) -> Response:
        """Say where the scene leads and record the scan."""
        arrival = resolve_scene(self.read(request, SceneBody)["scene"])
        document = {
            "bank": arrival.bank,
            "branch": arrival.branch,
            "staff": arrival.staff,
            "product": arrival.product,
            "campaign": arrival.campaign,
            "entry_token": arrival.entry_token,
        }
        return self.answer(Answer(200, document, {}))
