"""Loans repaid from outside the app: two people, a day that may be over, what is too much left in suspense (ALLOC-03)."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from django.db import transaction

from accounts import queries as accounts
from accounts.models import JournalEntry, Receipt, ReceiptUse
from accounts.operations import OutsideMoney, OutsidePartyHeld, open_receipt
from core.approvals.models import Proposal
from core.approvals.operations import NoRightToDecide, SameHands, propose
from core.approvals.operations import approve as approve_as_is
from core.clock import business_date
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from lending import queries
from lending.approvals import REPAY_FROM_RECEIPT, RETURN_EXCESS, WRITE_OFF
from lending.models import Instalment, Loan, LoanEvent, Repayment
from lending.operations.receipt_repayment import plan_from_receipt
from lending.queries.loan_changes import refuse_returning_excess
from lending.queries.loans import loan_standing
from lending.queries.receipts import FromReceipt, ValueDateRefused, preview
from tests.lending.borrowers import Borrower, give_money, make_borrower, repay, set_day
from tests.lending.closing.random_loans import DAY, begin
from tests.lending.test_disbursement import books_agree
from tests.lending.test_loans_admin import staff
from tests.lending.test_loans_rest import caller
from tests.lending.test_repayment import again, m1, pay_first
from tests.lending.test_reversal import decided, reverse, snapshot, stands_as_folded
from tests.listed import alert_of, clear, list_people
from tests.made_once import made_once
from tests.second_person import approve, approve_within, refuse
from verification.models import ScreeningAlert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
TELLER, CLERK, CHECKER = "teller", "clerk", "checker"
DUE, LATE, TODAY = date(2024, 2, 15), date(2024, 2, 20), date(2024, 3, 10)
SUSPENSE = "3101"


def came_in(amount_fen: int, channel: str = "counter_cash", payer: str = "付款人") -> Receipt:
    money = OutsideMoney(channel=channel, reference=new_id().hex, amount_fen=amount_fen, payer_name=payer)
    with transaction.atomic():
        return Receipt.objects.get(pk=open_receipt(money=money, actor=TELLER))


def ask(loan: Loan, receipt: Receipt, on: date, kind: str = "due", actor: str = CLERK, **more: Any) -> Proposal:
    wanted = FromReceipt(
        receipt_id=receipt.pk, amount_fen=more.pop("amount_fen", receipt.left_fen), kind=kind, value_date=on, **more
    )
    values = plan_from_receipt(loan_id=loan.pk, wanted=wanted)
    return propose(kind=REPAY_FROM_RECEIPT, subject=loan.pk.hex, values=values, reason="客户柜面还款", actor=actor)


def pay(loan: Loan, receipt: Receipt, on: date, kind: str = "due", **more: Any) -> Repayment:
    proposal = ask(loan, receipt, on, kind, **more)
    approve(proposal_id=proposal.pk, actor=CHECKER, reason="同意")
    return Repayment.objects.get(receipt_id=receipt.pk, status="posted")


def approved_raw(proposal: Proposal, actor: str = CHECKER) -> None:
    """Approve inside a transaction of its own, which a refusal takes back."""
    with transaction.atomic():
        approve_within(proposal_id=proposal.pk, actor=actor, reason="")


def left(receipt: Receipt) -> int:
    return Receipt.objects.get(pk=receipt.pk).left_fen


def owe_m1() -> tuple[Borrower, Loan]:
    who = make_borrower()
    loan = m1(who)
    set_day(TODAY)
    return who, loan


owing_once = made_once(owe_m1, scope="class")


@pytest.fixture
def owing(owing_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give M1 with its first instalment 24 days late."""
    del bank_a
    return deepcopy(owing_once)


