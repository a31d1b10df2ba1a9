"""A bank that floods its queue delays nobody else: 2,000 checks at bank A, and bank B's single one starts at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.steps.models import LIVE, Step
from core.tenancy import in_bank
from tests.chaos.processes import Processes, eventually
from tests.running_sandbox import Sandbox

pytestmark = pytest.mark.chaos
LOOKUP = "chaos.lookup"  # registered in the processes only
FLOOD = 2000
CHECK_MILLISECONDS = 20
AT_MOST = timedelta(seconds=2)
PHONE = "13800000000"


def _at_work(bank: str, doors: Sandbox) -> list[dict[str, str]]:
    return doors.calls(vendor="carriers", operation="lookup", bank=bank)


class TestFairness:
    def test_a_single_check_starts_within_two_seconds_beside_two_thousand_of_another_bank(
        self, workers: Processes, doors: Sandbox, tmp_path: Path
    ) -> None:
        doors.fault("carriers", operation="lookup", bank="125", delay_ms=CHECK_MILLISECONDS)
        many = [f"{PHONE}-{number}" for number in range(FLOOD)]
        workers.spawn("flood", bank="125", kind=LOOKUP, subjects=many, done=str(tmp_path / "flooded"))
        eventually("bank A has queued its checks", (tmp_path / "flooded").exists)
        workers.worker(threads=8)
        eventually("bank A's checks are being worked off", lambda: len(_at_work("125", doors)) > 100)

        workers.spawn("flood", bank="116", kind=LOOKUP, subjects=[PHONE], done=str(tmp_path / "asked"))
        eventually("bank B's check has been made", lambda: bool(_at_work("116", doors)), seconds=60)

        started_at = datetime.fromisoformat(_at_work("116", doors)[0]["at"])
        with in_bank("125"):
            left = Step.objects.filter(kind=LOOKUP, state=LIVE).count()
        with in_bank("116"):
            queued_at = Step.objects.get(kind=LOOKUP).created_at
        assert started_at - queued_at < AT_MOST
        assert left > FLOOD // 10  # bank A was still waiting: nothing was measured beside an empty queue
