"""The checklist of a bank that is to go live (PU-07): each line found or entered, and nothing goes live without all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.clock import now
from core.steps import engine
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.models import Bank, PushedFigure
from tenants.operations import (
    GoLiveRefused,
    LaunchFacts,
    LaunchFactsRefused,
    ask_facts,
    move_bank,
    record_launch_facts,
)
from tenants.readiness import CERTIFICATE, PRODUCTS, checklist, missing, reports_ending
from tests.tenants.conftest import Browser

pytestmark = pytest.mark.django_db
FACTS: Any = {
    "phone": "96008", "complaint_phone": "96009", "core_account": "2010-125-001", "evaluation_number": "评〔2026〕8号",
    "evaluation_by": "样例测评中心", "evaluation_expires_date": date(2030, 1, 31), "false_accept_percent": None,
    "false_reject_percent": None,
}  # fmt: skip


def _record(**changed: Any) -> None:
    record_launch_facts(code="125", facts=LaunchFacts(**{**FACTS, **changed}), reason="登记", actor="wang")


@pytest.fixture
def pilot(bank_a: str) -> None:
    """Bring bank A back to its pilot, with nothing entered; work at the province."""
    with in_bank(PROVINCE_CODE):
        Bank.objects.filter(code=bank_a).update(
            stage="pilot", evaluation_number="", evaluation_expires_date=None, phone="", complaint_phone="",
            licensed_regions=[],
        )  # fmt: skip


@pytest.mark.usefixtures("pilot")
class TestGoingLive:
    def test_without_anything_names_all_that_is_missing(self) -> None:
        with in_bank(PROVINCE_CODE), pytest.raises(GoLiveRefused) as caught:
            move_bank(code="125", event="go_live", reason="上线", actor="wang")
        assert caught.value.code == "go_live_refused"
        assert list(caught.value.errors) == [
            "regions", "products", "certificate", "core_account", "phone", "complaint_phone", "evaluation",
        ]  # fmt: skip
        assert all("请" in texts[0] for texts in caught.value.errors.values())
        with in_bank(PROVINCE_CODE):
            assert Bank.objects.get(code="125").stage == "pilot"

    def test_with_everything_happens(self) -> None:
        with in_bank(PROVINCE_CODE):
            Bank.objects.filter(code="125").update(licensed_regions=["3207"])
            _record()
            ask_facts(code="125", actor="wang")
            assert engine.run_due(lanes=["default"], seconds=10) == 1
            told = dict(PushedFigure.objects.filter(bank="125").values_list("kind", "value"))
            assert told[PRODUCTS] == 2
            assert told[CERTIFICATE] > int(f"{now():%Y%m%d}")
            assert missing(Bank.objects.get(code="125")) == []
            assert move_bank(code="125", event="go_live", reason="上线", actor="wang") == "live"

    def test_with_a_report_or_a_certificate_that_has_ended_is_refused(self) -> None:
        yesterday = now().date() - timedelta(days=1)
        with in_bank(PROVINCE_CODE):
            _record(evaluation_expires_date=yesterday)
            PushedFigure.objects.create(bank="125", kind=CERTIFICATE, date=yesterday, value=int(f"{yesterday:%Y%m%d}"))
            lines = {item.name: item for item in checklist(Bank.objects.get(code="125"))}
            assert [lines[name].is_done for name in ("phone", "certificate", "evaluation")] == [True, False, False]
            _record(evaluation_expires_date=now().date())
            assert "evaluation" not in [item.name for item in missing(Bank.objects.get(code="125"))]

    def test_a_report_needs_number_and_end(self) -> None:
        with in_bank(PROVINCE_CODE):
            for wrong in ({"evaluation_number": ""}, {"evaluation_expires_date": None}):
                with pytest.raises(LaunchFactsRefused) as caught:
                    _record(**wrong)
                assert caught.value.code == "launch_facts_refused"

    def test_a_report_that_ends_soon_is_counted_in_time(self) -> None:
        with in_bank(PROVINCE_CODE):
            assert reports_ending() == 1
            _record(evaluation_expires_date=now().date() + timedelta(days=61))
            assert reports_ending() == 0
            _record(evaluation_expires_date=now().date() + timedelta(days=60))
            assert reports_ending() == 1

    def test_staff_see_the_list_enter_what_is_missing_and_are_told_what_still_is(self, browser: Browser) -> None:
        with in_bank(PROVINCE_CODE):
            bank = Bank.objects.get(code="125")
        address = f"/admin/tenants/bank/{bank.pk}"
        client = browser(PROVINCE_CODE)
        shown = client.get(f"{address}/checklist/").content.decode()
        assert "还缺 7 项" in shown
        assert "请该行产品经理至少发布一个产品" in shown
        given = {key: "" if value is None else str(value) for key, value in FACTS.items()}
        assert client.post(f"{address}/facts/", {**given, "reason": "登记"}).status_code == 302
        assert client.post(f"{address}/ask/").status_code == 302
        assert "还缺 3 项" in client.get(f"{address}/checklist/").content.decode()
        refused = client.post(f"{address}/go_live/", {"reason": "上线"}).content.decode()
        assert "还缺：经营区域、已发布产品、签名证书" in refused