class TestAPayment:
    def test_books_out_of_suspense_what_the_loan_owes_and_leaves_the_rest(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        before = accounts.gl_balance(SUSPENSE)
        receipt = came_in(9_000_00)
        repayment = pay(loan, receipt, LATE)
        # Five days late: 8,106.64 × 5 × 9 % / 360 = 10.13, 500.00 × 5 × 9 % / 360 = 0.63; 382.60 is too much.
        assert (repayment.total_fen, left(receipt)) == (8_617_40, 382_60)
        assert accounts.gl_balance(SUSPENSE) - before == -382_60
        entry = JournalEntry.objects.get(business_ref=f"repayment:{repayment.pk.hex}")
        assert (entry.booking_date, entry.value_date) == (TODAY, LATE)
        assert {line.gl_code: line.amount_fen for line in entry.postings.all()} == {
            SUSPENSE: 8_617_40, "1301": -8_106_64, "1302": -500_00, "1303": -10_76,
        }  # fmt: skip
        use = ReceiptUse.objects.get()
        assert (use.use, use.maker, use.checker, use.entry_id) == ("taken", TELLER, CHECKER, entry.pk)
        assert (repayment.source, repayment.account_id, repayment.value_date) == ("receipt", None, LATE)
        assert who.line().drawn_fen == 91_893_36
        books_agree()

    def test_of_a_day_that_is_over_leaves_the_loan_as_if_it_had_been_paid_then(
        self, owing: tuple[Borrower, Loan]
    ) -> None:
        _, loan = owing
        assert loan_standing(again(loan)).standing.overdue.penalty_fen == 48_64  # 8,106.64 × 24 × 9 % / 360
        twin_who = make_borrower()
        twin = m1(twin_who)
        set_day(LATE)
        repay(twin_who, twin)
        set_day(TODAY)
        pay(loan, came_in(8_617_40, "transfer_in"), LATE)
        standing = loan_standing(again(loan)).standing
        assert (standing.overdue_days, standing.overdue.total_fen) == (0, 0)
        assert snapshot(loan) == snapshot(twin)
        assert Instalment.objects.get(loan=loan, number=1).closed_date == LATE
        stands_as_folded(loan)
        books_agree()

    def test_before_another_repayment_gives_that_one_other_debts(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        set_day(date(2024, 3, 15))
        later = repay(who, again(loan), amount_fen=1_000_00)
        assert (later.penalty_fen, later.compound_fen) == (58_77, 3_63)
        proposal = ask(loan, came_in(8_617_40), LATE)
        assert proposal.values["plan"]["changed"] == 1
        told = dict(preview(proposal.subject, proposal.values))
        assert told["罚息"] == 10_13
        approve(proposal_id=proposal.pk, actor=CHECKER, reason="")
        later.refresh_from_db()
        # The first instalment is paid by then: the thousand goes to the second, which falls due that day.
        assert (later.penalty_fen, later.interest_fen, later.principal_fen) == (0, 459_47, 540_53)
        stands_as_folded(loan)
        books_agree()

    def test_alloc02_what_a_repayment_then_has_too_much_is_given_back_and_nothing_else_changes(
        self, owing: tuple[Borrower, Loan]
    ) -> None:
        """The counter took the first instalment on its day and told nobody; two were debited in March."""
        who, loan = owing
        give_money(who, 10_000_00)
        set_day(date(2024, 3, 20))
        debited = repay(who, again(loan))
        receipt = pay(loan, came_in(8_606_64), date(2024, 2, 15))
        debited.refresh_from_db()
        # The second instalment of 8,606.64 is left of what it pays, and five days of it at 9 %: 10.18 and 0.57.
        assert (debited.total_fen - debited.excess_fen, accounts.gl_balance("2241")) == (8_617_39, -debited.excess_fen)
        before, balance = snapshot(loan), who.account().balance_fen
        with pytest.raises(StateConflict, match="请申请冲正"):
            refuse_returning_excess(
                Repayment(status="posted", total_fen=1, excess_fen=1, receipt_id=receipt.receipt_id)
            )
        path = f"/b/125/admin/lending/repayment/{debited.pk}/return_excess/"
        assert staff("会计").post(path, {"reason": "多扣"}).status_code == 302
        proposal = Proposal.objects.get(kind=RETURN_EXCESS)
        page = staff("风险").get(f"/b/125/admin/core/proposal/{proposal.pk}/change/").content.decode()
        assert "退回金额 8,679.80 元" in page
        approve(proposal_id=proposal.pk, actor=CHECKER, reason="同意")
        assert who.account().balance_fen == balance + debited.excess_fen
        assert (snapshot(loan), accounts.gl_balance("2241")) == (before, 0)
        stands_as_folded(loan)
        again_proposed = propose(kind=RETURN_EXCESS, subject=debited.pk.hex, values={}, reason="再", actor=CLERK)
        with pytest.raises(StateConflict):
            approved_raw(again_proposed)
        reverse(debited)
        assert who.account().balance_fen == balance + debited.total_fen  # what was given back, and the rest
        books_agree()

    def test_of_a_day_before_the_loan_was_settled_leaves_it_settled_and_what_settled_it_with_too_much(
        self, owing: tuple[Borrower, Loan]
    ) -> None:
        who, loan = owing
        give_money(who, 10_000_00)
        settling = repay(who, again(loan), kind="early_full")
        assert settling.penalty_fen == 48_64
        twin_who = make_borrower()
        twin = m1(twin_who)
        set_day(DUE)
        repay(twin_who, twin)
        set_day(TODAY)
        twins = repay(twin_who, again(twin), kind="early_full")
        set_day(TODAY + DAY)
        pay(loan, came_in(8_606_64), DUE)
        settling.refresh_from_db()
        assert (again(loan).status, again(loan).settled_date) == ("settled", TODAY)
        assert settling.total_fen - settling.excess_fen == twins.total_fen
        decided(RETURN_EXCESS, settling.pk)
        settling.refresh_from_db()
        assert (settling.total_fen, settling.interest_fen) == (twins.total_fen, twins.interest_fen)
        stands_as_folded(loan)
        books_agree()
        with pytest.raises(StateConflict, match="已结清"):
            ask(loan, came_in(1_00), TODAY)

    def test_by_a_third_party_is_on_record_with_who_paid(self, owing: tuple[Borrower, Loan]) -> None:
        _, loan = owing
        repayment = pay(loan, came_in(8_657_91, "third_party", payer="丙某"), TODAY)
        assert repayment.receipt_id is not None
        payer = accounts.receipt(repayment.receipt_id)
        assert (payer.channel, payer.payer_name) == ("third_party", "丙某")
        page = staff("审计").get(f"/b/125/admin/lending/repayment/{repayment.pk}/change/").content.decode()
        assert "第三方代付" in page
        assert "*某" in page
        assert "丙某" not in page

    def test_settles_a_loan_on_its_value_date(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        receipt = came_in(150_000_00)
        repayment = pay(loan, receipt, LATE, "early_full")
        row = again(loan)
        assert (row.status, row.settled_date, row.outstanding_fen) == ("settled", LATE, 0)
        assert left(receipt) == 150_000_00 - repayment.total_fen
        assert who.line().drawn_fen == 0
        books_agree()

    def test_is_shown_to_the_customer_as_any_other(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        repayment = pay(loan, came_in(8_617_40), LATE)
        (shown,) = caller(who).get(f"loans/{loan.pk.hex}/repayments").json()["items"]
        assert (shown["id"], shown["status"], shown["account"]) == (repayment.pk.hex, "posted", None)
        assert (shown["amount"], shown["allocation"]["penalty"]) == ("8617.40", "10.13")


class TestTwoPeople:
    def test_who_proposed_does_not_approve_nor_who_recorded_the_money(self, owing: tuple[Borrower, Loan]) -> None:
        _, loan = owing
        receipt = came_in(8_617_40)
        proposal = ask(loan, receipt, LATE)
        for actor in (CLERK, TELLER):
            with pytest.raises(SameHands):
                approved_raw(proposal, actor)
        assert (left(receipt), Repayment.objects.count()) == (8_617_40, 0)
        approved_raw(proposal)
        assert left(receipt) == 0

    def test_who_recorded_the_money_may_propose(self, owing: tuple[Borrower, Loan]) -> None:
        _, loan = owing
        assert pay(loan, came_in(8_617_40), LATE, actor=TELLER).status == "posted"

    def test_what_has_changed_since_it_was_proposed_is_not_booked(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        receipt = came_in(8_617_40)
        proposal = ask(loan, receipt, TODAY)
        repay(who, again(loan), amount_fen=500_00)
        with pytest.raises(StateConflict):
            approved_raw(proposal)
        assert left(receipt) == 8_617_40
        refuse(proposal_id=proposal.pk, actor=CHECKER, reason="重新申请")
        assert pay(loan, receipt, TODAY).total_fen < 8_617_40

    def test_a_day_later_it_is_still_what_they_have_seen(self, owing: tuple[Borrower, Loan]) -> None:
        _, loan = owing
        proposal = ask(loan, came_in(500_00), LATE)
        set_day(date(2024, 3, 12))
        approved_raw(proposal)
        assert Repayment.objects.get().value_date == LATE


class TestRefused:
    @pytest.mark.parametrize("on", [date(2024, 1, 14), date(2024, 3, 11)])
    def test_a_day_before_the_loan_or_to_come(self, owing: tuple[Borrower, Loan], on: date) -> None:
        with pytest.raises(ValueDateRefused) as refused:
            ask(owing[1], came_in(1_00), on)
        assert refused.value.code == "value_date_refused"

    @pytest.mark.parametrize(
        ("on", "kind", "offered", "problem"),
        [
            (date(2024, 2, 14), "due", 1_00, "repayment_exceeds_debt"),  # nothing has fallen due by then
            (DUE, "due", 8_606_63, "amount_out_of_range"),  # due, not overdue: in full or not at all
            (LATE, "early_full", 50_000_00, "amount_out_of_range"),
            (LATE, "any", 1_00, "repayment_kind_not_offered"),
        ],
    )
    def test_what_the_loan_does_not_take(
        self, owing: tuple[Borrower, Loan], on: date, kind: str, offered: int, problem: str
    ) -> None:
        with pytest.raises(Problem) as refused:
            ask(owing[1], came_in(offered), on, kind)
        assert refused.value.code == problem

    def test_more_than_there_is_of_the_receipt_or_no_receipt(self, owing: tuple[Borrower, Loan]) -> None:
        receipt = came_in(1_00)
        with pytest.raises(Problem, match="未处理余额"):
            ask(owing[1], receipt, TODAY, amount_fen=1_01)
        receipt.pk = uuid.uuid4()
        with pytest.raises(NotFound):
            ask(owing[1], receipt, TODAY)

    def test_a_loan_that_is_settled(self, owing: tuple[Borrower, Loan]) -> None:
        pay(owing[1], came_in(150_000_00), LATE, "early_full")
        with pytest.raises(StateConflict):
            ask(owing[1], came_in(1_00), LATE)


class TestAml05Payers:
    """AML-05: a repayment by somebody who may be listed waits in suspense, and the refusal keeps the alert (AML-12)."""

    def test_known_when_it_came_it_is_not_even_proposed(self, owing: tuple[Borrower, Loan]) -> None:
        _, loan = owing
        list_people("付款人")
        receipt = came_in(9_000_00, "third_party")
        with pytest.raises(OutsidePartyHeld, match="联系合规部门"):
            ask(loan, receipt, LATE)
        clear(alert_of(receipt.pk))
        assert pay(loan, receipt, LATE).total_fen == 8_617_40

    def test_known_since_it_was_proposed_the_approval_is_refused_until_it_is_cleared(
        self, owing: tuple[Borrower, Loan]
    ) -> None:
        _, loan = owing
        receipt = came_in(9_000_00, "third_party")
        proposal = ask(loan, receipt, LATE)
        list_people("付款人")
        before = snapshot(loan)
        for _ in range(2):
            with pytest.raises(OutsidePartyHeld):
                approve(proposal_id=proposal.pk, actor=CHECKER)
        assert (snapshot(loan), left(receipt)) == (before, 9_000_00)
        assert Proposal.objects.get(pk=proposal.pk).status == "proposed"
        clear(alert_of(receipt.pk))
        approve(proposal_id=proposal.pk, actor=CHECKER)
        assert left(receipt) == 382_60

    def test_who_may_not_decide_has_nobody_screened(self, owing: tuple[Borrower, Loan]) -> None:
        _, loan = owing
        receipt = came_in(9_000_00, "third_party")
        proposal = ask(loan, receipt, LATE)
        list_people("付款人")
        with pytest.raises(NoRightToDecide):
            approve_as_is(proposal_id=proposal.pk, actor="nobody")
        assert not ScreeningAlert.objects.exists()


class TestTakenBack:
    def test_it_is_left_of_the_receipt_again_and_the_loan_as_before(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        before, drawn = snapshot(loan), who.line().drawn_fen
        suspense, receipt = accounts.gl_balance(SUSPENSE), came_in(9_000_00)
        repayment = reverse(pay(loan, receipt, LATE))
        assert (repayment.status, left(receipt)) == ("reversed", 9_000_00)
        assert snapshot(loan) == before
        assert who.line().drawn_fen == drawn
        assert accounts.gl_balance(SUSPENSE) - suspense == -9_000_00
        stands_as_folded(loan)
        books_agree()
        assert pay(loan, receipt, TODAY).total_fen == 8_658_28  # 8,606.64 + 48.64 + 3.00

    def test_what_it_pays_by_then_is_what_is_given_back(self, owing: tuple[Borrower, Loan]) -> None:
        """A receipt whose repayment pays other debts since an earlier one came in gives back those."""
        _, loan = owing
        first = came_in(8_658_28)
        later = pay(loan, first, TODAY)
        pay(loan, came_in(8_617_40), LATE)
        later.refresh_from_db()
        assert (later.penalty_fen, later.excess_fen) == (0, 8_658_28)
        reverse(later)
        assert left(first) == 8_658_28
        assert accounts.gl_balance("2241") == 0
        books_agree()


class TestThePage:
    def test_proposes_with_the_plan_and_a_second_person_sees_it(self, owing: tuple[Borrower, Loan]) -> None:
        _, loan = owing
        receipt = came_in(9_000_00)
        clerk, checker = staff("会计"), staff("风险")
        path = f"/b/125/admin/lending/loan/{loan.pk}/from_receipt/"
        asked = {
            "channel": "counter_cash", "reference": receipt.reference, "amount": "", "kind": "due", "keep": "",
            "value_date": "2024-02-20", "reason": "柜面还款",
        }  # fmt: skip
        assert clerk.get(path).status_code == 200
        assert clerk.post(path, {**asked, "reference": "none"}).status_code == 200
        assert not Proposal.objects.exists()
        assert clerk.post(path, asked).status_code == 302
        proposal = Proposal.objects.get()
        page = checker.get(f"/b/125/admin/core/proposal/{proposal.pk}/change/").content.decode()
        for told in ("来款还款", "入账金额 8,617.40 元", "余款（留在暂收款待退） 382.60 元", "罚息 10.13 元"):
            assert told in page
        assert checker.post(f"/b/125/admin/core/proposal/{proposal.pk}/approve/", {"reason": "同意"}).status_code == 302
        assert Repayment.objects.get().total_fen == 8_617_40


class TestAWrittenOffLoan:
    @pytest.fixture
    def given_up(self) -> tuple[Borrower, Loan]:
        who = make_borrower()
        loan = m1(who)
        set_day(date(2025, 2, 15))
        Loan.objects.filter(pk=loan.pk).update(category="loss")
        decided(WRITE_OFF, loan.pk)
        return who, loan

    def figures(self) -> tuple[int, ...]:
        return tuple(accounts.gl_balance(code) for code in ("1301", "1304", "9011", "9012"))

    def test_takes_a_recovery_back_and_stays_written_off(self, given_up: tuple[Borrower, Loan]) -> None:
        who, loan = given_up
        before, drawn, balance = self.figures(), who.line().drawn_fen, who.account().balance_fen
        recovery = repay(who, again(loan), amount_fen=1_000_00)
        assert self.figures() == (0, 99_000_00, 99_000_00, -99_000_00)
        reverse(recovery)
        assert self.figures() == before == (0, 100_000_00, 100_000_00, -100_000_00)
        row = again(loan)
        assert (row.status, row.outstanding_fen, who.line().drawn_fen) == ("written_off", 100_000_00, drawn)
        assert who.account().balance_fen == balance
        stands_as_folded(loan)
        books_agree()

    def test_that_a_receipt_settled_is_written_off_again_when_it_is_taken_back(
        self, given_up: tuple[Borrower, Loan]
    ) -> None:
        _, loan = given_up
        before, receipt = self.figures(), came_in(200_000_00)
        recovery = pay(loan, receipt, date(2025, 2, 15), "early_full")
        assert (again(loan).status, self.figures()) == ("settled", (0, 0, 0, 0))
        reverse(recovery)
        row = again(loan)
        assert (row.status, row.settled_date, self.figures()) == ("written_off", None, before)
        assert left(receipt) == 200_000_00
        books_agree()

    def test_that_was_paid_before_it_was_given_up_owes_that_again(self) -> None:
        who = make_borrower()
        loan = m1(who)
        pay_first(who, loan, 1)
        paid = Repayment.objects.get()
        set_day(date(2025, 2, 15))
        Loan.objects.filter(pk=loan.pk).update(category="loss")
        decided(WRITE_OFF, loan.pk)
        reverse(paid)
        assert self.figures() == (0, 100_000_00, 100_000_00, -100_000_00)
        assert queries.loan_book_agrees()
        stands_as_folded(loan)


class TestAlloc03JudgedAnew:
    """What a loan is called follows from value dates as well: as if everything had been entered in time."""

    def test_risk_01_money_of_the_due_date_leaves_no_worse_name_however_late_it_is_entered(self) -> None:
        loan = m1(make_borrower())
        begin(DUE + 5 * DAY)
        assert called(loan) == ("special_mention", 1, False)
        pay(loan, came_in(8_606_64), DUE)
        assert called(loan) == ("normal", 1, False)
        told = LoanEvent.objects.filter(loan=loan, kind="classified").latest("pk")
        assert (told.detail["from"], told.detail["to"], told.business_date) == (
            "special_mention",
            "normal",
            business_date(),
        )
        begin(DUE + 6 * DAY)
        assert (called(loan), again(loan).observed_until_date) == (("normal", 1, False), None)

    def test_risk_04_a_loan_that_was_cleared_before_the_ninety_first_day_has_never_ceased_to_accrue(self) -> None:
        loan = m1(make_borrower())
        begin(DUE + 95 * DAY)
        assert called(loan) == ("substandard", 3, True)
        cleared = DUE + 89 * DAY
        pay(
            loan, came_in(40_000_00), cleared
        )  # three instalments and what their lateness has cost; the rest stays in suspense
        assert loan_standing(again(loan)).standing.overdue_days == 5  # the fourth fell due meanwhile
        assert called(loan) == ("special_mention", 1, False)


def called(loan: Loan) -> tuple[str, int, bool]:
    row = Loan.objects.get(pk=loan.pk)
    return row.category, row.stage, row.is_non_accrual
