"""Whom this bank asks: each vendor as the settings and the current bank's code configure it.

Nothing is kept between calls but what the gateway itself keeps per process (connections, breakers): a vendor object is a
few fields, and the next call may be another bank's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings

from core.tenancy import current_bank
from tenants.providers.gateway_client import bank_gateway
from tenants.providers.sms.provider import GatewayTextMessages
from verification.providers.bank_gateway.provider import GatewayCarrierCheck, GatewayIdCheck

if TYPE_CHECKING:
    from core.gateway import SignedEndpoint
    from tenants.providers.text_messages import TextMessages
    from verification.providers.carrier import CarrierCheck
    from verification.providers.id_check import IdCheck

GATEWAY_PATH: Final = "/gateway/v1"


def _gateway() -> SignedEndpoint:
    return bank_gateway(
        bank=current_bank().code,
        base_url=settings.GATEWAY_URL.rstrip("/").removesuffix(GATEWAY_PATH),
        key=settings.GATEWAY_KEY,
        read_seconds=settings.VENDOR_READ_SECONDS,
    )


def carriers() -> CarrierCheck:
    """Return who asks the carriers for this bank."""
    return GatewayCarrierCheck(_gateway())


def id_check() -> IdCheck:
    """Return who asks the national ID system for this bank."""
    return GatewayIdCheck(_gateway())


def text_messages() -> TextMessages:
    """Return who sends this bank's text messages."""
    return GatewayTextMessages(_gateway())
