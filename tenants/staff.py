"""The staff of a bank, and of the province: which roles there are, what each may do, and how a login is made.

A role is a Django group; logins, groups and sessions live in each bank's own schema, so a login of one bank is nobody at
another. Rights are patterns over Django's permissions (`app.action_model`), so that a room's new page is covered by the
roles that may see all of that room; a test holds every pattern against the permissions that exist.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Exists, Q, QuerySet

from core.audit.log import record
from core.clock import days_from_now, now
from core.errors import Problem
from core.operations import opens_transaction, within_transaction
from core.tenancy import PROVINCE_CODE, current_bank
from tenants.models import StaffAccess
from tenants.parameters import Parameter, declare, value_of

PASSWORD_BYTES: Final = 12
MANAGER: Final = "管理员"
AML_READER: Final = "反洗钱查阅"
SUPPORT: Final = "省级支持"
SUPPORT_LOGIN: Final = "support-"  # how the logins of support sessions begin; no other login has rights by it
AML_DAYS: Final = declare(
    Parameter(
        "staff.aml_grant_days", 30, "一次反洗钱查阅授权的最长有效期", "天", "AML-08，工程取值", "lower", low=1, high=90
    )
)
_NO_AML: Final = (
    "!verification.view_screeningalert",
)  # who learns of a hit is named: 合规, or who was given 反洗钱查阅
_SEEING_ALL: Final = (
    "core.view_*", "tenants.view_*", "verification.view_*", "accounts.view_*", "lending.view_*", *_NO_AML,
)  # fmt: skip
_ANY_CUSTOMER: Final = "accounts.view_any_customer"  # without it a login sees the customers whom its own codes brought
_SEEING_OWN_CUSTOMERS: Final = ("accounts.view_customer", "accounts.view_registration")
_SEEING_CUSTOMERS: Final = (*_SEEING_OWN_CUSTOMERS, _ANY_CUSTOMER)
_LOOKING: Final = "accounts.look_at_customer"  # at the values themselves, each time with a reason and a trace
_NO_BUREAU: Final = ("!lending.view_bureaureport", "!lending.view_governmentdata")  # read for a decision, not by all
_OUTSIDE_MONEY: Final = (
    "accounts.add_receipt", "accounts.change_receipt", "accounts.view_receipt*", "accounts.change_refund",
    "accounts.view_refund", "accounts.propose_correction", "accounts.decide_correction",
    "accounts.change_corereconciliation", "accounts.change_reconciliationbreak", "accounts.view_*reconciliation*",
)  # fmt: skip
_WORKING_ON_COMPLAINTS: Final = (
    "accounts.add_complaint", "accounts.change_complaint", "accounts.view_complaint",
)  # fmt: skip
_SEEING_BUSINESS: Final = ("accounts.view_*", "lending.view_*", "tenants.view_entry", "tenants.view_scan")

ROLES: Final[Mapping[str, Sequence[str]]] = {
    "产品经理": (
        "lending.*_product", "lending.*_productversion", "lending.*_invitation", "lending.view_*", *_NO_BUREAU,
        _ANY_CUSTOMER,
        "verification.*_agreementtext", "tenants.*_entry", "tenants.add_campaigncost", "tenants.view_*", "core.view_proposal",
    ),
    "风险": (
        "lending.view_*", "lending.review_application", "lending.work_reviewtask", "lending.freeze_creditline",
        "lending.*_relatedparty",
        "lending.*_bankmodel", "lending.*_bankmodelversion", "lending.*_modelcase", "lending.*_backtest",
        "lending.close_earlywarning", "lending.add_observedfact",
        "lending.*_watchterm", "lending.judge_purposefinding", "lending.*_collectionagency", "lending.assign_overdueloan",
        "verification.view_*", *_NO_AML, *_SEEING_CUSTOMERS, "tenants.*_bankparameter",
        "core.view_statechange", "core.view_proposal", "lending.propose_loan_change", "lending.decide_loan_change",
    ),
    "运营": (
        *_SEEING_BUSINESS, _LOOKING, "accounts.review_opening", "accounts.propose_restriction",
        "accounts.change_filing", *_WORKING_ON_COMPLAINTS, "core.view_proposal",
        "lending.work_reviewtask", "lending.*_loanpaper", "lending.change_entrustedpayment", "lending.change_creditnotice",
        "lending.add_bureauexport", "lending.add_bureauobjection", "tenants.*_entry", "tenants.*_campaigncost",
        "tenants.view_bankparameter",
        "core.*_step", "core.view_statechange",
    ),
    "客户经理": (
        *_SEEING_OWN_CUSTOMERS, "accounts.view_complaint", _LOOKING, "tenants.add_entry", "tenants.view_entry",
        "tenants.view_scan",
        "lending.view_product", "lending.view_application", "lending.view_creditline", "lending.view_loan",
        "lending.view_own_invitation",
    ),
    "合规": (
        "verification.view_*", "verification.change_screeningalert", "accounts.view_*", _LOOKING,
        "accounts.propose_restriction", "accounts.decide_restriction", "accounts.decide_complaint", "lending.view_*",
        "lending.freeze_creditline", "lending.close_earlywarning", "lending.judge_purposefinding",
        "lending.download_loanpaper", "lending.add_mechanismdossier",
        "lending.add_bureauobjection", "lending.decide_bureauobjection", "core.view_auditentry", "core.view_statechange",
        "core.view_vaultaccess", "core.view_proposal", "tenants.view_bankparameter", "tenants.decide_bankparameter",
        "tenants.decide_staffaccess", "auth.view_*",
    ),
    "会计": (
        "accounts.view_journalentry", "accounts.view_posting", "accounts.view_payment", "accounts.view_depositaccount",
        "accounts.view_filing", "accounts.view_glday", "accounts.view_hold", "accounts.view_topup",
        "accounts.view_transfer", "lending.view_*", *_NO_BUREAU, _ANY_CUSTOMER, "core.view_proposal",
        "lending.propose_loan_change",
        "lending.decide_loan_change", *_OUTSIDE_MONEY,
    ),
    "催收": (
        *_SEEING_CUSTOMERS, _LOOKING, "lending.view_creditline", "lending.view_application", "lending.view_*loan*",
        "lending.collect_overdueloan", "lending.view_collection*", "lending.*_creditnotice",
    ),
    "客服": (
        *_SEEING_CUSTOMERS, *_WORKING_ON_COMPLAINTS, "accounts.view_card", "accounts.view_depositaccount",
        "accounts.view_suspension",
        "accounts.view_documentdemand", "accounts.view_reverification", "accounts.view_accountclosing",
        "accounts.view_notice", "lending.view_product",
        "lending.view_application", "lending.view_creditline", "lending.view_*loan*", "lending.download_loanpaper",
        "lending.view_bureau*", "lending.add_bureauobjection",
    ),
    "审计": (*_SEEING_ALL, "lending.download_loanpaper", "admin.view_logentry", "auth.view_*"),
    SUPPORT: _SEEING_ALL,
    AML_READER: ("verification.view_screeningalert", "verification.view_check", _ANY_CUSTOMER),
    MANAGER: (
        *_SEEING_ALL, "admin.view_logentry", "auth.add_user", "auth.change_user", "auth.view_*", "tenants.*_entry",
        "tenants.change_bankparameter", "core.change_step", "tenants.add_supportsession",
        "tenants.change_supportsession", "lending.add_mechanismdossier",
        "lending.add_product*", "lending.change_product*",
    ),
}  # fmt: skip
"""Role → what it may do; what begins with `!` it may not, whatever else matches. Nobody hands out rights one by one.

