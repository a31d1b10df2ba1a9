"""Whom this bank asks: each vendor as the settings and the current bank's code configure it.

Nothing is kept between calls but what the gateway itself keeps per process (connections, breakers): a vendor
object is a few fields, and the next call may be another bank's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from core.tenancy import current_bank
from tenants.gateway import gateway_of
from tenants.providers.sms.provider import GatewayTextMessages
from verification.providers.bank_gateway.provider import GatewayCarrierCheck, GatewayIdCheck, GatewayVoice

if TYPE_CHECKING:
    from core.gateway import SignedEndpoint
    from tenants.providers.text_messages import TextMessages
    from verification.providers.carrier import CarrierCheck
    from verification.providers.face import FaceVerification
    from verification.providers.id_card import IdCardReader
    from verification.providers.id_check import IdCheck
    from verification.providers.tencent.client import TencentConfig
    from verification.providers.voice import Voice


def _gateway() -> SignedEndpoint:
    return gateway_of(current_bank().code)


def carriers() -> CarrierCheck:
    """Return who asks the carriers for this bank."""
    return GatewayCarrierCheck(_gateway())


def id_check() -> IdCheck:
    """Return who asks the national ID system for this bank."""
    return GatewayIdCheck(_gateway())


def text_messages() -> TextMessages:
    """Return who sends this bank's text messages."""
    return GatewayTextMessages(_gateway())


def local_reader() -> IdCardReader:
    """Return the reader that lets no picture out of this process."""
    from verification.providers.local.ocr import (
        LocalIdCardReader,
    )  # 0.6 GB of models: for the process that reads

    return LocalIdCardReader()


def tencent_reader() -> IdCardReader:
    """Return the reader at Tencent, on this bank's account."""
    from verification.providers.tencent.provider import (
        TencentIdCardReader,
    )  # the SDK: for the process that calls

    return TencentIdCardReader(_tencent())


def faces() -> FaceVerification:
    """Return who checks faces for this bank."""
    from verification.providers.tencent.provider import TencentFaceVerification

    return TencentFaceVerification(_tencent())


def voices() -> Voice:
    """Return who judges voices for this bank."""
    return GatewayVoice(_gateway())


def _tencent() -> TencentConfig:
    from verification.providers.tencent.client import TencentConfig

    code = current_bank().code
    secret_id = settings.TENCENT_SECRET_ID.format(bank=code)
    protocol, _, endpoint = settings.TENCENT_ENDPOINT.rpartition("://")
    return TencentConfig(
        secret_id=secret_id,
        secret_key=settings.TENCENT_SECRET_KEY.format(bank=code, secret_id=secret_id),
        rule_id=settings.TENCENT_RULE_ID,
        protocol=protocol or "https",
        endpoint=endpoint.strip("/") or None,
        scope=code,
        read_seconds=settings.VENDOR_READ_SECONDS,
    )
