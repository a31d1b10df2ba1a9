"""A loan by the rules, lived through one day at a time (domain B3), independent of the product's code.

Money is whole fen, everything else an exact fraction; every figure is rounded once, half up, when somebody asks for it.
A day goes like this: in the morning what falls due on it falls due; during the day things happen; the night costs what is
then unpaid its interest. What stood in the rules as "up to a day, that day excluded" is so the sum over the nights before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from tests.lending.audit.days import ONE_DAY, base_of, grows, half_up, nights

KINDS = ("fee", "compound", "penalty", "interest", "principal")
AHEAD = 0
"""The number of the share that pays principal before any instalment asks for it."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What was agreed. Rates are annual and exact (6 % is 6/100), amounts fen."""

    principal: int
    rate: Fraction
    method: str
    start: date
    due_dates: tuple[date, ...]
    anchor: int
    day_count: str = "30/360"
    markup: Fraction = Fraction(1, 2)
    misuse_markup: Fraction = Fraction(1)
    compound: bool = True
    compound_on_penalty: bool = False
    grace: int = 0
    min_days: int = 0
    fee: Fraction = Fraction(0)
    order: tuple[str, ...] = KINDS
    principal_first_above: int = 90


@dataclass(frozen=True, kw_only=True)
class MoneyIn:
    """A repayment of a total on its value date; `keep` is what a part paid early leaves as it is."""

    key: object
    day: date
    kind: str
    total: int
    keep: str = "term"


@dataclass(frozen=True, kw_only=True)
class NewRate:
    """The contract rate from a day on (INT-01)."""

    day: date
    rate: Fraction


@dataclass(frozen=True, kw_only=True)
class Misuse:
    """The money is used for something else, from a day on (PEN-01)."""

    day: date


@dataclass(frozen=True, kw_only=True)
class NewDates:
    """What is not due yet falls due on other days (EXT-01)."""

    day: date
    due_dates: tuple[date, ...]


Happening = MoneyIn | NewRate | Misuse | NewDates
Amounts = dict[str, int]


def nothing() -> Amounts:
    """Return no money of any kind."""
    return dict.fromkeys(KINDS, 0)


def total_of(amounts: Amounts) -> int:
    """Add up all kinds."""
    return sum(amounts.values())


@dataclass
class Row:
    """One instalment: what it asks for, what was paid on it, and what its lateness has cost up to last night."""

    number: int
    due_date: date
    principal: int
    interest: int
    paid: Amounts = field(default_factory=nothing)
    penalty_cost: Fraction = Fraction(0)
    compound_cost: Fraction = Fraction(0)
    nights_since_due: Fraction = Fraction(0)
    nights_squared: Fraction = Fraction(0)
    last_paid: date | None = None

    @property
    def unpaid_principal(self) -> int:
        return self.principal - self.paid["principal"]

    @property
    def unpaid_interest(self) -> int:
        return self.interest - self.paid["interest"]

    def owed(self) -> Amounts:
        """Return what is unpaid of it now that it has fallen due."""
        return {
            "fee": 0,
            "compound": half_up(self.compound_cost) - self.paid["compound"],
            "penalty": half_up(self.penalty_cost) - self.paid["penalty"],
            "interest": self.unpaid_interest,
            "principal": self.unpaid_principal,
        }

    @property
    def unpaid_penalty(self) -> Fraction:
        """Return the penalty that is unpaid: exact while it grows, in whole fen once the principal is paid."""
        cost = self.penalty_cost if self.unpaid_principal else Fraction(half_up(self.penalty_cost))
        return cost - self.paid["penalty"]

    def night(self, day: date, cost: Fraction, contract: Contract) -> None:
        """Let a night cost what is unpaid its penalty; what is paid within grace was in time (PEN-01, INT-07)."""
        grace_ends, charged = self.due_date + timedelta(days=contract.grace), cost
        if day <= grace_ends:
            self.nights_since_due += cost
            self.nights_squared += cost * cost
            charged = self.nights_since_due
        if day < grace_ends:
            return
        principal, interest = self.unpaid_principal, self.unpaid_interest
        if contract.compound_on_penalty and day == grace_ends:
            # Of every two nights the later one costs what the earlier one has.
            pairs = (self.nights_since_due**2 - self.nights_squared) / 2
            self.compound_cost += principal * pairs
        elif contract.compound_on_penalty and (penalty := self.unpaid_penalty):
            self.compound_cost += penalty * cost
        if principal:
            self.penalty_cost += principal * charged
        if interest and contract.compound:
            self.compound_cost += interest * charged


