"""The second person of an act that takes two, where a test is about the act: a present login whose role decides on it."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import Group, User

from core.approvals import operations
from core.approvals.models import Proposal
from core.approvals.registry import KINDS

__all__ = ["approve", "approve_within", "refuse", "seat"]


def seat(login: str, kind: str) -> User:
    """Let somebody work here, in a role that decides on a kind of act."""
    app, _, codename = KINDS[kind].decider.partition(".")
    role = Group.objects.filter(permissions__content_type__app_label=app, permissions__codename=codename).first()
    assert role is not None, f"no role here decides on {kind}"
    user, _ = User.objects.get_or_create(username=login, defaults={"is_staff": True})
    user.groups.add(role)
    return user


def approve(*, proposal_id: uuid.UUID, actor: str, reason: str = "") -> Proposal:
    """Approve as somebody who may."""
    seat(actor, Proposal.objects.get(pk=proposal_id).kind)
    return operations.approve(proposal_id=proposal_id, actor=actor, reason=reason)


def approve_within(*, proposal_id: uuid.UUID, actor: str, reason: str = "") -> Proposal:
    """Approve as somebody who may, in a transaction of the test's own: one that it lets fail and looks at afterwards."""
    seat(actor, Proposal.objects.get(pk=proposal_id).kind)
    approved: Proposal = operations.approve_now.__wrapped__(proposal_id=proposal_id, actor=actor, reason=reason)  # type: ignore[attr-defined]
    return approved


def refuse(*, proposal_id: uuid.UUID, actor: str, reason: str) -> Proposal:
    """Refuse as somebody who may."""
    seat(actor, Proposal.objects.get(pk=proposal_id).kind)
    return operations.refuse(proposal_id=proposal_id, actor=actor, reason=reason)
