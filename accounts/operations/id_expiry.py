"""Follow the days on which customers' ID cards end: remind, suspend after a reasonable time, lift (ACC-13)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from accounts import parameters
from accounts.models import DepositAccount, Suspension
from accounts.models.deposit_account import ACTIVE
from accounts.models.notice import ID_FIRST, ID_LAST, ID_SECOND, ID_SUSPENDED
from accounts.models.suspension import ID_EXPIRED
from accounts.operations.notices import owe_notices
from accounts.operations.suspensions import lift_suspensions, suspend_accounts
from core.operations import within_transaction
from tenants.parameters import Parameter, value_of
from verification import queries as verified


def _days(parameter: Parameter, day: date) -> int:
    return value_of(parameter.name, kind=int, on=day)


@within_transaction
def remind_of_id_expiry(*, day: date) -> int:
    """Owe a reminder to every customer with an account whose ID card ends soon; return to how many.

    There are three stages, each told once for a card; after a pause in the days only the nearest one is told.
    """
    stages = [
        (_days(parameters.ID_LAST_NOTICE_DAYS, day), ID_LAST),
        (_days(parameters.ID_SECOND_NOTICE_DAYS, day), ID_SECOND),
        (_days(parameters.ID_FIRST_NOTICE_DAYS, day), ID_FIRST),
    ]
    ending = verified.id_cards_ending(first=day, last=day + timedelta(days=stages[-1][0]))
    holders = _holders([customer_id for customer_id, _ in ending])
    told = 0
    for kind in (ID_LAST, ID_SECOND, ID_FIRST):
        about = {
            customer_id: ends
            for customer_id, ends in ending
            if customer_id in holders and next(name for days, name in stages if (ends - day).days <= days) == kind
        }
        told += owe_notices(kind=kind, about=about)
    return told


@within_transaction
def suspend_expired(*, day: date) -> int:
    """Suspend new business of customers whose ID card ended longer ago than the reasonable time; return how many accounts.

    What is suspended for a card that has been renewed since is lifted.
    """
    grace = timedelta(days=_days(parameters.ID_GRACE_DAYS, day))
    over = verified.id_cards_over(before=day - grace)
    rows = DepositAccount.objects.filter(customer_id__in=over, status=ACTIVE)
    owner_of = dict(rows.values_list("pk", "customer_id"))
    suspended = suspend_accounts(account_ids=list(owner_of), reason=ID_EXPIRED, day=day)
    owe_notices(kind=ID_SUSPENDED, about={owner_of[account_id]: day for account_id in suspended})
    _lift_renewed(day)
    return len(suspended)


def _lift_renewed(day: date) -> None:
    rows = Suspension.objects.filter(reason=ID_EXPIRED, until_date=None)
    owner_of = dict(rows.values_list("account_id", "account__customer_id"))
    still = set(verified.id_cards_over(before=day, among=list(set(owner_of.values()))))
    renewed = [account_id for account_id, customer_id in owner_of.items() if customer_id not in still]
    lift_suspensions(account_ids=renewed, reasons=[ID_EXPIRED], actor="system")


def _holders(customer_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    rows = DepositAccount.objects.filter(customer_id__in=customer_ids, status=ACTIVE)
    return set(rows.values_list("customer_id", flat=True))
