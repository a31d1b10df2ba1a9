"""What stands of the screenings of one business object, after staff have judged what was found (AML-05, AML-07)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from verification.models import Check, ScreeningAlert, ScreeningMatch
from verification.models.check import CLEAR, WATCHLIST
from verification.models.watchlist import CLEARED, CONFIRMED, OPEN
from verification.screening.versions import current_versions

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection

    from django.db.models import QuerySet

Standing = Literal["clear", "open", "confirmed", "unscreened"]
UNSCREENED: Final = "unscreened"


def screening_standing(*, purpose: str, business_id: str) -> Standing:
    """Return whether a business object may go on, as far as the watchlists go.

    `confirmed`, `open`: an alert of any of its screenings holds it, whatever a later list says. `unscreened`: nothing
    holds it, but it was never screened, or by lists of which another version is current now. `clear`: neither.
    """
    held = set(_alerts(purpose).filter(check_row__business_id=business_id).values_list("status", flat=True))
    if CONFIRMED in held:
        return CONFIRMED
    if OPEN in held:
        return OPEN
    last = Check.objects.filter(kind=WATCHLIST, purpose=purpose, business_id=business_id).order_by("-pk").first()
    current = {version.list_code: version.number for version in current_versions()}
    return CLEAR if last is not None and last.detail.get("lists") == current else UNSCREENED


def cleared_pairs(*, purpose: str, business_id: str) -> list[tuple[str, int, str]]:
    """Return whom staff have found a business object's party not to be, as (list, version, entry) (AML-07)."""
    rows = ScreeningMatch.objects.filter(
        check_row__purpose=purpose, check_row__business_id=business_id, check_row__alert__status=CLEARED
    )
    return list(rows.values_list("list_code", "list_version", "entry"))


def cleared_pairs_of(subject_id: uuid.UUID) -> frozenset[tuple[str, int, str]]:
    """Return whom staff have found a subject not to be, in any business, as (list, version, entry) (AML-07).

    What they have confirmed in another business is not among it, nor is what they said of the subject's counterparties.
    """
    rows = ScreeningMatch.objects.filter(
        check_row__subject_id=subject_id, check_row__alert__status__in=(CLEARED, CONFIRMED)
    ).values_list("list_code", "list_version", "entry", "check_row__alert__status", "check_row__asked")
    judged: dict[str, set[tuple[str, int, str]]] = {CLEARED: set(), CONFIRMED: set()}
    for list_code, list_version, entry, status, asked in rows:
        if asked is None:
            judged[status].add((list_code, list_version, entry))
    return frozenset(judged[CLEARED] - judged[CONFIRMED])


def held_businesses(*, purpose: str, business_ids: Collection[str]) -> dict[str, Standing]:
    """Return which of these business objects an alert holds, and how, in one statement: `confirmed` before `open`."""
    rows = _alerts(purpose).filter(check_row__business_id__in=business_ids)
    found = rows.order_by("-status").values_list("check_row__business_id", "status")
    return {business_id: CONFIRMED if status == CONFIRMED else OPEN for business_id, status in found}


def holding_alert(*, purpose: str, business_id: str) -> uuid.UUID | None:
    """Return the alert that holds a business object, for the staff who may read it (AML-08)."""
    rows = _alerts(purpose).filter(check_row__business_id=business_id).order_by("status", "-pk")
    return rows.values_list("pk", flat=True).first()


def _alerts(purpose: str) -> QuerySet[ScreeningAlert]:
    return ScreeningAlert.objects.filter(check_row__purpose=purpose).exclude(status=CLEARED)
