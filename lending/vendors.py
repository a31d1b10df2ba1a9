"""Whom this bank asks about an applicant, and who writes to its borrowers: as settings and the current bank say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.tenancy import current_bank
from lending.providers.bank_gateway.provider import GatewayCreditBureau, GatewayGovernmentSource
from tenants.gateway import gateway_of
from tenants.providers.sms.provider import GatewayTextMessages

if TYPE_CHECKING:
    from lending.providers.bureau import CreditBureau
    from lending.providers.government import GovernmentSource
    from tenants.providers.text_messages import TextMessages


def credit_bureau() -> CreditBureau:
    """Return who asks the credit bureau for this bank."""
    return GatewayCreditBureau(gateway_of(current_bank().code))


def government() -> GovernmentSource:
    """Return who asks the government offices for this bank."""
    return GatewayGovernmentSource(gateway_of(current_bank().code))


def text_messages() -> TextMessages:
    """Return who sends this bank's text messages."""
    return GatewayTextMessages(gateway_of(current_bank().code))
