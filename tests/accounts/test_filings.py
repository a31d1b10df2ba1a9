"""ACC-11, A1-21: openings, changes and closings reach the central bank in time and in order, and each day's count is right."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Filing
from accounts.models.filing import CHANGE, CLOSE, OPEN
from accounts.operations.cards import unbind_card
from accounts.operations.filings import (
    filing_acknowledged,
    filing_refused,
    flag_overdue_filings,
    owe_change,
    owe_filing,
    resend_filing,
)
from accounts.queries import FilingAgreement, filings_agree, overdue_filings
from core.audit.models import AuditEntry
from core.errors import NotFound, StateConflict
from core.steps.models import Step
from tests.accounts.holders import bind, due_again, make_account, set_day
from tests.running_sandbox import Sandbox

RunSteps = Callable[..., int]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
# 2026-09-25 to 27 and 2026-10-01 to 07 are holidays; 2026-09-20 and 2026-10-10 are working weekends.
WEDNESDAY = date(2026, 11, 25)


def owe(account_id: uuid.UUID, kind: str = OPEN, changed: str = "") -> Filing:
    with transaction.atomic():
        owe_filing(account_id=account_id, kind=kind, changed=changed)
    return Filing.objects.latest("pk")


def acknowledge(filing: Filing) -> None:
    with transaction.atomic():
        filing_acknowledged(filing_id=filing.pk, receipt=f"BA{filing.pk.hex[-6:]}")


def refuse(filing: Filing, code: str = "filing_incomplete") -> None:
    with transaction.atomic():
        filing_refused(filing_id=filing.pk, code=code)


def sends(filing: Filing) -> int:
    return Step.objects.filter(kind="account.file", subject=filing.pk.hex).count()


class TestAcc11DueDates:
    @pytest.mark.parametrize(
        ("kind", "day", "due"),
        [
            (OPEN, date(2026, 11, 23), date(2026, 11, 30)),  # Monday: five working days
            (OPEN, date(2026, 11, 27), date(2026, 12, 4)),  # Friday
            (OPEN, date(2026, 11, 28), date(2026, 12, 4)),  # Saturday
            (OPEN, date(2026, 9, 30), date(2026, 10, 13)),  # over the National Day, with its working Saturday
            (CHANGE, date(2026, 11, 25), date(2026, 11, 27)),
            (CHANGE, date(2026, 9, 24), date(2026, 9, 29)),  # over the Mid-Autumn Festival
            (CLOSE, date(2026, 11, 26), date(2026, 11, 30)),
            (CLOSE, date(2026, 9, 30), date(2026, 10, 9)),
        ],
    )
    def test_count_working_days_by_the_holiday_calendar(self, kind: str, day: date, due: date) -> None:
        set_day(day)
        filing = owe(make_account().pk, kind, "phone" if kind == CHANGE else "")
        assert (filing.event_date, filing.due_date) == (day, due)

    @pytest.mark.parametrize(
        ("kind", "changed", "name"),
        [
            (CHANGE, "", "accounts_filing_change_says_what"),
            (OPEN, "phone", "accounts_filing_change_says_what"),
        ],
    )
    def test_a_change_says_what_changed_and_nothing_else_does(self, kind: str, changed: str, name: str) -> None:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            owe_filing(account_id=make_account().pk, kind=kind, changed=changed)

    @pytest.mark.parametrize("kind", [OPEN, CLOSE])
    def test_an_account_is_opened_and_closed_on_file_once(self, kind: str) -> None:
        account = make_account()
        owe(account.pk, kind)
        with pytest.raises(IntegrityError), transaction.atomic():
            owe_filing(account_id=account.pk, kind=kind)


class TestOrder:
    def test_the_filings_of_an_account_go_one_after_the_other(self) -> None:
        account = make_account()
        first, second = owe(account.pk), owe(account.pk, CHANGE, "phone")
        third = owe(account.pk, CHANGE, "bound_card")
        assert [sends(filing) for filing in (first, second, third)] == [1, 0, 0]
        acknowledge(first)
        assert [sends(filing) for filing in (first, second, third)] == [1, 1, 0]
        acknowledge(second)
        assert sends(third) == 1

    def test_what_waits_behind_one_that_was_sent_back_waits_until_that_is_put_right(self) -> None:
        account = make_account()
        first, second = owe(account.pk), owe(account.pk, CHANGE, "phone")
        refuse(first)
        assert (sends(first), sends(second)) == (1, 0)
        Step.objects.update(state="done")
        resend_filing(filing_id=first.pk, actor="clerk")
        assert (sends(first), sends(second)) == (2, 0)
        acknowledge(first)
        assert sends(second) == 1

    def test_accounts_do_not_wait_for_each_other(self) -> None:
        filings = [owe(make_account().pk) for _ in range(2)]
        assert [sends(filing) for filing in filings] == [1, 1]


class TestOutcomes:
    def test_a_receipt_comes_once(self) -> None:
        filing = owe(make_account().pk)
        acknowledge(filing)
        with transaction.atomic():
            filing_acknowledged(filing_id=filing.pk, receipt="another")
        filing.refresh_from_db()
        assert (filing.status, filing.receipt) == ("acknowledged", f"BA{filing.pk.hex[-6:]}")
        assert filing.acknowledged_at is not None

    def test_a_refusal_keeps_its_code_and_is_loud(self, logged: list[Any]) -> None:
        filing = owe(make_account().pk)
        refuse(filing)
        filing.refresh_from_db()
        assert (filing.status, filing.code, filing.receipt) == ("refused", "filing_incomplete", "")
        told = [(log["log_level"], log["code"]) for log in logged if log["event"] == "filing.refused"]
        assert told == [("error", "filing_incomplete")]

    def test_sending_again_is_an_act_with_a_trace(self) -> None:
        filing = owe(make_account().pk)
        refuse(filing)
        resend_filing(filing_id=filing.pk, actor="clerk")
        filing.refresh_from_db()
        assert (filing.status, filing.code, filing.resends) == ("pending", "", 1)
        trace = AuditEntry.objects.get(action="filing.resent")
        assert (trace.actor, trace.subject, trace.detail) == ("clerk", filing.pk.hex, {"code": "filing_incomplete"})

    @pytest.mark.parametrize("end", [None, acknowledge])
    def test_what_was_not_sent_back_is_not_sent_again(self, end: Callable[[Filing], None] | None) -> None:
        filing = owe(make_account().pk)
        if end:
            end(filing)
        filing.refresh_from_db()
        with pytest.raises(StateConflict):
            resend_filing(filing_id=filing.pk, actor="clerk")
        after = Filing.objects.get(pk=filing.pk)
        assert (after.status, after.resends, sends(filing)) == (filing.status, 0, 1)
        assert not AuditEntry.objects.filter(action="filing.resent").exists()

    def test_nothing_is_not_sent_again(self) -> None:
        with pytest.raises(NotFound):
            resend_filing(filing_id=uuid.uuid4(), actor="clerk")


class TestChanges:
    def test_taking_a_bound_card_away_is_one(self) -> None:
        account = make_account()
        cards = [bind(account), bind(account)]
        unbind_card(card_id=cards[0].pk, customer_id=account.customer_id)
        filing = Filing.objects.get()
        assert (filing.kind, filing.changed, filing.account_id) == (CHANGE, "bound_card", account.pk)

    @pytest.mark.parametrize(
        "account",
        [{"account_class": "I", "keeper": "core"}, {"status": "closed"}, {"status": "face"}],
        ids=["class_one", "closed", "not_open_yet"],
    )
    def test_an_account_that_is_not_filed_from_here_has_none(self, account: dict[str, str]) -> None:
        row = make_account(**account)  # type: ignore[arg-type]
        with transaction.atomic():
            owe_change(account_id=row.pk, changed="phone")
        assert not Filing.objects.exists()


class TestAcc11Overdue:
    def flag(self, day: date) -> int:
        with transaction.atomic():
            return flag_overdue_filings(day=day)

    def test_is_alarmed_each_day_and_marked_with_the_first(self, logged: list[Any]) -> None:
        set_day(WEDNESDAY)
        late, later, done = owe(make_account().pk, CLOSE), owe(make_account().pk), owe(make_account().pk, CLOSE)
        acknowledge(done)
        day, last = late.due_date + timedelta(days=1), later.due_date + timedelta(days=1)
        assert [self.flag(one) for one in (late.due_date, day, day, last)] == [0, 1, 1, 2]
        alarms = [(log["log_level"], log["day"], log["count"]) for log in logged if log["event"] == "filing.overdue"]
        assert alarms == [("error", str(day), 1), ("error", str(day), 1), ("error", str(last), 2)]
        rows = [Filing.objects.get(pk=filing.pk) for filing in (late, later, done)]
        assert [row.overdue_date for row in rows] == [day, last, None]
        assert overdue_filings() == 2

    def test_a_receipt_that_comes_late_ends_the_alarm_and_leaves_the_mark(self) -> None:
        set_day(WEDNESDAY)
        filing = owe(make_account().pk, CLOSE)
        day = filing.due_date + timedelta(days=1)
        self.flag(day)
        acknowledge(filing)
        assert self.flag(day + timedelta(days=1)) == 0
        assert overdue_filings() == 0
        assert Filing.objects.get().overdue_date == day

    def test_one_that_was_sent_back_is_owed_as_well(self) -> None:
        set_day(WEDNESDAY)
        filing = owe(make_account().pk, CLOSE)
        refuse(filing)
        assert self.flag(filing.due_date + timedelta(days=1)) == 1


class TestAcc11Agreement:
    """The daily count of filings equals that of accounts."""

    def counts(self, agreement: FilingAgreement) -> dict[str, tuple[int, int, int]]:
        return {count.kind: (count.accounts, count.filed, count.acknowledged) for count in agreement.counts}

    def test_every_difference_is_listed(self) -> None:
        set_day(WEDNESDAY)
        done, waiting, back, forgotten = (make_account() for _ in range(4))
        closed = make_account(opened_date=date(2026, 1, 5), status="closed", closed_date=WEDNESDAY)
        stray = make_account(opened_date=date(2026, 1, 5))
        make_account(account_class="I", keeper="core")  # the counter files it
        acknowledge(owe(done.pk))
        owe(waiting.pk)
        refuse(owe(back.pk))
        acknowledge(owe(closed.pk, CLOSE))
        owe(stray.pk)
        acknowledge(owe(make_account(opened_date=date(2026, 1, 5)).pk, CHANGE, "phone"))
        agreement = filings_agree(WEDNESDAY)
        assert self.counts(agreement) == {OPEN: (4, 4, 1), CHANGE: (1, 1, 1), CLOSE: (1, 1, 1)}
        assert {(one.account_id, one.kind, one.what) for one in agreement.differences} == {
            (waiting.pk, OPEN, "not_acknowledged"),
            (back.pk, OPEN, "refused"),
            (forgotten.pk, OPEN, "not_filed"),
            (stray.pk, OPEN, "without_fact"),
        }
        assert not agreement.agrees

    def test_a_day_on_which_everything_is_acknowledged_agrees(self) -> None:
        set_day(WEDNESDAY)
        for _ in range(3):
            acknowledge(owe(make_account().pk))
        assert filings_agree(WEDNESDAY).agrees
        assert self.counts(filings_agree(WEDNESDAY))[OPEN] == (3, 3, 3)
        assert filings_agree(WEDNESDAY - timedelta(days=1)).agrees
        assert self.counts(filings_agree(WEDNESDAY - timedelta(days=1)))[OPEN] == (0, 0, 0)


class TestThroughTheGateway:
    """What the sandbox's account system really answers."""

    def test_open_change_and_close_are_received_in_this_order(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        account = make_account()
        for kind, changed in ((OPEN, ""), (CHANGE, "phone"), (CLOSE, "")):
            owe(account.pk, kind, changed)
        run_steps()
        assert set(Filing.objects.values_list("status", flat=True)) == {"acknowledged"}
        inside = vendors.json("GET", "/sandbox/core", params={"bank": "125"})["filings"]
        mine = [row for row in inside if row["account_number"] == account.number]
        assert [(row["kind"], row["changed"]) for row in mine] == [(OPEN, None), (CHANGE, "phone"), (CLOSE, None)]
        assert [row["receipt"] for row in mine] == list(Filing.objects.order_by("pk").values_list("receipt", flat=True))

    @pytest.mark.parametrize("fault", [{"drop_after": True}, {"garbage": True}, {"drop_before": True}, {"status": 503}])
    def test_an_answer_that_is_lost_is_asked_for_and_filed_once(
        self, vendors: Sandbox, run_steps: RunSteps, fault: dict[str, Any]
    ) -> None:
        account = make_account()
        filing = owe(account.pk)
        vendors.fault("filings", count=1, **fault)
        run_steps()
        filing.refresh_from_db()
        assert filing.status == "pending"
        due_again()
        run_steps()
        filing.refresh_from_db()
        assert filing.status == "acknowledged"
        inside = vendors.json("GET", "/sandbox/core", params={"bank": "125"})["filings"]
        assert [row["kind"] for row in inside if row["account_number"] == account.number] == [OPEN]

    def test_one_that_is_sent_back_is_put_right_and_sent_again(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        account = make_account()
        filing = owe(account.pk)
        vendors.fault("filings", count=1, status=422, code="filing_incomplete")
        run_steps()
        filing.refresh_from_db()
        assert (filing.status, filing.code) == ("refused", "filing_incomplete")
        resend_filing(filing_id=filing.pk, actor="clerk")
        run_steps()
        filing.refresh_from_db()
        assert (filing.status, filing.code, filing.resends) == ("acknowledged", "", 1)
        ids = {call["request_id"] for call in vendors.calls(vendor="filings")}
        assert len(ids) == 2

    def test_an_opening_that_is_on_file_already_is_sent_back_with_that_code(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        account = make_account()
        owe(account.pk)
        run_steps()
        Filing.objects.all().delete()
        filing = owe(account.pk)
        run_steps()
        filing.refresh_from_db()
        assert (filing.status, filing.code) == ("refused", "filing_duplicate")
