"""The way to one bank's gateway, by the contract that we publish (docs/gateway-openapi.yaml)."""

from __future__ import annotations

from core.gateway import SignedEndpoint, Vendor

BANK_HEADER = "X-Bank"


def bank_gateway(
    *,
    bank: str,
    base_url: str,
    key: str | bytes,
    connect_seconds: float = 2.0,
    read_seconds: float = 10.0,
    total_seconds: float = 20.0,
    ca_file: str | None = None,
) -> SignedEndpoint:
    """Return the signed way to a bank's gateway; each `.service(…)` behind it has a breaker of its own.

    `base_url` is the root in front of `/gateway/v1` and `/sms/v1`. A 503 of this contract means that nothing
    was processed.
    """
    vendor = Vendor(
        name="bank_gateway",
        base_url=base_url,
        scope=bank,
        connect_seconds=connect_seconds,
        read_seconds=read_seconds,
        total_seconds=total_seconds,
        trusts_503=True,
        ca_file=ca_file,
    )
    return SignedEndpoint(
        vendor=vendor,
        key=key.encode() if isinstance(key, str) else key,
        headers=((BANK_HEADER, bank),),
    )
