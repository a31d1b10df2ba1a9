"""The watch over borrowed money (LN-12): words and codes, the ninety days, two persons, and what a misuse leads to."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Transfer
from accounts.operations import Line, post_entry
from core.approvals.models import Proposal
from core.approvals.operations import SameHands, propose
from core.clock import business_date, move_business_date
from core.errors import NotFound, StateConflict
from core.ids import new_id
from lending import queries
from lending.approvals import CONFIRM_MISUSE
from lending.models import CreditLine, Loan, LoanEvent, PurposeFinding, PurposeScan, WatchTerm
from lending.operations import purpose_watch as watch
from lending.operations.lines import LineFrozen
from lending.operations.purpose_watch import CoreOutflow, WatchTermRefused
from lending.purpose_words import PLATFORM, Term, match
from lending.queries.loans import loan_standing
from lending.queries.purpose_watch import unscanned_days
from lending.servicing_day import follow_servicing
from tests.lending.borrowers import CLEARING, Borrower, draft, give_money, lend, make_borrower, repay, set_day
from tests.made_once import made_once
from tests.second_person import approve

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
START = date(2026, 1, 22)


def to(day: date) -> None:
    with transaction.atomic():
        move_business_date(to_date=day)


def spend(who: Borrower, memo: str, amount_fen: int = 500_00, reference: str = "") -> None:
    """Let money leave the borrower's account, as a transfer of the accounts room books it."""
    with transaction.atomic():
        post_entry(
            business_ref=reference or f"spent:{new_id().hex}",
            kind="transfer",
            memo=memo,
            lines=[
                Line(gl_code="2011", amount_fen=amount_fen, account_id=who.account_id),
                Line(gl_code=CLEARING, amount_fen=-amount_fen),
            ],
        )


def lend_one() -> tuple[Borrower, Loan]:
    set_day(START)
    who = make_borrower(valid_until_date=date(2028, 1, 1))
    return who, lend(who)


lent_once = made_once(lend_one, scope="class")


