"""Papers of a loan: what they state, that they are signed and on record, and that one is made once (SIGN-02, SIGN-03)."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from core.clock import business_date, move_business_date
from core.errors import InvalidRequest, NotFound, StateConflict, TooManyRequests, Unavailable
from core.evidence.models import EvidenceLeaf
from core.gateway import forget_breakers
from core.vault.models import VaultAccess
from lending import queries
from lending.models import Loan, LoanPaper, PaperCounter, Repayment
from lending.operations import papers
from lending.operations.reversal import reverse_repayment
from lending.papers import data
from lending.queries.papers import movements_of, receipt_facts, settlement_facts, statement_facts
from tenants.parameters import set_for_bank
from tests.at_once import at_once
from tests.lending.applicants import make_customer
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.test_loans_rest import caller, problem, verify
from tests.lending.test_receipt_repayment import came_in
from tests.lending.test_receipt_repayment import pay as pay_from_receipt
from tests.made_once import made_once
from tests.running_sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
START = date(2026, 1, 22)


def lend_m1() -> tuple[Borrower, Loan]:
    """Lend 100,000.00 on 2026-01-22 by twelve equal instalments at 6 % (worked example M1)."""
    set_day(START)
    who = make_borrower(valid_until_date=date(2028, 1, 1))
    return who, lend(who, 100_000_00)


lent_once = made_once(lend_m1, scope="class")


@pytest.fixture
def borrower(lent_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give each test the loan as it was paid out; where nothing is committed, made once for a class."""
    del bank_a
    return deepcopy(lent_once)


def to(day: date) -> None:
    with transaction.atomic():
        move_business_date(to_date=day)


def pay(who: Borrower, loan: Loan, kind: str = "due") -> Repayment:
    give_money(who, 120_000_00)
    return repay(who, loan, kind=kind)


def fresh(loan: Loan) -> Loan:
    return queries.loans_of(loan.customer_id).select_related("contract").get(pk=loan.pk)


