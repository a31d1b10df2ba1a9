"""Ask how loans stood at the end of a business date, as the credit bureau is to be told (LN-17)."""

from __future__ import annotations

import calendar
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from django.db.models import BigIntegerField, Case, F, Prefetch, Sum, When

from core.clock import business_date
from lending.bureau_records import NOT_YET_OPEN, Account, Arrears, AtEndOfDay, Content, content_of
from lending.loan_records import rows_in_force
from lending.loans.classification import Category
from lending.models import BureauDay, BureauRecord, Loan, LoanEvent, Repayment, RepaymentShare
from lending.models.bureau import MONTH_END
from lending.models.loan import ACTIVE, WRITTEN_OFF
from lending.models.loan_event import CLASSIFIED, EVENT_WRITTEN_OFF, RECOVERED, REPAID, REVERSED
from lending.models.repayment import POSTED
from lending.queries.loans import loan_standing


def uncaptured_days() -> list[date]:
    """Return the business dates that are over and were not captured, oldest first, from the first loan's event on."""
    first = LoanEvent.objects.order_by("business_date").values_list("business_date", flat=True).first()
    last = BureauDay.objects.order_by("-captured_date").values_list("captured_date", flat=True).first()
    if first is None:
        return []
    begin = first if last is None else last + timedelta(days=1)
    return [begin + timedelta(days=ahead) for ahead in range(max((business_date() - begin).days, 0))]


def is_month_end(day: date) -> bool:
    """Tell whether a day is its month's last."""
    return day.day == calendar.monthrange(day.year, day.month)[1]


def contents_of(
    loan_ids: Iterable[uuid.UUID],
    *,
    moment: str,
    day: date,
    moved_fen: Mapping[uuid.UUID, int],
    called: Mapping[uuid.UUID, str] | None = None,
) -> dict[uuid.UUID, Content]:
    """Return what is reported of these loans at a moment of a day: each as it stood at the end of that day.

    What was paid or happened later is left out, so that a day may be captured while the next is under way; only the plan
    of what is to come is the present one. Each loan is called what it was called then, or what `called` says: then it is
    told by all that is known now, what was paid by value date, whenever it was entered.
    """
    shares = RepaymentShare.objects.filter(value_date__lte=day)
    rows = Loan.objects.filter(pk__in=list(loan_ids)).select_related("contract")
    rows = rows.prefetch_related(Prefetch("instalments__shares", queryset=shares))
    found = list(rows)
    given_up, strings = _written_off_by(found, day), _strings_before(found, day)
    if called is None:
        called, balances, paid = _categories(found, day), _balances(found, day), _paid_in_month(found, day)
    else:
        balances, paid = _balances_by_value_date(found, day), _paid_by_value_date(found, day)
    return {
        loan.pk: content_of(
            _account(loan),
            _state(
                loan,
                day,
                balance_fen=balances.get(loan.pk, 0),
                paid_in_month_fen=paid.get(loan.pk, 0),
                is_written_off=loan.pk in given_up,
                category=called.get(loan.pk, Category.NORMAL.value),
            ),
            moment=moment,
            on=day,
            moved_fen=moved_fen.get(loan.pk, 0),
            before=strings.get(loan.pk, NOT_YET_OPEN),
        )
        for loan in found
    }


def _account(loan: Loan) -> Account:
    return Account(
        contract_number=loan.contract.number,
        principal_fen=loan.principal_fen,
        opened_date=loan.start_date,
        maturity_date=loan.maturity_date,
        method=loan.method,
        instalments=len(rows_in_force(loan)),
    )


