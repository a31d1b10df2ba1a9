"""Bad news is reported after its notice only (LN-15)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction

from core.clock import SHANGHAI, business_date
from core.errors import StateConflict
from core.steps.models import Step
from lending.models import BureauRecord, CreditNotice, Instalment, Loan, LoanEvent
from lending.models.paper import NOTICE
from lending.operations import bureau, credit_notices
from lending.operations.bureau import mind_notices
from lending.steps import servicing
from tests.lending.applicants import due_now
from tests.lending.borrowers import Borrower
from tests.lending.bureau.reporting import DUE, START, catch_up, pay, records, sent_on, to
from tests.lending.test_receipt_repayment import came_in
from tests.lending.test_receipt_repayment import pay as pay_from_receipt
from tests.made_once import made_once
from tests.running_sandbox import Sandbox
from verification import queries as verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
RunSteps = Callable[..., int]


class TestLN15Notice:
    def test_bad_news_waits_until_the_borrower_was_told_and_the_days_are_over(
        self, lent: tuple[Borrower, Loan]
    ) -> None:
        _, loan = lent
        catch_up(date(2026, 3, 1))
        february = records(loan, "month_end")[-1]
        assert (february.negative, february.released_date) == (True, None)
        catch_up(date(2026, 3, 5))
        assert records(loan, "month_end")[-1].released_date is None
        sent_on(loan, date(2026, 3, 5))
        for day, released in ((date(2026, 3, 7), None), (date(2026, 3, 8), date(2026, 3, 8))):
            catch_up(day)
            assert records(loan, "month_end")[-1].released_date == released

    def test_good_news_does_not_wait(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(START + timedelta(days=1))
        assert not BureauRecord.objects.filter(released_date=None).exists()

    def test_a_notice_is_owed_once_for_a_time_overdue_from_its_first_day(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        catch_up(DUE)
        assert not CreditNotice.objects.exists()
        catch_up(DUE + timedelta(days=1))
        catch_up(DUE + timedelta(days=2))
        notice = CreditNotice.objects.get()
        assert (notice.loan_id, notice.overdue_since_date, notice.status) == (loan.pk, DUE, "waiting")
        assert Step.objects.filter(kind=bureau.SEND_NOTICE).count() == 1
        sent_on(loan, DUE + timedelta(days=2))
        pay(who, loan)
        catch_up(DUE + timedelta(days=3))
        notice.refresh_from_db()
        assert notice.ended_date == DUE + timedelta(days=2)
        catch_up(date(2026, 3, 23))
        assert CreditNotice.objects.count() == 2  # the next time overdue needs a notice of its own

    def test_a_bad_class_that_outlasts_the_arrears_is_reported_under_the_notice_of_these(
        self, lent: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent
        catch_up(DUE + timedelta(days=91))  # 2026-05-24
        LoanEvent.objects.create(
            loan=loan, kind="classified", business_date=business_date(), amount_fen=0, outstanding_fen=100_000_00,
            detail={"from": "special_mention", "to": "substandard"},
        )  # fmt: skip
        Loan.objects.filter(pk=loan.pk).update(category="substandard")
        sent_on(loan, business_date())
        pay(who, loan)
        catch_up(date(2026, 6, 1))
        (may,) = [row for row in records(loan, "month_end") if row.business_date == date(2026, 5, 31)]
        assert (may.content["classification"], may.content["overdue_days"], may.negative) == ("substandard", 0, True)
        assert may.released_date == date(2026, 6, 1)

    def test_an_instalment_of_a_former_plan_is_no_reason_for_a_notice(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        pay(who, loan, "early_partial", 20_000_00)
        former = Instalment.objects.get(loan=loan, number=1, version=1)
        assert (former.closed_date, former.replaced_by_version, former.due_date) == (None, 2, DUE)
        catch_up(DUE)
        pay(who, loan)
        catch_up(DUE + timedelta(days=3))
        assert not CreditNotice.objects.exists()

    def test_but_it_is_where_something_bad_waits_to_be_reported(
        self, lent: tuple[Borrower, Loan], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who, loan = lent
        catch_up(date(2026, 3, 1))
        pay(who, loan)
        catch_up(date(2026, 3, 2))
        notice = CreditNotice.objects.get()
        with pytest.raises(StateConflict):
            credit_notices.cancel_notice(notice_id=notice.pk, actor="ops")
        due_now()
        run_steps()
        notice.refresh_from_db()
        assert (notice.status, notice.ended_date) == ("sent", date(2026, 3, 1))
        catch_up(date(2026, 3, 5))
        assert records(loan, "month_end")[-1].released_date == date(2026, 3, 5)


def fall_late(lent: tuple[Borrower, Loan]) -> tuple[Borrower, Loan]:
    """Let the first instalment be overdue since yesterday."""
    catch_up(DUE + timedelta(days=1))
    return lent


late_once = made_once(fall_late, scope="class", after="lent_once")


class TestLN15NoticeOfALateLoan:
    @pytest.fixture
    def lent(self, late_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
        """Give each test the loan on the first day on which a notice is owed."""
        del bank_a
        return deepcopy(late_once)

    def test_a_notice_of_an_earlier_time_releases_nothing_of_a_later_one(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        sent_on(loan, DUE + timedelta(days=1))
        pay(who, loan)
        catch_up(date(2026, 4, 10))  # instalment 2 is overdue from 2026-03-22 on
        march = records(loan, "month_end")[-1]
        assert (march.business_date, march.negative, march.released_date) == (date(2026, 3, 31), True, None)

    def test_the_text_goes_to_the_borrower_and_names_the_law(
        self, lent: tuple[Borrower, Loan], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who, loan = lent
        run_steps()
        text = vendors.inbox(verified.phone_of(who.customer_id) or "")[0]["text"]
        assert "征信业管理条例" in text
        assert loan.contract.number[-4:] in text
        notice = CreditNotice.objects.get()
        assert (notice.status, notice.channel, notice.sent_date) == ("sent", "sms", DUE + timedelta(days=1))

    @pytest.mark.parametrize("hour", [7, 22, 3])
    def test_nobody_is_written_to_at_night(
        self, lent: tuple[Borrower, Loan], run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch, hour: int
    ) -> None:
        monkeypatch.setattr(servicing, "now", lambda: datetime(2026, 11, 22, hour, 30, tzinfo=SHANGHAI))
        run_steps()
        assert CreditNotice.objects.get().status == "waiting"
        waits = servicing._until_day(datetime(2026, 11, 22, hour, 30, tzinfo=SHANGHAI))
        assert waits is not None
        assert (datetime(2026, 11, 22, hour, 30, tzinfo=SHANGHAI) + waits).hour == 8

    def test_one_that_cannot_be_texted_goes_by_letter_with_its_number(
        self, lent: tuple[Borrower, Loan], vendors: Sandbox
    ) -> None:
        _, loan = lent
        notice = CreditNotice.objects.get()
        with transaction.atomic():
            credit_notices.notice_failed(notice_id=notice.pk, code="invalid_phone")
        paper = credit_notices.issue_notice_paper(notice_id=notice.pk, actor="test")
        assert (paper.kind, paper.number[:2], paper.loan_id) == (NOTICE, "GZ", loan.pk)
        credit_notices.letter_posted(notice_id=notice.pk, tracking="EMS123", actor="ops")
        notice.refresh_from_db()
        assert (notice.status, notice.channel, notice.tracking, notice.sent_date) == (
            "sent", "letter", "EMS123", business_date(),
        )  # fmt: skip
        with pytest.raises(StateConflict):
            credit_notices.letter_posted(notice_id=notice.pk, tracking="EMS124", actor="ops")

    def test_a_loan_that_money_entered_late_has_settled_before_its_due_date_is_not_written_about(
        self, lent: tuple[Borrower, Loan], run_steps: RunSteps
    ) -> None:
        _, loan = lent
        pay_from_receipt(loan, came_in(100_500_00), on=DUE - timedelta(days=2), kind="early_full")
        catch_up(DUE + timedelta(days=2))
        run_steps()
        assert CreditNotice.objects.values_list("status", "ended_date").get() == ("cancelled", DUE)

    def test_a_loan_that_was_put_right_meanwhile_is_not_written_about(
        self, lent: tuple[Borrower, Loan], run_steps: RunSteps
    ) -> None:
        who, loan = lent
        pay(who, loan)
        catch_up(DUE + timedelta(days=2))
        run_steps()
        assert CreditNotice.objects.get().status == "cancelled"


def test_minding_notices_twice_owes_no_second(lent: tuple[Borrower, Loan]) -> None:
    to(DUE + timedelta(days=1))
    assert (mind_notices(), mind_notices()) == (1, 0)