class TestFacts:
    def test_a_receipt_states_what_the_repayment_paid_in_figures_and_in_capitals(
        self, borrower: tuple[Borrower, Loan]
    ) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        row = pay(who, loan)
        facts = receipt_facts(fresh(loan), row)
        assert facts["bank"]["legal_name"] == "连云港东方样例农村商业银行股份有限公司"
        assert facts["total"] == {"figures": "8,606.64", "capitals": "捌仟陆佰零陆元陆角肆分"}
        assert [(part["label"], part["amount"]["figures"]) for part in facts["parts"]] == [
            ("本金", "8,106.64"), ("利息", "500.00"), ("罚息", "0.00"), ("复利", "0.00"), ("手续费", "0.00"),
        ]  # fmt: skip
        assert facts["balance_after"]["figures"] == "91,893.36"
        assert (facts["settled"], facts["instalments"]) == (False, [1])
        assert facts["customer"]["id_number"].count("*") == 16

    def test_a_settlement_certificate_states_all_that_was_paid_and_who_is_bound(
        self, borrower: tuple[Borrower, Loan]
    ) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        pay(who, loan)
        pay(who, loan, "early_full")
        facts = settlement_facts(fresh(loan))
        assert facts["settled_date"] == "2026-02-22"
        assert facts["principal"]["capitals"] == "壹拾万元整"
        assert {name: amount["figures"] for name, amount in facts["repaid"].items()} == {
            "principal": "100,000.00", "interest": "500.00", "penalty": "0.00", "fee": "0.00",
        }  # fmt: skip
        assert "*" not in facts["customer"]["id_number"]

    def test_a_settlement_certificate_counts_nothing_that_was_taken_back_after_the_day_of_settling(
        self, borrower: tuple[Borrower, Loan]
    ) -> None:
        """A debit by mistake is taken back in March; money that settles counts from the day of February on which it came."""
        who, loan = borrower
        to(date(2026, 2, 22))
        mistaken = pay(who, loan)
        to(date(2026, 3, 2))
        with transaction.atomic():
            reverse_repayment(repayment_id=mistaken.pk, actor="a+b", reason="误扣")
        pay_from_receipt(fresh(loan), came_in(100_500_00), on=date(2026, 2, 22), kind="early_full")
        facts = settlement_facts(fresh(loan))
        assert (facts["settled_date"], facts["repaid"]["principal"]["figures"]) == ("2026-02-22", "100,000.00")
        assert facts["repaid"]["interest"]["figures"] == "500.00"

    def test_a_statement_adds_up_from_the_opening_to_the_closing_balance(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        pay(who, loan)
        to(date(2026, 3, 22))
        pay(who, loan)
        facts = statement_facts(fresh(loan), from_date=date(2026, 2, 1), to_date=date(2026, 3, 22))
        assert [facts[name]["figures"] for name in ("opening", "closing")] == ["100,000.00", "83,746.19"]
        assert {name: amount["figures"] for name, amount in facts["sums"].items()} == {
            "lent": "0.00", "principal": "16,253.81", "interest": "959.47", "penalty": "0.00", "fee": "0.00",
            "excess": "0.00",
        }  # fmt: skip
        assert [(row["date"], row["balance"]["figures"]) for row in facts["movements"]] == [
            ("2026-02-22", "91,893.36"), ("2026-03-22", "83,746.19"),
        ]  # fmt: skip
        assert [row["number"] for row in facts["due"]] == [1, 2]
        assert facts["standing"]["overdue_days"] == 0
        whole = statement_facts(fresh(loan), from_date=START, to_date=date(2026, 2, 28))
        assert [whole[name]["figures"] for name in ("opening", "closing")] == ["0.00", "91,893.36"]
        assert whole["sums"]["lent"]["figures"] == "100,000.00"
        assert whole["standing"] is None

    def test_penalty_and_compound_interest_are_told_apart_from_interest(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        to(date(2026, 3, 4))  # instalment 1 is ten days overdue (M9's way: 8,106.64 and 500.00)
        row = pay(who, loan)
        moved = movements_of(fresh(loan), until=business_date())[-1]
        assert (moved.principal_fen, moved.interest_fen) == (row.principal_fen, row.interest_fen)
        assert moved.penalty_fen == row.penalty_fen + row.compound_fen > 0
        assert moved.total_fen == row.total_fen

    def test_a_repayment_that_was_taken_back_stands_there_twice_and_the_balance_is_what_the_loan_owes(
        self, borrower: tuple[Borrower, Loan]
    ) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        row = pay(who, loan)
        to(date(2026, 2, 25))
        with transaction.atomic():
            reverse_repayment(repayment_id=row.pk, actor="a+b", reason="误扣")
        facts = statement_facts(fresh(loan), from_date=date(2026, 2, 1), to_date=date(2026, 2, 28))
        assert [(move["date"], move["total"]["figures"], move["balance"]["figures"]) for move in facts["movements"]] == [
            ("2026-02-22", "8,606.64", "91,893.36"), ("2026-02-25", "-8,606.64", "100,000.00"),
        ]  # fmt: skip
        assert facts["closing"]["figures"] == "100,000.00"
        assert facts["sums"]["interest"]["figures"] == "0.00"
        before = statement_facts(fresh(loan), from_date=date(2026, 2, 1), to_date=date(2026, 2, 24))
        assert before["closing"]["figures"] == "91,893.36"
        with pytest.raises(StateConflict):
            receipt_facts(fresh(loan), Repayment.objects.get(pk=row.pk))

    def test_the_same_facts_are_the_same_text(self, borrower: tuple[Borrower, Loan]) -> None:
        _, loan = borrower
        first = statement_facts(fresh(loan), from_date=START, to_date=START)
        assert data.canonical(first) == data.canonical(statement_facts(fresh(loan), from_date=START, to_date=START))


@pytest.mark.usefixtures("vendors")
class TestIssuing:
    def test_a_paper_is_numbered_signed_and_on_record(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        row = pay(who, loan)
        paper = papers.issue_receipt(loan_id=loan.pk, repayment_id=row.pk, actor="test")
        assert paper.number == "HK125202600000001"
        assert EvidenceLeaf.objects.get(subject=paper.pk.hex).content_sha256 == bytes(paper.sha256 or b"")
        content = papers.read_paper(paper=paper, purpose="test", actor="test")
        assert content.startswith(b"%PDF-2.0")
        judged = queries.judge_file(content)
        assert (judged.valid, judged.document, judged.number) == (True, "receipt", paper.number)
        assert not queries.judge_file(content[:-2] + b"X" + content[-1:]).valid

    def test_asked_twice_it_is_the_same_file_and_asked_for_another_period_it_is_another(
        self, borrower: tuple[Borrower, Loan]
    ) -> None:
        _, loan = borrower
        to(START + timedelta(days=5))
        first = papers.issue_statement(loan_id=loan.pk, from_date=None, to_date=None, actor="test")
        again = papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=business_date(), actor="test")
        other = papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=START, actor="test")
        assert again.pk == first.pk
        assert (first.number, other.number) == ("DZ125202600000001", "DZ125202600000002")
        assert papers.read_paper(paper=first, purpose="t", actor="t") == papers.read_paper(
            paper=again, purpose="t", actor="t"
        )

    def test_a_statement_to_a_day_that_is_over_stays_the_same_while_days_pass_and_is_new_when_something_changed(
        self, borrower: tuple[Borrower, Loan]
    ) -> None:
        who, loan = borrower
        to(date(2026, 2, 20))
        first = papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=date(2026, 2, 10), actor="test")
        to(date(2026, 2, 22))
        pay(who, loan)
        assert (
            papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=date(2026, 2, 10), actor="test").pk
            == first.pk
        )
        today = papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=None, actor="test")
        assert today.pk != first.pk

    def test_a_settlement_certificate_is_for_a_settled_loan_only(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        with pytest.raises(StateConflict):
            papers.issue_settlement(loan_id=loan.pk, actor="test")
        assert not LoanPaper.objects.exists()
        assert not PaperCounter.objects.exists()
        pay(who, loan, "early_full")
        assert papers.issue_settlement(loan_id=loan.pk, actor="test").number == "JQ125202600000001"

    def test_a_repayment_that_is_not_posted_has_no_receipt(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        row = pay(who, loan)
        Repayment.objects.filter(pk=row.pk).update(status="failed")
        with pytest.raises(StateConflict):
            papers.issue_receipt(loan_id=loan.pk, repayment_id=row.pk, actor="test")
        assert not LoanPaper.objects.exists()

    def test_a_period_that_ends_before_it_begins_is_refused(self, borrower: tuple[Borrower, Loan]) -> None:
        _, loan = borrower
        for first, last in ((START, START - timedelta(days=1)), (START + timedelta(days=1), None)):
            with pytest.raises(InvalidRequest):
                papers.issue_statement(loan_id=loan.pk, from_date=first, to_date=last, actor="test")
        assert not LoanPaper.objects.exists()

    def test_an_unknown_loan_has_no_papers(self) -> None:
        with pytest.raises(NotFound):
            papers.issue_settlement(loan_id=uuid.uuid4(), actor="test")

    def test_without_a_time_stamp_the_number_waits_and_the_next_request_makes_that_paper(
        self, borrower: tuple[Borrower, Loan], vendors: Sandbox
    ) -> None:
        _, loan = borrower
        vendors.fault("tsa", status=500)
        with pytest.raises(Unavailable):
            papers.issue_statement(loan_id=loan.pk, from_date=None, to_date=None, actor="test")
        vendors.faults()
        forget_breakers()
        waiting = LoanPaper.objects.get()
        assert not waiting.is_made
        made = papers.issue_statement(loan_id=loan.pk, from_date=None, to_date=None, actor="test")
        assert (made.pk, made.number, made.is_made) == (waiting.pk, waiting.number, True)

    def test_only_so_many_new_papers_are_made_in_a_day_and_the_old_ones_are_still_handed_out(
        self, borrower: tuple[Borrower, Loan]
    ) -> None:
        _, loan = borrower
        with transaction.atomic():
            set_for_bank(name="paper.per_customer_day", value=5, effective_date=START, actor="test")
        to(START + timedelta(days=20))
        days = [START + timedelta(days=ahead) for ahead in range(6)]
        first = [
            papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=day, actor="test") for day in days[:5]
        ]
        with pytest.raises(TooManyRequests):
            papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=days[5], actor="test")
        assert LoanPaper.objects.count() == 5
        assert papers.issue_statement(loan_id=loan.pk, from_date=START, to_date=days[0], actor="x").pk == first[0].pk

    def test_what_was_issued_never_changes(self, borrower: tuple[Borrower, Loan]) -> None:
        _, loan = borrower
        paper = papers.issue_statement(loan_id=loan.pk, from_date=None, to_date=None, actor="test")
        for change in ({"number": "DZ0"}, {"issued_date": START - timedelta(days=1)}, {"sha256": b"0" * 32}):
            with pytest.raises(IntegrityError), transaction.atomic():
                LoanPaper.objects.filter(pk=paper.pk).update(**change)
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM lending_loan_paper")


