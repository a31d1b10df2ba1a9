"""What every check of a factor goes through, whether a face or a voice: may it begin, and what its end leaves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from core.clock import now
from core.errors import InvalidRequest, NotFound, TooManyRequests
from core.ids import new_id
from core.operations import within_transaction
from core.states import transition
from verification import parameters
from verification.acts import Act, check_act
from verification.models import Check, Subject
from verification.models.check import ANSWERED, FAILED, PASSED
from verification.operations.act_tokens import issue_act_token
from verification.operations.checks import ACTOR, VENDOR_UNAVAILABLE, record_check
from verification.operations.consents import require_consents
from verification.switching import refuse_stopped

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

    from verification.operations.factors import Factor

DAY: Final = timedelta(hours=24)


@within_transaction
def begin_check(*, factor: Factor, subject_id: uuid.UUID, action: str, business_id: str) -> tuple[Subject, Act]:
    """Return the subject, locked, and the act where the customer may begin a check of this factor for it now.

    Raises:
        InvalidRequest: there is no such action, or it does not ask for this factor.
        NotFound, StateConflict: the object is not the customer's, or does not call for a check now.
        CheckSuspended: the province has switched this factor off, and the act begins new business.
        ConsentMissing: the customer has not agreed to checks of this factor.
        FaceLocked, VoiceLocked: too many failures.
        TooManyRequests: too many checks were begun within a day.
    """
    if action not in factor.actions:
        raise InvalidRequest(errors={"action": [f"须为 {'、'.join(factor.actions)} 之一"]})
    act = check_act(action=action, business_id=business_id, customer_id=subject_id)
    refuse_stopped(check=factor.kind, action=action)
    require_consents(subject_id=subject_id, purposes=[factor.kind], business_id="")
    subject = Subject.objects.select_for_update(no_key=True).filter(pk=subject_id).first()
    if subject is None:
        raise NotFound
    _refuse_too_many(factor, subject)
    return subject, act


def _refuse_too_many(factor: Factor, subject: Subject) -> None:
    moment = now()
    locked_until: datetime | None = getattr(subject, factor.lock_column)
    if locked_until is not None and locked_until > moment:
        raise factor.locked(retry_after=_seconds(locked_until - moment))
    recent = factor.machine.model.objects.filter(subject=subject, created_at__gt=moment - DAY).count()
    if recent >= parameters.number(factor.starts_per_day):
        raise TooManyRequests(retry_after=_seconds(DAY))


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds()) + 1


@within_transaction
def end_check(
    *, factor: Factor, check_id: uuid.UUID, reason_code: str, detail: Mapping[str, Any], columns: Mapping[str, Any]
) -> None:
    """End a check that was judged: a check row and its evidence; a token after a pass, else a count.

    An empty `reason_code` is a pass. `columns` are set on the factor's own row, `detail` goes on record beside the
    similarity.
    """
    moment = now()
    row = transition(
        factor.machine, check_id, "fail" if reason_code else "pass", actor=ACTOR, reason=reason_code,
        reason_code=reason_code, finished_at=moment, **columns,
    )  # fmt: skip
    row.check_row = _check_row(factor, row, detail, moment)
    row.save(update_fields=["check_row"])
    if not reason_code:
        issue_act_token(factor=factor, check=row)
    elif reason_code in factor.counted:
        _lock_after_too_many(factor, row.subject_id, moment)


def _check_row(factor: Factor, row: Any, detail: Mapping[str, Any], moment: datetime) -> Check:
    check = Check.objects.create(
        id=new_id(),
        subject_id=row.subject_id,
        kind=factor.kind,
        purpose=row.action,
        business_id=row.business_id,
        status=ANSWERED,
        outcome=FAILED if row.reason_code else PASSED,
        reason_code=row.reason_code,
        provider=row.provider,
        detail={
            f"{factor.kind}_check": row.id.hex,
            "similarity": None if row.similarity is None else f"{row.similarity:.2f}",
            **detail,
        },
        asked_at=row.created_at,
        answered_at=moment,
    )
    record_check(check=check)
    return check


def _lock_after_too_many(factor: Factor, subject_id: uuid.UUID, moment: datetime) -> None:
    failures = factor.machine.model.objects.filter(
        subject_id=subject_id, reason_code__in=factor.counted, finished_at__gt=moment - DAY
    ).count()
    if failures >= parameters.number(factor.fails_per_day):
        until = moment + timedelta(hours=parameters.number(factor.lock_hours))
        Subject.objects.filter(pk=subject_id).update(**{factor.lock_column: until})


@within_transaction
def give_up_check_of(*, factor: Factor, check_id: uuid.UUID) -> None:
    """End a check because the vendor did not answer in time; it leaves nothing on record and counts for nothing."""
    end_unjudged(factor=factor, check_id=check_id, event="give_up", reason_code=VENDOR_UNAVAILABLE)


@within_transaction
def end_unjudged(*, factor: Factor, check_id: uuid.UUID, event: str, reason_code: str) -> None:
    """End a check that nobody has judged, for a reason that does not speak against the customer."""
    transition(
        factor.machine, check_id, event, actor=ACTOR, reason=reason_code, reason_code=reason_code, finished_at=now()
    )
