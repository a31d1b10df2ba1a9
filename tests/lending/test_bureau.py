"""Credit reporting (LN-17): what is captured of a day, bad news after its notice only (LN-15), files, corrections."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.db import IntegrityError, connection, transaction

from core import vault
from core.approvals.models import Proposal
from core.approvals.operations import SameHands, propose, withdraw
from core.clock import SHANGHAI, business_date, move_business_date
from core.errors import NotFound, StateConflict
from core.evidence.models import EvidenceLeaf
from core.steps.models import Step
from lending.approvals import CORRECT_RECORD
from lending.bureau_records import AtEndOfDay, is_negative, not_overdue, payment_state, with_letter
from lending.closing.runner import close_until
from lending.models import (
    BureauDay,
    BureauExport,
    BureauObjection,
    BureauRecord,
    CreditNotice,
    Instalment,
    Loan,
    LoanEvent,
    Repayment,
)
from lending.models.paper import NOTICE
from lending.operations import bureau, bureau_files, bureau_sql, credit_notices
from lending.operations.bureau import capture_bureau_records, mind_notices
from lending.operations.bureau_files import NothingToReport, export_records, raise_objection
from lending.operations.reversal import reverse_repayment
from lending.queries.bureau import contents_of, is_month_end, uncaptured_days
from lending.servicing_day import follow_servicing
from lending.steps import servicing
from tests.lending.applicants import due_now
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.test_receipt_repayment import came_in
from tests.lending.test_receipt_repayment import pay as pay_from_receipt
from tests.made_once import made_once
from tests.running_sandbox import Sandbox
from tests.second_person import approve
from verification import queries as verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
RunSteps = Callable[..., int]
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "bureau-record.schema.json").read_text(encoding="utf-8"))
START = date(2026, 1, 22)
DUE = date(2026, 2, 22)


@pytest.fixture(autouse=True)
def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon wherever a borrower is written to."""
    monkeypatch.setattr(servicing, "now", lambda: datetime(2026, 11, 22, 12, tzinfo=SHANGHAI))


def to(day: date) -> None:
    with transaction.atomic():
        move_business_date(to_date=day)


def catch_up(day: date) -> None:
    """Let a business date begin, and capture what lies before it: what `follow_servicing` does for the bureau."""
    to(day)
    for before in uncaptured_days():
        capture_bureau_records(day=before)
    mind_notices()


def lend_m1() -> tuple[Borrower, Loan]:
    """Lend 100,000.00 on 2026-01-22 by twelve equal instalments at 6 % (M1)."""
    set_day(START)
    who = make_borrower(valid_until_date=date(2028, 1, 1))
    return who, lend(who, 100_000_00)


lent_once = made_once(lend_m1)


