"""The locks of the loan half of the room, in their fixed order: drawdown or loan, line, then what other rooms lock."""

from __future__ import annotations

import uuid

from core.errors import NotFound
from core.operations import within_transaction
from lending.models import CreditLine, Drawdown, Loan


@within_transaction
def lock_drawdown(*, drawdown_id: uuid.UUID) -> Drawdown:
    """Lock a drawdown and return it with its line, product version and product.

    Raises:
        NotFound: there is no such drawdown.
    """
    rows = Drawdown.objects.select_for_update(of=("self",)).select_related("line__product_version", "line__product")
    drawdown = rows.filter(pk=drawdown_id).first()
    if drawdown is None:
        raise NotFound
    return drawdown


@within_transaction
def lock_loan(*, loan_id: uuid.UUID) -> Loan:
    """Lock a loan and return it with its instalments and what was paid on them.

    Raises:
        NotFound: there is no such loan.
    """
    rows = Loan.objects.select_for_update(of=("self",)).prefetch_related("instalments__shares")
    loan = rows.filter(pk=loan_id).first()
    if loan is None:
        raise NotFound
    return loan


@within_transaction
def lock_line(*, line_id: uuid.UUID) -> CreditLine:
    """Lock a line, before the account whose money moves with it."""
    return CreditLine.objects.select_for_update(no_key=True).get(pk=line_id)
