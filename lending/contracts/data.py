"""What a loan contract states: the values that are set into the template and signed for.

Every amount is integer fen, every rate annual per cent. A `ContractData` that exists is consistent: the
schedule adds up to the principal, the rate is LPR plus its spread, no name is empty. What a template sees is
`as_view`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from core.money import fen_to_yuan, in_capitals
from lending.contracts.errors import ContractDataError
from lending.loans.repricing import price

Method: TypeAlias = Literal["equal_instalment", "equal_principal", "interest_only", "bullet", "pay_any_day"]
DayCount: TypeAlias = Literal["30/360", "act/360", "act/365"]
AllInBasis: TypeAlias = Literal["monthly_irr", "simple"]
Repricing: TypeAlias = Literal["fixed", "every_january", "anniversary"]
Tenor: TypeAlias = Literal["1Y", "5Y"]

SHA256 = re.compile(r"[0-9a-f]{64}")
COURT = "贷款人住所地有管辖权的人民法院"
DEBTS = ("费用", "复利", "罚息", "利息", "本金")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lender:
    """The bank that lends, as a legal entity: never the union (LN-08).

    `complaint_channel` says in words where else a complaint can be made, such as
    营业网点、微信小程序“投诉建议”.
    """

    legal_name: str
    address: str
    service_phone: str
    complaint_phone: str
    complaint_channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrower:
    """The person who borrows; the ID number is whole, because it says who is bound."""

    name: str
    id_number: str
    phone: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How the price came about (INT-01) and what it costs all in (LN-10).

    `annual_rate` and `lpr_rate` are annual per cent, `spread_bp` basis points over LPR (may be negative).
    `all_in_basis` says how `all_in_annual_rate` was computed: monthly internal rate times 12, or simple. `repricing`
    says when the price follows a newer LPR, if ever.
    """

    annual_rate: Decimal
    lpr_rate: Decimal
    lpr_tenor: Tenor
    lpr_date: date
    spread_bp: int
    all_in_annual_rate: Decimal
    all_in_basis: AllInBasis
    day_count: DayCount
    repricing: Repricing = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What default costs (PEN-01, 银发〔2003〕251号).

    The markups are per cent on the contract rate (50 = half as much again). `compound` says whether unpaid interest is
    compounded at the penalty rate, `compound_on_penalty` whether unpaid penalty interest is as well. Within `grace_days`
    nothing is charged or reported.
    """

    overdue_markup_percent: Decimal
    misuse_markup_percent: Decimal
    compound: bool
    grace_days: int = 0
    compound_on_penalty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """One row of the schedule: fen due on the day, and fen of principal left after it."""

    number: int
    due_date: date
    principal_fen: int
    interest_fen: int
    balance_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivingAccount:
    """The borrower's own account that the money goes to; the number is whole."""

    number: str
    bank_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """To whom the lender passes the money on, on the borrower's behalf (受托支付, LN-03); the number is whole.

    `bank_name` is `None` where the borrower has not named it.
    """

    name: str
    number: str
    bank_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A text that the borrower confirmed before signing: its id, and the SHA-256 of its words (hex)."""

    title: str
    id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementNamed:
    """The agreement of a line under which a drawdown is made: its number and the day on which it was signed."""

    number: str
    contract_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractData:
    """All that one loan contract states, or one voucher (借据): then `agreement` names what it is drawn under.

    `contract_date` (a business date) is printed; `made_at` (wall time) is only the file's creation date,
    given so that the same data make the same bytes. `template_version` names the template and its version in
    the foot of each page. `payee` is `None` where the borrower is paid themself (自主支付).
    `early_repayment_fee_percent` is per cent of the principal repaid early, 0 where nothing is charged (EARLY-01).
    `shifts_due_dates`: a due date on a holiday falls on the next working day (INT-07). `repayment_order` names in
    words which debt of an instalment is paid first, and above `principal_first_days` overdue principal comes before all of
    them (ALLOC-01). `dispute_court` is the agreed court in words, such as 贷款人住所地有管辖权的人民法院.

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
    principal_fen: int
    purpose: str
    term_months: int
    start_date: date
    maturity_date: date
    method: Method
    rate: Rate
    penalty: Penalty
    instalments: tuple[Instalment, ...]
    account: ReceivingAccount
    disclosure: Confirmation
    consents: tuple[Confirmation, ...]
    early_repayment_fee_percent: Decimal = Decimal(0)
    shifts_due_dates: bool = False
    payee: Payee | None = None
    repayment_order: tuple[str, ...] = DEBTS
    principal_first_days: int = 90
    dispute_court: str = COURT
    agreement: AgreementNamed | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself: a signed contradiction cannot be taken back."""
        refuse_if(self.made_at.tzinfo is None, "made_at must be aware")
        refuse_blanks(asdict(self), type(self).__name__)
        _check_schedule(self)
        _check_rates(self)
        for confirmation in (self.disclosure, *self.consents):
            refuse_if(not SHA256.fullmatch(confirmation.sha256), f"{confirmation.title}: not a SHA-256 in hex")


def as_view(data: ContractData) -> dict[str, Any]:
    """Return what a template sees as `sys.inputs.data`, ready for JSON.

    These are the fields of `ContractData` under their own names. Three shapes differ from the class, so that
    a template computes nothing: an amount `x_fen` becomes `x` = `{figures: "100,000.00", capitals:
    "壹拾万元整"}`, both from the same fen; a rate is text (`"6.00"`, up to four decimals); a date is ISO
    text, but `made_at` is `{year, month, day, hour, minute, second}` in UTC. Added are `total_interest`,
    `total`, each instalment's `total`, and the penalty rates worked out (`penalty.overdue_rate`,
    `penalty.misuse_rate`).
    """
    total_interest_fen = sum(row.interest_fen for row in data.instalments)
    view: dict[str, Any] = plain(asdict(data))
    view["made_at"] = moment_parts(data.made_at)
    view["total_interest"] = _amount(total_interest_fen)
    view["total"] = _amount(data.principal_fen + total_interest_fen)
    for row, shown in zip(data.instalments, view["instalments"], strict=True):
        shown["total"] = _amount(row.principal_fen + row.interest_fen)
    view["penalty"]["overdue_rate"] = per_cent(marked_up(data.rate.annual_rate, data.penalty.overdue_markup_percent))
    view["penalty"]["misuse_rate"] = per_cent(marked_up(data.rate.annual_rate, data.penalty.misuse_markup_percent))
    return view


def moment_parts(moment: datetime) -> dict[str, int]:
    """Return a moment in UTC as a template takes it."""
    utc = moment.astimezone(UTC)
    return {part: getattr(utc, part) for part in ("year", "month", "day", "hour", "minute", "second")}


def plain(value: Any) -> Any:
    """Turn a dataclass's dict into JSON values, amounts and rates as `as_view` promises."""
    if isinstance(value, dict):
        return dict(
            (key.removesuffix("_fen"), _amount(inner)) if key.endswith("_fen") else (key, _field(key, inner))
            for key, inner in value.items()
        )
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def _field(key: str, value: Any) -> Any:
    if isinstance(value, Decimal):
        return per_cent(value) if key.endswith("_rate") else _shortest(value)
    return plain(value)


