"""What the agreement of a line states (循环借款合同): signed once, drawn under by vouchers (借据).

As with a contract, an `AgreementData` that exists is consistent, and a template computes nothing. A voucher is a
`ContractData` that names its agreement; `voucher_view` is what its template sees.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lending.contracts.data import (
    COURT,
    DEBTS,
    SHA256,
    Borrower,
    Confirmation,
    ContractData,
    DayCount,
    Lender,
    Method,
    Penalty,
    Repricing,
    Tenor,
    as_view,
    marked_up,
    moment_parts,
    per_cent,
    plain,
    refuse_blanks,
    refuse_if,
)
from lending.loans.repricing import price


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRule:
    """By what rule drawdowns are priced: LPR plus a spread in basis points, `annual_rate` per cent at most when paid out.

    `repricing` says when the price of a drawdown follows a newer LPR, if ever.
    """

    annual_rate: Decimal
    lpr_rate: Decimal
    lpr_tenor: Tenor
    lpr_date: date
    spread_bp: int
    repricing: Repricing


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodOffered:
    """One way of repaying: by which day count interest is charged, and what prepaying costs in per cent of principal."""

    method: Method
    day_count: DayCount
    early_fee_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementData:
    """All that one agreement of a line states; `limit_fen` bounds the principal outstanding at any moment.

    Drawdowns are made from `start_date` to `valid_until_date`, both included. What is shared with `ContractData` means the
    same there.

    Raises:
        ContractDataError: the values contradict each other, or one that must be there is missing.
    """

    number: str
    template_version: str
    contract_date: date
    made_at: datetime
    product_name: str
    lender: Lender
    borrower: Borrower
    limit_fen: int
    start_date: date
    valid_until_date: date
    terms_months: tuple[int, ...]
    purposes: tuple[str, ...]
    methods: tuple[MethodOffered, ...]
    price: PriceRule
    penalty: Penalty
    shifts_due_dates: bool
    disclosure: Confirmation
    consents: tuple[Confirmation, ...]
    repayment_order: tuple[str, ...] = DEBTS
    principal_first_days: int = 90
    dispute_court: str = COURT

    def __post_init__(self) -> None:
        """Refuse what contradicts itself: a signed contradiction cannot be taken back."""
        refuse_if(self.made_at.tzinfo is None, "made_at must be aware")
        refuse_blanks(asdict(self), type(self).__name__)
        refuse_if(self.limit_fen <= 0, "limit_fen must be positive")
        refuse_if(not self.start_date <= self.contract_date <= self.valid_until_date, "signed outside the line's time")
        refuse_if(not (self.terms_months and self.purposes and self.methods), "no term, purpose or method is offered")
        asked = price(self.price.lpr_rate, self.price.spread_bp)
        refuse_if(self.price.annual_rate != asked, "annual_rate is not LPR plus the spread")
        refuse_if(self.price.annual_rate <= 0, "annual_rate must be positive")
        refuse_if(
            min(self.penalty.overdue_markup_percent, self.penalty.misuse_markup_percent) < 0,
            "a penalty markup is negative",
        )
        refuse_if(len(set(self.repayment_order)) != len(DEBTS), "repayment_order does not name each debt once")
        refuse_if(self.principal_first_days <= 0, "principal_first_days must be positive")
        for confirmation in (self.disclosure, *self.consents):
            refuse_if(not SHA256.fullmatch(confirmation.sha256), f"{confirmation.title}: not a SHA-256 in hex")


def agreement_view(data: AgreementData) -> dict[str, Any]:
    """Return what an agreement's template sees as `sys.inputs.data`, shaped as `as_view` shapes a contract's."""
    view: dict[str, Any] = plain(asdict(data))
    view["penalty"]["overdue_rate"] = per_cent(marked_up(data.price.annual_rate, data.penalty.overdue_markup_percent))
    view["penalty"]["misuse_rate"] = per_cent(marked_up(data.price.annual_rate, data.penalty.misuse_markup_percent))
    return {**view, **_on_paper(data)}


def voucher_view(data: ContractData) -> dict[str, Any]:
    """Return what a voucher's template sees: what a contract's does, and what every paper of the bank shows."""
    refuse_if(data.agreement is None, "a voucher names its agreement")
    return {**as_view(data), **_on_paper(data)}


def _on_paper(data: AgreementData | ContractData) -> dict[str, Any]:
    """Return what `paper.typ` asks of every document."""
    return {
        "bank": plain(asdict(data.lender)),
        "made_at": moment_parts(data.made_at),
        "issued_date": data.contract_date.isoformat(),
    }
