"""A customer hands on a code of their own (D10)."""

from __future__ import annotations

import uuid

from accounts.models import Customer
from accounts.models.customer import REGISTERED
from core.errors import StateConflict
from core.operations import opens_transaction
from tenants import operations as tenants


@opens_transaction
def share(*, customer_id: uuid.UUID) -> tenants.Shared:
    """Return the code that a registered customer hands on: who scans it first counts as invited by them.

    It speaks for the campaign, the branch and the customer manager of the code that brought the customer here first.

    Raises:
        StateConflict: the customer is not registered yet, or the bank has closed the code.
    """
    customer = Customer.objects.only("stage", "first_scan_id").get(pk=customer_id)
    if customer.stage != REGISTERED:
        raise StateConflict("请先完成注册，再分享给朋友")
    return tenants.entry_to_share(sharer_id=customer_id, came_by=customer.first_scan_id)
