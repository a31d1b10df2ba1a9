"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest

from lending.models import Application
from tests.lending.applicants import Outside, decided_now, stand_ins
from tests.made_once import made_once


@pytest.fixture
def outside() -> Iterator[Outside]:
    """Put stand-ins in the place of everybody whom the bank asks about an applicant."""
    with stand_ins() as asked:
        yield asked


@pytest.fixture
def decided(outside: Outside) -> Callable[..., Application]:
    """Take somebody through an application to its decision: `decided(customer, product="XF01")`."""
    del outside
    return decided_now


def _decide_one() -> Application:
    with stand_ins():
        return decided_now()


offered_once = made_once(_decide_one, scope="class")


@pytest.fixture
def offered(offered_once: Application, bank_a: str) -> Application:
    """Give an application of XF01 that has an offer; made once for a class, of which no test commits."""
    del bank_a
    return deepcopy(offered_once)


def _refer_one() -> Application:
    with stand_ins(), pytest.MonkeyPatch.context() as patched:
        patched.setattr("verification.operations.screen_subject", lambda **_: "review")
        found = decided_now()
    assert found.status == "review"
    return found


referred_once = made_once(_refer_one, scope="class")


@pytest.fixture
def referred(referred_once: Application, bank_a: str) -> Application:
    """Give an application of XF01 that a person must look at; as `offered`."""
    del bank_a
    return deepcopy(referred_once)
