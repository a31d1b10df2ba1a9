"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lending.models import Application
from tests.lending.applicants import (
    FakeBureau,
    FakeGovernment,
    FakeIdCheck,
    Outside,
    again,
    make_customer,
    start,
    submit,
)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """Put stand-ins in the place of everybody whom the bank asks about an applicant."""
    from lending import vendors as of_lending
    from verification import vendors as of_verification

    asked = Outside()
    monkeypatch.setattr(of_verification, "id_check", lambda: FakeIdCheck(asked))
    monkeypatch.setattr(of_lending, "credit_bureau", lambda: FakeBureau(asked))
    monkeypatch.setattr(of_lending, "government", lambda: FakeGovernment(asked))
    return asked


@pytest.fixture
def decided(outside: Outside, run_steps: Callable[..., int]) -> Callable[..., Application]:
    """Take somebody through an application to its decision: `decided(customer, product="XF01")`."""

    def decide(customer_id: object = None, **changes: object) -> Application:
        who = customer_id or make_customer()
        application = start(who, **changes)  # type: ignore[arg-type]
        run_steps()
        submit(again(application))
        run_steps()
        return again(application)

    return decide