An administrator proposes and decides on nothing. Who decides is somebody else's role: 合规 on roles, logins and parameters,
风险 on parameters, another 产品经理 on products.
"""

CHECKER: Final = "复核"
PROVINCE_ROLES: Final[Mapping[str, Sequence[str]]] = {
    "运营": (
        "tenants.view_*", "tenants.change_platformparameter", "tenants.add_lprquote", "tenants.add_holiday",
        "tenants.add_producttemplate", "tenants.change_producttemplate", "tenants.*_switch", "!tenants.decide_switch",
        "tenants.add_bankdossier", "core.view_proposal",
    ),
    CHECKER: (
        "tenants.view_*", "core.view_*", "auth.view_*", "tenants.decide_platformparameter", "tenants.decide_staffaccess",
        "tenants.publish_producttemplate", "tenants.decide_switch",
    ),
    "审计": ("tenants.view_*", "core.view_*", "admin.view_logentry", "auth.view_*"),
    MANAGER: (
        "tenants.*_bank", "tenants.add_bankdossier", "tenants.*_switch", "!tenants.decide_switch",
        "tenants.change_platformparameter", "tenants.*_lprquote", "tenants.*_holiday",
        "tenants.add_producttemplate", "tenants.change_producttemplate",
        "tenants.view_*", "core.view_*", "core.change_step", "admin.view_logentry", "auth.add_user", "auth.change_user",
        "auth.view_*",
    ),
}  # fmt: skip


class StaffRefused(Problem):
    """A login cannot be made as asked: the role does not exist, or the password is too weak."""

    code = "staff_refused"
    status = 422
    title = "无法创建员工账号"


GRANT: Final = """
INSERT INTO auth_group_permissions (group_id, permission_id)
SELECT g.id, p.id FROM unnest(%s::text[], %s::text[], %s::text[]) AS wanted(role, app, codename)
JOIN auth_group g ON g.name = wanted.role
JOIN django_content_type c ON c.app_label = wanted.app
JOIN auth_permission p ON p.content_type_id = c.id AND p.codename = wanted.codename
ON CONFLICT DO NOTHING
"""
TAKE: Final = """
DELETE FROM auth_group_permissions held USING auth_group g, auth_permission p, django_content_type c
WHERE held.group_id = g.id AND p.id = held.permission_id AND c.id = p.content_type_id AND g.name = ANY(%s::text[])
  AND (g.name, c.app_label, p.codename) NOT IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]))
