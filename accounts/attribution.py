"""Whose customers a member of staff sees: all of the bank's, or those whom the codes made for their number brought."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import Customer
from tenants.queries import scans_for_staff

M = TypeVar("M", bound=Model)
ANY: Final = "accounts.view_any_customer"


def only_own(rows: QuerySet[M], user: Any, *, path: str) -> QuerySet[M]:
    """Keep of some rows those of the customers whom a login may see; `path` leads from a row to the customer's id.

    Without the right to see any customer these are the customers whose first or last scan was of a code that names the
    login as its staff number.
    """
    if user.has_perm(ANY):
        return rows
    scans = scans_for_staff(user.get_username())
    own = Customer.objects.filter(Q(first_scan_id__in=scans) | Q(last_scan_id__in=scans))
    return rows.filter(**{f"{path}__in": own.values("pk")})
