"""What compliance say of a finding: that person, at once and by one; somebody else, by two; and nobody else reads of it."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, transaction
from django.test import Client

from core.approvals.models import Proposal
from core.approvals.operations import NoRightToDecide, SameHands, propose
from core.approvals.operations import approve as approve_as_is
from core.audit.models import AuditEntry
from core.errors import NotFound, StateConflict
from core.evidence.models import EvidenceLeaf
from core.states.models import StateChange
from tests.listed import OPINION, clear, confirm, list_people
from tests.second_person import approve
from tests.verification.conftest import PERSON, identified
from verification import queries
from verification.approvals import CLEAR_ALERT
from verification.models import Check, ScreeningAlert
from verification.operations import screen_again, screen_counterparty, screen_subject
from verification.operations.judging import confirm_alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ADMIN = "/b/125/admin"
BUSINESS = "b" * 32
NAME = "王样例"


@pytest.fixture
def alert(bank_a: str) -> ScreeningAlert:
    """Give a finding about somebody who is nobody's counterparty but the bank's."""
    list_people(NAME)
    screen()
    return ScreeningAlert.objects.get()


def screen() -> None:
    with transaction.atomic():
        screen_again(name=NAME, subject_id=None, purpose="receipt", business_id=BUSINESS)


def stands() -> str:
    return queries.screening_standing(purpose="receipt", business_id=BUSINESS)


def staff(role: str) -> Client:
    user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


class TestAml07Judging:
    """AML-07: each finding is judged, with a reason; it takes two to let go, and one to stop."""

    def test_one_confirms_and_it_stands(self, alert: ScreeningAlert) -> None:
        assert stands() == "open"
        confirm(alert)
        alert.refresh_from_db()
        assert (alert.status, alert.judged_by, alert.opinion, stands()) == (
            "confirmed", "compliance-1", "证件号相同", "confirmed",
        )  # fmt: skip
        assert AuditEntry.objects.get(action="screening_alert.confirmed").subject == alert.pk.hex
        with pytest.raises(StateConflict):
            confirm(alert)
        with pytest.raises(NotFound):
            confirm_alert(alert_id=uuid.uuid4(), opinion="x", actor="compliance-1")

    @pytest.mark.parametrize("confirmed", [False, True])
    def test_two_clear_also_what_was_confirmed(self, alert: ScreeningAlert, *, confirmed: bool) -> None:
        if confirmed:
            confirm(alert)
        clear(alert)
        alert.refresh_from_db()
        assert (alert.status, alert.judged_by, alert.opinion, stands()) == (
            "cleared", "compliance-1+compliance-2", OPINION, "clear",
        )  # fmt: skip
        assert not StateChange.objects.filter(reason=OPINION).exists()  # histories are read by more people (AML-08)
        with pytest.raises(StateConflict):
            clear(alert)
        with pytest.raises(StateConflict):
            confirm(alert)

    def test_one_alone_does_not_clear_nor_does_anybody_else(self, alert: ScreeningAlert) -> None:
        proposal = propose(kind=CLEAR_ALERT, subject=alert.pk.hex, values={}, reason=OPINION, actor="compliance-1")
        with pytest.raises(SameHands):
            approve(proposal_id=proposal.pk, actor="compliance-1")
        User.objects.create_user("teller").groups.add(Group.objects.get(name="会计"))
        with pytest.raises(NoRightToDecide):
            approve_as_is(proposal_id=proposal.pk, actor="teller")
        assert stands() == "open"
        with pytest.raises(NotFound):
            propose(kind=CLEAR_ALERT, subject=uuid.uuid4().hex, values={}, reason=OPINION, actor="compliance-1")

    def test_the_worst_of_several_findings_counts(self, alert: ScreeningAlert) -> None:
        list_people(NAME, code="another")
        clear(alert)
        assert stands() == "unscreened"
        screen()
        assert stands() == "open"
        confirm(ScreeningAlert.objects.get(status="open"))
        assert stands() == "confirmed"
        held = queries.held_businesses(purpose="receipt", business_ids=[BUSINESS, "c" * 32])
        assert held == {BUSINESS: "confirmed"}
        assert queries.screening_standing(purpose="refund", business_id=BUSINESS) == "unscreened"

    def test_a_check_of_nobodys_counterparty_is_on_record_by_its_business(self, alert: ScreeningAlert) -> None:
        check = Check.objects.get(pk=alert.check_row_id)
        assert (check.subject_id, alert.subject_id) == (None, None)
        assert EvidenceLeaf.objects.get(subject=BUSINESS).pk == check.evidence_leaf

    @pytest.mark.parametrize(
        "fields", [{"status": "confirmed"}, {"judged_by": "x"}, {"status": "cleared", "judged_by": "x"}]
    )
    def test_is_held_by_the_table_too(self, alert: ScreeningAlert, fields: dict[str, str]) -> None:
        with pytest.raises(IntegrityError, match="verification_alert_judged"), transaction.atomic():
            ScreeningAlert.objects.filter(pk=alert.pk).update(**fields)

    def test_only_a_watchlist_check_is_of_no_subject(self) -> None:
        check = Check(kind="carrier", purpose="register")
        with pytest.raises(IntegrityError, match="verification_check_has_subject"), transaction.atomic():
            check.save()


class TestAml07Namesakes:
    """AML-07: who is not the listed person is served from the next attempt on, until that list has another version."""

    def _screen(self, subject_id: uuid.UUID, business_id: str = BUSINESS) -> str:
        with transaction.atomic():
            return screen_subject(subject_id=subject_id, purpose="open_account", business_id=business_id)

    def test_who_was_cleared_is_clear_in_every_business_until_another_version(self) -> None:
        subject_id = identified()
        list_people(PERSON.name)
        assert self._screen(subject_id) == "review"
        clear(ScreeningAlert.objects.get())
        assert [self._screen(subject_id), self._screen(subject_id, "c" * 32)] == ["clear", "clear"]
        assert Check.objects.latest("pk").detail == {"lists": {"test": 1}, "cleared": [["test", 1, "E1"]]}
        namesake = replace(PERSON, id_number="320583199001010029")
        assert self._screen(identified(namesake, "13912345679")) == "review"  # of whom nobody has said anything
        list_people(PERSON.name)
        assert self._screen(subject_id) == "review"

    def test_a_listed_id_number_that_two_have_cleared_is_no_hit_any_more(self) -> None:
        subject_id = identified()
        list_people("另有其名", ids=[PERSON.id_number])
        assert self._screen(subject_id) == "hit"
        clear(ScreeningAlert.objects.get())
        assert self._screen(subject_id) == "clear"

    def test_what_was_confirmed_in_one_business_is_cleared_in_none(self) -> None:
        subject_id = identified()
        list_people(PERSON.name)
        for business_id, judge in ((BUSINESS, confirm), ("c" * 32, clear)):
            self._screen(subject_id, business_id)
            judge(ScreeningAlert.objects.get(check_row__business_id=business_id))
        assert self._screen(subject_id, "d" * 32) == "review"

    def test_what_was_said_of_a_counterparty_says_nothing_of_the_customer(self) -> None:
        subject_id = identified()
        list_people(PERSON.name)
        with transaction.atomic():
            screen_counterparty(name=PERSON.name, subject_id=subject_id, purpose="transfer", business_id=BUSINESS)
        clear(ScreeningAlert.objects.get())
        assert self._screen(subject_id) == "review"
        with transaction.atomic():
            again = screen_counterparty(
                name=PERSON.name, subject_id=subject_id, purpose="transfer", business_id="c" * 32
            )
        assert again == "review"


class TestAml08Pages:
    """AML-08: only compliance, and who was named to read, learn that anything was found."""

    def test_compliance_judge_on_the_alerts_page(self, alert: ScreeningAlert) -> None:
        client, page = staff("合规"), f"{ADMIN}/verification/screeningalert/{alert.pk}"
        shown = client.get(f"{page}/change/").content.decode()
        assert NAME in shown
        assert "须两人" in shown
        assert client.get(f"{page}/clear/").status_code == 200
        assert client.post(f"{page}/clear/", {"opinion": OPINION}).status_code == 302
        assert Proposal.objects.get().subject == alert.pk.hex
        assert client.post(f"{page}/confirm/", {"opinion": "证件号相同"}).status_code == 302
        alert.refresh_from_db()
        assert alert.status == "confirmed"
        shown = client.get(f"{page}/change/").content.decode()
        assert "24 小时内报告" in shown
        assert f"{page}/confirm/" not in shown

    def test_who_was_named_to_read_judges_nothing_and_reads_no_name(self, alert: ScreeningAlert) -> None:
        reader = User.objects.create_user("reader", is_staff=True, is_superuser=False)
        reader.user_permissions.add(Permission.objects.get(codename="view_screeningalert"))
        client = Client()
        client.force_login(reader)
        page = f"{ADMIN}/verification/screeningalert/{alert.pk}"
        shown = client.get(f"{page}/change/").content.decode()
        assert "名单" in shown
        assert NAME not in shown
        assert client.post(f"{page}/confirm/", {"opinion": "x"}).status_code == 403
        assert stands() == "open"

    @pytest.mark.parametrize(("role", "reads"), [("合规", True), ("会计", False), ("风险", False), ("审计", False)])
    def test_a_proposal_to_clear_is_read_by_who_judges(self, alert: ScreeningAlert, role: str, *, reads: bool) -> None:
        proposal = propose(kind=CLEAR_ALERT, subject=alert.pk.hex, values={}, reason=OPINION, actor="compliance-1")
        client = staff(role)
        listed = client.get(f"{ADMIN}/core/proposal/")
        assert listed.status_code == 200
        assert (str(proposal.pk) in listed.content.decode()) is reads
        assert (client.get(f"{ADMIN}/core/proposal/{proposal.pk}/change/").status_code == 200) is reads
