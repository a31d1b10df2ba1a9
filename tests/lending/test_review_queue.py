"""The review queue: how cases come and end, who takes and decides them, and what everybody sees of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import DepositAccount
from config.dashboard import _reviews
from core import vault
from core.approvals.models import PROPOSED, Proposal
from core.approvals.operations import SameHands, propose
from core.audit.models import AuditEntry
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.vault.models import VaultAccess
from lending.admin.review import KIND
from lending.models import Application, CreditLine, EarlyWarning, RelatedParty, ReviewCase, ReviewTask
from lending.operations import accept_offer
from lending.operations.review_cases import (
    CaseNotYours,
    decide_case,
    give_back,
    take_case,
    take_next,
)
from lending.operations.review_tasks import ask_for_check, finish_appointment, finish_check
from lending.operations.warning import close_warning
from lending.queries.products import related_index
from lending.queries.review import clock, overdue_cases
from lending.rest.application_documents import application_document
from lending.review_verdicts import ReviewReasonMissing, Verdict
from tenants.parameters import set_for_bank
from tests.lending.applicants import again, judge, make_customer
from tests.lending.test_borrowing_admin import ADMIN, _staff
from tests.second_person import approve
from verification import queries as verified
from verification.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
Decided = Callable[..., Application]
PHOTO = b"\xff\xd8\xff a picture"
GOOD = Verdict(outcome="granted", codes=("facts_confirmed",))
BAD = Verdict(outcome="refused", codes=("facts_untrue",), note="收入证明不符")


@pytest.fixture
def case(referred: Application) -> ReviewCase:
    """Have the case of an application that a person must look at, taken by li."""
    found = ReviewCase.objects.get(subject_id=referred.pk)
    take_case(case_id=found.pk, actor="li")
    return ReviewCase.objects.get(pk=found.pk)


def opened(case: ReviewCase) -> ReviewCase:
    return ReviewCase.objects.get(pk=case.pk)


def two_people_from(fen: int) -> None:
    with transaction.atomic():
        set_for_bank(name="review.two_people_from_fen", value=fen, effective_date=business_date(), actor="risk")


def warn(rule: str = "contact_lost", action: str = "queue") -> EarlyWarning:
    return EarlyWarning.objects.create(
        customer_id=make_customer(), rule=rule, action=action, evidence=uuid.uuid4().hex, measured=1, threshold=1,
        raised_date=business_date(),
    )  # fmt: skip


class TestCases:
    def test_an_application_under_review_has_one_until_it_is_decided(self, referred: Application) -> None:
        case = ReviewCase.objects.get()
        assert (case.kind, case.subject_id, case.customer_id) == ("application", referred.pk, referred.customer_id)
        assert (case.amount_fen, case.product, case.taken_by) == (120_000_00, "XF01 薪易贷", "")
        take_case(case_id=case.pk, actor="li")
        decide_case(case_id=case.pk, verdict=GOOD, actor="li")
        done = opened(case)
        assert (done.closed_status, done.outcome, done.reason_codes) == ("offered", "granted", ["facts_confirmed"])
        assert (done.decided_by, done.closed_at is not None) == ("li", True)

    def test_one_that_leaves_the_review_by_another_way_ends_too(self, referred: Application) -> None:
        judge(referred, "grant")
        assert ReviewCase.objects.get().closed_status == "offered"

    def test_an_opening_has_one_each_time_that_it_waits(self) -> None:
        account = DepositAccount.objects.create(customer_id=make_customer(), account_class="II")
        for status in ("review", "checking", "review", "rejected"):
            DepositAccount.objects.filter(pk=account.pk).update(status=status)
        cases = ReviewCase.objects.filter(subject_id=account.pk).order_by("id")
        assert [(case.kind, case.closed_status) for case in cases] == [("opening", "checking"), ("opening", "rejected")]

    def test_a_warning_has_one_where_it_queues_until_it_is_closed(self) -> None:
        warn(action="freeze")
        queued = warn()
        assert ReviewCase.objects.get(kind="warning").subject_id == queued.pk
        close_warning(warning_id=queued.pk, reason="false_alarm", note="已联系上", actor="risk")
        assert ReviewCase.objects.get(kind="warning").closed_status == "closed"

    def test_never_change_once_they_have_ended_and_are_never_deleted(self, case: ReviewCase) -> None:
        with pytest.raises(IntegrityError, match="DELETE is refused"), transaction.atomic():
            ReviewCase.objects.filter(pk=case.pk).delete()
        decide_case(case_id=case.pk, verdict=BAD, actor="li")
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            ReviewCase.objects.filter(pk=case.pk).update(note="x")


class TestTaking:
    def test_a_case_has_one_reviewer_who_may_give_it_back(self, case: ReviewCase) -> None:
        with pytest.raises(StateConflict):
            take_case(case_id=case.pk, actor="wang")
        with pytest.raises(CaseNotYours):
            give_back(case_id=case.pk, actor="wang")
        with pytest.raises(CaseNotYours):
            decide_case(case_id=case.pk, verdict=GOOD, actor="wang")
        give_back(case_id=case.pk, actor="li")
        take_case(case_id=case.pk, actor="wang")
        assert opened(case).taken_by == "wang"

    def test_the_next_is_the_oldest_of_the_kinds_that_nobody_has(self, referred: Application) -> None:
        first, second, secret = warn(), warn(), warn(rule="list_hit")
        kinds = ["warning"]
        assert ReviewCase.objects.get(
            pk=take_next(kinds=kinds, sees_secrets=False, actor="li")
        ).subject_id == first.pk  # fmt: skip
        take_case(case_id=ReviewCase.objects.get(subject_id=second.pk).pk, actor="wang")
        with pytest.raises(NotFound):
            take_next(kinds=kinds, sees_secrets=False, actor="li")
        found = take_next(kinds=kinds, sees_secrets=True, actor="zhou")
        assert ReviewCase.objects.get(pk=found).subject_id == secret.pk
        assert AuditEntry.objects.filter(action="review.taken", actor="zhou").count() == 1


class TestDeciding:
    def test_takes_a_reason_of_the_outcomes_list(self, case: ReviewCase) -> None:
        wrong = [
            Verdict(outcome="granted", codes=()),
            Verdict(outcome="granted", codes=("facts_untrue",)),
            Verdict(outcome="refused", codes=("other_refused",), note=" "),
        ]
        for verdict in wrong:
            with pytest.raises(ReviewReasonMissing) as refused:
                decide_case(case_id=case.pk, verdict=verdict, actor="li")
            assert refused.value.code == "review_reason_missing"
        assert CaseNotYours.code == "case_not_yours"
        assert opened(case).closed_at is None

    def test_a_refusal_tells_the_customer_nothing_of_its_reason(self, case: ReviewCase, referred: Application) -> None:
        decide_case(case_id=case.pk, verdict=BAD, actor="li")
        told = str(application_document(again(referred)))
        assert (again(referred).status, again(referred).reason_codes) == ("rejected", ["refused"])
        assert "不符" not in told
        assert "名单" not in told
        assert "facts_untrue" not in told

    def test_grants_less_than_the_model_proposed_but_never_more(self, case: ReviewCase, referred: Application) -> None:
        for limit_fen in (120_000_01, 1, 0):
            with pytest.raises(StateConflict):
                decide_case(
                    case_id=case.pk, actor="li",
                    verdict=Verdict(outcome="granted", codes=("facts_confirmed",), limit_fen=limit_fen),
                )  # fmt: skip
        lower = Verdict(outcome="granted", codes=("facts_confirmed",), limit_fen=50_000_00)
        decide_case(case_id=case.pk, verdict=lower, actor="li")
        assert application_document(again(referred))["decision"]["limit"] == "50000.00"
        accept_offer(application_id=referred.pk, customer_id=referred.customer_id)
        assert CreditLine.objects.get(application=referred).limit_fen == 50_000_00

    def test_what_the_law_refuses_no_person_lets_pass(self, case: ReviewCase, referred: Application) -> None:
        known = verified.identity(referred.customer_id)
        assert known is not None
        RelatedParty.objects.create(
            name=known.name, id_number=known.id_number, id_number_index=related_index(known.id_number), relation="manager"
        )  # fmt: skip
        with pytest.raises(StateConflict, match="不能人工改为通过"):
            decide_case(case_id=case.pk, verdict=GOOD, actor="li")
        assert (again(referred).status, opened(case).outcome) == ("review", "")


class TestTwoPeople:
    def test_decide_from_the_banks_amount_on(self, case: ReviewCase, referred: Application) -> None:
        two_people_from(120_000_00)
        with pytest.raises(StateConflict, match="两人"):
            decide_case(case_id=case.pk, verdict=GOOD, actor="li")
        proposal = propose(kind=KIND, subject=case.pk.hex, values=GOOD.values, reason="资料属实", actor="li")
        with pytest.raises(SameHands):
            approve(proposal_id=proposal.pk, actor="li")
        assert again(referred).status == "review"
        approve(proposal_id=proposal.pk, actor="wang", reason="同意")
        assert (again(referred).status, opened(case).decided_by) == ("offered", "li+wang")

    def test_below_it_one_person_suffices(self, case: ReviewCase, referred: Application) -> None:
        two_people_from(120_000_01)
        decide_case(case_id=case.pk, verdict=GOOD, actor="li")
        assert again(referred).status == "offered"

    def test_who_has_given_the_case_back_has_proposed_nothing(self, case: ReviewCase, referred: Application) -> None:
        two_people_from(0)
        proposal = propose(kind=KIND, subject=case.pk.hex, values=GOOD.values, reason="x", actor="li")
        give_back(case_id=case.pk, actor="li")
        with pytest.raises(CaseNotYours):
            approve(proposal_id=proposal.pk, actor="wang")
        assert again(referred).status == "review"
        with pytest.raises(ReviewReasonMissing):
            propose(kind=KIND, subject=case.pk.hex, values={"outcome": "granted", "codes": []}, reason="x", actor="wu")


class TestChecks:
    """A1-10, A1-18: a case may wait for a call back, a courier, or an appointment at the counter."""

    def _ask(self, case: ReviewCase, kind: str, days: int = 3) -> ReviewTask:
        due = business_date() + timedelta(days=days)
        return ask_for_check(case_id=case.pk, kind=kind, question="核实单位", due_date=due, actor="li")

    def test_a_case_is_not_granted_while_one_is_open(self, case: ReviewCase, referred: Application) -> None:
        task = self._ask(case, "callback")
        with pytest.raises(StateConflict, match="补充核查"):
            decide_case(case_id=case.pk, verdict=GOOD, actor="li")
        assert application_document(again(referred))["status"] == "review"
        finish_check(task_id=task.pk, outcome="confirmed", note="单位属实", actor="zhao")
        with pytest.raises(StateConflict):
            finish_check(task_id=task.pk, outcome="refuted", note="x", actor="zhao")
        decide_case(case_id=case.pk, verdict=GOOD, actor="li")
        assert again(referred).status == "offered"

    def test_the_counter_finds_an_appointment_by_its_code(self, case: ReviewCase) -> None:
        task = self._ask(case, "counter")
        assert (len(task.code or ""), self._ask(case, "courier").code) == (8, None)
        with pytest.raises(NotFound):
            finish_appointment(code="0", outcome="confirmed", note="x", actor="zhao")
        assert finish_appointment(code=task.code or "", outcome="confirmed", note="本人到场", actor="zhao") == task.pk
        done = ReviewTask.objects.get(pk=task.pk)
        assert (done.outcome, done.operator, done.note) == ("confirmed", "zhao", "本人到场")

    def test_is_asked_for_by_who_has_the_case_and_not_for_yesterday(self, case: ReviewCase) -> None:
        with pytest.raises(StateConflict):
            self._ask(case, "callback", days=-1)
        give_back(case_id=case.pk, actor="li")
        with pytest.raises(CaseNotYours):
            self._ask(case, "callback")

    def test_what_is_late_alarms_on_the_queue_and_on_the_first_page(self, case: ReviewCase) -> None:
        task = self._ask(case, "courier")
        assert _reviews().alarm is False
        ReviewTask.objects.filter(pk=task.pk).update(due_date=business_date() - timedelta(days=1))
        assert (_reviews().value, _reviews().note, _reviews().alarm) == ("1", "核查超期 1 项", True)
        assert "1 项超期" in _staff("风险").get(f"{ADMIN}/reviewcase/?clock=check").content.decode()


class TestPage:
    def test_has_everything_on_it_and_nobody_in_the_clear(self, case: ReviewCase, referred: Application) -> None:
        page = _staff("风险").get(f"{ADMIN}/reviewcase/{case.pk}/change/").content.decode()
        for shown in (
            "**例",
            "120,000.00",
            "income.monthly",
            "manual_review",
            "联网核查",
            "grading",
            "deciding → review",
        ):
            assert shown in page, shown
        known = verified.identity(referred.customer_id)
        assert known is not None
        for hidden in (known.name, known.id_number, "名单监测", "关联方", "checks.manual_review"):
            assert hidden not in page, hidden

    def test_lists_and_registers_are_hinted_at_only_to_who_may_see_them(self, case: ReviewCase) -> None:
        page = _staff("合规").get(f"{ADMIN}/reviewcase/{case.pk}/change/").content.decode()
        for shown in ("关联方与名单", "待甄别的名单预警", "checks.manual_review"):
            assert shown in page, shown

    def test_a_case_of_a_list_hit_is_seen_by_who_sees_list_hits(self) -> None:
        warn(rule="list_hit")
        case = ReviewCase.objects.get(kind="warning")
        address = f"{ADMIN}/reviewcase/{case.pk}/change/"
        assert _staff("风险").get(address).status_code == 302
        assert case.subject_id.hex not in _staff("风险").get(f"{ADMIN}/reviewcase/").content.decode()
        assert _staff("合规").get(address).status_code == 200

    def test_a_reviewer_takes_looks_decides(self, referred: Application) -> None:
        risk = _staff("风险")
        taken = risk.post(f"{ADMIN}/reviewcase/take_next/")
        case = ReviewCase.objects.get()
        base = f"{ADMIN}/reviewcase/{case.pk}"
        assert (taken.status_code, taken["Location"]) == (302, f"{base}/change/")
        assert _staff("风险").post(f"{base}/grant/", {"code": "facts_confirmed"}).status_code == 403
        assert risk.post(f"{base}/grant/", {"code": "facts_untrue"}).status_code == 200
        assert risk.post(f"{base}/grant/", {"code": "facts_confirmed", "limit": "五万"}).status_code == 200
        granted = risk.post(f"{base}/grant/", {"code": "facts_confirmed", "limit": "60,000.00"})
        assert granted.status_code == 302
        assert (again(referred).status, again(referred).granted_limit_fen) == ("offered", 60_000_00)
        closed = risk.get(f"{ADMIN}/reviewcase/?state=closed").content.decode()
        assert str(case.pk) in closed

    def test_an_amount_that_takes_two_goes_to_the_list_of_proposals(self, referred: Application) -> None:
        two_people_from(0)
        risk = _staff("风险")
        case = ReviewCase.objects.get()
        assert risk.post(f"{ADMIN}/reviewcase/{case.pk}/take/").status_code == 302
        assert risk.post(f"{ADMIN}/reviewcase/{case.pk}/refuse/", {"code": "facts_untrue"}).status_code == 302
        assert again(referred).status == "review"
        assert "已提交，待复核" in risk.get(f"{ADMIN}/reviewcase/{case.pk}/change/").content.decode()
        proposal = Proposal.objects.get(status=PROPOSED)
        second = _staff("风险")
        told = second.get(f"/b/125/admin/core/proposal/{proposal.pk}/change/").content.decode()
        assert "申报信息不实" in told
        answer = second.post(f"/b/125/admin/core/proposal/{proposal.pk}/approve/", {"reason": "同意"})
        assert (answer.status_code, again(referred).status) == (302, "rejected")

    def test_pictures_take_a_reason_and_leave_a_trace(self, case: ReviewCase, referred: Application) -> None:
        kept = vault.put(
            PHOTO, content_type="image/jpeg", kind="id_card_front", owner=vault.Owner("verification.upload", new_id())
        )
        Upload.objects.create(
            subject_id=referred.customer_id, kind="id_card_front", object_id=kept.id, size=len(PHOTO)
        )  # fmt: skip
        client, base = _staff("风险"), f"{ADMIN}/reviewcase/{case.pk}"
        assert client.post(f"{base}/pictures/", {"reason": "核对本人"}).status_code == 403
        give_back(case_id=case.pk, actor="li")
        client.post(f"{base}/take/")
        assert client.post(f"{base}/pictures/", {}).context["form"].errors
        shown = client.post(f"{base}/pictures/", {"reason": "核对本人"})
        ((title, address),) = shown.context["pictures"]
        entry = AuditEntry.objects.get(action="review.pictures_shown")
        assert (title, entry.detail["reason"], entry.subject) == ("身份证人像面", "核对本人", referred.customer_id.hex)
        opened = client.get(address)
        assert opened.content == PHOTO
        assert "no-store" in opened["Cache-Control"]
        assert VaultAccess.objects.filter(object_id=kept.id, actor=f"staff:{entry.actor}").count() == 1
        assert client.get(address.replace("picture/", "picture/x")).status_code == 404
        assert _staff("审计").get(address).status_code == 403


FILL = """
INSERT INTO lending_review_case (id, kind, subject_id, customer_id, product, amount_fen, is_secret, opened_at, taken_by,
                                 outcome, reason_codes, note, decided_by, closed_status)
