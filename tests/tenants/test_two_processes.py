"""A switch that is thrown in one process holds for the next request of another, web or worker (PU-07a)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from core.steps.registry import Then
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.models import Entry
from tenants.operations import make_entry, move_bank, switch_off
from tests import database
from tests.accounts.holders import make_customer
from verification.models import Check
from verification.operations import request_carrier_check

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bank_a")]
Other = Callable[[str], Any]
NOBODYS = "29900001111"  # of no carrier's segment


@pytest.fixture
def other() -> Iterator[Other]:
    """Start the other process, under the login of web processes and workers, and tell it what to do."""
    head, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    environment = {
        **os.environ,
        "DATABASE_URL": f"{head}/{settings.DATABASES['default']['NAME']}",
        "DATABASE_LOGIN": "web",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.tenants.another_process"],
        cwd=database.ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        told, answers = process.stdin, process.stdout

        def heard() -> Any:
            for line in answers:
                if line[0] != "{":  # a line of the log
                    return json.loads(line)
            raise AssertionError("the other process has ended")

        def tell(command: str) -> Any:
            told.write(f"{command}\n")
            told.flush()
            return heard()

        assert heard() == "ready"
        yield tell
        told.close()


def _owe_check() -> uuid.UUID:
    who = make_customer()
    with transaction.atomic():
        return request_carrier_check(
            subject_id=who, name="林样例", id_number="320706199001011236", phone=NOBODYS, purpose="open_account",
            business_id=who.hex, then=Then("lending.cancel_signed", who.hex),
        )  # fmt: skip


def _off(**what: str) -> None:
    with in_bank(PROVINCE_CODE):
        switch_off(**what, reason="演练", actor="wang")


def test_a_product_a_check_and_a_bank_that_are_stopped_here_are_stopped_there(other: Other) -> None:
    scene = Entry.objects.get(pk=make_entry(branch="", staff="", product="XF03", campaign="", actor="lin")).scene
    assert "XF01" in other("list")
    _off(scope="product", target="XF01")
    assert "XF01" not in other("list")

    assert other("scan " + scene) == 200
    before = _owe_check()
    assert other("work") >= 1
    _off(scope="check", target="carrier")
    after = _owe_check()
    other("work")
    assert Check.objects.get(pk=before).paid_calls == 1
    row = Check.objects.get(pk=after)
    assert (row.status, row.reason_code, row.paid_calls) == ("unanswered", "vendor_unavailable", 0)

    assert other("scan " + scene) == 200
    with in_bank(PROVINCE_CODE):
        move_bank(code="125", event="suspend", reason="演练", actor="wang")
    assert other("scan " + scene) == "entry_unknown"
