"""From rows to what the arithmetic reads: a loan's record, its facts, what it was called last and is by its facts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import Prefetch, QuerySet

from lending import parameters
from lending.loans.allocation import Allocation
from lending.loans.classification import Category
from lending.loans.day_count import DayCount
from lending.loans.judging import Judged, judged_to
from lending.loans.overdue import InstalmentRecord, Payment
from lending.loans.rate_history import PenaltyTerms, RateFrom
from lending.loans.repaying import Policy, RepaymentKind
from lending.loans.replanning import Keep
from lending.loans.replay import Fact, HolidayFact, MisuseFact, RateFact, RepaymentFact, RescheduleFact, opening_of
from lending.loans.standing import LoanRecord
from lending.models import Instalment, Loan, LoanEvent, Repayment, RepaymentShare
from lending.models.loan_event import FACTS, MISUSED, REPRICED
from lending.models.repayment import POSTED

PRESENT: Final = "present_rows"
OPEN_SHARES: Final = "open_shares"
ALL_ROWS: Final = "all_rows"
ALL_SHARES: Final = "all_shares"


def penalty_terms(loan: Loan) -> PenaltyTerms:
    """Return what a loan costs by its contract, repricings and misuse included."""
    return PenaltyTerms(
        annual_rate=loan.opening_rate,
        markup_percent=loan.overdue_markup_percent,
        day_count=DayCount(loan.day_count),
        compound=loan.compound_penalty,
        compound_on_penalty=loan.compound_on_penalty,
        grace_days=loan.grace_days,
        min_days=loan.min_days,
        later_rates=tuple(RateFrom(date.fromisoformat(day), Decimal(rate)) for day, rate in loan.rate_changes),
        misuse_markup_percent=loan.misuse_markup_percent,
        misused_from_date=loan.misused_from_date,
    )


def policy_of(loan: Loan) -> Policy:
    """Return what a loan's contract says of repayments.

    The order of the debts, and from when principal comes first, are written in the contract: what was in force when it
    was signed holds to the end, whatever the bank has changed since (`contracting.agreed_on` reads the same values).
    """
    signed = loan.contract.contract_date
    allocation = Allocation(
        order=parameters.allocation_order(signed), principal_first_above_days=parameters.non_accrual_days(signed)
    )
    return Policy(early_fee_percent=loan.early_repayment_fee_percent, allocation=allocation)


def record_of(loan: Loan) -> LoanRecord:
    """Read a loan as the arithmetic sees it, on any day; it is locked, or its `instalments__shares` are prefetched."""
    return _record(loan, tuple(_instalment(row, _paid_on(row)) for row in rows_in_force(loan)))


def present_record(loan: Loan) -> LoanRecord:
    """Read as much of a loan as its standing on the present business date needs, however much has happened before.

    Of a closed instalment that is its due date: nothing of it is owed, and nothing will be unless its row changes. Two
    statements, or none where `present_rows()` is prefetched.
    """
    return _record(loan, tuple(_at_present(row) for row in plan_at_present(loan)))


def plan_at_present(loan: Loan) -> list[Instalment]:
    """Return the instalments of the present plan, in order; see `present_record`."""
    kept: list[Instalment] | None = getattr(loan, PRESENT, None)
    return list(_present().filter(loan=loan)) if kept is None else kept


def present_rows() -> Prefetch[str]:
    """Return the prefetch of what `present_record` reads: the present plan, and what was paid on its open instalments."""
    return Prefetch("instalments", _present(), to_attr=PRESENT)


def keep_present_rows(loan: Loan, plan: Sequence[Instalment], paid: Iterable[RepaymentShare]) -> None:
    """Give a loan the rows of its present plan, and what was paid on those that are open, as they were read."""
    by_row: dict[uuid.UUID | None, list[RepaymentShare]] = {row.pk: [] for row in plan}
    for share in paid:
        by_row[share.instalment_id].append(share)
    for row in plan:
        setattr(row, OPEN_SHARES, by_row[row.pk])
    setattr(loan, PRESENT, list(plan))


def keep_all_rows(loan: Loan, rows: Iterable[Instalment], paid: Iterable[RepaymentShare]) -> None:
    """Give a loan all its rows, of every version, and what was paid on them, as they were read."""
    by_row: dict[uuid.UUID | None, list[RepaymentShare]] = {}
    for share in paid:
        by_row.setdefault(share.instalment_id, []).append(share)
    kept = list(rows)
    for row in kept:
        setattr(row, ALL_SHARES, by_row.get(row.pk, []))
    setattr(loan, ALL_ROWS, kept)


def forget_rows(loan: Loan) -> None:
    """Have a loan's rows read anew when they are asked for, because they have changed."""
    for kept in (ALL_ROWS, "_prefetched_objects_cache"):
        loan.__dict__.pop(kept, None)


def all_rows(loan: Loan) -> Iterable[Instalment]:
    """Return the instalments of every version of a loan's plan."""
    kept: list[Instalment] | None = getattr(loan, ALL_ROWS, None)
    return loan.instalments.all() if kept is None else kept


