"""Stop lending: what is signed and not paid out is cancelled and its hold given back (PU-07a).

Who closes a product owes the step in the same transaction; one that closes by its schedule does with the new business day,
and a bank that is suspended, or what the province has switched off, by `tenants`. What is being
paid out at that moment goes on: the drawdown's own lock decides which of the two comes first. Repayment, quotes and
documents know nothing of this.
"""

from __future__ import annotations

import uuid
from typing import Final

from core.clock import business_date
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from lending.models import CreditLine, Drawdown
from lending.models.drawdown import SIGNING, WAITING
from lending.models.product import open_on
from lending.operations.applying import ProductClosed
from lending.operations.drawdowns import SYSTEM
from lending.operations.lines import release_hold
from lending.operations.loan_locks import lock_drawdown
from lending.queries.products import lends
from lending.states import DRAWDOWN

CANCEL_SIGNED: Final = "lending.cancel_signed"
CANCELLED: Final = ProductClosed.code
ON_ITS_WAY: Final = (SIGNING, *WAITING)


@within_transaction
def owe_cancelling() -> None:
    """Owe the end of every drawdown that waits for money which is no longer lent.

    Each stop is a debt of its own, so that one that comes while another is being worked off is not taken for it.
    """
    enqueue(CANCEL_SIGNED, new_id())


@opens_transaction
def owe_cancelling_by_schedule() -> None:
    """Owe it on a new business day, where something waits for money of a product whose schedule has closed it (PU-07a)."""
    if Drawdown.objects.filter(~open_on(business_date(), "line__product__"), status__in=ON_ITS_WAY).exists():
        owe_cancelling()


@opens_transaction
def cancel_stopped(*, drawdown_id: uuid.UUID) -> bool:
    """Cancel a drawdown that is signing or signed, if its product or bank has stopped; tell whether it was.

    One that is being paid out, or is paid, stays as it is; so does one whose product lends again.
    """
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    if drawdown.status not in ON_ITS_WAY or not has_stopped(line=drawdown.line):
        return False
    cancel(drawdown=drawdown)
    return True


@within_transaction
def has_stopped(*, line: CreditLine) -> bool:
    """Tell whether product or bank has stopped lending, by the rows as they are now."""
    return not lends(line.product)


@within_transaction
def cancel(*, drawdown: Drawdown) -> None:
    """End a locked drawdown that is signing or signed, and give its hold back."""
    release_hold(line_id=drawdown.line_id, amount_fen=drawdown.amount_fen)
    transition(DRAWDOWN, drawdown.pk, "cancel", actor=SYSTEM, reason=CANCELLED, reason_code=CANCELLED)
