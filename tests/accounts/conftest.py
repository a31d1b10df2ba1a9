"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """Give what is logged during the test, whatever its level."""
    former = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with structlog.testing.capture_logs() as entries:
        yield entries
    structlog.configure(wrapper_class=former)
