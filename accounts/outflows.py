"""What left the bank's deposit accounts on a day, as whoever watches over borrowed money asks."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from accounts.models import Posting, Transfer
from core.ids import parse_id

TRANSFER_REF: Final = "transfer:"
AT_ONCE: Final = 500


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
    rows = Posting.objects.filter(account__isnull=False, amount_fen__gt=0, entry__booking_date=day)
    found = rows.exclude(entry__kind__in=but_kinds).select_related("entry").order_by("pk").iterator(AT_ONCE)
    while some := list(itertools.islice(found, AT_ONCE)):
        payees = _payees_of([row.entry.business_ref for row in some])
        for row in some:
            if row.account_id is not None:
                yield Outflow(
                    posting_id=row.pk,
                    account_id=row.account_id,
                    booking_date=row.entry.booking_date,
                    amount_fen=row.amount_fen,
                    kind=row.entry.kind,
                    told=f"{row.entry.memo} {payees.get(row.entry.business_ref, '')}".strip(),
                )


def _payees_of(references: Iterable[str]) -> dict[str, str]:
    """Return the payees' names of those entries that are transfers, by the reference of the entry."""
    ids = {ref: parse_id(ref.removeprefix(TRANSFER_REF)) for ref in references if ref.startswith(TRANSFER_REF)}
    names = dict(
        Transfer.objects.filter(pk__in=[found for found in ids.values() if found]).values_list("pk", "payee_name")
    )
    return {ref: names[found] for ref, found in ids.items() if found in names}
