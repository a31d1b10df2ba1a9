"""The versions of the lists: import one as a whole, and tell which are current."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection, transaction
from django.db.models import Max

from core.db.asks import Ask, alone
from core.db.rows import Shape
from core.operations import forbid_transaction
from core.tenancy import PROVINCE, at
from verification.models import WatchlistName, WatchlistVersion
from verification.models.watchlist import TELECOM_FRAUD
from verification.screening.match import hash_id_number
from verification.screening.names import keys_to_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from verification.screening.readers import ListedEntry

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
ANALYZE: Final = "ANALYZE public.verification_watchlist_name"
VERSION: Final = Shape(WatchlistVersion)
CURRENT: Final = f"""
SELECT {VERSION.columns("v")} FROM public.verification_watchlist_version v WHERE v.current ORDER BY v.list_code
"""  # noqa: S608 -- put together from constants; values are parameters
SALT_BYTES: Final = 16
BATCH: Final = 2000
LONGEST_NAME: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedVersion:
    """A version that was imported, or, where `is_new` is false, the current one that came from the same file."""

    list_code: str
    number: int
    entries: int
    names: int
    is_new: bool


def current_versions() -> list[WatchlistVersion]:
    """Return the current version of every list that is screened against, by code; joint discipline is none (ACC-09)."""
    return [version for version in alone(asking_versions()) if version.list_code != TELECOM_FRAUD]


def discipline_version() -> WatchlistVersion | None:
    """Return the current list of persons under joint discipline for telecom fraud (ACC-09), if there is one."""
    return WatchlistVersion.objects.filter(current=True, list_code=TELECOM_FRAUD).first()


def asking_versions() -> Ask[list[WatchlistVersion]]:
    """Ask for the current versions of all lists, that of joint discipline included, together with other things."""
    return Ask(CURRENT, [], lambda rows: [VERSION.read(row) for row in rows.found])


def import_version(*, list_code: str, entries: Sequence[ListedEntry], source: bytes) -> ImportedVersion:
    """Import a list as a new version, all or nothing, and make it the current one from the commit on.

    The same file again is no new version. The lists are the province's to write; every bank reads them.
    """
    forbid_transaction("importing a watchlist")
    digest = hashlib.sha256(source).digest()
    with at(PROVINCE), transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [f"verification.watchlist:{list_code}"])
        versions = WatchlistVersion.objects.filter(list_code=list_code)
        standing = versions.filter(current=True).first()
        if standing is not None and bytes(standing.source_sha256) == digest:
            return _report(standing, is_new=False)
        number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
        versions.filter(current=True).update(current=False)
        version = WatchlistVersion.objects.create(
            list_code=list_code,
            number=number,
            source_sha256=digest,
            salt=secrets.token_bytes(SALT_BYTES),
            entries=len(entries),
            names=sum(len(entry.names) for entry in entries),
        )
        WatchlistName.objects.bulk_create(_rows(version, entries), batch_size=BATCH)
        with connection.cursor() as cursor:
            cursor.execute(ANALYZE)  # for who owns the table; otherwise the server does it in its own time
        return _report(version, is_new=True)


def _rows(version: WatchlistVersion, entries: Sequence[ListedEntry]) -> Iterator[WatchlistName]:
    salt = bytes(version.salt)
    for entry in entries:
        births = [[first.isoformat(), last.isoformat()] for first, last in entry.births]
        hashes = [hash_id_number(number, salt=salt) for number in entry.id_numbers]
        for name in entry.names:
            yield WatchlistName(
                version=version,
                entry=entry.entry[:40],
                name=name[:LONGEST_NAME],
                person=entry.person,
                keys=keys_to_list(name),
                births=births,
                id_hashes=hashes,
                ground=entry.ground,
                listed_date=entry.listed_date,
            )


def _report(version: WatchlistVersion, *, is_new: bool) -> ImportedVersion:
    return ImportedVersion(
        list_code=version.list_code,
        number=version.number,
        entries=version.entries,
        names=version.names,
        is_new=is_new,
    )
