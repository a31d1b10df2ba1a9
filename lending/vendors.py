"""Whom this bank asks about an applicant, as the settings and the current bank's code configure it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.tenancy import current_bank
from lending.providers.bank_gateway.provider import GatewayCreditBureau, GatewayGovernmentSource
from tenants.gateway import gateway_of

if TYPE_CHECKING:
    from lending.providers.bureau import CreditBureau
    from lending.providers.government import GovernmentSource


def credit_bureau() -> CreditBureau:
    """Return who asks the credit bureau for this bank."""
    return GatewayCreditBureau(gateway_of(current_bank().code))


def government() -> GovernmentSource:
    """Return who asks the government offices for this bank."""
    return GatewayGovernmentSource(gateway_of(current_bank().code))