def _state(
    loan: Loan, day: date, *, balance_fen: int, paid_in_month_fen: int, is_written_off: bool, category: str
) -> AtEndOfDay:
    is_settled = loan.settled_date is not None and loan.settled_date <= day
    if not is_settled:  # as it was on that day; this row is read here and never saved
        loan.status = WRITTEN_OFF if is_written_off else ACTIVE
    loan.category = category
    found = loan_standing(loan, on=day)
    rows = {row.number: row for row in rows_in_force(loan)}
    late = [
        item for item in found.standing.due if (day - rows[item.number].due_date).days > loan.grace_days
    ]  # fmt: skip
    return AtEndOfDay(
        balance_fen=balance_fen,
        remaining_instalments=sum(row.closed_date is None or row.closed_date > day for row in rows.values()),
        overdue_days=found.standing.overdue_days,
        overdue_fen=found.standing.overdue.total_fen,
        arrears=tuple(
            Arrears(due_date=rows[item.number].due_date, principal_fen=item.owed.principal_fen) for item in late
        ),
        classification=found.category.value,
        due_in_month_fen=sum(
            row.principal_fen + row.interest_fen
            for row in rows.values()
            if (row.due_date.year, row.due_date.month) == (day.year, day.month)
        ),
        paid_in_month_fen=paid_in_month_fen,
        settled_date=loan.settled_date if is_settled else None,
        is_written_off=is_written_off,
    )


def _balances(loans: Iterable[Loan], day: date) -> dict[uuid.UUID, int]:
    """Return the principal that each loan owed at the end of a day: what its last event up to then left."""
    rows = LoanEvent.objects.filter(loan__in=loans, business_date__lte=day)
    last = rows.order_by("loan_id", "-business_date", "-pk").distinct("loan_id")
    return dict(last.values_list("loan_id", "outstanding_fen"))


def _paid_in_month(loans: Iterable[Loan], day: date) -> dict[uuid.UUID, int]:
    rows = LoanEvent.objects.filter(
        loan__in=loans,
        kind__in=(REPAID, RECOVERED, REVERSED),
        business_date__gte=day.replace(day=1),
        business_date__lte=day,
    )
    signed = Case(When(kind=REVERSED, then=-F("amount_fen")), default=F("amount_fen"), output_field=BigIntegerField())
    return dict(rows.order_by().values_list("loan_id").annotate(total=Sum(signed)))


def _balances_by_value_date(loans: Sequence[Loan], day: date) -> dict[uuid.UUID, int]:
    """Return the principal that each loan owed at the end of a day by all that is known now."""
    rows = RepaymentShare.objects.filter(repayment__loan__in=loans, value_date__lte=day).order_by()
    paid = dict(rows.values_list("repayment__loan_id").annotate(total=Sum("principal_fen")))
    return {loan.pk: loan.principal_fen - paid.get(loan.pk, 0) for loan in loans}


def _paid_by_value_date(loans: Sequence[Loan], day: date) -> dict[uuid.UUID, int]:
    rows = Repayment.objects.filter(
        loan__in=loans, status=POSTED, value_date__gte=day.replace(day=1), value_date__lte=day
    ).order_by()
    return dict(rows.values_list("loan_id").annotate(total=Sum("total_fen")))


def _categories(loans: Iterable[Loan], day: date) -> dict[uuid.UUID, str]:
    """Return what each loan was called at the end of a day: the next morning may have called it otherwise already."""
    rows = LoanEvent.objects.filter(loan__in=loans, kind=CLASSIFIED, business_date__lte=day)
    last = rows.order_by("loan_id", "-business_date", "-pk").distinct("loan_id")
    return dict(last.values_list("loan_id", "detail__to"))


def _written_off_by(loans: Iterable[Loan], day: date) -> frozenset[uuid.UUID]:
    rows = LoanEvent.objects.filter(loan__in=loans, kind=EVENT_WRITTEN_OFF, business_date__lte=day)
    return frozenset(rows.values_list("loan_id", flat=True))


def _strings_before(loans: Iterable[Loan], day: date) -> dict[uuid.UUID, str]:
    """Return each loan's payment string as the month before left it; a correction counts in the place of what it corrects.

    A month that was not captured, because the loan was settled then and is open again since, is worked out as it stands now.
    """
    last_month = day.replace(day=1) - timedelta(days=1)
    rows = BureauRecord.objects.filter(loan__in=loans, kind=MONTH_END, business_date=last_month)
    latest = rows.order_by("loan_id", "-pk").distinct("loan_id")
    strings = {row.loan_id: str(row.content["payment_states"]) for row in latest}
    missing = [loan.pk for loan in loans if loan.pk not in strings and loan.start_date <= last_month]
    if missing:
        found = contents_of(missing, moment=MONTH_END, day=last_month, moved_fen={})
        strings |= {loan_id: str(content["payment_states"]) for loan_id, content in found.items()}
    return strings
