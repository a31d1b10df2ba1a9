"""Ask for the papers of a loan, and for what they state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from accounts import queries as accounts
from core.clock import SHANGHAI, business_date
from core.crypto.masking import mask_account, mask_id_number
from core.errors import StateConflict
from lending.loan_records import rows_in_force
from lending.models import Loan, LoanPaper, Repayment
from lending.models.loan import SETTLED
from lending.models.repayment import POSTED, REVERSED
from lending.papers import data
from lending.papers.data import Facts, Heading, Movement
from lending.queries.disclosures import lender_card
from lending.queries.loans import loan_standing
from verification import queries as verified

AMOUNTS: Final = ("principal_fen", "interest_fen", "penalty_fen", "compound_fen", "fee_fen", "excess_fen")
AT_THE_COUNTER: Final = "柜面或转账来款"


def papers_of(loan: Loan) -> list[LoanPaper]:
    """Return the papers of a loan that are made, newest first."""
    return list(LoanPaper.objects.filter(loan=loan, object_id__isnull=False).order_by("-pk"))


def heading_of(loan: Loan, *, whole_id_number: bool) -> Heading:
    """Return what stands on every paper of a loan; the ID number whole only where the paper is about who is bound.

    Raises:
        StateConflict: nobody is known behind the borrower.
        NotFound: the bank is not open.
    """
    card, identity = lender_card(), verified.identity(loan.customer_id)
    if identity is None:
        raise StateConflict("请先完成注册")
    return Heading(
        legal_name=card.name,
        service_phone=card.phone,
        complaint_phone=card.complaint_phone,
        customer_name=identity.name,
        customer_id_number=identity.id_number if whole_id_number else mask_id_number(identity.id_number),
        contract_number=loan.contract.number,
        product_name=loan.line.product_version.name,
    )


def receipt_facts(loan: Loan, repayment: Repayment) -> Facts:
    """Return what a repayment's receipt states.

    Raises:
        StateConflict: the repayment is not posted.
    """
    if repayment.status != POSTED or repayment.posted_at is None or repayment.balance_after_fen is None:
        raise StateConflict("该笔还款尚未入账，请入账后再下载凭证")
    told = data.Repaid(
        value_date=repayment.value_date,
        posted_at=repayment.posted_at.astimezone(SHANGHAI),
        account=_paid_from(repayment),
        kind=repayment.get_kind_display(),
        parts_fen={name: getattr(repayment, name) for name in AMOUNTS},
        balance_after_fen=repayment.balance_after_fen,
        settled=loan.status == SETTLED
        and loan.settled_date == repayment.value_date
        and repayment.balance_after_fen == 0,
        instalments=tuple(int(share["number"]) for share in repayment.shares if share["number"] > 0),
    )
    return data.receipt(heading_of(loan, whole_id_number=False), told)


def _paid_from(repayment: Repayment) -> str:
    if repayment.account_id is None:
        return AT_THE_COUNTER
    account = accounts.account_view(repayment.account_id)
    return f"{account.account_class}类户 {mask_account(account.number)}"


def settlement_facts(loan: Loan) -> Facts:
    """Return what a settlement certificate states: what counts of all that was repaid, whenever the rest was taken back.

    Raises:
        StateConflict: the loan is not settled.
    """
    if loan.status != SETTLED or loan.settled_date is None:
        raise StateConflict("该笔贷款尚未结清，请结清后再申请结清证明")
    repaid = [_repaid(row) for row in Repayment.objects.filter(loan=loan, status=POSTED)]
    return data.settlement(
        heading_of(loan, whole_id_number=True),
        principal_fen=loan.principal_fen,
        start_date=loan.start_date,
        maturity_date=loan.maturity_date,
        settled_date=loan.settled_date,
        repaid_fen={
            name: sum(getattr(row, f"{name}_fen") for row in repaid)
            for name in ("principal", "interest", "penalty", "fee")
        },
    )


def statement_facts(loan: Loan, *, from_date: date, to_date: date) -> Facts:
    """Return what a loan's statement of a period states; what is owed at its end only where that is today."""
    every = movements_of(loan, until=to_date)
    before = [row for row in every if row.on < from_date]
    within = [row for row in every if row.on >= from_date]
    today = business_date()
    return data.statement(
        heading_of(loan, whole_id_number=False),
        from_date=from_date,
        to_date=to_date,
        terms=_terms(loan, to_date),
        opening_fen=before[-1].balance_fen if before else 0,
        movements=within,
        due=[
            data.DueRow(
                number=row.number,
                due_date=row.due_date,
                principal_fen=row.principal_fen,
                interest_fen=row.interest_fen,
            )
            for row in rows_in_force(loan)
            if from_date <= row.due_date <= to_date
        ],
        standing=_standing_now(loan) if to_date == today and loan.status != SETTLED else None,
    )


def _terms(loan: Loan, to_date: date) -> data.Terms:
    was_settled = loan.settled_date is not None and loan.settled_date <= to_date
    return data.Terms(
        principal_fen=loan.principal_fen,
        annual_rate=f"{loan.annual_rate:.4f}",
        start_date=loan.start_date,
        maturity_date=loan.maturity_date,
        method=loan.get_method_display(),
        status=f"已于 {loan.settled_date} 结清" if was_settled else "未结清",
    )


def _standing_now(loan: Loan) -> data.StandingNow:
    standing = loan_standing(loan).standing
    return data.StandingNow(
        due_fen=standing.due_in_all.total_fen,
        overdue_fen=standing.overdue.total_fen,
        overdue_days=standing.overdue_days,
        accrued_fen=standing.accrued_interest_fen,
    )


def movements_of(loan: Loan, *, until: date) -> list[Movement]:
    """Return what moved a loan's principal or was paid on it up to a day, in order, with the balance after each.

    A repayment stands on its value date with what it pays now; one that was taken back stands there as well, and again,
    turned round, on the day on which it was. So the last balance is what the loan owes.
    """
    found = [_lent(loan)] if loan.start_date <= until else []
    for row in Repayment.objects.filter(loan=loan, status__in=(POSTED, REVERSED)).order_by("value_date", "sequence"):
        found.append(_repaid(row))
        if row.status == REVERSED and row.reversed_date is not None:
            found.append(_taken_back(row, row.reversed_date))
    balance_fen, moved = 0, []
    for movement in sorted(found, key=lambda each: each.on):
        if movement.on <= until:
            balance_fen += movement.principal_fen if movement.lends else -movement.principal_fen
            moved.append(replace(movement, balance_fen=balance_fen))
    return moved


def _lent(loan: Loan) -> Movement:
    return Movement(on=loan.start_date, label="放款", principal_fen=loan.principal_fen, lends=True)


def _repaid(row: Repayment) -> Movement:
    return Movement(
        on=row.value_date,
        label=row.get_kind_display(),
        principal_fen=row.principal_fen,
        interest_fen=row.interest_fen,
        penalty_fen=row.penalty_fen + row.compound_fen,
        fee_fen=row.fee_fen,
        excess_fen=row.excess_fen,
    )


def _taken_back(row: Repayment, on: date) -> Movement:
    return Movement(
        on=on,
        label="还款冲正",
        principal_fen=-row.principal_fen,
        interest_fen=-row.interest_fen,
        penalty_fen=-(row.penalty_fen + row.compound_fen),
        fee_fen=-row.fee_fen,
        excess_fen=-row.excess_fen,
    )
