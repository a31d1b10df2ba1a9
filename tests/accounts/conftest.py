"""Fixtures of this room's tests."""

from __future__ import annotations

import pytest

from accounts import vendors as vendors_of_accounts
from tests.accounts.holders import Network


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Stand in for the payment network."""
    made = Network()
    monkeypatch.setattr(vendors_of_accounts, "payment_network", lambda: made)
    return made
