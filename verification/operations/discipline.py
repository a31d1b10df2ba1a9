"""Find who is under joint discipline for telecom fraud, in the caller's transaction (ACC-09).

It is told apart from the watchlists: who is listed here goes on as a customer, but for what the rule limits. The rooms above
say what that is; here it is said who, and put on record where it matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.clock import business_date, now
from core.ids import new_id
from core.operations import within_transaction
from verification import parameters
from verification.models import Check, ScreeningAlert, ScreeningMatch, WatchlistName
from verification.models.check import ANSWERED, HIT, WATCHLIST
from verification.operations.checks import record_check
from verification.operations.screening import LOCAL
from verification.queries import identity
from verification.screening.discipline import Listing, Terms, in_force
from verification.screening.match import ID_NUMBER_SCORE, hash_id_number
from verification.screening.versions import discipline_version

if TYPE_CHECKING:
    import uuid

    from verification.models import WatchlistVersion

BY_ID_NUMBER: Final = "id_number"


@within_transaction
def is_disciplined(*, subject_id: uuid.UUID, purpose: str, business_id: str) -> bool:
    """Tell whether a subject is under joint discipline on the business date, by the ID number alone.

    Who is leaves a check on record and an alert, as a hit on a watchlist does (AML-08); nothing is written of anybody else.
    """
    version = discipline_version()
    known = None if version is None else identity(subject_id)
    if version is None or known is None:
        return False
    hashed = hash_id_number(known.id_number, salt=bytes(version.salt))
    rows = list(WatchlistName.objects.filter(version=version, id_hashes__contains=[hashed]))
    listings = {Listing(row.ground, row.listed_date) for row in rows if row.listed_date is not None}
    if not in_force(listings, _terms(), on_date=business_date()):
        return False
    _record(version, sorted({row.entry for row in rows}), subject_id, purpose, business_id)
    return True


def _terms() -> Terms:
    return Terms(
        convicted_years=parameters.number(parameters.DISCIPLINE_CONVICTED_YEARS),
        police_years=parameters.number(parameters.DISCIPLINE_POLICE_YEARS),
        most_years=parameters.number(parameters.DISCIPLINE_MOST_YEARS),
    )


def _record(
    version: WatchlistVersion, entries: list[str], subject_id: uuid.UUID, purpose: str, business_id: str
) -> None:
    check = Check.objects.create(
        id=new_id(), subject_id=subject_id, kind=WATCHLIST, purpose=purpose, business_id=business_id, status=ANSWERED,
        outcome=HIT, provider=LOCAL, detail={"lists": {version.list_code: version.number}}, answered_at=now(),
    )  # fmt: skip
    record_check(check=check)
    ScreeningAlert.objects.create(check_row=check, subject_id=subject_id, outcome=HIT)
    ScreeningMatch.objects.bulk_create(
        ScreeningMatch(
            check_row=check, list_code=version.list_code, list_version=version.number, entry=entry,
            score=ID_NUMBER_SCORE, matched_by=BY_ID_NUMBER,
        )
        for entry in entries
    )  # fmt: skip
