"""Persons put on the list of joint discipline for telecom fraud, as a test wants them there (ACC-09)."""

from __future__ import annotations

import itertools
import uuid
from datetime import date

from verification import queries as verified
from verification.models.watchlist import POLICE, TELECOM_FRAUD
from verification.screening.readers import ListedEntry
from verification.screening.versions import import_version

_versions = itertools.count(1)


def entry_of(customer_id: uuid.UUID, since: date, *, ground: str = POLICE) -> ListedEntry:
    """Make the entry of a customer of the current bank, under a name that is not theirs: the ID number counts."""
    known = verified.identity(customer_id)
    assert known is not None
    return ListedEntry(
        entry=f"{ground}-{since}", names=("另有其名",), id_numbers=(known.id_number,), ground=ground, listed_date=since
    )  # fmt: skip


def publish(*entries: ListedEntry) -> None:
    """Import these as the next version of the list."""
    import_version(list_code=TELECOM_FRAUD, entries=entries, source=f"test {next(_versions)}".encode())


def discipline(customer_id: uuid.UUID, since: date, *, ground: str = POLICE) -> None:
    """List one customer, and nobody else."""
    publish(entry_of(customer_id, since, ground=ground))
