"""Loans changed by two people or by what is published: extension, price, misuse, calling in, write-off (EXT-01, INT-01)."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import transaction

from accounts import queries as accounts
from accounts.models import Claim, JournalEntry
from core.approvals.operations import propose
from core.approvals.registry import KINDS
from core.clock import business_date
from core.errors import StateConflict
from core.money import yuan_to_fen
from core.tenancy import PROVINCE, at
from lending import operations, queries
from lending.approvals import CALL_IN, EXTEND, MARK_MISUSED, WRITE_OFF
from lending.closing.repricing import reprice_loans
from lending.day_end import follow_late_entries
from lending.loan_records import facts_of
from lending.loans.replay import RepaymentFact, RescheduleFact
from lending.models import BureauRecord, CreditLine, Instalment, Loan, LoanEvent, Repayment
from lending.operations.bureau import capture_bureau_records
from lending.operations.loan_changes import extend_loan, reprice_loan
from lending.operations.loan_locks import lock_loan
from lending.operations.repayment_posting import rebuild_loan
from lending.queries.loan_changes import ExtensionTooLong
from lending.queries.loans import loan_standing
from tenants.models import LprQuote
from tenants.parameters import set_for_bank
from tests.lending.borrowers import (
    Borrower,
    change_product,
    draft,
    give_money,
    lend,
    make_borrower,
    priced,
    repay,
    set_day,
)
from tests.lending.closing.random_loans import begin
from tests.lending.test_disbursement import books_agree
from tests.lending.test_repayment import again, m1, pay_first
from tests.lending.test_reversal import decided, lent_m1, lent_once, snapshot, stands_as_folded
from tests.second_person import approve_within

__all__ = ["lent_m1", "lent_once"]


def decided_raw(kind: str, subject: uuid.UUID, **values: object) -> None:
    """Propose and approve inside the caller's transaction, which a refusal takes back."""
    proposal = propose.__wrapped__(kind=kind, subject=subject.hex, values=values, reason="测试", actor="maker")  # type: ignore[attr-defined]
    approve_within(proposal_id=proposal.pk, actor="checker", reason="")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestExt01Extension:
    def test_a_short_loan_is_extended_by_its_own_term_at_most(self, lent_m1: tuple[Borrower, Loan]) -> None:
        _, loan = lent_m1
        with pytest.raises(ExtensionTooLong), transaction.atomic():
            decided_raw(EXTEND, loan.pk, months=13)
        decided(EXTEND, loan.pk, months=6)
        row = again(loan)
        assert (row.maturity_date, row.category, row.extended_months) == (date(2025, 7, 15), "special_mention", 6)
        assert row.restructured_until_date == date(2025, 1, 15)
        stands_as_folded(loan)
        with pytest.raises(ExtensionTooLong), transaction.atomic():
            decided_raw(EXTEND, loan.pk, months=7)

    def test_a_longer_loan_is_extended_up_to_the_longest_term_of_its_product(self) -> None:
        change_product("XF01", terms_months=[12, 24, 30])
        loan = lend(make_borrower(), term_months=24)
        with pytest.raises(ExtensionTooLong) as refusal, transaction.atomic():
            extend_loan(loan_id=loan.pk, months=7, actor="a+b", reason="r")
        assert refusal.value.detail == "原期限与累计展期之和不得超过本产品最长期限（30 个月），还可展期 1 至 6 个月"
        with transaction.atomic():
            extend_loan(loan_id=loan.pk, months=6, actor="a+b", reason="r")
        with pytest.raises(ExtensionTooLong, match="不能再展期"), transaction.atomic():
            extend_loan(loan_id=loan.pk, months=1, actor="a+b", reason="r")
        assert (again(loan).extended_months, loan.maturity_date < again(loan).maturity_date) == (6, True)

    @pytest.mark.parametrize(("start", "method", "term", "more", "dates"), [
        (date(2024, 3, 15), "bullet", 1, 1, ["2024-05-15"]),
        (date(2024, 3, 25), "bullet", 1, 1, ["2024-05-25"]),
        (date(2024, 3, 25), "equal_instalment", 3, 2, ["2024-04-20", "2024-05-20", "2024-06-20", "2024-07-20",
                                                       "2024-08-20", "2024-08-25"]),
        (date(2024, 3, 31), "interest_only", 1, 1, ["2024-04-20", "2024-05-20", "2024-05-31"]),
    ])  # fmt: skip
    def test_with_a_fixed_day_it_is_longer_by_months_of_its_own_term_as_if_it_had_been_made_so(
        self, start: date, method: str, term: int, more: int, dates: list[str]
    ) -> None:
        change_product("XF01", due_day=20, methods=[method], terms_months=[term, term + more])
        set_day(start)
        loan, longer = (lend(make_borrower(), term_months=months, method=method) for months in (term, term + more))
        with transaction.atomic():
            extend_loan(loan_id=loan.pk, months=more, actor="a+b", reason="r")
        planned = loan.instalments.filter(replaced_by_version=None).order_by("number")
        assert [str(row.due_date) for row in planned] == dates
        assert list(planned.values_list("due_date", "principal_fen", "interest_fen")) == list(
            longer.instalments.order_by("number").values_list("due_date", "principal_fen", "interest_fen")
        )

    def test_an_extension_is_special_mention_and_stage_two_from_its_own_day(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        _, loan = lent_m1
        begin(date(2024, 2, 10))
        with transaction.atomic():
            set_for_bank(name="loan.watch_months", value=18, effective_date=business_date(), actor="test")
        decided(EXTEND, loan.pk, months=1)
        row = again(loan)
        assert (row.category, row.stage, row.restructured_until_date) == ("special_mention", 2, date(2025, 8, 10))
        (told,) = LoanEvent.objects.filter(loan=loan, kind="classified")
        assert (told.detail["from"], told.detail["to"], told.detail["stage"]) == ("normal", "special_mention", 2)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestChanges:
    def test_a_floating_loan_takes_the_price_of_january(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        Loan.objects.filter(pk=loan.pk).update(repricing="every_january", next_reprice_date=date(2025, 1, 1))
        pay_first(who, loan, 11)
        assert reprice_loan(loan_id=loan.pk) == Decimal("6.0000")  # its day has not come
        set_day(date(2025, 1, 1))
        assert reprice_loan(loan_id=loan.pk) == Decimal("5.6500")  # LPR 3.10 % of 2024-10-21 and 255 basis points
        row = again(loan)
        assert (row.annual_rate, row.opening_rate, row.next_reprice_date) == (
            Decimal("5.6500"), Decimal("6.0000"), date(2026, 1, 1),
        )  # fmt: skip
        last = Instalment.objects.get(loan=loan, number=12, replaced_by_version=None)
        assert last.interest_fen == yuan_to_fen("41.74")  # 8,563.87 × (17 days at 6 % + 13 at 5.65 %) / 360
        assert reprice_loan(loan_id=loan.pk) == Decimal("5.6500")
        stands_as_folded(loan)

    def test_int01_a_quote_of_the_day_that_is_entered_after_the_day_began_prices_the_loan_from_that_day(self) -> None:
        day = date(2026, 6, 20)
        who = make_borrower()
        set_day(date(2025, 6, 20))
        CreditLine.objects.filter(pk=who.line_id).update(starts_date=business_date(), valid_until_date=day)
        priced(who)
        loan = lend(who, 100_000_00, term_months=24)
        Loan.objects.filter(pk=loan.pk).update(repricing="anniversary", next_reprice_date=day)
        set_day(day)
        assert reprice_loan(loan_id=loan.pk) == Decimal("6.0000")  # 3.00 % of 2025-05-20
        with at(PROVINCE):
            LprQuote.objects.create(published_date=day, one_year_rate=Decimal("2.90"), five_year_rate=Decimal("3.40"))
        set_day(day + timedelta(days=2))
        follow_late_entries()
        follow_late_entries()
        row = again(loan)
        assert (row.annual_rate, row.rate_changes) == (Decimal("5.9000"), [["2026-06-20", "5.9000"]])
        assert LoanEvent.objects.filter(loan=loan, kind="repriced").count() == 1
        standing = loan_standing(Loan.objects.prefetch_related("instalments__shares").get(pk=loan.pk)).standing
        two_days = Decimal(standing.not_due_principal_fen) * 2 * Decimal("0.059") / 360
        assert standing.running_interest_fen == two_days.quantize(Decimal(1), ROUND_HALF_UP)
        stands_as_folded(loan)

    def test_ln03_a_loan_of_ten_years_is_priced_by_the_five_year_lpr_and_ends_to_the_fen(self) -> None:
        change_product(
            "XF01", kind="business", purposes=["stock"], terms_months=[120], line_term_months=120,
            long_cycle_grounds="果树挂果须五年", max_age_at_maturity=70,
        )  # fmt: skip
        set_day(date(2024, 1, 31))
        who = make_borrower(lpr_tenor="5Y", lpr_rate=Decimal("4.2000"), spread_bp=180)
        CreditLine.objects.filter(pk=who.line_id).update(
            starts_date=business_date(), valid_until_date=date(2034, 1, 31)
        )
        loan = lend(who, 100_000_00, term_months=120, purpose="stock")
        plan = Instalment.objects.filter(loan=loan).order_by("number")
        assert (len(plan), plan[0].due_date, loan.maturity_date) == (120, date(2024, 2, 29), date(2034, 1, 31))
        assert sum(row.principal_fen for row in plan) == 100_000_00
        # A = 100,000 × 0.5 % × 1.005^120 / (1.005^120 − 1) = 1,110.205
        assert {row.principal_fen + row.interest_fen for row in plan[:119]} == {1_110_21}
        Loan.objects.filter(pk=loan.pk).update(repricing="anniversary", next_reprice_date=date(2025, 1, 31))
        set_day(date(2025, 1, 31))
        assert reprice_loan(loan_id=loan.pk) == Decimal("5.4000")  # five-year LPR 3.60 % of 2025-01-20, and 180 points
        stands_as_folded(loan)

    def test_a_lower_price_that_leaves_nothing_to_pay_settles_the_loan(self) -> None:
        """The last fen is paid late; then January's price, entered late as well, makes what was paid enough."""
        who = make_borrower()
        loan = m1(who)
        pay_first(who, loan, 11)
        set_day(date(2025, 1, 20))
        owed = loan_standing(again(loan)).standing.due_in_all.total_fen
        last = repay(who, again(loan), amount_fen=owed - 1)
        Loan.objects.filter(pk=loan.pk).update(
            repricing="every_january", next_reprice_date=date(2025, 1, 1), spread_bp=200
        )
        line = who.line()
        assert (again(loan).status, line.drawn_fen) == ("active", 1)
        reprice_loan(loan_id=loan.pk)
        row = again(loan)
        assert (row.status, row.settled_date, row.outstanding_fen) == ("settled", date(2025, 1, 20), 0)
        assert who.line().drawn_fen == 0
        assert not Claim.objects.filter(account_id=who.account_id, released_at=None).exists()
        last.refresh_from_db()
        assert last.excess_fen > 0
        assert LoanEvent.objects.filter(loan=loan, kind="settled").count() == 1
        books_agree()

    def test_facts_of_one_day_count_in_the_order_in_which_they_were_entered_whatever_their_ids(
        self, monkeypatch: pytest.MonkeyPatch, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        set_day(date(2024, 2, 25))
        repay(who, again(loan), kind="early_partial", amount_fen=20_000_00)
        # The process that enters the extension has a clock that is behind: its id sorts before all others.
        ids = iter([uuid.UUID(int=1), uuid.UUID(int=2)])
        monkeypatch.setitem(vars(LoanEvent._meta.get_field("id")), "_get_default", lambda: next(ids))
        decided(EXTEND, loan.pk, months=6)
        assert [type(fact) for fact in facts_of(again(loan))] == [RepaymentFact, RepaymentFact, RescheduleFact]
        assert [row.sequence for row in Repayment.objects.order_by("pk")] == [1, 2]
        before = snapshot(loan)
        with transaction.atomic():
            rebuild_loan(loan=lock_loan(loan_id=loan.pk))
        assert snapshot(loan) == before

    def test_misuse_is_charged_from_its_day_although_found_later(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        set_day(date(2024, 3, 5))
        decided(MARK_MISUSED, loan.pk, from_date="2024-02-25")
        stands_as_folded(loan)
        standing = loan_standing(Loan.objects.prefetch_related("instalments__shares").get(pk=loan.pk)).standing
        # 91,893.36 at 6 % for 10 days, at 12 % for 9 (30/360: odd days as they are)
        assert standing.running_interest_fen == yuan_to_fen("428.84")

    def test_ln12_a_loan_that_is_called_in_falls_due_at_once_after_the_days_to_make_ready(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        for day, wrong in (("2024-02-15", "2024-02-21"), ("2024-02-15", "2024-03-16"), ("2024-03-10", "2024-03-15")):
            set_day(date.fromisoformat(day))
            with pytest.raises(StateConflict, match="请"), transaction.atomic():
                decided_raw(CALL_IN, loan.pk, due_date=wrong)
        set_day(date(2024, 2, 15))
        assert KINDS[CALL_IN].tell(loan.pk.hex, {"due_date": "2024-02-25"}) == [("提前到期日", "2024-02-25")]  # type: ignore[misc]
        decided(CALL_IN, loan.pk, due_date="2024-02-25")
        row = again(loan)
        (last,) = Instalment.objects.filter(loan=loan, replaced_by_version=None, closed_date=None)
        # 91,893.36 at 6 % for 10 days: 153.16
        assert (last.due_date, last.principal_fen, last.interest_fen) == (date(2024, 2, 25), 91_893_36, 153_16)
        assert (row.maturity_date, row.category, row.restructured_until_date) == (last.due_date, "normal", None)
        assert who.line().status == "frozen"
        stands_as_folded(loan)
        begin(date(2024, 2, 27))
        assert (again(loan).category, loan_standing(again(loan)).standing.overdue_days) == ("special_mention", 2)
        capture_bureau_records(day=date(2024, 2, 15))
        assert not BureauRecord.objects.filter(loan=loan, kind="extension").exists()
        with pytest.raises(StateConflict, match="不需要"), transaction.atomic():
            decided_raw(CALL_IN, loan.pk, due_date="2024-03-15")

    def test_ln12_misuse_found_by_staff_stops_draws(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        decided(MARK_MISUSED, loan.pk, from_date="2024-01-15")
        assert who.line().status == "frozen"
        with pytest.raises(operations.LineFrozen):
            draft(who, 1_000_00)

    def test_only_a_loss_is_written_off_and_what_comes_back_goes_to_the_allowance(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        with pytest.raises(StateConflict), transaction.atomic():
            decided_raw(WRITE_OFF, loan.pk)
        set_day(date(2025, 2, 15))
        Loan.objects.filter(pk=loan.pk).update(category="loss")
        decided(WRITE_OFF, loan.pk)
        assert (accounts.gl_balance("1301"), accounts.gl_balance("1304"), accounts.gl_balance("9011")) == (
            0, 100_000_00, 100_000_00,
        )  # fmt: skip
        assert queries.loan_book_agrees()
        repayment = repay(who, again(loan), amount_fen=1_000_00)
        assert repayment.principal_fen == 1_000_00  # more than ninety days late: principal first
        assert accounts.gl_balance("1304") == 99_000_00
        assert accounts.gl_balance("9011") == 99_000_00
        assert queries.loan_book_agrees()

    def test_gl01_a_loss_that_owes_no_principal_any_more_is_written_off_without_an_entry(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        set_day(date(2025, 2, 15))
        repay(who, loan, amount_fen=100_000_00)  # more than ninety days late: all of it principal
        Loan.objects.filter(pk=loan.pk).update(category="loss")
        entries = JournalEntry.objects.count()
        decided(WRITE_OFF, loan.pk)
        row = again(loan)
        assert (row.status, row.outstanding_fen, row.written_off_date) == ("written_off", 0, date(2025, 2, 15))
        assert JournalEntry.objects.count() == entries
        give_money(who, 50_000_00)
        repay(who, row)
        assert again(loan).status == "settled"
        assert (accounts.gl_balance("1301"), accounts.gl_balance("1304"), accounts.gl_balance("9011")) == (0, 0, 0)
        assert queries.loan_book_agrees()

    def test_int01_a_loan_that_was_written_off_takes_new_prices_as_its_contract_says(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        _, loan = lent_m1
        set_day(date(2025, 12, 31))
        Loan.objects.filter(pk=loan.pk).update(
            category="loss", repricing="every_january", next_reprice_date=date(2026, 1, 1), spread_bp=200
        )
        decided(WRITE_OFF, loan.pk)
        set_day(date(2026, 1, 1))
        assert reprice_loans(closed_date=date(2025, 12, 31), until=float("inf"))
        row = again(loan)
        assert (row.status, row.annual_rate, row.next_reprice_date) == (
            "written_off", Decimal("5.0000"), date(2027, 1, 1),  # LPR 3.00 % of 2025-05-20 and 200 basis points
        )  # fmt: skip
        assert (row.outstanding_fen, accounts.gl_balance("9011")) == (100_000_00, 100_000_00)
        stands_as_folded(loan)