"""


@within_transaction
def ensure_roles(*, roles: Mapping[str, Sequence[str]] = ROLES) -> None:
    """Make the roles that the current bank lacks, and let each have exactly the rights that are written here.

    A right that somebody gave one of these roles by hand is taken away again; groups that are not written here are left as
    they are. Three statements, however many roles there are: opening a bank runs this, and so does every upgrade of a bank
    whose roles differ (`prepare_database`).
    """
    Group.objects.bulk_create([Group(name=name) for name in roles], ignore_conflicts=True)
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*rights_of(roles), strict=True)]
        cursor.execute(GRANT, columns)
        cursor.execute(TAKE, [list(roles), *columns])


def rights_of(roles: Mapping[str, Sequence[str]]) -> list[tuple[str, str, str]]:
    """Return what each role may do, as (role, app, codename): its patterns among the rights that the models declare."""
    return _rights_of(tuple((role, tuple(patterns)) for role, patterns in roles.items()))


@lru_cache(maxsize=4)
def _rights_of(roles: tuple[tuple[str, tuple[str, ...]], ...]) -> list[tuple[str, str, str]]:
    """Match the patterns of all roles; kept, since one bank after another asks the same."""
    known = [
        (meta.app_label, codename)
        for meta in (model._meta for model in apps.get_models())  # noqa: SLF001 -- how Django shows a model's rights
        for codename in (
            *(get_permission_codename(action, meta) for action in meta.default_permissions),
            *(codename for codename, _ in meta.permissions),
        )
    ]
    return [
        (role, app, codename)
        for role, patterns in roles
        for app, codename in known
        if _matches(f"{app}.{codename}", patterns)
    ]


def _matches(right: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a right is among what the patterns give, and among nothing that they except."""
    given = any(fnmatchcase(right, pattern) for pattern in patterns)
    return given and not any(fnmatchcase(right, pattern[1:]) for pattern in patterns if pattern.startswith("!"))


def roles_at(bank: str) -> Mapping[str, Sequence[str]]:
    """Return the roles of a bank, or of the province."""
    return PROVINCE_ROLES if bank == PROVINCE_CODE else ROLES


def held_roles(user: User) -> QuerySet[Group]:
    """Return the roles that a login holds now: all that it was given, but to read AML cases only until the grant's end.

    A grant without an end has ended.
    """
    goes_on = Exists(StaffAccess.objects.filter(user=user, aml_until_at__gt=now()))
    return user.groups.filter(~Q(name=AML_READER) | goes_on)


def longest_aml_days() -> int:
    """Return for how many days somebody may be named to read AML cases here at most."""
    return value_of(AML_DAYS.name, kind=int)


@within_transaction
def let_read_aml(*, user: User, days: int) -> datetime:
    """Let the grant of a login that has the role go on for so many days from now; return when it ends."""
    until_at = days_from_now(days)
    StaffAccess.objects.update_or_create(user=user, defaults={"aml_until_at": until_at})
    return until_at


def new_password() -> str:
    """Make a password that nobody has to remember."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


@opens_transaction
def make_login(*, login: str, role: str, password: str, is_superuser: bool = False) -> bool:
    """Make a login at the current bank, or give an existing one the role and this password; return whether it is new.

    A role that the login has beside this one stays. To read AML cases is given for
    the longest time that this bank allows. Sessions of an existing login end with its old password.

    Raises:
        StaffRefused: there is no such role, or Django's validators refuse the password.
    """
    roles = roles_at(current_bank().code)
    if role not in roles:
        raise StaffRefused(f"没有“{role}”这一角色；可选：{'、'.join(roles)}")
    ensure_roles(roles=roles)
    user = User.objects.select_for_update().filter(username=login).first() or User(username=login)
    is_new = user.pk is None
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise StaffRefused("；".join(error.messages)) from error
    user.set_password(password)
    user.is_staff = user.is_active = True
    user.is_superuser = user.is_superuser or is_superuser
    user.save()
    user.groups.add(Group.objects.get(name=role))
    if role == AML_READER:
        let_read_aml(user=user, days=longest_aml_days())
    detail: dict[str, str | int | bool | None] = {"role": role, "superuser": user.is_superuser, "new": is_new}
    record("staff.login_made", actor="command", subject=login, detail=detail)
    return is_new
