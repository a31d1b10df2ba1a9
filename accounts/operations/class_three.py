"""What a Class III account may hold (ACC-07): the parameter, copied to the account so that the database holds it."""

from __future__ import annotations

from django.db.models.functions import Greatest

from accounts import parameters
from accounts.models import DepositAccount
from accounts.models.deposit_account import CLASS_THREE, OWN
from core.operations import within_transaction


@within_transaction
def keep_cap(*, account: DepositAccount) -> None:
    """Put the present cap on a Class III account kept here before money comes in; other classes have none.

    A cap that has been lowered below what the account has leaves the money where it is, and lets nothing more in.
    """
    if account.account_class != CLASS_THREE or account.keeper != OWN:
        return
    cap_fen = parameters.in_fen(parameters.THREE_BALANCE)
    if account.balance_cap_fen != cap_fen:
        DepositAccount.objects.filter(pk=account.pk).update(balance_cap_fen=Greatest(cap_fen, "balance_fen"))