def _paid_on(row: Instalment) -> Iterable[RepaymentShare]:
    kept: list[RepaymentShare] | None = getattr(row, ALL_SHARES, None)
    return row.shares.all() if kept is None else kept


def _present() -> QuerySet[Instalment]:
    open_only = RepaymentShare.objects.filter(instalment__closed_date=None)
    rows = Instalment.objects.filter(replaced_by_version=None).order_by("number")
    return rows.prefetch_related(Prefetch("shares", open_only, to_attr=OPEN_SHARES))


def rows_in_force(loan: Loan) -> list[Instalment]:
    """Return the instalments of the present plan, in order."""
    rows = [row for row in all_rows(loan) if row.replaced_by_version is None]
    return sorted(rows, key=lambda row: row.number)


def opening_record(loan: Loan) -> LoanRecord:
    """Read a loan as it was opened: the first plan, nothing paid."""
    rows = sorted((row for row in all_rows(loan) if row.version == 1), key=lambda row: row.number)
    return opening_of(_record(loan, tuple(_instalment(row, _paid_on(row)) for row in rows)))


def _record(loan: Loan, instalments: tuple[InstalmentRecord, ...]) -> LoanRecord:
    return LoanRecord(
        start_date=loan.start_date,
        anchor_day=loan.anchor_day,
        terms=penalty_terms(loan),
        instalments=instalments,
        method=loan.method,
        settled_to_date=loan.settled_to_date,
        carried_interest_fen=loan.carried_interest_fen,
        ended_date=loan.settled_date,
    )


def _at_present(row: Instalment) -> InstalmentRecord:
    if row.closed_date is None:
        return _instalment(row, getattr(row, OPEN_SHARES))
    return InstalmentRecord(number=row.number, due_date=row.due_date, principal_fen=0, interest_fen=0)


def _instalment(row: Instalment, shares: Iterable[RepaymentShare]) -> InstalmentRecord:
    shares = sorted(shares, key=lambda share: (share.value_date, share.pk))
    return InstalmentRecord(
        number=row.number,
        due_date=row.due_date,
        principal_fen=row.principal_fen,
        interest_fen=row.interest_fen,
        payments=tuple(_payment(share) for share in shares),
    )


def _payment(share: RepaymentShare) -> Payment:
    return Payment(
        value_date=share.value_date,
        compound_fen=share.compound_fen,
        penalty_fen=share.penalty_fen,
        interest_fen=share.interest_fen,
        principal_fen=share.principal_fen,
    )


def facts_of(loan: Loan) -> list[Fact]:
    """Return everything that has happened to a loan and counts, in the order in which it was entered: by `sequence`."""
    repayments = Repayment.objects.filter(loan=loan, status=POSTED)
    events = LoanEvent.objects.filter(loan=loan, kind__in=FACTS)
    entered: list[tuple[int, Fact]] = [(row.sequence or 0, repayment_fact(row)) for row in repayments]
    entered += [(row.sequence or 0, _event_fact(row)) for row in events]
    return [fact for _, fact in sorted(entered, key=lambda item: item[0])]


def repayment_fact(row: Repayment) -> RepaymentFact:
    """Return a repayment as the fold sees it."""
    return RepaymentFact(
        key=row.pk, value_date=row.value_date, kind=RepaymentKind(row.kind), total_fen=row.total_fen,
        keep=Keep(row.keeps),
    )  # fmt: skip


def _event_fact(row: LoanEvent) -> Fact:
    if row.kind == REPRICED:
        return RateFact(value_date=row.business_date, annual_rate=Decimal(row.detail["annual_rate"]))
    if row.kind == MISUSED:
        return MisuseFact(value_date=date.fromisoformat(row.detail["from_date"]))
    if "moved" in row.detail:
        moved = dict(zip(dates_of(row.detail["moved"]), dates_of(row.detail["moved"].values()), strict=True))
        return HolidayFact(value_date=row.business_date, moved=moved)
    return RescheduleFact(
        value_date=row.business_date, due_dates=dates_of(row.detail["due_dates"]),
        is_extension=not row.detail.get("called_in", False),
    )  # fmt: skip


def dates_of(texts: Iterable[str]) -> tuple[date, ...]:
    """Read dates as events keep them."""
    return tuple(date.fromisoformat(text) for text in texts)


def judged_of(loan: Loan) -> Judged:
    """Return what a loan was called last."""
    return Judged(
        category=Category(loan.category),
        category_date=loan.category_date or loan.start_date,
        stage=loan.stage,
        is_non_accrual=loan.is_non_accrual,
        observed_until_date=loan.observed_until_date,
        restructured_until_date=loan.restructured_until_date,
    )


def judged_on(loan: Loan, day: date) -> Judged:
    """Return what a loan is called on a day by all that counts of its life now: value dates, not days of entry (ALLOC-03)."""
    policy = policy_of(loan)
    return judged_to(
        opening_record(loan), lambda _: policy, facts_of(loan), until=day,
        rules_on=parameters.classification_rules_by_day(),
    )  # fmt: skip
