"""The way to a bank's own gateway, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings

from tenants.providers.gateway_client import bank_gateway

if TYPE_CHECKING:
    from core.gateway import SignedEndpoint

GATEWAY_PATH: Final = "/gateway/v1"


def gateway_of(bank: str) -> SignedEndpoint:
    """Return the signed way to a bank's gateway; connections and breakers are kept per process behind it."""
    return bank_gateway(
        bank=bank,
        base_url=settings.GATEWAY_URL.removesuffix("/").removesuffix(GATEWAY_PATH),
        key=settings.GATEWAY_KEY,
        read_seconds=settings.VENDOR_READ_SECONDS,
    )