SELECT uuidv7(), (ARRAY['application', 'opening', 'drawdown', 'warning'])[1 + n %% 4], uuidv7(),
       (%s::uuid[])[1 + n %% 3], 'XF01', n, FALSE, now() - n * %s * interval '1 minute', '', '', '[]', '', '', ''
FROM generate_series(1, %s) AS n
"""


class TestManyRows:
    def _statements(self, client: Client, query: str) -> tuple[int, str]:
        with CaptureQueriesContext(connection) as statements:
            answer = client.get(f"{ADMIN}/reviewcase/{query}")
        assert answer.status_code == 200
        # What a process keeps for a while is no measure: keys (not at all in a test's own transaction), banks, the path.
        kept = ("core_bank_key", '"tenants_bank"', "set_config")
        counted = [one for one in statements.captured_queries if not any(word in one["sql"] for word in kept)]
        return len(counted), answer.content.decode()

    def _fill(self, count: int, minutes: int = 1) -> None:
        people = [make_customer() for _ in range(3)]
        with connection.cursor() as cursor:
            cursor.execute(FILL, [people, minutes, count])

    def test_a_hundred_thousand_cost_the_statements_of_a_hundred(self) -> None:
        client = _staff("风险")
        queries = ("", "?clock=overdue", "?taker=nobody", "?taker=mine")
        self._fill(100, minutes=100)
        few = {query: self._statements(client, query)[0] for query in queries}
        self._fill(100_000)
        many = {query: self._statements(client, query) for query in queries}
        assert {query: count for query, (count, _) in many.items()} == few
        assert max(few.values()) <= 25
        assert "已超时" in many[""][1]
        assert "10000" in many[""][1].replace(",", "")
        assert client.get(f"{ADMIN}/reviewcase/?p=200").status_code == 200

    def test_the_filter_of_the_overdue_shows_what_is_red(self) -> None:
        self._fill(1_000, minutes=10)
        measured = clock()
        rows = list(ReviewCase.objects.filter(closed_at=None))
        red = {row.pk for row in rows if measured.colour(row) == "red"}
        assert red == set(ReviewCase.objects.filter(measured.is_overdue).values_list("pk", flat=True))
        assert 0 < len(red) < len(rows)
        assert overdue_cases() == len(red)
