"""What a paper states, as its template takes it: every amount in figures and in capitals, made from the same fen.

A paper's facts are plain JSON without number and date of issue. So the same facts are the same paper, and whoever asks again
while nothing has changed gets the file that there is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from core.money import fen_to_yuan, in_capitals

Facts = dict[str, Any]
PARTS: Final = (
    ("principal_fen", "本金"),
    ("interest_fen", "利息"),
    ("penalty_fen", "罚息"),
    ("compound_fen", "复利"),
    ("fee_fen", "手续费"),
)
EXCESS: Final = ("excess_fen", "多还款项（待退还）")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands on every paper: the bank by its legal name, the borrower, contract and product.

    PII: name and ID number; values stay out of `repr`.
    """

    legal_name: str
    service_phone: str
    complaint_phone: str
    customer_name: str = field(repr=False)
    customer_id_number: str = field(repr=False)
    contract_number: str
    product_name: str

    def facts(self) -> Facts:
        """Return them as a template takes them."""
        return {
            "bank": {
                "legal_name": self.legal_name,
                "service_phone": self.service_phone,
                "complaint_phone": self.complaint_phone,
            },
            "customer": {"name": self.customer_name, "id_number": self.customer_id_number},
            "contract_number": self.contract_number,
            "product_name": self.product_name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One movement on a loan, in fen: the loan paid out, a repayment, or (negative) one that was taken back.

    `penalty_fen` includes compound interest; `excess_fen` is what was more than the debt. `balance_fen` is the principal
    that is left after it.
    """

    on: date
    label: str
    principal_fen: int
    interest_fen: int = 0
    penalty_fen: int = 0
    fee_fen: int = 0
    excess_fen: int = 0
    balance_fen: int = 0
    lends: bool = False

    @property
    def other_fen(self) -> int:
        """All but principal and interest."""
        return self.penalty_fen + self.fee_fen + self.excess_fen

    @property
    def total_fen(self) -> int:
        """All of it."""
        return self.principal_fen + self.interest_fen + self.other_fen


def amount(fen: int) -> dict[str, str]:
    """Return an amount as templates show it: `100,000.00` and `壹拾万元整`; a negative one has no capitals."""
    yuan, _, decimals = fen_to_yuan(abs(fen)).partition(".")
    sign = "-" if fen < 0 else ""
    return {"figures": f"{sign}{int(yuan):,}.{decimals}", "capitals": "" if fen < 0 else in_capitals(fen)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaid:
    """One posted repayment as its receipt tells it: `parts_fen` by the names of `PARTS` and `EXCESS`, the account masked."""

    value_date: date
    posted_at: datetime
    account: str
    kind: str
    parts_fen: Mapping[str, int]
    balance_after_fen: int
    settled: bool
    instalments: tuple[int, ...]


def receipt(heading: Heading, repaid: Repaid) -> Facts:
    """State what one repayment paid."""
    parts = (*PARTS, EXCESS) if repaid.parts_fen[EXCESS[0]] else PARTS
    return {
        **heading.facts(),
        "value_date": repaid.value_date.isoformat(),
        "posted_at": f"{repaid.posted_at:%Y-%m-%d %H:%M:%S}",
        "account": repaid.account,
        "kind": repaid.kind,
        "total": amount(sum(repaid.parts_fen.values())),
        "parts": [{"label": label, "amount": amount(repaid.parts_fen[name])} for name, label in parts],
        "balance_after": amount(repaid.balance_after_fen),
        "settled": repaid.settled,
        "instalments": list(repaid.instalments),
    }


def settlement(
    heading: Heading,
    *,
    principal_fen: int,
    start_date: date,
    maturity_date: date,
    settled_date: date,
    repaid_fen: Mapping[str, int],
) -> Facts:
    """State that nothing is owed any more; `repaid_fen` is what was paid in all, by principal, interest, penalty, fee."""
    return {
        **heading.facts(),
        "principal": amount(principal_fen),
        "start_date": start_date.isoformat(),
        "maturity_date": maturity_date.isoformat(),
        "settled_date": settled_date.isoformat(),
        "repaid": {name: amount(fen) for name, fen in repaid_fen.items()},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of a loan as a statement repeats them; the rate is annual per cent, as text."""

    principal_fen: int
    annual_rate: str
    start_date: date
    maturity_date: date
    method: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """One instalment that falls due in a statement's period, in fen."""

    number: int
    due_date: date
    principal_fen: int
    interest_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingNow:
    """What is owed on a statement's last day, where that is the present business date; in fen."""

    due_fen: int
    overdue_fen: int
    overdue_days: int
    accrued_fen: int


def statement(
    heading: Heading,
    *,
    from_date: date,
    to_date: date,
    terms: Terms,
    opening_fen: int,
    movements: Sequence[Movement],
    due: Sequence[DueRow],
    standing: StandingNow | None,
) -> Facts:
    """State what happened on a loan in a period; the closing balance is the opening one and the movements."""
    closing_fen = movements[-1].balance_fen if movements else opening_fen
    return {
        **heading.facts(),
        "from_date": from_date.isoformat(),
        "to_date": to_date.isoformat(),
        "principal": amount(terms.principal_fen),
        "annual_rate": terms.annual_rate,
        "start_date": terms.start_date.isoformat(),
        "maturity_date": terms.maturity_date.isoformat(),
        "method": terms.method,
        "status": terms.status,
        "opening": amount(opening_fen),
        "closing": amount(closing_fen),
        "sums": {name: amount(fen) for name, fen in _sums(movements).items()},
        "movements": [_movement(row) for row in movements],
        "due": [_due(row) for row in due],
        "standing": None
        if standing is None
        else {
            "due": amount(standing.due_fen),
            "overdue": amount(standing.overdue_fen),
            "overdue_days": standing.overdue_days,
            "accrued": amount(standing.accrued_fen),
        },
    }


def _sums(movements: Sequence[Movement]) -> dict[str, int]:
    repaid = [row for row in movements if not row.lends]
    return {
        "lent": sum(row.principal_fen for row in movements if row.lends),
        "principal": sum(row.principal_fen for row in repaid),
        "interest": sum(row.interest_fen for row in repaid),
        "penalty": sum(row.penalty_fen for row in repaid),
        "fee": sum(row.fee_fen for row in repaid),
        "excess": sum(row.excess_fen for row in repaid),
    }


def _movement(row: Movement) -> Facts:
    return {
        "date": row.on.isoformat(),
        "label": row.label,
        "total": amount(row.total_fen),
        "principal": amount(row.principal_fen),
        "interest": amount(row.interest_fen),
        "other": amount(row.other_fen),
        "balance": amount(row.balance_fen),
    }


def _due(row: DueRow) -> Facts:
    return {
        "number": row.number,
        "due_date": row.due_date.isoformat(),
        "principal": amount(row.principal_fen),
        "interest": amount(row.interest_fen),
        "total": amount(row.principal_fen + row.interest_fen),
    }


def notice(
    heading: Heading,
    *,
    as_of_date: date,
    overdue_since: date,
    overdue_days: int,
    overdue_fen: int,
    outstanding_fen: int,
    report_from_date: date,
) -> Facts:
    """Tell the borrower what is going to be reported, and from when (征信业管理条例 第十五条)."""
    return {
        **heading.facts(),
        "as_of_date": as_of_date.isoformat(),
        "overdue_since": overdue_since.isoformat(),
        "overdue_days": overdue_days,
        "overdue": amount(overdue_fen),
        "outstanding": amount(outstanding_fen),
        "report_from_date": report_from_date.isoformat(),
    }


def canonical(facts: Facts) -> str:
    """Write facts so that the same facts are the same text: JSON, sorted keys, no blanks."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def view(facts: Facts, *, number: str, issued_date: date, made_at: datetime) -> Facts:
    """Return what the template is given: the facts, the paper's number, its day, and the file's creation time (UTC)."""
    moment = made_at.astimezone(UTC)
    parts = ("year", "month", "day", "hour", "minute", "second")
    return {
        **facts,
        "number": number,
        "issued_date": issued_date.isoformat(),
        "made_at": {part: getattr(moment, part) for part in parts},
    }
