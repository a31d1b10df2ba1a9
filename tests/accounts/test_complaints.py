"""CUST-01, A1-12, D17: complaints are taken whatever is stopped, answered in their term, and counted."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.charts import COMPLAINT_CHART
from accounts.models import Complaint, ComplaintEntry, Customer, Notice
from accounts.operations import complaints
from accounts.operations.complaints import EXTEND_AGAIN, Grievance, flag_overdue_complaints
from accounts.operations.day import do_piece
from accounts.queries import overdue_complaints
from core.admin.charts import Asked, Numbers, csv_of
from core.approvals.operations import SameHands, propose
from core.audit.models import AuditEntry
from core.errors import NotFound, StateConflict
from core.idempotency.models import IdempotencyRecord
from core.ids import new_id
from core.states.models import StateChange
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.operations import move_bank, switch_off
from tenants.parameters import ParameterRefused, set_for_bank
from tenants.switches import CHECKS, standing
from tests.accounts.holders import make_account, make_customer, set_day
from tests.lending.applicants import make_token
from tests.lending.test_borrowing_rest import Caller
from tests.second_person import approve

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
MONDAY: Final = date(2026, 11, 23)
SAID: Final = "我的手机号是13800001234，请尽快回复"


@pytest.fixture(autouse=True)
def _monday(bank_a: str) -> None:
    set_day(MONDAY)


def file(category: str = "other", said: str = SAID, **more: Any) -> Complaint:
    who = more.pop("customer_id", None) or make_customer()
    return complaints.file_complaint(
        customer_id=who, grievance=Grievance(category=category, said=said, **more)
    )  # fmt: skip


def answer(row: Complaint, said: str = "已核实并处理") -> Complaint:
    return complaints.answer_complaint(complaint_id=row.pk, said=said, actor="kefu")


def extend(row: Complaint) -> Complaint:
    return complaints.extend_complaint(complaint_id=row.pk, said="需向合作方核实", actor="kefu")


def extend_again(row: Complaint, *, checker: str = "hegui") -> Complaint:
    made = propose(kind=EXTEND_AGAIN, subject=row.pk.hex, values={}, reason="等待鉴定结果", actor="kefu")
    approve(proposal_id=made.pk, actor=checker)
    return Complaint.objects.get(pk=row.pk)


def set_today(name: str, value: int | str) -> None:
    with transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=MONDAY, actor="test")


def caller_of(customer_id: uuid.UUID) -> Caller:
    return Caller(token=make_token(customer_id))


class TestCust01Terms:
    @pytest.mark.parametrize(
        ("name", "value", "due"),
        [
            ("complaint.answer_days", 15, date(2026, 12, 8)),
            ("complaint.answer_days", 1, date(2026, 11, 24)),
            ("complaint.day_kind", "working", date(2026, 12, 14)),  # three weeks of five working days
        ],
    )
    def test_the_answer_is_owed_within_15_days(self, name: str, value: int | str, due: date) -> None:
        set_today(name, value)
        row = file()
        assert (row.status, row.received_date, row.due_date, row.extensions) == ("received", MONDAY, due, 0)

    def test_extended_to_30_then_once_more_by_30_and_never_further(self) -> None:
        row = file()
        set_day(MONDAY + timedelta(days=14))
        assert extend(row).due_date == MONDAY + timedelta(days=30)
        with pytest.raises(StateConflict, match="须提交复核"):
            extend(row)
        moved = extend_again(row)
        assert (moved.due_date, moved.extensions, moved.status) == (MONDAY + timedelta(days=60), 2, "extended")
        with pytest.raises(StateConflict, match="不得再延"):
            propose(kind=EXTEND_AGAIN, subject=row.pk.hex, values={}, reason="x", actor="kefu")
        with pytest.raises(StateConflict):
            extend(row)
        assert Complaint.objects.get().due_date == MONDAY + timedelta(days=60)
        with pytest.raises(IntegrityError, match="extended_twice_at_most"), transaction.atomic():
            Complaint.objects.filter(pk=row.pk).update(extensions=3)

    def test_once_more_takes_two_and_a_first_time_before(self) -> None:
        row = file()
        with pytest.raises(StateConflict):
            propose(kind=EXTEND_AGAIN, subject=row.pk.hex, values={}, reason="x", actor="kefu")
        with pytest.raises(NotFound):
            propose(kind=EXTEND_AGAIN, subject=new_id().hex, values={}, reason="x", actor="kefu")
        extend(row)
        with pytest.raises(SameHands):
            extend_again(row, checker="kefu")
        assert Complaint.objects.get().extensions == 1

    def test_a_term_that_is_over_is_extended_no_more(self) -> None:
        first, second = file(), file()
        extend(second)
        made = propose(kind=EXTEND_AGAIN, subject=second.pk.hex, values={}, reason="x", actor="kefu")
        set_day(MONDAY + timedelta(days=16))
        with pytest.raises(StateConflict, match="期限已过"):
            extend(first)
        set_day(MONDAY + timedelta(days=31))
        with pytest.raises(StateConflict, match="期限已过"):
            approve(proposal_id=made.pk, actor="hegui")
        assert set(Complaint.objects.values_list("extensions", flat=True)) == {0, 1}

    def test_what_was_answered_meanwhile_is_not_extended(self) -> None:
        row = file()
        extend(row)
        made = propose(kind=EXTEND_AGAIN, subject=row.pk.hex, values={}, reason="x", actor="kefu")
        answer(row)
        with pytest.raises(StateConflict):
            approve(proposal_id=made.pk, actor="hegui")
        assert Complaint.objects.get().status == "answered"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("complaint.answer_days", 16), ("complaint.extended_days", 31), ("complaint.further_days", 31)],
    )
    def test_no_bank_takes_longer(self, name: str, value: int) -> None:
        with pytest.raises(ParameterRefused):
            set_today(name, value)

    def test_words_after_an_answer_begin_a_new_term_and_what_was_extended_counts_on(self) -> None:
        row = file()
        extend(row)
        set_day(MONDAY + timedelta(days=20))
        assert answer(row).first_answered_date == MONDAY + timedelta(days=20)
        set_day(MONDAY + timedelta(days=22))
        again = complaints.add_words(complaint_id=row.pk, customer_id=row.customer_id, said="仍未解决")
        assert (again.status, again.due_date, again.extensions) == ("received", MONDAY + timedelta(days=37), 1)
        with pytest.raises(StateConflict):
            extend(row)
        assert extend_again(row).due_date == MONDAY + timedelta(days=67)
        set_day(MONDAY + timedelta(days=23))
        moved = answer(row)
        assert (moved.first_answered_date, moved.answered_date) == (
            MONDAY + timedelta(days=20), MONDAY + timedelta(days=23),
        )  # fmt: skip

    def test_words_before_an_answer_change_no_term(self) -> None:
        row = file()
        set_day(MONDAY + timedelta(days=3))
        added = complaints.add_words(complaint_id=row.pk, customer_id=row.customer_id, said="补充")
        assert (added.status, added.due_date) == ("received", row.due_date)
        assert StateChange.objects.filter(subject_id=row.pk).count() == 0

    def test_an_overdue_one_is_told_once_each_term(self, logged: list[Any]) -> None:
        row, punctual = file(), file()
        answer(punctual)

        def watch(day: date) -> int:
            set_day(day)
            with transaction.atomic():
                return flag_overdue_complaints(day=day)

        assert [watch(row.due_date), overdue_complaints()] == [0, 0], "the last day is still in time"
        late = row.due_date + timedelta(days=1)
        assert [watch(late), watch(late), watch(late + timedelta(days=1))] == [1, 0, 0]
        assert overdue_complaints() == 1
        answer(row)
        row.refresh_from_db()
        assert (row.overdue_date, overdue_complaints()) == (late, 0), "it stays when the answer comes after all"
        again = complaints.add_words(complaint_id=row.pk, customer_id=row.customer_id, said="仍未解决")
        set_day(again.due_date + timedelta(days=1))
        with transaction.atomic():
            do_piece(piece="accounts.watch_complaints", day=again.due_date + timedelta(days=1))
        told = [(log["log_level"], log["count"]) for log in logged if log["event"] == "complaint.overdue"]
        assert told == [("error", 1), ("error", 1)]

    def test_it_is_closed_by_the_score_or_by_staff_once_the_customer_has_been_silent(self) -> None:
        scored, silent, early = file(), file(), file()
        for row in (scored, silent, early):
            answer(row)
        set_day(MONDAY + timedelta(days=4))
        complaints.score_complaint(complaint_id=scored.pk, customer_id=scored.customer_id, score=4)
        with pytest.raises(StateConflict, match="2026-11-28 起方可办结"):
            complaints.close_complaint(complaint_id=early.pk, said="x", actor="kefu")
        set_day(MONDAY + timedelta(days=5))
        complaints.close_complaint(complaint_id=silent.pk, said="客户未再反馈", actor="kefu")
        scored.refresh_from_db()
        assert (scored.status, scored.score, scored.closed_date) == ("closed", 4, MONDAY + timedelta(days=4))
        assert Complaint.objects.get(pk=silent.pk).score is None
        for act in (answer, extend):
            with pytest.raises(StateConflict):
                act(scored)
        with pytest.raises(StateConflict, match="请重新提交投诉"):
            complaints.add_words(complaint_id=scored.pk, customer_id=scored.customer_id, said="x")
        with pytest.raises(StateConflict):
            complaints.close_complaint(complaint_id=file().pk, said="x", actor="kefu")


class TestRecord:
    def test_both_ways_are_kept_sealed_and_never_change(self) -> None:
        row = file()
        complaints.note_complaint(complaint_id=row.pk, said="疑似冒名", actor="kefu")
        answer(row, "已为您更正13800001234")
        said = list(row.entries.order_by("pk").values_list("kind", "author", "said"))
        assert said == [
            ("words", "customer", SAID), ("note", "kefu", "疑似冒名"), ("answer", "kefu", "已为您更正13800001234"),
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT said FROM accounts_complaint_entry")
            stored = b"".join(bytes(sealed) for (sealed,) in cursor.fetchall())
        assert b"13800001234" not in stored
        for change in (
            lambda: ComplaintEntry.objects.update(author="x"), lambda: ComplaintEntry.objects.all().delete(),
            lambda: Complaint.objects.update(received_date=MONDAY - timedelta(days=1)),
            lambda: Complaint.objects.update(category="staff"), lambda: Complaint.objects.all()._raw_delete("default"),
        ):  # fmt: skip
            with pytest.raises(IntegrityError, match="is refused on"), transaction.atomic():
                change()

    def test_every_act_is_audited_and_repeats_no_word(self) -> None:
        row = file()
        extend(row)
        answer(row)
        set_day(MONDAY + timedelta(days=9))
        complaints.close_complaint(complaint_id=row.pk, said="客户未再反馈", actor="kefu")
        acts = AuditEntry.objects.filter(subject=row.pk.hex).order_by("pk")
        assert list(acts.values_list("action", "actor")) == [
            ("complaint.filed", f"customer:{row.customer_id.hex}"), ("complaint.extended", "kefu"),
            ("complaint.answered", "kefu"), ("complaint.closed", "kefu"),
        ]  # fmt: skip
        kept = str(list(acts.values())) + str(list(StateChange.objects.filter(subject_id=row.pk).values()))
        assert not any(word in kept for word in (SAID, "需向合作方核实", "客户未再反馈"))

    def test_the_customer_gets_a_text_when_it_is_answered_or_extended(self) -> None:
        row = file()
        extend(row)
        answer(row)
        assert set(Notice.objects.values_list("customer_id", "kind", "about_date")) == {
            (row.customer_id, "complaint_delay", MONDAY + timedelta(days=30)),
            (row.customer_id, "complaint_reply", MONDAY),
        }


class TestRecheck:
    def test_of_a_rejected_opening_is_recorded_and_opens_nothing(self) -> None:
        account = make_account(status="rejected")
        row = file("account_opening", customer_id=account.customer_id, subject_kind="account", subject_id=account.pk)
        for result in ("upheld", "overturned"):
            complaints.record_recheck(complaint_id=row.pk, result=result, said="请重新办理", actor="kefu")
        row.refresh_from_db()
        account.refresh_from_db()
        assert (row.recheck, row.status, account.status) == ("overturned", "received", "rejected")
        assert row.entries.filter(kind="recheck").count() == 2
        assert AuditEntry.objects.filter(action="complaint.rechecked").latest("pk").detail == {"result": "overturned"}

    def test_of_nothing_that_was_rejected_is_refused(self) -> None:
        account = make_account()
        about = file(customer_id=account.customer_id, subject_kind="account", subject_id=account.pk)
        for row in (about, file()):
            with pytest.raises(StateConflict):
                complaints.record_recheck(complaint_id=row.pk, result="upheld", said="x", actor="kefu")
        assert not Complaint.objects.exclude(recheck="").exists()


class TestByRest:
    def test_a_customer_files_follows_adds_and_scores(self) -> None:
        account = make_account(status="rejected")
        caller = caller_of(account.customer_id)
        body = {
            "category": "account_opening", "text": SAID, "subject_kind": "account", "subject_id": account.pk.hex,
        }  # fmt: skip
        made = caller.post("complaints", body, key="one")
        shown = made.json()
        assert (made.status_code, made["Location"]) == (201, f"/b/125/api/v1/complaints/{shown['id']}")
        assert {name: shown[name] for name in ("status", "received_date", "due_date", "subject_id")} == {
            "status": "received", "received_date": "2026-11-23", "due_date": "2026-12-08", "subject_id": account.pk.hex,
        }  # fmt: skip
        again = caller.post("complaints", body, key="one")
        assert (again.json(), again["Idempotent-Replayed"], Complaint.objects.count()) == (shown, "true", 1)
        row = Complaint.objects.get()
        complaints.note_complaint(complaint_id=row.pk, said="内部讨论", actor="kefu")
        path = f"complaints/{shown['id']}"
        assert caller.post(f"{path}/score", {"score": 5}).json()["code"] == "state_conflict"
        answer(row)
        whole = caller.get(path).json()
        assert [(entry["from"], entry["kind"], entry["text"]) for entry in whole["entries"]] == [
            ("customer", "words", SAID), ("bank", "answer", "已核实并处理"),
        ]  # fmt: skip
        assert "kefu" not in str(whole)
        assert caller.post(f"{path}/entries", {"text": "还有一事"}).json()["status"] == "received"
        answer(row)
        closed = caller.post(f"{path}/score", {"score": 2})
        assert (closed.status_code, closed.json()["status"], closed.json()["score"]) == (200, "closed", 2)
        assert caller.post(f"{path}/entries", {"text": "x"}).json()["code"] == "state_conflict"
        listed = caller.get("complaints").json()
        assert [(item["id"], item["status"]) for item in listed["items"]] == [(shown["id"], "closed")]

    def test_no_kept_answer_repeats_a_word(self) -> None:
        caller_of(make_customer()).post("complaints", {"category": "other", "text": SAID})
        assert SAID not in str(IdempotencyRecord.objects.values_list("body", flat=True))
        assert IdempotencyRecord.objects.count() == 1

    def test_another_customers_complaint_or_thing_is_as_good_as_none(self) -> None:
        theirs = file()
        account = make_account()
        caller = caller_of(make_customer())
        path = f"complaints/{theirs.pk.hex}"
        refused = [
            caller.get(path), caller.post(f"{path}/entries", {"text": "x"}), caller.post(f"{path}/score", {"score": 1}),
            *(
                caller.post("complaints", {"category": "other", "text": "x", "subject_kind": kind, "subject_id": one})
                for kind, one in (("account", account.pk.hex), ("loan", new_id().hex), ("card", account.pk.hex))
            ),
        ]  # fmt: skip
        assert {(one.status_code, one.json()["code"]) for one in refused} == {(404, "not_found")}
        assert caller.get("complaints").json() == {"items": [], "next": None}
        assert (Complaint.objects.count(), theirs.entries.count()) == (1, 1)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"category": "weather"}, {"text": ""}, {"text": "长" * 2001}, {"subject_kind": "account"},
            {"subject_id": "0" * 32}, {"subject_kind": "house", "subject_id": "0" * 32},
        ],
    )  # fmt: skip
    def test_a_body_that_says_nothing_of_use_is_refused(self, wrong: dict[str, str]) -> None:
        answered = caller_of(make_customer()).post("complaints", {"category": "other", "text": "x", **wrong})
        assert (answered.status_code, answered.json()["code"]) == (400, "invalid_request")
        assert not Complaint.objects.exists()

    def test_somebody_who_was_not_registered_can_complain_too(self) -> None:
        newcomer = Customer.objects.create(openid="o", openid_index=b"n" * 32)
        made = caller_of(newcomer.pk).post("complaints", {"category": "account_opening", "text": "无法注册"})
        assert made.status_code == 201
        answer(Complaint.objects.get())
        assert not Notice.objects.exists(), "of whom no phone is known"


def test_nothing_that_is_stopped_stops_a_complaint(bank_a: str) -> None:
    """PU-07a: at a suspended bank, with the province and every check switched off."""
    caller = caller_of(make_customer())
    with in_bank(PROVINCE_CODE):
        switch_off(scope="province", reason="演练", actor="wang")
        for check in CHECKS:
            switch_off(scope="check", target=check, reason="演练", actor="wang")
        for product in ("XF01", "XF03"):
            switch_off(scope="product", target=product, reason="演练", actor="wang")
        move_bank(code=bank_a, event="suspend", reason="演练", actor="wang")
    assert not standing().serves
    made = caller.post("complaints", {"category": "other", "text": "无法办理业务"})
    assert made.status_code == 201
    row = Complaint.objects.get()
    extend(row)
    answer(row)
    path = f"complaints/{row.pk.hex}"
    assert caller.post(f"{path}/entries", {"text": "何时恢复"}).status_code == 201
    answer(row)
    assert caller.get(path).json()["status"] == "answered"
    assert caller.post(f"{path}/score", {"score": 3}).status_code == 200
    assert caller.get("complaints").json()["items"][0]["status"] == "closed"


class TestD17Figures:
    @pytest.fixture
    def numbers(self) -> Numbers:
        """Read ninety days that end four weeks after the complaints came, with four customers known."""
        Customer.objects.all().update(registered_at=None)
        rows = [file("loan"), file("loan"), file("loan"), file("staff")]
        Customer.objects.filter(pk__in=[row.customer_id for row in rows]).update(registered_at="2026-11-01T00:00+08:00")
        for row, days, score in ((rows[0], 2, 5), (rows[1], 5, 3), (rows[3], 20, None)):
            set_day(MONDAY + timedelta(days=days))
            answer(row)
            if score:
                complaints.score_complaint(complaint_id=row.pk, customer_id=row.customer_id, score=score)
        set_day(MONDAY + timedelta(days=28))
        complaints.close_complaint(complaint_id=rows[3].pk, said="x", actor="kefu")
        asked = Asked(from_date=MONDAY - timedelta(days=61), to_date=MONDAY + timedelta(days=28))
        with CaptureQueriesContext(connection) as queries:
            found = COMPLAINT_CHART.read(asked)
        assert len(queries) == 2, "the calendar, and all the rest"
        return found

    def test_are_by_hand(self, numbers: Numbers) -> None:
        told = {
            one.name: (one.values[numbers.labels.index("贷款与还款")], one.values[numbers.labels.index("员工服务")], one.total)
            for one in numbers.series
        }  # fmt: skip
        assert told == {
            "投诉": (3, 1, 4),
            "每万名客户投诉": (Decimal("7500.00"), Decimal("2500.00"), Decimal("10000.00")),
            "已答复": (2, 1, 3),
            "答复用时中位数": (Decimal("3.5"), Decimal("20.0"), Decimal("5.0")),
            "15 个工作日内办结率": (Decimal("66.67"), Decimal("0.00"), Decimal("50.00")),
            "已评价": (2, 0, 2),
            "满意率": (Decimal("50.00"), None, Decimal("50.00")),
            "平均评分": (Decimal("4.00"), None, Decimal("4.00")),
        }

    def test_are_a_file_too(self, numbers: Numbers) -> None:
        rows = list(csv.reader(io.StringIO(csv_of(numbers).decode("utf-8-sig"))))
        assert rows[0][:3] == ["类别", "投诉（笔）", "每万名客户投诉（笔）"]
        assert rows[3] == ["贷款与还款", "3", "7500.00", "2", "3.5", "66.67", "2", "50.00", "4.00"]
        assert rows[-1][:2] == ["合计", "4"]

    def test_of_nothing_are_nothing(self) -> None:
        found = COMPLAINT_CHART.read(Asked(from_date=MONDAY, to_date=MONDAY))
        assert found.is_empty
