"""Work through the review queue: take a case, give it back, decide it, alone or by two people."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, Final

from django.db import connection

from accounts.operations import opening
from core import vault
from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from lending.models import ReviewCase
from lending.models.review import APPLICATION, DRAWDOWN, GRANTED, OPENING
from lending.operations import disbursement, reviewing
from lending.review_reasons import reason_titles
from lending.review_verdicts import Verdict, refuse_verdict, takes_two
from verification.queries import pictures_of

PICTURES_SHOWN: Final = "review.pictures_shown"
GRANT_SECONDS: Final = 120
# The oldest that nobody has and nobody is just taking.
TAKE_NEXT: Final = """
UPDATE lending_review_case SET taken_by = %(who)s, taken_at = %(at)s
WHERE id = (SELECT id FROM lending_review_case
            WHERE closed_at IS NULL AND taken_by = '' AND kind = ANY(%(kinds)s) AND (%(secrets)s OR NOT is_secret)
            ORDER BY opened_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


class CaseNotYours(Problem):
    """A case is decided by who has taken it."""

    code = "case_not_yours"
    status = 409
    title = "请先领取该审核事项；已由他人领取的，须由其退回"


@opens_transaction
def take_case(*, case_id: uuid.UUID, actor: str) -> None:
    """Take a case; whoever has it already keeps it.

    Raises:
        NotFound: there is no such case.
        StateConflict: it is decided, or somebody else has it.
    """
    case = _lock(case_id)
    if case.taken_by not in ("", actor):
        raise StateConflict("该事项已由他人领取")
    if not case.taken_by:
        ReviewCase.objects.filter(pk=case_id).update(taken_by=actor, taken_at=now())
        record("review.taken", actor=actor, subject=case_id.hex, detail={"kind": case.kind})


@opens_transaction
def take_next(*, kinds: Collection[str], sees_secrets: bool, actor: str) -> uuid.UUID:
    """Take the oldest case that nobody has, of these kinds; of any number of reviewers at once each gets another.

    Raises:
        NotFound: nothing waits.
    """
    asked: dict[str, Any] = {"who": actor, "at": now(), "kinds": list(kinds), "secrets": sees_secrets}
    with connection.cursor() as cursor:
        cursor.execute(TAKE_NEXT, asked)
        row = cursor.fetchone()
    if row is None:
        raise NotFound("没有待领取的审核事项")
    found: uuid.UUID = row[0]
    record("review.taken", actor=actor, subject=found.hex, detail={"next": True})
    return found


@opens_transaction
def give_back(*, case_id: uuid.UUID, actor: str) -> None:
    """Give a case back to the queue.

    Raises:
        NotFound: there is no such case.
        StateConflict: it is decided.
        CaseNotYours: see there.
    """
    if _lock(case_id).taken_by != actor:
        raise CaseNotYours
    ReviewCase.objects.filter(pk=case_id).update(taken_by="", taken_at=None)
    record("review.given_back", actor=actor, subject=case_id.hex)


@opens_transaction
def decide_case(*, case_id: uuid.UUID, verdict: Verdict, actor: str) -> None:
    """Decide a case that one person may decide.

    Raises:
        NotFound: there is no such case.
        CaseNotYours, ReviewReasonMissing: see there.
        StateConflict: it takes two people; see `refuse_verdict` and what is under review.
        Problem: what the thing under review refuses (`reviewing.grant`, `disbursement.grant`, `opening.release`).
    """
    case = _lock(case_id)
    if case.taken_by != actor:
        raise CaseNotYours
    if takes_two(case):
        raise StateConflict("该金额须两人审核")
    _settle(case=case, verdict=verdict, actor=actor)


@within_transaction
def decide_by_two(*, case_id: uuid.UUID, verdict: Verdict, proposed_by: str, actor: str) -> None:
    """Decide a case as its reviewer proposed and another agreed, in the approval's transaction.

    Raises:
        CaseNotYours: who proposed has given the case back meanwhile.
        Problem: see `decide_case`.
    """
    case = _lock(case_id)
    if case.taken_by != proposed_by:
        raise CaseNotYours
    _settle(case=case, verdict=verdict, actor=actor)


@within_transaction
def _settle(*, case: ReviewCase, verdict: Verdict, actor: str) -> None:
    """Keep who decides and why, and let it happen; the trigger ends the case with the state that the thing goes to."""
    refuse_verdict(case, verdict)
    ReviewCase.objects.filter(pk=case.pk).update(
        outcome=verdict.outcome, reason_codes=list(verdict.codes), note=verdict.note.strip(), decided_by=actor
    )
    codes = ",".join(verdict.codes)
    record(
        "review.decided", actor=actor, subject=case.pk.hex,
        detail={"kind": case.kind, "outcome": verdict.outcome, "codes": codes, "limit_fen": verdict.limit_fen},
    )  # fmt: skip
    reason = f"{reason_titles(case.kind, verdict.outcome, list(verdict.codes))} {verdict.note}".strip()[:200]
    is_granted = verdict.outcome == GRANTED
    if case.kind == APPLICATION and is_granted:
        reviewing.grant(application_id=case.subject_id, actor=actor, reason=reason, limit_fen=verdict.limit_fen)
    elif case.kind == APPLICATION:
        reviewing.refuse(application_id=case.subject_id, actor=actor, reason=reason)
    elif case.kind == DRAWDOWN and is_granted:
        disbursement.grant(drawdown_id=case.subject_id, actor=actor, reason=reason)
    elif case.kind == DRAWDOWN:
        disbursement.refuse(drawdown_id=case.subject_id, actor=actor, reason=reason)
    elif case.kind == OPENING and is_granted:
        opening.release(account_id=case.subject_id, actor=actor, reason=reason)
    elif case.kind == OPENING:
        opening.refuse_reviewed(account_id=case.subject_id, actor=actor, reason=reason)


@opens_transaction
def show_pictures(*, case_id: uuid.UUID, reason: str, actor: str) -> list[tuple[str, str]]:
    """Grant a look at the customer's pictures as (title, token), for two minutes; who asked and why is on record first.

    Raises:
        NotFound: there is no such case.
        StateConflict: it is decided.
        CaseNotYours: see there.
    """
    case = _lock(case_id)
    if case.taken_by != actor:
        raise CaseNotYours
    record(PICTURES_SHOWN, actor=actor, subject=case.customer_id.hex, detail={"case": case_id.hex, "reason": reason})
    return [
        (picture.title, vault.grant(picture.object_id, seconds=GRANT_SECONDS, purpose="review", actor=f"staff:{actor}"))
        for picture in pictures_of(case.customer_id)
    ]


def _lock(case_id: uuid.UUID) -> ReviewCase:
    case = ReviewCase.objects.select_for_update(no_key=True).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    if case.closed_at is not None:
        raise StateConflict("该事项已处理")
    return case
