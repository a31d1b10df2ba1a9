"""Let somebody of the province look at this bank's customers for a while, and see to it that it ends (PU-01)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import Group, User

from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem
from core.ids import new_id
from core.operations import opens_transaction
from tenants.models import SupportSession
from tenants.models.support import MOST_HOURS
from tenants.staff import SUPPORT, SUPPORT_LOGIN, ensure_roles, new_password

LONGEST_PATH: Final = 64


class SupportRefused(Problem):
    """A support session lasts one to eight hours."""

    code = "support_refused"
    status = 422
    title = "支持会话的时长不符合要求"


@opens_transaction
def grant_support(*, visitor: str, reason: str, hours: int, actor: str) -> tuple[uuid.UUID, str]:
    """Give a named person of the province a login here that only reads; return the session's id and the login's password.

    The password is shown once and kept nowhere. The login has the role `SUPPORT` and no other.

    Raises:
        SupportRefused: see there.
    """
    if not 1 <= hours <= MOST_HOURS:
        raise SupportRefused(f"请填写 1 至 {MOST_HOURS} 小时")
    ensure_roles()
    session_id, password, moment = new_id(), new_password(), now()
    user = User(username=f"{SUPPORT_LOGIN}{session_id.hex[-12:]}", last_name=visitor[:60], is_staff=True)
    user.set_password(password)
    user.save()
    user.groups.add(Group.objects.get(name=SUPPORT))
    SupportSession.objects.create(
        id=session_id, user=user, visitor=visitor, reason=reason, granted_by=actor, granted_at=moment,
        until_at=moment + timedelta(hours=hours),
    )  # fmt: skip
    detail: dict[str, str | int | bool | None] = {"visitor": visitor, "hours": hours, "reason": reason}
    record("support.granted", actor=actor, subject=user.username, detail=detail)
    return session_id, password


@opens_transaction
def revoke_support(*, session_id: uuid.UUID, reason: str, actor: str) -> None:
    """End a session; the next request under its login sees nothing.

    Raises:
        NotFound: there is no such session, or it has ended.
    """
    row = SupportSession.objects.select_for_update().filter(pk=session_id, revoked_at=None, until_at__gt=now()).first()
    if row is None:
        raise NotFound
    SupportSession.objects.filter(pk=row.pk).update(revoked_by=actor, revoked_at=now())
    User.objects.filter(pk=row.user_id).update(is_active=False)
    record("support.revoked", actor=actor, subject=row.user.username, detail={"reason": reason})


@opens_transaction
def pass_by(*, login: str, method: str, path: str) -> bool:
    """Put a page that a support login asks for into the audit log; tell whether its session still goes on.

    Whoever comes too late is in the log as well, and their login is closed. The query is left out: it may hold what was
    searched for.
    """
    row = SupportSession.objects.filter(user__username=login, user__is_active=True).first()
    goes_on = row is not None and row.revoked_at is None and row.until_at > now()
    if row is not None and not goes_on:
        User.objects.filter(pk=row.user_id).update(is_active=False)
    detail: dict[str, str | int | bool | None] = {"method": method, "path": path, "let_in": goes_on}
    record("support.page", actor=login, subject=path[-LONGEST_PATH:], detail=detail)
    return goes_on
