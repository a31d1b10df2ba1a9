"""The terms from which a schedule is made, checked when they are put together, and the rows that come out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

from core.money import MAX_FEN, fen_to_yuan
from lending.loans.day_count import DayCount
from lending.loans.due_dates import DueDates, due_dates, quarterly_due_dates, working_day_from
from lending.loans.errors import InvalidTermError
from lending.loans.rates import checked_annual_rate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

MAX_PERIODS = 360
MAX_DUE_DAY = 31
FIRST_YEAR = 1949
LAST_YEAR = 2199


class RepaymentMethod(StrEnum):
    """How a loan is repaid, by the words of the contract with the front end."""

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_ONLY = "interest_only"
    BULLET = "bullet"
    PAY_ANY_DAY = "pay_any_day"


class Settlement(StrEnum):
    """How often the interest of a loan is settled whose principal falls due at the end (INT-06)."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


SETTLED_BY_QUARTER: Final = frozenset({RepaymentMethod.INTEREST_ONLY, RepaymentMethod.PAY_ANY_DAY})
"""The methods whose interest may be settled by quarter; the others have it in each instalment or at the end."""
ALL_AT_MATURITY: Final = frozenset({RepaymentMethod.BULLET, RepaymentMethod.PAY_ANY_DAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTerms:
    """What fixes a schedule. Terms that exist are valid; wrong ones raise on construction.

    `principal_fen` is the loan in fen, `annual_rate` the contract rate in per cent (at most four decimals),
    `periods` the months of term. `method` and `day_count` are words of `RepaymentMethod` and `DayCount`. See
    `due_dates` for the three dates. `instalment_multiple_fen` rounds the instalment of `equal_instalment`,
    half up to the nearest. A due date on one of the
    `non_working` days falls on the next day that is none of them, and interest runs until then (INT-07).

    Raises:
        InvalidTermError: a value is out of its range, or two contradict each other.
    """

    principal_fen: int
    annual_rate: Decimal
    method: str
    periods: int
    start_date: date
    day_count: str
    first_due_date: date | None = None
    due_day: int | None = None
    instalment_multiple_fen: int | None = None
    non_working: frozenset[date] = frozenset()
    settlement: str = Settlement.MONTHLY

    def __post_init__(self) -> None:
        """Check every value, then that they fit together."""
        _check_amount("principal_fen", self.principal_fen)
        object.__setattr__(self, "annual_rate", checked_annual_rate(self.annual_rate))
        _check_word("method", "还款方式", self.method, list(RepaymentMethod))
        _check_count("periods", "期数", self.periods, most=MAX_PERIODS, unit="个月")
        _check_date("start_date", "起始日", self.start_date)
        _check_word("day_count", "计息基础", self.day_count, list(DayCount))
        if self.first_due_date is not None:
            _check_date("first_due_date", "首次还款日", self.first_due_date)
        if self.due_day is not None:
            _check_count("due_day", "每月还款日", self.due_day, most=MAX_DUE_DAY, unit="日")
        _check_word("settlement", "结息方式", self.settlement, list(Settlement))
        if self.settlement == Settlement.QUARTERLY:
            _check_quarterly(self)
        if self.instalment_multiple_fen is not None:
            _check_multiple(self.method, self.instalment_multiple_fen)
        self.due_dates()

    def due_dates(self) -> DueDates:
        """Return the dates on which the loan falls due; for `bullet` and `pay_any_day` that is maturity alone.

        Interest that is settled by quarter falls due then as well. Two dates that a long holiday moves onto one day are one.
        """
        if self.settlement == Settlement.QUARTERLY:
            quarters = quarterly_due_dates(start_date=self.start_date, periods=self.periods)
            return DueDates(self._moved(quarters.dates), quarters.anchor_day)
        at_once = self.method in ALL_AT_MATURITY and self.first_due_date is None  # the due day has nothing to fix
        due = due_dates(
            start_date=self.start_date,
            periods=self.periods,
            first_due_date=self.first_due_date,
            due_day=None if at_once else self.due_day,
        )
        dates = due.dates[-1:] if self.method in ALL_AT_MATURITY else due.dates
        return DueDates(self._moved(dates), due.anchor_day)

    def _moved(self, dates: Sequence[date]) -> tuple[date, ...]:
        return tuple(dict.fromkeys(working_day_from(day, self.non_working) for day in dates))


@dataclass(frozen=True, slots=True)
class Instalment:
    """One row of a schedule: what falls due on a day, and the principal that is left after it. All in fen."""

    number: int
    due_date: date
    principal_fen: int
    interest_fen: int
    balance_fen: int

    @property
    def total_fen(self) -> int:
        """Principal and interest together, in fen."""
        return self.principal_fen + self.interest_fen


AllInBasis = Literal["irr", "simple"]


@dataclass(frozen=True, slots=True)
class AllInRate:
    """The all-in annual rate in per cent, four decimals, and how it was found.

    `irr` is the monthly internal rate × 12; `simple` is cost over principal in use and days, and must be
    labelled so.
    """

    annual_rate: Decimal
    basis: AllInBasis


@dataclass(frozen=True, slots=True)
class Schedule:
    """A complete schedule. The principal of its rows adds up to the loan and the last balance is zero."""

    instalments: tuple[Instalment, ...]
    total_interest_fen: int
    all_in_annual_rate: Decimal
    all_in_basis: AllInBasis

    @property
    def maturity_date(self) -> date:
        """The day on which the last instalment falls due."""
        return self.instalments[-1].due_date

    @property
    def total_fen(self) -> int:
        """All that is paid over the life of the loan, in fen."""
        return sum(row.total_fen for row in self.instalments)


def _check_amount(field: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTermError(field, "金额应为整数分", "请给出整数")
    if not 1 <= value <= MAX_FEN:
        detail = f"金额应大于零且不超过 {fen_to_yuan(MAX_FEN)} 元"
        raise InvalidTermError(field, detail, "请改为范围内的金额，例如 1000.00")


def _check_count(field: str, name: str, value: object, *, most: int, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidTermError(field, f"{name}应为整数", "请给出整数")
    if not 1 <= value <= most:
        raise InvalidTermError(field, f"{name}应在 1 至 {most} {unit}之间", "请改为范围内的整数")


def _check_date(field: str, name: str, value: object) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidTermError(field, f"{name}应为日期", "请写成 2026-11-22 这样的形式")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        detail = f"{name}应在 {FIRST_YEAR} 年至 {LAST_YEAR} 年之间"
        raise InvalidTermError(field, detail, "请检查年份")


def _check_word(field: str, name: str, value: object, words: Sequence[str]) -> None:
    if value not in words:
        raise InvalidTermError(field, f"不认识的{name} {value!r}", f"请用 {'、'.join(words)}")


def _check_quarterly(terms: ScheduleTerms) -> None:
    if terms.method not in SETTLED_BY_QUARTER:
        detail = "只有先息后本（interest_only）和随借随还（pay_any_day）可以按季结息"
        raise InvalidTermError("settlement", detail, "请改为按月结息，或改用上述还款方式")
    if terms.due_day is not None or terms.first_due_date is not None:
        raise InvalidTermError("settlement", "按季结息的还款日固定为季末月 21 日", "请去掉固定还款日和首次还款日")


def _check_multiple(method: str, multiple_fen: object) -> None:
    if method != RepaymentMethod.EQUAL_INSTALMENT:
        detail = "只有等额本息（equal_instalment）的每期金额可以取整"
        raise InvalidTermError("instalment_multiple_fen", detail, "请去掉取整，或改用等额本息")
    _check_amount("instalment_multiple_fen", multiple_fen)
