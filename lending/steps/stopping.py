"""The durable step that ends what waits for money which is no longer lent."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.db.models import Q

from core.clock import business_date
from core.steps.registry import Again, Done, Outcome, StepRun, register_step
from lending.models import Drawdown
from lending.models.product import open_on
from lending.operations import stopping
from tenants.operations import owe_when_stopped
from tenants.switches import standing

AT_ONCE: Final = 500
SHORTLY: Final = timedelta(milliseconds=10)
LEASE: Final = timedelta(seconds=60)


@register_step(stopping.CANCEL_SIGNED, lease=LEASE)
def cancel_signed(run: StepRun) -> Outcome:
    """Cancel the drawdowns on their way whose product or bank has stopped, each in a transaction of its own."""
    del run
    waiting = _waiting()
    for drawdown_id in waiting:
        stopping.cancel_stopped(drawdown_id=drawdown_id)
    return Again("more to cancel", SHORTLY) if len(waiting) == AT_ONCE else Done()


def _waiting() -> list[uuid.UUID]:
    """Return some of those that may have to end; each is looked at once more under its lock."""
    now = standing()
    rows = Drawdown.objects.filter(status__in=stopping.ON_ITS_WAY)
    if now.serves:
        rows = rows.filter(~open_on(business_date(), "line__product__") | Q(line__product__code__in=now.products_off))
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


owe_when_stopped(stopping.CANCEL_SIGNED)
