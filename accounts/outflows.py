"""What left the bank's deposit accounts on a day, as whoever watches over borrowed money asks."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.db import connection

from accounts.models import Transfer
from core.ids import parse_id

TRANSFER_REF: Final = "transfer:"
AT_ONCE: Final = 500
OUTFLOWS: Final = """
SELECT p.id, p.account_id, e.booking_date, p.amount_fen, e.kind, e.memo, e.business_ref
FROM accounts_posting p JOIN accounts_journal_entry e ON e.id = p.entry_id
WHERE p.account_id IS NOT NULL AND p.amount_fen > 0 AND e.booking_date = %s AND e.kind <> ALL(%s) ORDER BY p.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outflow:
    """Money that left a deposit account: a line of its statement, the amount positive, in fen.

    `told` is what the statement says of it: the summary, and with it whoever received the money.
    """

    posting_id: uuid.UUID
    account_id: uuid.UUID
    booking_date: date
    amount_fen: int
    kind: str
    told: str = field(repr=False)


def outflows_on(day: date, *, but_kinds: Collection[str] = ()) -> Iterator[Outflow]:
    """Give what left the bank's deposit accounts on a booking date, but for entries of some kinds, in the books' order.

    Of an account that the core system keeps this ledger knows no statement: nothing of it is given. A transfer names its
    payee.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(OUTFLOWS, [day, list(but_kinds)])
        while some := cursor.fetchmany(AT_ONCE):
            payees = _payees_of([reference for *_, reference in some])
            for posting_id, account_id, booking_date, amount_fen, kind, memo, reference in some:
                yield Outflow(
                    posting_id=posting_id,
                    account_id=account_id,
                    booking_date=booking_date,
                    amount_fen=amount_fen,
                    kind=kind,
                    told=f"{memo} {payees.get(reference, '')}".strip(),
                )


def _payees_of(references: Iterable[str]) -> dict[str, str]:
    """Return the payees' names of those entries that are transfers, by the reference of the entry."""
    ids = {ref: parse_id(ref.removeprefix(TRANSFER_REF)) for ref in references if ref.startswith(TRANSFER_REF)}
    if not ids:
        return {}
    names = dict(
        Transfer.objects.filter(pk__in=[found for found in ids.values() if found]).values_list("pk", "payee_name")
    )
    return {ref: names[found] for ref, found in ids.items() if found in names}
