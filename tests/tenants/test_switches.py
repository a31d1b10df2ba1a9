"""The province stops an entry, a product, itself: at once by one person, on again by two (PU-07a)."""

from __future__ import annotations

import pytest
from django.test import Client

from core.approvals.models import Proposal
from core.approvals.operations import SameHands, propose
from core.audit.models import AuditEntry
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.steps.models import Step
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.approvals import RESUME_BANK, SWITCH_ON
from tenants.models import Bank, Entry, Switch
from tenants.operations import EntryUnknown, SwitchRefused, make_entry, move_bank, resolve_scene, switch_off
from tenants.switches import NOWHERE, standing
from tests.second_person import approve
from tests.tenants.conftest import Browser, approve_all

pytestmark = pytest.mark.django_db
REASON = {"reason": "演练", "actor": "wang"}


def _off(**what: str) -> str:
    with in_bank(PROVINCE_CODE):
        return switch_off(**what, **REASON).hex


def _scene(product: str = "") -> str:
    made = make_entry(branch="城东支行", staff="", product=product, campaign="", actor="lin")
    return Entry.objects.get(pk=made).scene


class TestOff:
    def test_an_entry_alone(self, bank_a: str) -> None:
        stopped, other = _scene(), _scene()
        _off(scope="entry", bank=bank_a, target=stopped)
        with pytest.raises(EntryUnknown):
            resolve_scene(stopped)
        assert resolve_scene(other).bank == bank_a

    def test_the_entries_of_a_product_and_no_others(self, bank_a: str) -> None:
        stopped, other = _scene("XF01"), _scene("XF03")
        _off(scope="product", bank=bank_a, target="XF01")
        with pytest.raises(EntryUnknown):
            resolve_scene(stopped)
        assert resolve_scene(other).product == "XF03"

    def test_a_product_of_one_bank_or_of_all(self, bank_a: str, bank_b: str) -> None:
        _off(scope="product", bank="125", target="XF01")
        _off(scope="product", target="XF03")
        seen = {}
        for code in (bank_a, bank_b):
            with in_bank(code):
                seen[code] = standing().products_off
        assert seen == {"125": ["XF01", "XF03"], "116": ["XF03"]}

    def test_the_whole_province_shows_no_bank_and_resolves_nothing(self, bank_a: str) -> None:
        scene = _scene()
        assert [row["code"] for row in Client().get("/api/v1/banks").json()["items"]] == ["116", "125"]
        _off(scope="province")
        assert Client().get("/api/v1/banks").json()["items"] == []
        with pytest.raises(EntryUnknown):
            resolve_scene(scene)
        with in_bank(PROVINCE_CODE):
            assert Step.objects.filter(kind="bank.stopped").count() == 2

    def test_is_seen_by_one_statement_and_by_no_cache(self, bank_a: str, django_assert_num_queries: object) -> None:
        assert standing().lends("XF01")
        _off(scope="product", target="XF01")
        standing()  # which comes back to the bank
        with django_assert_num_queries(1):  # type: ignore[operator]
            assert not standing().lends("XF01")

    def test_twice_is_once_and_both_are_told_who_and_why(self, bank_a: str) -> None:
        assert _off(scope="check", target="face") == _off(scope="check", target="face")
        with in_bank(PROVINCE_CODE):
            row = Switch.objects.get()
            assert (row.reason, row.changed_by, row.is_off) == ("演练", "wang", True)
            assert AuditEntry.objects.filter(action="switch.off", actor="wang").count() == 1

    @pytest.mark.parametrize(
        "what",
        [
            {"scope": "province", "bank": "125"},
            {"scope": "product", "target": "xf01"},
            {"scope": "product", "bank": "999", "target": "XF01"},
            {"scope": "entry", "bank": "116", "target": "125-abc"},
            {"scope": "check", "target": "retina"},
            {"scope": "bank", "target": "125"},
        ],
    )
    def test_refuses_what_stops_nothing(self, bank_a: str, what: dict[str, str]) -> None:
        with in_bank(PROVINCE_CODE):
            with pytest.raises(SwitchRefused) as caught:
                switch_off(**what, **REASON)
            assert not Switch.objects.exists()
        assert caught.value.code == "switch_refused"

    def test_nothing_is_open_at_a_place_that_is_no_bank(self, bank_a: str) -> None:
        with in_bank(PROVINCE_CODE):
            assert standing() == NOWHERE
        assert not NOWHERE.lends("XF01")


class TestOnAgain:
    def test_takes_a_second_person(self, bank_a: str) -> None:
        subject = _off(scope="product", target="XF01")
        with in_bank(PROVINCE_CODE):
            waiting = propose(kind=SWITCH_ON, subject=subject, values={}, **REASON)
            with pytest.raises(SameHands):
                approve(proposal_id=waiting.pk, actor="wang")
        assert not standing().lends("XF01")
        with in_bank(PROVINCE_CODE):
            approve(proposal_id=waiting.pk, actor="zhao")
            assert Switch.objects.get().changed_by == "wang+zhao"
            with pytest.raises(StateConflict):
                propose(kind=SWITCH_ON, subject=subject, values={}, **REASON)
            with pytest.raises(NotFound):
                propose(kind=SWITCH_ON, subject=new_id().hex, values={}, **REASON)
        assert standing().lends("XF01")

    def test_so_does_a_suspended_bank(self, bank_a: str) -> None:
        with in_bank(PROVINCE_CODE):
            with pytest.raises(StateConflict):
                propose(kind=RESUME_BANK, subject="125", values={}, **REASON)
            move_bank(code="125", event="suspend", **REASON)
            with pytest.raises(StateConflict):
                move_bank(code="125", event="resume", **REASON)
            propose(kind=RESUME_BANK, subject="125", values={}, **REASON)
        assert not standing().serves
        assert approve_all(PROVINCE_CODE) == 1
        assert standing().serves


def test_staff_stop_a_product_and_propose_that_it_goes_on(browser: Browser) -> None:
    client = browser(PROVINCE_CODE, role="运营")
    page = client.get("/admin/tenants/switch/add/").content.decode()
    assert "face（人脸核验）" in page
    given = {"scope": "product", "bank": "", "target": "XF01", "reason": "演练"}
    assert client.post("/admin/tenants/switch/add/", {**given, "target": "?"}).status_code == 200
    answer = client.post("/admin/tenants/switch/add/", given)
    assert answer.status_code == 302
    shown = client.get(answer["Location"]).content.decode()
    assert "申请恢复" in shown
    with in_bank(PROVINCE_CODE):
        row = Switch.objects.get()
    assert client.post(f"/admin/tenants/switch/{row.pk}/turn_on/", {"reason": "已修复"}).status_code == 302
    listed = client.get("/admin/tenants/switch/").content.decode()
    assert "已停用" in listed
    with in_bank(PROVINCE_CODE):
        assert Proposal.objects.get().subject == row.pk.hex
        assert Bank.objects.filter(stage="live").count() == 2
