"""Work out what a receipt pays on a loan: on its value date, before it is booked (ALLOC-02, ALLOC-03)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from core.clock import business_date
from core.errors import NotFound, Problem
from lending.loan_records import facts_of, opening_record, policy_of
from lending.loans.foreseeing import Foreseen, foresee
from lending.loans.repaying import RepaymentKind
from lending.loans.replanning import Keep
from lending.loans.replay import RepaymentFact
from lending.loans.standing import standing_on
from lending.models import Loan
from lending.queries.repaying import RepaymentExceedsDebt, offered_kind
from lending.queries.terms import AmountOutOfRange

NEW: Final = "new"
TITLES: Final = {
    "total_fen": "入账金额",
    "left_fen": "余款（留在暂收款待退）",
    "principal_fen": "本金",
    "interest_fen": "利息",
    "penalty_fen": "罚息",
    "compound_fen": "复利",
    "fee_fen": "手续费",
    "outstanding_fen": "还款后剩余本金",
    "overdue_without_fen": "现逾期金额",
    "overdue_after_fen": "入账后逾期金额",
    "later_excess_fen": "此前还款因此多还",
}


class ValueDateRefused(Problem):
    """A repayment counts from a day between the loan's start and the present business date, both included."""

    code = "value_date_refused"
    status = 422
    title = "起息日应在放款日与当前营业日之间"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromReceipt:
    """A repayment from money that came in outside the app: which part of which receipt, how, and from which day it counts.

    `amount_fen` is what is offered, all of it: what the loan does not owe on `value_date` stays in suspense. `keep` says
    what a partial early repayment leaves as it is (`term`, `instalment`; empty: the product's).
    """

    receipt_id: uuid.UUID
    amount_fen: int
    kind: str
    value_date: date
    keep: str = ""

    def as_json(self) -> dict[str, Any]:
        """Write it as a proposal keeps it."""
        return {**asdict(self), "receipt_id": self.receipt_id.hex, "value_date": self.value_date.isoformat()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FromReceipt:
        """Read it from a proposal."""
        return cls(
            receipt_id=uuid.UUID(values["receipt_id"]),
            amount_fen=int(values["amount_fen"]),
            kind=values["kind"],
            value_date=date.fromisoformat(values["value_date"]),
            keep=values["keep"],
        )


def foresee_receipt(loan: Loan, wanted: FromReceipt) -> Foreseen:
    """Fold a loan with a repayment from a receipt; nothing is written.

    `due` pays what has fallen due by the value date, a part of it only where something was overdue then; `early_full`
    settles the loan, and asks for at least that; `early_partial` prepays what is left after what has fallen due, with
    interest and fee; `any` is for loans that may be repaid any day.

    Raises:
        ValueDateRefused: see there.
        RepaymentKindNotOffered: the loan is not repaid in this way.
        RepaymentExceedsDebt: nothing is owed for this kind on the value date.
        AmountOutOfRange: the amount is nothing, or less than this kind takes.
    """
    if not loan.start_date <= wanted.value_date <= business_date():
        raise ValueDateRefused
    kind = offered_kind(loan, wanted.kind)
    if wanted.amount_fen <= 0:
        raise AmountOutOfRange("还款金额应大于零")
    fact = RepaymentFact(
        key=NEW, value_date=wanted.value_date, kind=kind, total_fen=wanted.amount_fen,
        keep=Keep(wanted.keep or loan.prepayment_keeps),
    )  # fmt: skip
    policy = policy_of(loan)
    foreseen = foresee(opening_record(loan), lambda _: policy, facts_of(loan), fact)
    _refuse_amount(foreseen, kind, wanted.value_date)
    return foreseen


def _refuse_amount(foreseen: Foreseen, kind: RepaymentKind, day: date) -> None:
    if foreseen.total_fen == 0:
        raise RepaymentExceedsDebt("该起息日没有可还的款项")
    if kind is RepaymentKind.EARLY_FULL and foreseen.repaid.loan.ended_date is None:
        raise AmountOutOfRange("该起息日须一次还清全部款项，金额不足")
    standing = standing_on(foreseen.before, on_date=day)
    if kind is RepaymentKind.DUE and foreseen.total_fen < standing.due_in_all.total_fen and not standing.overdue_days:
        raise AmountOutOfRange("起息日未逾期，到期款项须一次还清")


def told(foreseen: Foreseen) -> dict[str, int]:
    """Return what a dry run says in figures, in fen, as a proposal keeps it and as it must still hold when approved."""
    today = business_date()
    return {
        "total_fen": foreseen.total_fen,
        "left_fen": foreseen.left_fen,
        **asdict(foreseen.repaid.total),
        "outstanding_fen": foreseen.after.outstanding_principal_fen,
        "changed": len(foreseen.changed),
        "later_excess_fen": sum(repaid.excess_fen for repaid in foreseen.changed.values()),
        "overdue_without_fen": standing_on(foreseen.without, on_date=today).overdue.total_fen,
        "overdue_after_fen": standing_on(foreseen.after, on_date=today).overdue.total_fen,
    }


def preview(subject: str, values: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return what a proposal would do now, in fen by what it is called; for the person who decides.

    Raises:
        NotFound: there is no such loan.
        Problem: it could not be approved now; see `foresee_receipt`.
    """
    loan = Loan.objects.prefetch_related("instalments__shares").filter(pk=uuid.UUID(subject)).first()
    if loan is None:
        raise NotFound
    plan = told(foresee_receipt(loan, FromReceipt.from_json(values)))
    return [(title, plan[name]) for name, title in TITLES.items()]