class TestRaces:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.slow
    def test_any_number_of_requests_at_once_get_one_paper(self, bank_a: str, vendors: Sandbox) -> None:
        set_day(START)
        who = make_borrower(valid_until_date=date(2028, 1, 1))
        loan = lend(who, 100_000_00)

        def ask() -> tuple[str, bytes]:
            paper = papers.issue_statement(loan_id=loan.pk, from_date=None, to_date=None, actor="test")
            return paper.number, papers.read_paper(paper=paper, purpose="t", actor="t")

        assert len(set(at_once(bank_a, [ask] * 6))) == 1
        assert LoanPaper.objects.count() == 1
        assert EvidenceLeaf.objects.filter(kind="lending.paper").count() == 1


@pytest.mark.usefixtures("vendors")
class TestOverRest:
    def test_each_paper_is_handed_out_as_a_pdf_with_a_trace(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        row = pay(who, loan)
        pay(who, loan, "early_full")
        for path, prefix in (
            (f"loans/{loan.pk.hex}/repayments/{row.pk.hex}/receipt", "HK"),
            (f"loans/{loan.pk.hex}/statement?from=2026-02-01&to=2026-02-22", "DZ"),
            (f"loans/{loan.pk.hex}/statement", "DZ"),
            (f"loans/{loan.pk.hex}/settlement-certificate", "JQ"),
        ):
            answer = caller(who).get(path)
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf"), path
            assert f'filename="{prefix}125' in answer.headers["Content-Disposition"]
            told = verify(answer.content).json()
            assert (told["valid"], told["number"][:2]) == (True, prefix)
        traces = VaultAccess.objects.filter(purpose="paper_download")
        assert {trace.actor for trace in traces} == {f"customer:{who.customer_id.hex}"}

    def test_what_cannot_be_issued_has_its_code(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        me = caller(who)
        assert problem(me.get(f"loans/{loan.pk.hex}/settlement-certificate")) == (409, "state_conflict")
        assert problem(me.get(f"loans/{loan.pk.hex}/statement?from=tomorrow")) == (400, "invalid_request")
        assert problem(me.get(f"loans/{loan.pk.hex}/statement?from=2026-02-01&to=2026-01-30")) == (
            400,
            "invalid_request",
        )
        assert problem(me.get(f"loans/{loan.pk.hex}/repayments/{'0' * 32}/receipt")) == (404, "not_found")
        assert not LoanPaper.objects.exists()

    def test_papers_of_another_customer_are_absent(self, borrower: tuple[Borrower, Loan]) -> None:
        who, loan = borrower
        to(date(2026, 2, 22))
        row = pay(who, loan)
        stranger = caller(make_customer())
        for path in ("settlement-certificate", "statement", f"repayments/{row.pk.hex}/receipt"):
            assert problem(stranger.get(f"loans/{loan.pk.hex}/{path}")) == (404, "not_found")
            assert Client().get(f"/b/125/api/v1/loans/{loan.pk.hex}/{path}").status_code == 401
        assert not LoanPaper.objects.exists()
