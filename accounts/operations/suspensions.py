"""Suspend an account's new business and lift that again, reason by reason (ACC-07, ACC-08, ACC-13, ACC-15).

A suspension is a row beside the account, never a state of it: reasons coexist, and what is owed can always be repaid.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Final

from accounts.models import DepositAccount, Suspension
from accounts.models.deposit_account import ACTIVE
from accounts.models.suspension import DORMANT, ID_EXPIRED, NO_DOCUMENT
from accounts.operations.ledger import AccountNotActive
from core.clock import business_date
from core.ids import new_id
from core.operations import within_transaction

NEXT_STEP: Final = {
    DORMANT: "账户长期未使用，已暂停非柜面业务，请重新核验身份后再办理",
    ID_EXPIRED: "身份证已过期且未更新，已暂停新业务，请上传新的身份证",
    NO_DOCUMENT: "Ⅲ类户累计收付已达限额且未按期出示身份证件，已暂停新业务，请上传身份证",
}


@within_transaction
def refuse_suspended(*, account_id: uuid.UUID) -> None:
    """Refuse new business on an account that is suspended; repayment and money coming in do not ask.

    Raises:
        AccountNotActive: it is; the detail says why and what next.
    """
    reason = Suspension.objects.filter(account_id=account_id, until_date=None).values_list("reason", flat=True).first()
    refuse_suspended_for(reason=reason)


@within_transaction
def refuse_suspended_for(*, reason: str | None) -> None:
    """Refuse new business on an account that is suspended for a reason that the caller knows; None: it is not.

    Raises:
        AccountNotActive: it is; the detail says why and what next.
    """
    if reason is not None:
        raise AccountNotActive(NEXT_STEP[reason])


@within_transaction
def suspend_accounts(*, account_ids: Sequence[uuid.UUID], reason: str, day: date) -> list[uuid.UUID]:
    """Suspend accounts for a reason from a day on; return those that were not suspended for it already."""
    suspended = Suspension.objects.filter(account_id__in=account_ids, reason=reason, until_date=None)
    due = DepositAccount.objects.filter(pk__in=account_ids, status=ACTIVE).exclude(
        pk__in=suspended.values("account_id")
    )
    rows = {new_id(): account_id for account_id in due.order_by("pk").values_list("pk", flat=True)}
    Suspension.objects.bulk_create(
        (
            Suspension(id=row_id, account_id=account_id, reason=reason, from_date=day)
            for row_id, account_id in rows.items()
        ),
        ignore_conflicts=True,
    )
    return list(Suspension.objects.filter(pk__in=rows).values_list("account_id", flat=True))


@within_transaction
def lift_suspensions(*, account_ids: Sequence[uuid.UUID], reasons: Sequence[str], actor: str) -> int:
    """Lift the suspensions of accounts that are in force for these reasons; return how many."""
    rows = Suspension.objects.filter(account_id__in=account_ids, reason__in=reasons, until_date=None)
    return rows.update(until_date=business_date(), lifted_by=actor)