@dataclass
class Paid:
    """What a repayment has paid, by instalment and kind, and what was more than the debt."""

    shares: dict[int, Amounts] = field(default_factory=dict)
    excess: int = 0

    @property
    def amounts(self) -> Amounts:
        return {kind: sum(share[kind] for share in self.shares.values()) for kind in KINDS}


class Loan:
    """A loan on a day, and how it came there."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.today = contract.start
        self.rates = [(contract.start, contract.rate)]
        self.misused_from: date | None = None
        self.fallen: list[Row] = []
        self.ahead: list[Row] = []
        self.interest_since = contract.start
        self.cost_of_a_fen = Fraction(0)
        self.carried = 0
        self.ended: list[Row] = []
        self.paid: dict[object, Paid] = {}
        self._make_rows(contract.principal, contract.due_dates)

    # What a night costs.

    def contract_rate(self, day: date) -> Fraction:
        """Return the contract rate of a day."""
        return [rate for since, rate in self.rates if since <= day][-1]

    def running_rate(self, day: date) -> Fraction:
        """Return what principal costs that is not due yet: the contract rate, or that of misuse (PEN-01)."""
        misused = self.misused_from is not None and day >= self.misused_from
        return self.contract_rate(day) * (1 + (self.contract.misuse_markup if misused else 0))

    def overdue_rate(self, day: date) -> Fraction:
        """Return what overdue money costs: the heavier of penalty and misuse, never both (PEN-01)."""
        misused = self.misused_from is not None and day >= self.misused_from
        markup = max(self.contract.markup, self.contract.misuse_markup if misused else 0)
        return self.contract_rate(day) * (1 + markup)

    def _cost_of_a_night(self, period_start: date, day: date) -> Fraction:
        """Return what one fen costs in the night after a day of a period: rate × the days by which the count grows."""
        grown = grows(self.contract.day_count, period_start, day, self.contract.anchor)
        return self.running_rate(day) * grown / base_of(self.contract.day_count)

    def _cost_of_a_period(self, start: date, end: date) -> Fraction:
        """Return what one fen costs in a period: night after night, those of one rate together."""
        count, anchor = self.contract.day_count, self.contract.anchor
        grown = Counter[Fraction]()
        changes = {day for day, _ in self.rates} | {self.misused_from}
        rate = self.running_rate(start)
        for day in nights(start, end):
            rate = self.running_rate(day) if day in changes else rate
            grown[rate] += grows(count, start, day, anchor)
        return sum((rate * days for rate, days in grown.items()), Fraction(0)) / base_of(count)

    # The plan.

    def _make_rows(self, principal: int, dates: Iterable[date], level: int | None = None) -> None:
        """Plan what is not due on dates by the method; a level that is given stays (EARLY-01, M1-M6, M8)."""
        dates = list(dates)
        number = self.fallen[-1].number + 1 if self.fallen else 1
        self.ahead = []
        if principal == 0 or not dates:
            return
        costs = [self._cost_of_a_period(start, end) for start, end in pairwise([self.interest_since, *dates])]
        self.level = self._level(principal, costs) if level is None else level
        left = principal
        for place, (due_date, cost) in enumerate(zip(dates, costs, strict=True)):
            interest = half_up(left * cost)
            share = left if due_date == dates[-1] else min(left, self._principal_of(interest))
            left -= share
            self.ahead.append(Row(number + place, due_date, share, interest + (self.carried if place == 0 else 0)))
            if left == 0:
                break

    def _level(self, principal: int, costs: list[Fraction]) -> int:
        """Return what stays the same in every row: the instalment whose present value is the loan, or its principal."""
        if self.contract.method == "equal_principal":
            return half_up(Fraction(principal, len(costs)))
        if self.contract.method != "equal_instalment":
            return 0
        discount, worth = Fraction(1), Fraction(0)
        for cost in costs:
            discount /= 1 + cost
            worth += discount
        return half_up(principal / worth)

    def _principal_of(self, interest: int) -> int:
        return max(0, self.level - interest) if self.contract.method == "equal_instalment" else self.level

    def _plan_again(self, principal: int, dates: Iterable[date] | None = None, *, keeps_level: bool = False) -> None:
        dates = [row.due_date for row in self.ahead] if dates is None else dates
        self._make_rows(principal, dates, self.level if keeps_level else None)

    # Days.

    def live_until(self, day: date) -> None:
        """Let the days pass until a day's morning."""
        while self.today < day:
            self._night()

    def _night(self) -> None:
        cost = self.overdue_rate(self.today) / base_of(self.contract.day_count) if self.fallen else Fraction(0)
        for row in self.fallen:
            row.night(self.today, cost, self.contract)
        if self.ahead:
            self.cost_of_a_fen += self._cost_of_a_night(self.interest_since, self.today)
        self.today += ONE_DAY
        if self.ahead and self.ahead[0].due_date == self.today:
            self.fallen.append(self.ahead.pop(0))
            self.interest_since, self.cost_of_a_fen, self.carried = self.today, Fraction(0), 0

    def happens(self, what: Happening) -> None:
        """Let something happen on its day."""
        self.live_until(what.day)
        if isinstance(what, MoneyIn):
            self.paid[what.key] = self._take(what)
        elif isinstance(what, NewDates):
            self._plan_again(self.not_due, what.due_dates)
        elif isinstance(what, NewRate):
            self.rates.append((what.day, what.rate))
            self._plan_again(self.not_due)
        else:
            self.misused_from = what.day
            self._plan_again(self.not_due)

    # What is owed.

    @property
    def not_due(self) -> int:
        """Return the principal that is not due yet."""
        return sum(row.unpaid_principal for row in self.ahead)

    @property
    def outstanding(self) -> int:
        """Return all principal that is unpaid."""
        return self.not_due + sum(row.unpaid_principal for row in self.fallen)

    def due(self) -> dict[int, Amounts]:
        """Return what has fallen due and is unpaid, by instalment, oldest first."""
        return {row.number: owed for row in self.fallen if any((owed := row.owed()).values())}

    def _is_late(self, row: Row) -> bool:
        return self.today > row.due_date + timedelta(days=self.contract.grace)

    def overdue(self) -> Amounts:
        """Return the part of it that is late."""
        late = [row.owed() for row in self.fallen if self._is_late(row)]
        return {kind: sum(owed[kind] for owed in late) for kind in KINDS}

    @property
    def is_over(self) -> bool:
        """Tell whether nothing is owed any more, now or later."""
        return not (self.ahead or self.due())

    @property
    def overdue_days(self) -> int:
        """Count from the oldest due date that is unpaid; 0 on it and within grace (PEN-02)."""
        unpaid = [row.due_date for row in self.fallen if self._is_late(row) and any(row.owed().values())]
        return (self.today - min(unpaid)).days if unpaid else 0

    def running(self, principal: int, *, at_least_min_days: bool = False) -> int:
        """Return the interest that principal not due has cost since it was last settled (INT-03, INT-04)."""
        cost, c = self.cost_of_a_fen, self.contract
        if at_least_min_days and self.today == c.start:
            cost = c.min_days * self.running_rate(c.start) / base_of(c.day_count)
        return half_up(principal * cost)

    @property
    def running_interest(self) -> int:
        """Return the interest that is running on all principal that is not due."""
        return self.carried + self.running(self.not_due)

    def fee(self, principal: int) -> int:
        """Return what the contract charges for principal paid early; what may be repaid any day never is (EARLY-01)."""
        return 0 if self.contract.method == "pay_any_day" else half_up(principal * self.contract.fee)

    def price_of_prepaying(self, principal: int) -> Amounts:
        """Return what it costs to pay principal before its time: its interest to the day, and the fee (M8)."""
        interest = self.running(principal, at_least_min_days=True)
        return nothing() | {"fee": self.fee(principal), "interest": interest, "principal": principal}

    def settlement(self) -> dict[int, Amounts]:
        """Return what ends the loan today, by instalment (M7)."""
        owed = self.due()
        for row in self.ahead:
            owed[row.number] = nothing() | {"principal": row.unpaid_principal}
        if self.ahead:
            first, last = self.ahead[0].number, self.ahead[-1].number
            owed[first]["interest"] = self.carried + self.running(self.not_due, at_least_min_days=True)
            owed[last]["fee"] = self.fee(self.not_due)
        return owed

    @property
    def contract_interest(self) -> int:
        """Return the contract interest that is unpaid up to today: what has fallen due, and what is running."""
        return 0 if self.is_over else sum(row.unpaid_interest for row in self.fallen) + self.running_interest

    @property
    def last_cleared(self) -> date | None:
        """Return the day on which an instalment was paid that had fallen due and is now paid in full."""
        return max(
            (row.last_paid for row in self.fallen if row.last_paid and not any(row.owed().values())), default=None
        )

    # Money comes in.

    def _take(self, money: MoneyIn) -> Paid:
        """Spread a repayment: what is due first, then what its kind pays early; the rest is too much (ALLOC-01/02).

        Whatever pays early ends the loan where it is enough for that.
        """
        debts = self.settlement()
        if money.kind != "due" and money.total >= sum(map(total_of, debts.values())):
            paid = self._spread(debts, money.total)
            self.ended += self.ahead  # nothing more, where another repayment of the day has ended it before
            self.ahead, self.carried = [], 0
            return paid
        debts = self.due()
        paid = self._spread(debts, money.total)
        if money.kind == "due" or not paid.excess or not self.not_due:
            return paid
        return self._pay_ahead(money, paid)

    def _pay_ahead(self, money: MoneyIn, paid: Paid) -> Paid:
        costs_min_days = self.contract.min_days > 0 and self.today == self.contract.start
        if self.contract.method == "pay_any_day" and not costs_min_days:
            share = self._pay_any(paid.excess)
        else:
            share = self._prepay(paid.excess, keeps_level=money.keep == "instalment")
        if total_of(share):
            paid.shares[AHEAD] = share
            paid.excess -= total_of(share)
        return paid

    def _spread(self, debts: dict[int, Amounts], money: int) -> Paid:
        paid = Paid(excess=money)
        for number, kind in list(self._in_order(debts)):
            part = min(paid.excess, debts[number][kind])
            if part:
                paid.shares.setdefault(number, nothing())[kind] += part
                paid.excess -= part
        for row in [*self.fallen, *self.ahead]:
            for kind, part in paid.shares.get(row.number, {}).items():
                row.paid[kind] += part
                row.last_paid = self.today
        return paid

    def _in_order(self, debts: dict[int, Amounts]) -> Iterator[tuple[int, str]]:
        """Give the debts as they are paid: oldest instalment first; principal before all above ninety days (ALLOC-01)."""
        if self.overdue_days > self.contract.principal_first_above:
            yield from ((number, "principal") for number in debts)
            yield from ((number, kind) for number in debts for kind in self.contract.order if kind != "principal")
        else:
            yield from ((number, kind) for number in debts for kind in self.contract.order)

    def _prepay(self, money: int, *, keeps_level: bool) -> Amounts:
        """Prepay the most principal that the money pays with its price."""
        principal = min(money, self.not_due)
        while principal and total_of(self.price_of_prepaying(principal)) > money:
            over = total_of(self.price_of_prepaying(principal)) - money
            principal -= max(1, over // 2)
        while principal < self.not_due and total_of(self.price_of_prepaying(principal + 1)) <= money:
            principal += 1
        if principal == 0:
            return nothing()
        price = self.price_of_prepaying(principal)
        self._plan_again(self.not_due - principal, keeps_level=keeps_level)
        return price

    def _pay_any(self, money: int) -> Amounts:
        """Pay the interest that runs, then principal; what is left of the interest waits for the due date (M5)."""
        interest = min(money, self.running_interest)
        principal = min(money - interest, self.not_due)
        left, carried = self.not_due - principal, self.running_interest - interest
        self.interest_since, self.cost_of_a_fen, self.carried = self.today, Fraction(0), carried
        self._plan_again(left)
        return nothing() | {"interest": interest, "principal": principal}


def lived(contract: Contract, happenings: Iterable[Happening], until: date) -> Loan:
    """Live a loan through all that has happened, in the order of value dates, up to a day (ALLOC-03)."""
    loan = Loan(contract)
    for what in sorted(happenings, key=lambda what: what.day):
        loan.happens(what)
    loan.live_until(until)
    return loan