@pytest.fixture
def lent(lent_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give each test a loan, opened with nothing else at the bank."""
    del bank_a
    return deepcopy(lent_once)


def pay(who: Borrower, loan: Loan, kind: str = "due", amount_fen: int | None = None) -> None:
    give_money(who, 120_000_00)
    repay(who, loan, kind=kind, amount_fen=amount_fen)


def records(loan: Loan, kind: str) -> list[BureauRecord]:
    return list(BureauRecord.objects.filter(loan=loan, kind=kind, corrects=None).order_by("business_date"))


class TestLN17Moments:
    def test_the_first_loan_is_captured_with_its_opening(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(START + timedelta(days=1))
        (row,) = records(loan, "open")
        assert (row.business_date, row.negative, row.released_date) == (START, False, business_date())
        assert {
            name: row.content[name]
            for name in ("account", "state", "balance_fen", "principal_fen", "moved_fen", "overdue_stage", "instalments")
        } == {
            "account": loan.contract.number, "state": "normal", "balance_fen": 100_000_00, "principal_fen": 100_000_00,
            "moved_fen": 100_000_00, "overdue_stage": 0, "instalments": 12,
        }  # fmt: skip

    def test_a_repayment_a_month_and_the_closing_follow(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        catch_up(DUE)
        pay(who, loan)
        catch_up(date(2026, 3, 10))
        pay(who, loan, "early_full")
        catch_up(date(2026, 4, 2))
        (paid, closed_by) = records(loan, "repayment")
        assert (paid.business_date, paid.content["moved_fen"], paid.content["balance_fen"]) == (
            DUE,
            8_606_64,
            91_893_36,
        )
        assert closed_by.business_date == date(2026, 3, 10)
        january, february = records(loan, "month_end")
        assert (january.business_date, january.content["payment_state"]) == (date(2026, 1, 31), "*")
        assert (february.business_date, february.content["payment_states"]) == (date(2026, 2, 28), "/" * 22 + "*N")
        assert (february.content["due_in_month_fen"], february.content["paid_in_month_fen"]) == (8_606_64, 8_606_64)
        (closed,) = records(loan, "close")
        assert closed.content["payment_states"] == "/" * 21 + "*NC"
        assert (closed.content["state"], closed.content["balance_fen"], closed.content["settled_date"]) == (
            "settled",
            0,
            "2026-03-10",
        )

    def test_a_change_of_class_is_captured_from_its_event_whoever_enters_it(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(DUE + timedelta(days=1))
        LoanEvent.objects.create(
            loan=loan, kind="classified", business_date=business_date(), amount_fen=0, outstanding_fen=100_000_00,
            detail={"to": "special_mention"},
        )  # fmt: skip
        catch_up(DUE + timedelta(days=2))
        (row,) = records(loan, "classification")
        assert row.content["classification"] == "special_mention"

    def test_a_day_is_told_what_the_loan_was_called_then_not_on_the_next_morning(self) -> None:
        set_day(date(2026, 1, 31))
        loan = lend(make_borrower(product="XF03"), 10_000_00, term_months=1, method="bullet")
        due = loan.maturity_date  # the last day of February: due, and not overdue
        set_day(due)
        close_until(to_date=due + timedelta(days=1))
        assert Loan.objects.get(pk=loan.pk).category == "special_mention"
        (row,) = [each for each in records(loan, "month_end") if each.business_date == due]
        assert (row.content["classification"], row.negative) == ("normal", False)

    def test_a_loan_that_is_open_again_keeps_the_string_of_its_months(self) -> None:
        set_day(date(2026, 1, 22))
        who = make_borrower(product="XF03")
        loan = lend(who, 10_000_00, term_months=12, method="bullet")
        give_money(who, 30_000_00)
        catch_up(date(2026, 2, 10))
        paid = repay(who, loan, kind="early_full")
        catch_up(date(2026, 4, 10))
        with transaction.atomic():
            reverse_repayment(repayment_id=paid.pk, actor="a+b", reason="误扣")
        catch_up(date(2026, 5, 1))
        strings = {row.business_date.month: row.content["payment_states"] for row in records(loan, "month_end")}
        assert strings == {1: "/" * 23 + "*", 4: "/" * 20 + "****"}

    def test_a_loan_that_is_settled_and_open_again_on_one_day_has_not_closed(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        pay(who, loan, "early_full")
        with transaction.atomic():
            reverse_repayment(repayment_id=Repayment.objects.get(loan=loan).pk, actor="a+b", reason="误扣")
        catch_up(START + timedelta(days=1))
        assert not records(loan, "close")
        (row,) = records(loan, "repayment")
        assert (row.content["moved_fen"], row.content["state"]) == (0, "normal")

    def test_a_change_of_stage_alone_is_no_change_of_class(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(DUE + timedelta(days=31))
        LoanEvent.objects.create(
            loan=loan, kind="classified", business_date=business_date(), amount_fen=0, outstanding_fen=100_000_00,
            detail={"from": "special_mention", "to": "special_mention", "from_stage": 1, "stage": 2},
        )  # fmt: skip
        catch_up(DUE + timedelta(days=32))
        assert not records(loan, "classification")

    def test_an_event_that_comes_in_late_is_reported_on_the_day_it_came(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(START + timedelta(days=5))
        LoanEvent.objects.create(
            loan=loan,
            kind="repaid",
            business_date=START + timedelta(days=1),
            amount_fen=5_00,
            outstanding_fen=99_995_00,
        )
        catch_up(START + timedelta(days=6))
        (row,) = records(loan, "repayment")
        assert (row.business_date, row.content["moved_fen"]) == (START + timedelta(days=5), 5_00)

    def test_a_repayment_that_is_taken_back_is_reported_turned_round(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        catch_up(DUE)
        pay(who, loan)
        catch_up(DUE + timedelta(days=1))
        with transaction.atomic():
            reverse_repayment(repayment_id=Repayment.objects.get().pk, actor="a+b", reason="误扣")
        catch_up(DUE + timedelta(days=2))
        paid, back = records(loan, "repayment")
        assert (paid.content["moved_fen"], back.content["moved_fen"]) == (8_606_64, -8_606_64)
        assert (back.content["balance_fen"], back.content["paid_in_month_fen"]) == (100_000_00, 0)
        assert back.negative
        assert not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(line(back)))

    def test_a_write_off_is_reported_and_its_months_after_it(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(date(2026, 3, 1))
        Loan.objects.filter(pk=loan.pk).update(status="written_off", category="loss", written_off_date=business_date())
        LoanEvent.objects.create(
            loan=loan, kind="written_off", business_date=business_date(), amount_fen=100_000_00,
            outstanding_fen=100_000_00,
        )  # fmt: skip
        catch_up(date(2026, 4, 1))
        (gone,) = records(loan, "write_off")
        assert (gone.content["state"], gone.content["payment_state"], gone.negative) == ("written_off", "B", True)
        assert records(loan, "month_end")[-1].content["payment_states"] == "/" * 21 + "*1B"
        assert not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(line(gone)))


class TestLN17States:
    @pytest.mark.parametrize(
        ("days", "due", "settled", "letter"),
        [
            (0, 0, False, "*"), (0, 1, False, "N"), (1, 1, False, "1"), (30, 0, False, "1"), (31, 1, False, "2"),
            (60, 1, False, "2"), (90, 1, False, "3"), (120, 1, False, "4"), (150, 1, False, "5"), (180, 1, False, "6"),
            (181, 1, False, "7"), (999, 1, False, "7"), (0, 1, True, "C"),
        ],
    )  # fmt: skip
    def test_a_month_has_its_letter(self, days: int, due: int, letter: str, *, settled: bool) -> None:
        state = AtEndOfDay(
            balance_fen=1, remaining_instalments=1, overdue_days=days, overdue_fen=0, arrears=(), classification="normal",
            due_in_month_fen=due, paid_in_month_fen=0, settled_date=START if settled else None,
        )  # fmt: skip
        assert payment_state(state) == letter

    def test_the_string_walks_through_the_stages_month_by_month(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(date(2026, 11, 1))
        last = records(loan, "month_end")[-1].content
        assert last["payment_states"] == "/" * 14 + "*123456777"
        assert (last["overdue_stage"], last["classification"], last["state"]) == (7, "substandard", "overdue")
        assert last["overdue_instalments"] == 9
        aged = sum(last[f"overdue_principal_{age}_fen"] for age in ("31_60", "61_90", "91_180", "over_180"))
        assert 0 < aged < last["overdue_principal_fen"]
        assert not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(line(records(loan, "month_end")[-1])))

    @pytest.mark.parametrize(
        ("days", "category", "bad"), [(0, "normal", False), (1, "special_mention", True), (0, "special_mention", False),
                                      (0, "substandard", True)],
    )  # fmt: skip
    def test_overdue_and_the_three_bad_classes_are_bad_news(self, days: int, category: str, *, bad: bool) -> None:
        assert is_negative({"overdue_days": days, "classification": category}) is bad


def line(row: BureauRecord) -> dict[str, Any]:
    """Return a record as its file has it."""
    found: dict[str, Any] = json.loads(bureau_files._file_of([row]))
    return found


class TestTwoWaysOneRecord:
    def test_the_statement_over_all_plain_loans_says_what_the_arithmetic_says(
        self, lent: tuple[Borrower, Loan]
    ) -> None:
        who, paying = lent
        unpaid = lend(who, 7_000_00)
        other = make_borrower(valid_until_date=date(2028, 1, 1))
        bullet = make_borrower(product="XF03", valid_until_date=date(2028, 1, 1))
        third = lend(other, 12_345_67, term_months=3)
        fourth = lend(bullet, 30_000_00, method="bullet", term_months=6)
        to(DUE)
        pay(who, paying)
        to(date(2026, 3, 5))
        pay(other, third, "early_full")
        day = date(2026, 2, 28)
        capture_bureau_records(day=date(2026, 1, 31))
        asked = {"day": day, "first": day.replace(day=1), "today": business_date()}
        with connection.cursor() as cursor:
            cursor.execute(bureau_sql.NOT_PLAIN, asked)
            not_plain = {row[0] for row in cursor.fetchall()}
            cursor.execute(bureau_sql.PLAIN_MONTH, asked)
        assert not_plain == {unpaid.pk, third.pk}  # as of that day, though the third was paid off since
        rows = {row.loan_id: row.content for row in BureauRecord.objects.filter(kind="month_end", business_date=day)}
        assert set(rows) == {paying.pk, fourth.pk}
        assert contents_of(rows, moment="month_end", day=day, moved_fen={}) == rows
        (third_then,) = contents_of([third.pk], moment="month_end", day=day, moved_fen={}).values()
        assert (third_then["state"], third_then["balance_fen"], third_then["overdue_days"]) == ("overdue", 12_345_67, 6)

    def test_what_happens_after_the_day_is_not_seen(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        to(date(2026, 3, 1))
        late = contents_of([loan.pk], moment="month_end", day=date(2026, 2, 28), moved_fen={})[loan.pk]
        pay(who, loan)
        assert contents_of([loan.pk], moment="month_end", day=date(2026, 2, 28), moved_fen={})[loan.pk] == late
        assert late["overdue_days"] == 6


class TestCapturing:
    def test_twice_is_once_and_missed_days_are_caught_up(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(date(2026, 3, 2))
        before = list(BureauRecord.objects.order_by("pk").values_list("pk", "content"))
        assert uncaptured_days() == []
        assert capture_bureau_records(day=date(2026, 1, 31)) == 0
        follow_servicing()
        assert list(BureauRecord.objects.order_by("pk").values_list("pk", "content")) == before
        assert BureauDay.objects.count() == (date(2026, 3, 2) - START).days
        assert len(records(loan, "month_end")) == 2

    def test_a_run_that_died_half_way_is_taken_up_without_a_double(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        to(date(2026, 2, 1))
        monkey = {"day": date(2026, 1, 31), "first": date(2026, 1, 1), "today": business_date()}
        with connection.cursor() as cursor:
            cursor.execute(bureau_sql.PLAIN_MONTH, monkey)
        follow_servicing()
        assert len(records(loan, "month_end")) == 1

    def test_a_day_that_is_not_over_is_not_captured(self, lent: tuple[Borrower, Loan]) -> None:
        with pytest.raises(StateConflict):
            capture_bureau_records(day=business_date())
        assert not BureauDay.objects.exists()
        assert not BureauRecord.objects.exists()

    @pytest.mark.parametrize(
        ("day", "expected"),
        [(date(2026, 1, 31), True), (date(2026, 2, 28), True), (date(2024, 2, 28), False), (date(2024, 2, 29), True)],
    )
    def test_a_months_end_is_its_last_day(self, day: date, *, expected: bool) -> None:
        assert is_month_end(day) is expected

    def test_what_was_captured_never_changes(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(START + timedelta(days=1))
        changes: list[dict[str, Any]] = [
            {"content": {}}, {"negative": True}, {"released_date": None}, {"business_date": DUE},
        ]  # fmt: skip
        for change in changes:
            with pytest.raises(IntegrityError), transaction.atomic():
                BureauRecord.objects.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM lending_bureau_record")


def sent_on(loan: Loan, day: date) -> None:
    """Let the loan's notice be given on a business date."""
    assert business_date() == day
    with transaction.atomic():
        credit_notices.notice_sent(notice_id=CreditNotice.objects.get(loan=loan, ended_date=None).pk)


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


class TestFiles:
    def test_each_line_is_as_the_schema_says_and_names_the_person(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        catch_up(date(2026, 3, 1))
        made = export_records(until_date=business_date(), actor="ops")
        content = vault.read(made.object_id, purpose="test", actor="test").decode()
        lines = [json.loads(each) for each in content.splitlines()]
        assert [each["moment"] for each in lines] == ["open", "month_end"]  # February's is bad and waits
        for each in lines:
            jsonschema.validate(each, SCHEMA, cls=jsonschema.Draft202012Validator)
        identity = verified.identity(who.customer_id)
        assert identity is not None
        assert lines[0]["person"] == {"name": identity.name, "id_type": "居民身份证", "id_number": identity.id_number}
        assert (lines[0]["balance"], lines[0]["bank"], lines[0]["account"]) == (
            "100000.00",
            "125",
            loan.contract.number,
        )
        assert EvidenceLeaf.objects.get(pk=made.evidence_leaf).content_sha256 == bytes(made.sha256)

    def test_a_record_goes_out_once(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(date(2026, 2, 2))
        assert export_records(until_date=business_date(), actor="ops").records == 2
        with pytest.raises(NothingToReport):
            export_records(until_date=business_date(), actor="ops")
        assert BureauExport.objects.count() == 1

    def test_only_what_lies_up_to_the_day_goes_out(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(date(2026, 2, 2))
        assert export_records(until_date=START, actor="ops").records == 1
        assert BureauRecord.objects.filter(export=None).count() == 1

    def test_the_schema_refuses_what_it_does_not_know(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(START + timedelta(days=1))
        sound = line(BureauRecord.objects.get())
        for change in ({"payment_states": "N" * 23}, {"balance": 1}, {"moment": "other"}, {"phone": "1"}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**sound, **change}, SCHEMA, cls=jsonschema.Draft202012Validator)


def put_right(objection: BureauObjection, how: str) -> Proposal:
    return propose(
        kind=CORRECT_RECORD, subject=objection.pk.hex, values={"how": how}, reason="系统故障所致", actor="desk"
    )


def object_to_february(lent: tuple[Borrower, Loan]) -> tuple[Borrower, Loan, BureauObjection]:
    """February's month was reported as overdue, and March's after it; the borrower objects to the former."""
    who, loan = lent
    catch_up(DUE + timedelta(days=1))
    sent_on(loan, DUE + timedelta(days=1))
    catch_up(date(2026, 4, 1))
    export_records(until_date=business_date(), actor="ops")
    february = records(loan, "month_end")[1]
    return who, loan, raise_objection(record_id=february.pk, said="当日已存入足额款项", actor="desk")


objected_once = made_once(object_to_february, scope="class", after="lent_once")


class TestObjections:
    @pytest.fixture
    def objected(
        self, objected_once: tuple[Borrower, Loan, BureauObjection], bank_a: str
    ) -> tuple[Borrower, Loan, BureauObjection]:
        del bank_a
        return deepcopy(objected_once)

    def test_is_to_be_answered_within_twenty_days(self, objected: tuple[Borrower, Loan, BureauObjection]) -> None:
        _, _, objection = objected
        assert objection.answer_by_date - objection.raised_date == timedelta(days=20)
        with pytest.raises(StateConflict):
            raise_objection(record_id=objection.record_id, said="x", actor="desk")
        with pytest.raises(NotFound):
            raise_objection(record_id=uuid.uuid4(), said="x", actor="desk")

    def test_is_corrected_by_a_record_and_later_months_follow_suit(
        self, objected: tuple[Borrower, Loan, BureauObjection]
    ) -> None:
        _, loan, objection = objected
        before = {row.pk: row.content for row in BureauRecord.objects.all()}
        approve(proposal_id=put_right(objection, "not_overdue").pk, actor="chief")
        february, march = BureauRecord.objects.filter(corrects__isnull=False).order_by("business_date")
        assert february.corrects_id == objection.record_id
        assert (february.content["payment_states"], february.content["overdue_days"]) == ("/" * 22 + "*N", 0)
        assert (february.negative, february.content["classification"]) == (False, "normal")
        assert march.content["payment_states"] == "/" * 21 + "*N2"
        assert march.negative
        assert {row.pk: row.content for row in BureauRecord.objects.filter(pk__in=before)} == before
        made = export_records(until_date=business_date(), actor="ops")
        told = [json.loads(each) for each in vault.read(made.object_id, purpose="t", actor="t").decode().splitlines()]
        assert [each["corrects"] for each in told] == [objection.record_id.hex, records(loan, "month_end")[2].pk.hex]
        catch_up(date(2026, 5, 1))
        assert records(loan, "month_end")[-1].content["payment_states"] == "/" * 20 + "*N23"
        objection.refresh_from_db()
        assert (objection.status, objection.decided_by) == ("corrected", "desk+chief")

    def test_one_person_corrects_nothing_and_what_is_right_is_not_corrected(
        self, objected: tuple[Borrower, Loan, BureauObjection]
    ) -> None:
        _, _, objection = objected
        before = BureauRecord.objects.count()
        with pytest.raises(SameHands):
            approve(proposal_id=put_right(objection, "not_overdue").pk, actor="desk")
        withdraw(proposal_id=Proposal.objects.get(status="proposed").pk, actor="desk")
        with pytest.raises(StateConflict):
            approve(proposal_id=put_right(objection, "from_books").pk, actor="chief")
        assert BureauRecord.objects.count() == before
        assert BureauObjection.objects.get().status == "raised"

    def test_is_corrected_from_the_books_once_these_were_put_right(
        self, objected: tuple[Borrower, Loan, BureauObjection]
    ) -> None:
        _, loan, objection = objected
        pay_from_receipt(loan, came_in(8_606_64), on=DUE)
        approve(proposal_id=put_right(objection, "from_books").pk, actor="chief")
        made = BureauRecord.objects.get(corrects_id=objection.record_id)
        assert (made.content["overdue_days"], made.content["payment_states"][-2:]) == (0, "*N")
        figures = [made.content[name] for name in ("remaining_instalments", "balance_fen", "paid_in_month_fen")]
        assert figures == [11, 91_893_36, 8_606_64]

    def test_may_be_rejected_with_an_answer(self, objected: tuple[Borrower, Loan, BureauObjection]) -> None:
        _, _, objection = objected
        before = BureauRecord.objects.count()
        bureau_files.reject_objection(objection_id=objection.pk, answer="经核查无误", actor="desk")
        with pytest.raises(StateConflict):
            approve(proposal_id=put_right(objection, "not_overdue").pk, actor="chief")
        assert BureauRecord.objects.count() == before
        assert BureauObjection.objects.get().answer == "经核查无误"

    def test_letters_are_replaced_in_the_months_that_still_show_them(self) -> None:
        content = {"date": "2026-04-30", "payment_states": "/" * 20 + "*1NN"}
        assert with_letter(content, of_month=date(2026, 2, 28), letter="N")["payment_states"] == "/" * 20 + "*NNN"
        assert with_letter(content, of_month=date(2024, 4, 30), letter="N") == content
        bad = {
            "state": "overdue", "classification": "special_mention", "overdue_days": 3, "overdue_fen": 5,
            "due_in_month_fen": 0, "payment_state": "1", "payment_states": "/" * 23 + "1",
        }  # fmt: skip
        assert not_overdue(bad) == {
            **bad, "state": "normal", "classification": "normal", "overdue_days": 0, "overdue_fen": 0,
            "payment_state": "*", "payment_states": "/" * 23 + "*",
        }  # fmt: skip


def test_minding_notices_twice_owes_no_second(lent: tuple[Borrower, Loan]) -> None:
    to(DUE + timedelta(days=1))
    assert (mind_notices(), mind_notices()) == (1, 0)
