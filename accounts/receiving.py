"""How an account takes a loan's money, asked together with what other rooms ask."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from core.db.asks import Ask

RECEIVING: Final = """
SELECT a.keeper, (
    SELECT s.reason FROM accounts_suspension s WHERE s.account_id = a.id AND s.until_date IS NULL LIMIT 1
), a.debits_stopped OR a.frozen_fen > a.balance_fen - a.held_fen
FROM accounts_deposit_account a
WHERE a.id = %s AND a.customer_id = %s AND a.status = 'active' AND a.account_class <> 'III'
  AND NOT EXISTS (SELECT 1 FROM accounts_account_closing c WHERE c.account_id = a.id AND c.status = 'closing')
"""


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
