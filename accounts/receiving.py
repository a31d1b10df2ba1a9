"""How an account takes a loan's money, asked together with what other rooms ask, and whether it can give it back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from accounts.models import AccountClosing, DepositAccount
from accounts.models.closing import CLOSING
from accounts.models.deposit_account import ACTIVE
from core.db.asks import Ask

USABLE: Final = """a.status = 'active' AND a.account_class <> 'III'
  AND NOT EXISTS (SELECT 1 FROM accounts_account_closing c WHERE c.account_id = a.id AND c.status = 'closing')"""
"""Which accounts `a` a loan can be paid into: no Class III account (A1-24), nor one that is being closed."""

RECEIVING: Final = f"""
SELECT a.keeper, (
    SELECT s.reason FROM accounts_suspension s WHERE s.account_id = a.id AND s.until_date IS NULL LIMIT 1
), a.debits_stopped OR a.frozen_fen > a.balance_fen - a.held_fen
FROM accounts_deposit_account a
WHERE a.id = %s AND a.customer_id = %s AND {USABLE}
"""  # noqa: S608 -- put together from constants; values are parameters


@dataclass(frozen=True, slots=True)
class Receiving:
    """Who keeps an account that a loan can be paid into, and for what it takes no new business now, if it takes none.

    `is_kept_from`: orders on the account (ACC-15) would keep some of what comes; one of them may be past its day.
    """

    keeper: str
    suspended_for: str | None
    is_kept_from: bool


def asking_receiving(*, customer_id: uuid.UUID, account_id: uuid.UUID) -> Ask[Receiving | None]:
    """Ask together with other things how an account takes a loan's money; None where it is not one of `usable_accounts`."""
    return Ask(
        RECEIVING, [account_id, customer_id], lambda rows: None if rows.first is None else Receiving(*rows.first)
    )


def can_repay_from(*, customer_id: uuid.UUID, account_id: uuid.UUID) -> bool:
    """Tell whether a loan can be repaid from an account: an active one of the customer's, of any class (ACC-06, ACC-07)."""
    closing = AccountClosing.objects.filter(status=CLOSING).values("account_id")
    own = DepositAccount.objects.filter(pk=account_id, customer_id=customer_id, status=ACTIVE)
    return own.exclude(pk__in=closing).exists()
