"""The one state machine of this room: how far a bank is on its way to its customers (PU-07)."""

from __future__ import annotations

from typing import Final

from core.states import Machine
from tenants.models import Bank
from tenants.models.bank import DRAFT, LIVE, PILOT, SUSPENDED, TEST

BEGIN_TEST: Final = "begin_test"
BEGIN_PILOT: Final = "begin_pilot"
GO_LIVE: Final = "go_live"
SUSPEND: Final = "suspend"
RESUME: Final = "resume"
"""Staff say only `resume`; the event that is recorded names the stage that the bank comes back to."""

_RESUMABLE: Final = (DRAFT, TEST, PILOT, LIVE)

BANK: Final = Machine(
    name="bank",
    model=Bank,
    column="stage",
    initial=DRAFT,
    table={
        (DRAFT, BEGIN_TEST): TEST,
        (TEST, BEGIN_PILOT): PILOT,
        (PILOT, GO_LIVE): LIVE,
        **{(stage, SUSPEND): SUSPENDED for stage in _RESUMABLE},
        **{(SUSPENDED, f"{RESUME}_{stage}"): stage for stage in _RESUMABLE},
    },
)
