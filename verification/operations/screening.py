"""Screen a subject against the watchlists, in the caller's transaction (A4-16, AML-05 to AML-08)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from core.clock import now
from core.errors import StateConflict
from core.ids import new_id
from core.operations import within_transaction
from verification import parameters
from verification.models import Check, ScreeningAlert, ScreeningMatch
from verification.models.check import ANSWERED, CLEAR, HIT, REVIEW, WATCHLIST
from verification.operations.checks import record_check
from verification.queries import identity
from verification.screening.match import Candidate, Person, find_candidates, outcome_of
from verification.screening.versions import current_versions

if TYPE_CHECKING:
    import uuid

Outcome = Literal["clear", "review", "hit"]
LOCAL: Final = "local"
COUNTERPARTY: Final = "counterparty"


@within_transaction
def screen_subject(*, subject_id: uuid.UUID, purpose: str, business_id: str) -> Outcome:
    """Screen a subject against the current version of every list, and put the result on record.

    `hit`: the ID number itself is listed. `review`: name and birth date, or the name alone, are; staff must
    judge. Both leave an alert that only compliance staff see; the customer must not learn of either (AML-08).

    Raises:
        StateConflict: nobody is known behind the subject.
    """
    known = identity(subject_id)
    if known is None:
        raise StateConflict("请先完成注册")
    person = Person(name=known.name, id_number=known.id_number, birth_date=known.birth_date)
    return _screen(person, subject_id=subject_id, purpose=purpose, business_id=business_id, asked=None)


@within_transaction
def screen_counterparty(*, name: str, subject_id: uuid.UUID, purpose: str, business_id: str) -> Outcome:
    """Screen somebody with whom a subject deals and of whom only the name is known (AML-05), and put it on record.

    The check stands under the subject whose business it is, with the name that was asked for; a name alone is never
    more than `review`, which is for staff to judge.
    """
    person = Person(name=name)
    asked = {"party": COUNTERPARTY, "name": name}
    return _screen(person, subject_id=subject_id, purpose=purpose, business_id=business_id, asked=asked)


def _screen(
    person: Person, *, subject_id: uuid.UUID, purpose: str, business_id: str, asked: dict[str, str] | None
) -> Outcome:
    versions = current_versions()
    candidates = find_candidates(person, versions)
    outcome = outcome_of(candidates, review_score=parameters.number(parameters.SCREENING_REVIEW_SCORE))
    check = Check.objects.create(
        id=new_id(),
        subject_id=subject_id,
        kind=WATCHLIST,
        purpose=purpose,
        business_id=business_id,
        status=ANSWERED,
        outcome=outcome,
        provider=LOCAL,
        asked=asked,
        detail={"lists": {version.list_code: version.number for version in versions}},
        answered_at=now(),
    )
    record_check(check=check)
    if outcome != CLEAR:
        _alert(check, candidates)
    return outcome


def _alert(check: Check, candidates: list[Candidate]) -> None:
    ScreeningAlert.objects.create(
        check_row=check, subject_id=check.subject_id, outcome=HIT if check.outcome == HIT else REVIEW
    )
    ScreeningMatch.objects.bulk_create(
        ScreeningMatch(
            check_row=check,
            list_code=candidate.list_code,
            list_version=candidate.list_version,
            entry=candidate.entry,
            score=candidate.score,
            matched_by=candidate.matched_by,
        )
        for candidate in candidates
    )
