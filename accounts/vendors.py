"""Which system answers for the current bank: its gateway, made anew for each step from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.providers.bank_gateway.provider import (
    GatewayAccountFilings,
    GatewayBoundCardCheck,
    GatewayCoreSystem,
    GatewayPaymentNetwork,
)
from core.tenancy import current_bank
from tenants.gateway import gateway_of
from tenants.providers.sms.provider import GatewayTextMessages

if TYPE_CHECKING:
    from accounts.providers.bound_card import BoundCardCheck
    from accounts.providers.core_system import AccountFilings, CoreSystem
    from accounts.providers.payments import PaymentNetwork
    from tenants.providers.text_messages import TextMessages


def core_system() -> CoreSystem:
    """Return the current bank's core system."""
    return GatewayCoreSystem(gateway_of(current_bank().code))


def bound_card_check() -> BoundCardCheck:
    """Return the check of bound cards at their issuers."""
    return GatewayBoundCardCheck(gateway_of(current_bank().code))


def account_filings() -> AccountFilings:
    """Return the way to the central bank's account system."""
    return GatewayAccountFilings(gateway_of(current_bank().code))


def payment_network() -> PaymentNetwork:
    """Return the way to accounts at other banks."""
    return GatewayPaymentNetwork(gateway_of(current_bank().code))


def text_messages() -> TextMessages:
    """Return who sends this bank's text messages."""
    return GatewayTextMessages(gateway_of(current_bank().code))
