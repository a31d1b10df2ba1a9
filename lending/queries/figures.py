"""What this bank reports to the province, and whether its loan book agrees with its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, Sum

from accounts import queries as accounts
from core.clock import business_date
from lending import books
from lending.models import CreditLine, Loan
from lending.models.credit_line import STANDING
from lending.models.loan import ACTIVE, WRITTEN_OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The three figures, in fen and persons (D7: in force, not gross)."""

    granted_fen: int
    drawn_fen: int
    borrowing_customers: int


def figures_now() -> Figures:
    """Return the limits of the lines in force, the principal outstanding, and how many customers owe it."""
    lines = CreditLine.objects.filter(status__in=STANDING, valid_until_date__gte=business_date())
    loans = Loan.objects.filter(status=ACTIVE).aggregate(
        drawn=Sum("outstanding_fen"), customers=Count("customer", distinct=True)
    )
    return Figures(
        granted_fen=lines.aggregate(total=Sum("limit_fen"))["total"] or 0,
        drawn_fen=loans["drawn"] or 0,
        borrowing_customers=loans["customers"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFigures:
    """What can be said again of a day that is over, in fen and persons."""

    drawn_fen: int
    borrowing_customers: int


def figures_on(day: date) -> PastFigures:
    """Return the principal outstanding at the end of a business day that is over, and how many customers owed it (D20).

    Worked out from what is dated: postings by their value date, loans by the days on which they began, were settled or written
    off. So what is booked late, but counts from that day, is in it, and the same records give the same figures again.
    """
    owing = Loan.objects.filter(
        Q(settled_date=None) | Q(settled_date__gt=day), Q(written_off_date=None) | Q(written_off_date__gt=day),
        start_date__lte=day,
    )  # fmt: skip
    return PastFigures(
        drawn_fen=accounts.gl_balance_by_value(books.LOAN_PRINCIPAL, on=day),
        borrowing_customers=owing.aggregate(customers=Count("customer", distinct=True))["customers"],
    )


def loan_book_agrees() -> bool:
    """Tell whether what loans owe, what lines have drawn and the ledger's loan principal are one (GL-01).

    Loans that were written off still burden their lines, and stand in the ledger's memo instead.
    """
    owed = Loan.objects.aggregate(total=Sum("outstanding_fen"))["total"] or 0
    given_up = Loan.objects.filter(status=WRITTEN_OFF).aggregate(total=Sum("outstanding_fen"))["total"] or 0
    drawn = CreditLine.objects.aggregate(total=Sum("drawn_fen"))["total"] or 0
    in_books = accounts.gl_balance(books.LOAN_PRINCIPAL), accounts.gl_balance(books.MEMO_WRITTEN_OFF)
    return owed == drawn and in_books == (owed - given_up, given_up)