@pytest.fixture
def lent(lent_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give each test a loan that was just paid out."""
    del bank_a
    return deepcopy(lent_once)


def scan_today() -> int:
    today = business_date()
    to(today + timedelta(days=1))
    return watch.scan_purposes(day=today)


class TestLN12Terms:
    @pytest.mark.parametrize(
        ("text", "mcc", "kind", "met"),
        [
            ("转账 海州证券营业部", "", "consumer", "证券"),
            ("转账 证 券　公司", "", "business", "证券"),
            ("购房首付款", "", "consumer", "购房"),
            ("消费", "7995", "consumer", "7995"),
            ("消费", "5411", "consumer", None),
            ("进货款", "", "consumer", "货款"),
            ("进货款", "", "business", None),
            ("消费", "5998", "business", None),
            ("消费", "5998", "consumer", "5998"),
            ("装修材料", "", "consumer", None),
            ("投资管理公司", "", "business", "投资管理"),
        ],
    )
    def test_words_are_found_in_the_text_and_codes_by_equality(
        self, text: str, mcc: str, kind: str, met: str | None
    ) -> None:
        found = match(PLATFORM, text=text, mcc=mcc, kind=kind)
        assert (None if found is None else found.text) == met

    def test_a_bank_adds_its_own_and_takes_them_away_again(self, lent: tuple[Borrower, Loan]) -> None:
        who, _ = lent
        row = watch.add_watch_term(sort="word", text="某某会所", applies_to="all", note="", actor="risk")
        spend(who, "转账 某某会所")
        assert scan_today() == 1
        watch.remove_watch_term(watch_term_id=row.pk, actor="risk")
        spend(who, "转账 某某会所")
        assert scan_today() == 0
        with pytest.raises(NotFound):
            watch.remove_watch_term(watch_term_id=row.pk, actor="risk")

    @pytest.mark.parametrize(
        ("sort", "text"),
        [("word", "房"), ("word", "。。"), ("mcc", "123"), ("mcc", "12345"), ("mcc", "abcd"), ("word", "股票")],
    )
    def test_what_is_no_term_or_watched_already_is_refused(self, sort: str, text: str) -> None:
        with pytest.raises(WatchTermRefused):
            watch.add_watch_term(sort=sort, text=text, applies_to="all", note="", actor="risk")
        assert not WatchTerm.objects.exists()

    def test_the_longest_word_names_the_finding(self) -> None:
        terms = [Term(sort="word", text="投资"), Term(sort="word", text="投资管理")]
        found = match(terms, text="投资管理公司", mcc="", kind="consumer")
        assert found is not None
        assert found.text == "投资管理"


class TestLN12Scan:
    def test_an_outflow_that_meets_a_term_is_a_finding_once(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        spend(who, "转账 样例证券", 300_00)
        spend(who, "超市购物", 20_00)
        assert scan_today() == 1
        row = PurposeFinding.objects.get()
        assert (row.loan_id, row.amount_fen, row.term, row.status) == (loan.pk, 300_00, "证券", "found")
        assert row.counterparty == "转账 样例证券"
        assert watch.scan_purposes(day=START) == 0
        assert PurposeFinding.objects.count() == 1
        assert PurposeScan.objects.get(pk=START).outflows == 2

    @pytest.mark.parametrize(("days", "found"), [(0, 1), (90, 1), (91, 0)])
    def test_the_watch_ends_ninety_days_after_the_disbursement(
        self, lent: tuple[Borrower, Loan], days: int, found: int
    ) -> None:
        who, _ = lent
        to(START + timedelta(days=days))
        spend(who, "转账 样例证券")
        assert scan_today() == found

    def test_repayments_and_accounts_without_a_loan_are_not_looked_at(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        give_money(who, 1_000_000)
        repay(who, loan, kind="early_full")
        stranger = make_borrower()
        give_money(stranger, 1_000_00)
        spend(stranger, "转账 样例证券")
        assert scan_today() == 0
        assert PurposeScan.objects.get(pk=START).outflows == 1  # the stranger's, met by a term, behind it no loan

    def test_an_outflow_counts_for_the_latest_loan_before_it(self, lent: tuple[Borrower, Loan]) -> None:
        who, _ = lent
        to(START + timedelta(days=3))
        later = lend(who, 2_000_00)
        spend(who, "转账 样例证券")
        scan_today()
        assert PurposeFinding.objects.get().loan_id == later.pk

    def test_a_day_that_is_not_over_is_not_scanned(self, lent: tuple[Borrower, Loan]) -> None:
        with pytest.raises(StateConflict):
            watch.scan_purposes(day=business_date())
        assert not PurposeScan.objects.exists()

    def test_missed_days_are_caught_up_with_the_next_business_day(self, lent: tuple[Borrower, Loan]) -> None:
        who, _ = lent
        spend(who, "转账 样例证券")
        to(START + timedelta(days=2))
        spend(who, "转账 样例期货")
        to(START + timedelta(days=4))
        assert len(unscanned_days()) == 4
        follow_servicing()
        assert unscanned_days() == []
        assert set(PurposeFinding.objects.values_list("term", flat=True)) == {"证券", "期货"}

    def test_a_transfer_is_known_by_its_payee(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        made = Transfer.objects.create(
            customer_id=who.customer_id, account_id=who.account_id, payee_kind="elsewhere", payee_name="样例证券营业部",
            payee_number="6217000012345678", amount_fen=300_00,
        )  # fmt: skip
        spend(who, "转账", 300_00, f"transfer:{made.pk.hex}")
        spend(who, "转账", 20_00)
        assert scan_today() == 1
        row = PurposeFinding.objects.get()
        assert (row.loan_id, row.term, row.counterparty) == (loan.pk, "证券", "转账 样例证券营业部")


class TestLN12CoreOutflows:
    def flow(self, who: Borrower, told: str = "消费", mcc: str = "7995", day: date = START) -> CoreOutflow:
        return CoreOutflow(
            account_number=who.account().number or "", booking_date=day, amount_fen=88_00, told=told, mcc=mcc
        )

    def test_outflows_of_the_core_systems_statement_are_judged_the_same_way_and_once(
        self, lent: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent
        flows = [self.flow(who), self.flow(who, "超市", "5411"), self.flow(who, "房贷还款", "")]
        assert watch.take_core_outflows(outflows=flows, actor="risk") == 2
        assert watch.take_core_outflows(outflows=flows, actor="risk") == 0
        assert {row.term for row in PurposeFinding.objects.filter(loan=loan)} == {"7995", "房贷"}

    def test_unknown_accounts_and_days_outside_the_watch_leave_nothing(self, lent: tuple[Borrower, Loan]) -> None:
        who, _ = lent
        flows = [
            CoreOutflow(account_number="6222000000000000", booking_date=START, amount_fen=1, told="证券", mcc=""),
            self.flow(who, day=START - timedelta(days=1)),
            self.flow(who, day=START + timedelta(days=91)),
        ]
        assert watch.take_core_outflows(outflows=flows, actor="risk") == 0
        assert not PurposeFinding.objects.exists()


@pytest.fixture
def finding(lent: tuple[Borrower, Loan]) -> tuple[Borrower, Loan, uuid.UUID]:
    who, loan = lent
    spend(who, "转账 样例证券", 300_00)
    scan_today()
    return who, loan, PurposeFinding.objects.get().pk


def nothing_followed(who: Borrower, loan: Loan) -> None:
    assert who.line().status == "active"
    assert not LoanEvent.objects.filter(loan=loan, kind="misused").exists()


def propose_misuse(pk: uuid.UUID, by: str = "first") -> Proposal:
    return propose(kind=CONFIRM_MISUSE, subject=pk.hex, values={}, reason="转入证券公司", actor=by)


class TestLN12TwoPersons:
    def test_a_misuse_confirmed_by_a_second_person_freezes_the_line_and_marks_the_loan(
        self, finding: tuple[Borrower, Loan, uuid.UUID]
    ) -> None:
        who, loan, pk = finding
        waiting = propose_misuse(pk)
        nothing_followed(who, loan)
        approve(proposal_id=waiting.pk, actor="second")
        assert who.line().status == "frozen"
        with pytest.raises(LineFrozen):
            draft(who, 1_000_00)
        event = LoanEvent.objects.get(loan=loan, kind="misused")
        assert (event.detail["from_date"], event.detail["actor"]) == (START.isoformat(), "first+second")
        loan.refresh_from_db()
        assert loan.misused_from_date == START
        row = PurposeFinding.objects.get(pk=pk)
        assert (row.status, row.proposed_by, row.decided_by) == ("misused", "first", "second")
        assert queries.loan_book_agrees()

    def test_the_misuse_rate_runs_from_the_day_of_the_outflow(self, finding: tuple[Borrower, Loan, uuid.UUID]) -> None:
        _, loan, pk = finding
        to(START + timedelta(days=10))
        before = loan_standing(Loan.objects.get(pk=loan.pk)).standing.running_interest_fen
        approve(proposal_id=propose_misuse(pk).pk, actor="second")
        after = loan_standing(Loan.objects.get(pk=loan.pk)).standing.running_interest_fen
        assert after > before

    def test_the_same_person_confirms_nothing(self, finding: tuple[Borrower, Loan, uuid.UUID]) -> None:
        who, loan, pk = finding
        waiting = propose_misuse(pk)
        with pytest.raises(SameHands):
            approve(proposal_id=waiting.pk, actor="first")
        assert PurposeFinding.objects.get(pk=pk).status == "found"
        nothing_followed(who, loan)

    def test_nor_does_the_database_let_them(self, finding: tuple[Borrower, Loan, uuid.UUID]) -> None:
        _, _, pk = finding
        with pytest.raises(IntegrityError), transaction.atomic():
            PurposeFinding.objects.filter(pk=pk).update(status="misused", proposed_by="one", decided_by="one")

    def test_a_finding_is_closed_with_a_reason_and_nothing_follows_any_more(
        self, finding: tuple[Borrower, Loan, uuid.UUID]
    ) -> None:
        who, loan, pk = finding
        waiting = propose_misuse(pk)
        watch.close_finding(finding_id=pk, opinion="系缴纳培训费", actor="first")
        row = PurposeFinding.objects.get(pk=pk)
        assert (row.status, row.decided_by, row.opinion) == ("closed", "first", "系缴纳培训费")
        with pytest.raises(StateConflict):
            approve(proposal_id=waiting.pk, actor="second")
        with pytest.raises(StateConflict):
            watch.close_finding(finding_id=pk, opinion="x", actor="first")
        with pytest.raises(NotFound):
            watch.close_finding(finding_id=uuid.uuid4(), opinion="x", actor="first")
        nothing_followed(who, loan)

    def test_a_loan_is_marked_once_and_a_line_that_has_ended_stays_so(
        self, finding: tuple[Borrower, Loan, uuid.UUID]
    ) -> None:
        who, loan, pk = finding
        spend(who, "转账 样例期货", 100_00)
        scan_today()
        CreditLine.objects.filter(pk=who.line_id).update(status="expired")
        for row in PurposeFinding.objects.order_by("pk"):
            approve(proposal_id=propose_misuse(row.pk).pk, actor="second")
        assert LoanEvent.objects.filter(loan=loan, kind="misused").count() == 1
        assert who.line().status == "expired"
        assert PurposeFinding.objects.get(pk=pk).status == "misused"