def _amount(fen: int) -> dict[str, str]:
    yuan, _, decimals = fen_to_yuan(fen).partition(".")
    return {"figures": f"{int(yuan):,}.{decimals}", "capitals": in_capitals(fen)}


def per_cent(rate: Decimal) -> str:
    """Write a rate with at least two decimals and no further noughts: 6.0000 as 6.00, 4.3501 as it is."""
    return max(_shortest(rate), f"{rate:.2f}", key=len)


def _shortest(number: Decimal) -> str:
    return format(number.normalize(), "f")


def marked_up(rate: Decimal, markup_percent: Decimal) -> Decimal:
    """Return a contract rate with what default adds to it, in per cent."""
    return rate * (100 + markup_percent) / 100


def refuse_if(wrong: bool, reason: str) -> None:  # noqa: FBT001 -- reads as "refuse if …, because …"
    """Refuse a contradiction.

    Raises:
        ContractDataError: there is one.
    """
    if wrong:
        raise ContractDataError(reason)


def refuse_blanks(value: object, name: str) -> None:
    """Refuse an empty text anywhere: a blank in a contract is a gap that somebody may fill in later."""
    if isinstance(value, str):
        refuse_if(not value.strip(), f"{name} is empty")
    elif isinstance(value, dict):
        for key, inner in value.items():
            refuse_blanks(inner, key)
    elif isinstance(value, tuple):
        for inner in value:
            refuse_blanks(inner, name)


def _check_schedule(data: ContractData) -> None:
    """Refuse a schedule that does not repay exactly the principal (INT-08), or is out of order."""
    refuse_if(data.principal_fen <= 0, "principal_fen must be positive")
    refuse_if(data.term_months <= 0, "term_months must be positive")
    refuse_if(not data.instalments, "no instalments")
    balance_fen, due_after = data.principal_fen, data.start_date
    for number, row in enumerate(data.instalments, start=1):
        balance_fen -= row.principal_fen
        refuse_if(row.number != number, f"instalment {row.number} stands in place {number}")
        refuse_if(min(row.principal_fen, row.interest_fen, row.balance_fen) < 0, f"instalment {number} is negative")
        refuse_if(row.balance_fen != balance_fen, f"instalment {number} leaves another balance than it says")
        refuse_if(row.due_date <= due_after, f"instalment {number} is not due after the one before")
        due_after = row.due_date
    refuse_if(balance_fen != 0, "the instalments do not repay the principal")
    refuse_if(due_after != data.maturity_date, "the last instalment is not due at maturity")


def _check_rates(data: ContractData) -> None:
    """Refuse a rate that is not LPR plus its spread (INT-01), or an all-in rate below it (LN-10)."""
    rate, penalty = data.rate, data.penalty
    refuse_if(rate.annual_rate != price(rate.lpr_rate, rate.spread_bp), "annual_rate is not LPR plus the spread")
    refuse_if(rate.annual_rate <= 0, "annual_rate must be positive")
    refuse_if(rate.all_in_annual_rate < rate.annual_rate, "all_in_annual_rate is below annual_rate")
    refuse_if(min(penalty.overdue_markup_percent, penalty.misuse_markup_percent) < 0, "a penalty markup is negative")
    refuse_if(penalty.grace_days < 0, "grace_days is negative")
    refuse_if(data.early_repayment_fee_percent < 0, "early_repayment_fee_percent is negative")
    refuse_if(len(set(data.repayment_order)) != len(DEBTS), "repayment_order does not name each debt once")
    refuse_if(data.principal_first_days <= 0, "principal_first_days must be positive")
