"""Signed heads: what a bank commits itself to daily and the province keeps, to catch a rewritten log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction

from core.clock import business_date, now
from core.evidence.log import consistency, root_at, tree_size
from core.evidence.models import EvidenceHead
from core.evidence.tree import EMPTY_ROOT, verify_consistency
from core.operations import forbid_transaction
from core.tenancy import current_bank

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER_TAKEN: Final = "core_evidence_head_number_once"


class HeadOvertaken(Exception):
    """Another head was signed while this one was being made; nothing was stored, sign again."""


class LogRewritten(Exception):
    """The log does not extend its last signed head: rows were changed behind the guards."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """One signed state of a bank's log; `message` is what `signature` is over."""

    bank_code: str
    number: int
    head_date: date
    tree_size: int
    root: bytes
    previous_size: int
    signed_at: datetime
    signature: bytes

    @property
    def message(self) -> bytes:
        """Return the signed bytes."""
        return head_message(
            bank_code=self.bank_code,
            number=self.number,
            head_date=self.head_date,
            tree_size=self.tree_size,
            root=self.root,
            previous_size=self.previous_size,
            signed_at=self.signed_at,
        )


def head_message(
    *,
    bank_code: str,
    number: int,
    head_date: date,
    tree_size: int,
    root: bytes,
    previous_size: int,
    signed_at: datetime,
) -> bytes:
    """Write a head as the text that is signed: one value a line, UTC with microseconds, the root in hex.

    This encoding is published: it never changes under the name in its first line.
    """
    lines = (
        "evidence-head/1",
        bank_code,
        str(number),
        head_date.isoformat(),
        str(tree_size),
        root.hex(),
        str(previous_size),
        signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
    )
    return "".join(f"{line}\n" for line in lines).encode()


def latest_head() -> SignedHead | None:
    """Return the current bank's last signed head, None if there is none yet."""
    row = EvidenceHead.objects.order_by("-number").first()
    return None if row is None else _signed(row)


def sign_head(sign: Callable[[bytes], bytes]) -> SignedHead:
    """Sign the log as it is now, for today's business date; the same state of a day is signed once.

    `sign` gets the message and runs with no transaction open, so it may ask a signing service. Before it is
    asked, the log is proved to extend the last head.

    Raises:
        LogRewritten: the log does not extend its last head.
        HeadOvertaken: another head was signed meanwhile.
        TransactionForbidden: a transaction is open.
    """
    forbid_transaction("signing a head")
    last = latest_head()
    size, head_date = tree_size(), business_date()
    if last is not None and (last.tree_size, last.head_date) == (size, head_date):
        return last
    root = _proved_extension(last, size)
    head = EvidenceHead(
        number=1 if last is None else last.number + 1,
        head_date=head_date,
        tree_size=size,
        root=root,
        previous_size=0 if last is None else last.tree_size,
        signed_at=now(),
        signature=b"",
    )
    head.signature = sign(_signed(head).message)
    try:
        with transaction.atomic(durable=True):
            head.save(force_insert=True)
    except IntegrityError as error:
        if NUMBER_TAKEN in str(error):
            raise HeadOvertaken from error
        raise
    return _signed(head)


def _proved_extension(last: SignedHead | None, size: int) -> bytes:
    """Return the root over `size` leaves, proved to extend the last head."""
    former_size, former_root = (0, EMPTY_ROOT) if last is None else (last.tree_size, last.root)
    if size >= former_size:
        root = root_at(size)
        path = consistency(former_size, size)
        if verify_consistency(size_a=former_size, root_a=former_root, size_b=size, root_b=root, path=path):
            return root
    msg = f"bank {current_bank().code}: a log of {size} leaves does not extend its head of {former_size}"
    raise LogRewritten(msg)


def _signed(row: EvidenceHead) -> SignedHead:
    return SignedHead(
        bank_code=current_bank().code,
        number=row.number,
        head_date=row.head_date,
        tree_size=row.tree_size,
        root=bytes(row.root),
        previous_size=row.previous_size,
        signed_at=row.signed_at,
        signature=bytes(row.signature),
    )
