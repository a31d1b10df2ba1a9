"""What a record for the credit bureau says: the account as it stands, its month, the string of its last months; pure.

The fields follow what is generally known of the second-generation credit reporting system (二代征信, [K]): which moments are
reported, the stages of overdue 1 to 7, the letters of the payment string. The official interface specification is not public
here: a bank's compliance checks this mapping against it before the first file goes out. Amounts are fen in the record
(`…_fen`) and yuan in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from core.money import fen_to_yuan
from lending.loans.buckets import bucket_of

SCHEMA: Final = "bureau-record/1"
MONTHS: Final = 24
NOT_YET_OPEN: Final = "/"
NOTHING_DUE: Final = "*"
IN_ORDER: Final = "N"
SETTLED_STATE: Final = "C"
GIVEN_UP: Final = "B"
NORMAL: Final = "normal"
BAD_CLASSES: Final = frozenset({"substandard", "doubtful", "loss"})
AGES: Final = (("31_60", 31, 60), ("61_90", 61, 90), ("91_180", 91, 180), ("over_180", 181, None))
Content = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account that a record is of: contract number and terms, the principal in fen."""

    contract_number: str
    principal_fen: int
    opened_date: date
    maturity_date: date
    method: str
    instalments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrears:
    """What is overdue of one instalment: its due date and the principal that is unpaid, in fen."""

    due_date: date
    principal_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEndOfDay:
    """How a loan stood at the end of a day; amounts in fen. `due_in_month_fen` is what the schedule asked for that month."""

    balance_fen: int
    remaining_instalments: int
    overdue_days: int
    overdue_fen: int
    arrears: tuple[Arrears, ...]
    classification: str
    due_in_month_fen: int
    paid_in_month_fen: int
    settled_date: date | None
    is_written_off: bool = False


def content_of(account: Account, state: AtEndOfDay, *, moment: str, on: date, moved_fen: int, before: str) -> Content:
    """Say what is reported of an account at a moment; `before` is the payment string up to the month before."""
    letter = payment_state(state)
    return {
        "moment": moment,
        "date": on.isoformat(),
        "account": account.contract_number,
        "account_type": "revolving_draw",
        "principal_fen": account.principal_fen,
        "opened_date": account.opened_date.isoformat(),
        "maturity_date": account.maturity_date.isoformat(),
        "method": account.method,
        "instalments": account.instalments,
        "remaining_instalments": state.remaining_instalments,
        "state": _state_word(state),
        "balance_fen": state.balance_fen,
        "moved_fen": moved_fen,
        "overdue_days": state.overdue_days,
        "overdue_stage": bucket_of(state.overdue_days),
        "overdue_fen": state.overdue_fen,
        "overdue_principal_fen": sum(each.principal_fen for each in state.arrears),
        "overdue_instalments": len(state.arrears),
        **_by_age(state.arrears, on),
        "classification": state.classification,
        "due_in_month_fen": state.due_in_month_fen,
        "paid_in_month_fen": state.paid_in_month_fen,
        "payment_state": letter,
        "payment_states": (NOT_YET_OPEN * MONTHS + before + letter)[-MONTHS:],
        "settled_date": None if state.settled_date is None else state.settled_date.isoformat(),
    }


def _state_word(state: AtEndOfDay) -> str:
    if state.settled_date is not None:
        return "settled"
    if state.is_written_off:
        return "written_off"
    return "overdue" if state.overdue_days else NORMAL


def _by_age(arrears: tuple[Arrears, ...], on: date) -> dict[str, int]:
    """Return the overdue principal by how long it is overdue; up to thirty days it is in no age."""
    ages = {f"overdue_principal_{name}_fen": 0 for name, _, _ in AGES}
    for each in arrears:
        days = (on - each.due_date).days
        for name, first, last in AGES:
            if days >= first and (last is None or days <= last):
                ages[f"overdue_principal_{name}_fen"] += each.principal_fen
    return ages


def payment_state(state: AtEndOfDay) -> str:
    """Return a month's letter: the stage of overdue, `C` settled, `B` written off, `N` in order, `*` where nothing fell due."""
    if state.settled_date is not None:
        return SETTLED_STATE
    if state.is_written_off:
        return GIVEN_UP
    if state.overdue_days:
        return str(bucket_of(state.overdue_days))
    return IN_ORDER if state.due_in_month_fen else NOTHING_DUE


def is_negative(content: Mapping[str, Any]) -> bool:
    """Tell whether a record is bad information: overdue at all, or in one of the three bad classes."""
    return bool(content["overdue_days"]) or content["classification"] in BAD_CLASSES


def not_overdue(content: Mapping[str, Any]) -> Content:
    """Return a record's content without its arrears: they were no fault of the borrower's (技术性逾期)."""
    letter = IN_ORDER if content["due_in_month_fen"] else NOTHING_DUE
    cleared = {name: 0 for name in content if name.startswith("overdue_")}
    return {
        **content,
        **cleared,
        "state": NORMAL if content["state"] == "overdue" else content["state"],
        "classification": NORMAL,
        "payment_state": letter,
        "payment_states": content["payment_states"][:-1] + letter,
    }


def with_letter(content: Mapping[str, Any], *, of_month: date, letter: str) -> Content:
    """Return a later record's content whose payment string has another letter for one month."""
    on = date.fromisoformat(content["date"])
    back = (on.year - of_month.year) * 12 + on.month - of_month.month
    states = content["payment_states"]
    if not 0 < back < MONTHS:
        return dict(content)
    place = MONTHS - 1 - back
    return {**content, "payment_states": states[:place] + letter + states[place + 1 :]}


def line_of(
    content: Mapping[str, Any], *, record: str, corrects: str | None, bank: str, person: Mapping[str, str]
) -> Content:
    """Return a record as the file has it: with bank and person, amounts in yuan (docs/bureau-record.schema.json)."""
    amounts = {
        name.removesuffix("_fen"): fen_to_yuan(value) if name.endswith("_fen") else value
        for name, value in content.items()
    }
    return {"schema": SCHEMA, "record": record, "corrects": corrects, "bank": bank, "person": dict(person), **amounts}
