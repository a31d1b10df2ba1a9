"""Propose an act, approve it, refuse it, withdraw it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction

from core.approvals.models import APPROVED, PROPOSED, REFUSED, WITHDRAWN, Proposal
from core.approvals.registry import KINDS, Approved, Before
from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction


class SameHands(Problem):
    """Who proposes an act cannot decide on it, whatever rights they have."""

    code = "same_hands"
    status = 409
    title = "申请人与复核人不能是同一人"


class NoRightToDecide(Problem):
    """Who decides on an act is a present login of this place that has the right which the act's kind names, at that moment."""

    code = "no_right_to_decide"
    status = 403
    title = "您没有复核该事项的权限，请由有复核权限的另一名员工办理"


class DraftChanged(Problem):
    """What was proposed is no longer what it was when it was proposed; nothing has happened."""

    code = "draft_changed"
    status = 409
    title = "草稿在申请之后被修改过，请驳回本申请，核对后重新申请"


class ProposalWaiting(Problem):
    """The same act waits for a decision already."""

    code = "proposal_waiting"
    status = 409
    title = "该对象已有同类事项待复核"


@opens_transaction
def propose(*, kind: str, subject: str, values: Mapping[str, Any], reason: str, actor: str) -> Proposal:
    """Put an act before a second person; nothing has happened yet.

    Raises:
        KeyError: no room has registered the kind.
        ProposalWaiting: see there.
        Problem: whatever the kind refuses to have proposed.
    """
    spec = KINDS[kind]
    if spec.check is not None:
        spec.check(subject, values)
    try:
        with transaction.atomic():
            proposal = Proposal.objects.create(
                kind=spec.name, subject=subject, values=dict(values), reason=reason, proposed_by=actor
            )
    except IntegrityError as error:
        raise ProposalWaiting from error
    record(f"proposal.made:{kind}", actor=actor, subject=subject, detail={"reason": reason})
    return proposal


def may_decide(proposal: Proposal, staff: User | AnonymousUser) -> bool:
    """Tell whether a member of staff may approve or refuse: what somebody else proposed, by the right of its kind.

    The one rule of who decides: pages offer the acts by it, and `approve` and `refuse` hold to it.
    """
    kind = KINDS.get(proposal.kind)
    return kind is not None and proposal.proposed_by != staff.get_username() and staff.has_perm(kind.decider)


def approve(*, proposal_id: uuid.UUID, actor: str, reason: str = "") -> Proposal:
    """Let an act happen that another has proposed; what its kind has recorded `before` stays, also where it is refused.

    Raises:
        NotFound, SameHands, NoRightToDecide, StateConflict, Problem: see `approve_now`.
    """
    kind = KINDS.get(Proposal.objects.values_list("kind", flat=True).filter(pk=proposal_id).first() or "")
    if kind is not None and kind.before is not None:
        _record_before(kind.before, proposal_id=proposal_id, actor=actor)
    return approve_now(proposal_id=proposal_id, actor=actor, reason=reason)


@opens_transaction
def _record_before(before: Before, *, proposal_id: uuid.UUID, actor: str) -> None:
    """Let the kind of a proposal that waits record what it must before its act, for somebody who may decide on it."""
    proposal = _lock(proposal_id)
    staff = User.objects.filter(username=actor).first()
    if proposal.status == PROPOSED and staff is not None and may_decide(proposal, staff):
        before(proposal.subject, proposal.values)


@opens_transaction
def approve_now(*, proposal_id: uuid.UUID, actor: str, reason: str = "") -> Proposal:
    """Let an act happen that another has proposed, in this transaction.

    Raises:
        NotFound: there is no such proposal.
        SameHands, NoRightToDecide: see there.
        StateConflict: it is decided already.
        Problem: whatever the act itself refuses; then nothing has happened and the proposal waits.
    """
    proposal = _decide(proposal_id, APPROVED, actor, reason)
    approved = Approved(
        subject=proposal.subject, values=proposal.values, reason=proposal.reason, proposed_by=proposal.proposed_by,
        decided_by=actor,
    )  # fmt: skip
    KINDS[proposal.kind].apply(approved)
    return proposal


def may_read(kind: str, staff: User | AnonymousUser) -> bool:
    """Tell whether a member of staff who reads proposals reads those of this kind."""
    spec = KINDS.get(kind)
    return spec is None or not spec.confidential or staff.has_perm(spec.proposer) or staff.has_perm(spec.decider)


@opens_transaction
def refuse(*, proposal_id: uuid.UUID, actor: str, reason: str) -> Proposal:
    """Refuse an act that another has proposed.

    Raises:
        NotFound, SameHands, NoRightToDecide, StateConflict: see `approve`.
    """
    return _decide(proposal_id, REFUSED, actor, reason)


@opens_transaction
def withdraw(*, proposal_id: uuid.UUID, actor: str) -> Proposal:
    """Take back what one has proposed oneself.

    Raises:
        NotFound: there is no such proposal of this person.
        StateConflict: it is decided already.
    """
    proposal = _lock(proposal_id)
    if proposal.proposed_by != actor:
        raise NotFound
    return _end(proposal, WITHDRAWN, actor, "")


def _lock(proposal_id: uuid.UUID) -> Proposal:
    proposal = Proposal.objects.select_for_update().filter(pk=proposal_id).first()
    if proposal is None:
        raise NotFound
    return proposal


def _decide(proposal_id: uuid.UUID, status: str, actor: str, reason: str) -> Proposal:
    proposal = _lock(proposal_id)
    if proposal.proposed_by == actor:
        raise SameHands
    staff = User.objects.filter(username=actor).first()
    if staff is None or not may_decide(proposal, staff):
        raise NoRightToDecide
    return _end(proposal, status, actor, reason)


def _end(proposal: Proposal, status: str, actor: str, reason: str) -> Proposal:
    if proposal.status != PROPOSED:
        raise StateConflict("该事项已处理")
    proposal.status, proposal.decided_by, proposal.decided_at = status, actor, now()
    proposal.decision_reason = reason
    proposal.save(update_fields=["status", "decided_by", "decided_at", "decision_reason"])
    record(f"proposal.{status}:{proposal.kind}", actor=actor, subject=proposal.subject, detail={"reason": reason})
    return proposal
