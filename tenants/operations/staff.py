"""Roles and second factors of staff: what gives somebody rights, or takes a proof away, takes two people."""

from __future__ import annotations

from django.contrib.auth.models import Group, User

from core.approvals.operations import SameHands
from core.audit.log import record
from core.errors import NotFound
from core.operations import opens_transaction, within_transaction
from core.tenancy import current_bank
from tenants.models import StaffAccess
from tenants.staff import (
    AML_READER,
    SUPPORT,
    SUPPORT_LOGIN,
    StaffRefused,
    held_roles,
    let_read_aml,
    longest_aml_days,
    roles_at,
)


@within_transaction
def check_grant(*, login: str, role: str, days: int | None = None) -> None:
    """Refuse to give a role that does not exist, or to somebody who does not work here or has it already.

    To read AML cases is given for a number of `days`, at most `staff.aml_grant_days`; what has ended may be given again.

    Raises:
        StaffRefused: says which.
    """
    user = User.objects.filter(username=login).first()
    if user is None or not user.is_active:
        raise StaffRefused(f"没有在用的员工账号 {login}")
    if role == SUPPORT or login.startswith(SUPPORT_LOGIN):
        raise StaffRefused("省级支持只能以支持会话批准，支持会话的登录不能另授角色")
    if role not in roles_at(current_bank().code):
        raise StaffRefused(f"没有“{role}”这一角色")
    _check_days(role, days)
    if held_roles(user).filter(name=role).exists():
        raise StaffRefused(f"{login} 已有“{role}”角色")


def _check_days(role: str, days: int | None) -> None:
    if role != AML_READER:
        if days is not None:
            raise StaffRefused(f"“{role}”没有有效期，请勿填写有效天数")
        return
    longest = longest_aml_days()
    if days is None or not 1 <= days <= longest:
        raise StaffRefused(f"请填写“{AML_READER}”的有效天数，1 至 {longest} 天")


@within_transaction
def grant_role(*, login: str, role: str, proposed_by: str, decided_by: str, days: int | None = None) -> None:
    """Give a login a role: what an approval does. Nobody approves a role of their own, whoever proposed it.

    `days` run from now.

    Raises:
        SameHands: the role is for who approves it.
        StaffRefused: see `check_grant`.
    """
    if decided_by == login:
        raise SameHands("不能复核授予本人的角色")
    check_grant(login=login, role=role, days=days)
    user = User.objects.get(username=login)
    user.groups.add(Group.objects.get(name=role))
    detail: dict[str, str | int | bool | None] = {"role": role}
    if days is not None:
        detail["until"] = let_read_aml(user=user, days=days).isoformat(timespec="seconds")
    record("staff.role_granted", actor=f"{proposed_by}+{decided_by}", subject=login, detail=detail)


@opens_transaction
def revoke_role(*, login: str, role: str, reason: str, actor: str) -> None:
    """Take a role away; this takes one person, for it only ever takes rights.

    Raises:
        NotFound: the login does not have the role.
    """
    user = User.objects.select_for_update().filter(username=login, groups__name=role).first()
    if user is None:
        raise NotFound
    user.groups.remove(Group.objects.get(name=role))
    if role == AML_READER:
        StaffAccess.objects.filter(user=user).update(aml_until_at=None)
    record("staff.role_revoked", actor=actor, subject=login, detail={"role": role, "reason": reason})


@within_transaction
def check_reset(*, login: str) -> None:
    """Refuse to reset a second factor that nobody has.

    Raises:
        StaffRefused: the login has none.
    """
    if not StaffAccess.objects.filter(user__username=login, confirmed_at__isnull=False).exists():
        raise StaffRefused(f"{login} 没有启用动态码")


@within_transaction
def reset_factor(*, login: str, proposed_by: str, decided_by: str) -> None:
    """Take a login's second factor away, so that the person sets up another: what an approval does.

    Raises:
        SameHands: it is the factor of who approves it.
        StaffRefused: see `check_reset`.
    """
    if decided_by == login:
        raise SameHands("不能复核本人的动态码重置")
    check_reset(login=login)
    StaffAccess.objects.filter(user__username=login).update(secret=None, confirmed_at=None, recovery_hashes=[])
    record("staff.factor_reset", actor=f"{proposed_by}+{decided_by}", subject=login)
