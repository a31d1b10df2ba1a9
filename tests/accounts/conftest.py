"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from accounts import vendors as vendors_of_accounts
from tests.accounts.holders import Network
from tests.made_once import committed_once

__all__ = ["committed_once"]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Stand in for the payment network."""
    made = Network()
    monkeypatch.setattr(vendors_of_accounts, "payment_network", lambda: made)
    return made


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """Give what is logged during the test, whatever its level."""
    former = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with structlog.testing.capture_logs() as entries:
        yield entries
    structlog.configure(wrapper_class=former)
