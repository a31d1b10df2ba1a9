"""What takes two people at a bank and at the province: parameters, LPR, calendar, roles, templates (`core.approvals`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.approvals.registry import Approved, register_approval
from core.errors import NotFound, StateConflict
from tenants.catalogue import in_words, present_value
from tenants.models import Bank, Switch
from tenants.models.bank import SUSPENDED
from tenants.operations import parameters, product_templates, province, staff, switches
from tenants.parameters import CATALOGUE
from tenants.states import RESUME

BANK_PARAMETER: Final = "parameter.bank"
PLATFORM_PARAMETER: Final = "parameter.platform"
LPR_QUOTE: Final = "lpr.quote"
CALENDAR_DAY: Final = "calendar.day"
DECIDE_BANK: Final = "tenants.decide_bankparameter"
GRANT_ROLE: Final = "staff.grant_role"
RESET_FACTOR: Final = "staff.reset_factor"
PROPOSE_STAFF: Final = "auth.change_user"
DECIDE_STAFF: Final = "tenants.decide_staffaccess"
DECIDE_PLATFORM: Final = "tenants.decide_platformparameter"
PUBLISH_TEMPLATE: Final = "template.publish"
SWITCH_ON: Final = "switch.on"
RESUME_BANK: Final = "bank.resume"
CHANGE_BANK: Final = "tenants.change_bank"
CHANGE_SWITCH: Final = "tenants.change_switch"
DECIDE_SWITCH: Final = "tenants.decide_switch"
TEMPLATE_EDITOR: Final = "tenants.change_producttemplate"
TEMPLATE_PUBLISHER: Final = "tenants.publish_producttemplate"
AT: Final = "@"  # between a parameter's name and the product that has a value of its own

Values = Mapping[str, Any]
Told = Sequence[tuple[str, str]]


def subject_of(name: str, product: str = "") -> str:
    """Name a parameter, of all products or of one, as the subject of a proposal."""
    return f"{name}{AT}{product}" if product else name


def _bank_value(subject: str, values: Values) -> dict[str, Any]:
    name, _, product = subject.partition(AT)
    return {"name": name, "product": product, **_value(values)}


def _value(values: Values) -> dict[str, Any]:
    return {"value": values["value"], "effective_date": date.fromisoformat(values["effective_date"])}


def _check_bank_value(subject: str, values: Values) -> None:
    parameters.check_bank_value(**_bank_value(subject, values))


def _check_platform_value(subject: str, values: Values) -> None:
    parameters.check_platform_value(name=subject, **_value(values))


def _tell_value(subject: str, values: Values) -> Told:
    name, _, product = subject.partition(AT)
    spec = CATALOGUE.get(name)
    if spec is None:
        return [("参数", name)]
    return [
        ("参数", f"{spec.meaning}（{name}）"),
        *([("产品", product)] if product else []),
        ("现取值", in_words(spec, present_value(name, product))),
        ("新取值", in_words(spec, values["value"])),
        ("生效日期", str(values["effective_date"])),
    ]


@register_approval(
    BANK_PARAMETER, title="本行参数", proposer="tenants.change_bankparameter", decider=DECIDE_BANK,
    check=_check_bank_value, tell=_tell_value,
)  # fmt: skip
def set_bank_parameter(approved: Approved) -> None:
    """Give a parameter a new value at this bank; the subject is `subject_of`, the values are `value`, `effective_date`."""
    parameters.set_bank_parameter(
        **_bank_value(approved.subject, approved.values), proposed_by=approved.proposed_by,
        decided_by=approved.decided_by,
    )  # fmt: skip


@register_approval(
    PLATFORM_PARAMETER, title="平台参数", proposer="tenants.change_platformparameter", decider=DECIDE_PLATFORM,
    check=_check_platform_value, tell=_tell_value,
)  # fmt: skip
def set_platform_parameter(approved: Approved) -> None:
    """Give a parameter a new value for every bank; the subject is its name, the values are as of a bank's."""
    parameters.set_platform_parameter(
        name=approved.subject, **_value(approved.values), proposed_by=approved.proposed_by,
        decided_by=approved.decided_by,
    )  # fmt: skip


def _quote(subject: str, values: Values) -> dict[str, Any]:
    return {
        "published_date": date.fromisoformat(subject),
        "one_year_rate": Decimal(values["one_year_rate"]),
        "five_year_rate": Decimal(values["five_year_rate"]),
        "confirmed": bool(values["confirmed"]),
    }


def _check_quote(subject: str, values: Values) -> None:
    province.check_lpr(**_quote(subject, values))


def _tell_quote(subject: str, values: Values) -> Told:
    return [
        ("公布日期", subject),
        ("一年期", f"{values['one_year_rate']}%"),
        ("五年期以上", f"{values['five_year_rate']}%"),
        ("已核对较大变动或更正", "是" if values["confirmed"] else "否"),
    ]


@register_approval(
    LPR_QUOTE, title="贷款市场报价利率", proposer="tenants.add_lprquote", decider=DECIDE_PLATFORM, check=_check_quote,
    tell=_tell_quote,
)  # fmt: skip
def enter_lpr(approved: Approved) -> None:
    """Enter a quote; the subject is the day on which it was published."""
    province.enter_lpr(**_quote(approved.subject, approved.values), actor=approved.actor)


def _check_day(subject: str, values: Values) -> None:
    del values
    province.check_day(day=date.fromisoformat(subject))


def _tell_day(subject: str, values: Values) -> Told:
    return [
        ("日期", subject),
        ("当日", "上班" if values["is_working_day"] else "放假"),
        ("名称", values["name"] or "—"),
    ]


@register_approval(
    CALENDAR_DAY, title="节假日安排", proposer="tenants.add_holiday", decider=DECIDE_PLATFORM, check=_check_day,
    tell=_tell_day,
)  # fmt: skip
def mark_day(approved: Approved) -> None:
    """Mark a day; the subject is the day."""
    province.mark_day(
        day=date.fromisoformat(approved.subject), is_working_day=bool(approved.values["is_working_day"]),
        name=str(approved.values["name"]), actor=approved.actor,
    )  # fmt: skip


def _check_grant(subject: str, values: Values) -> None:
    staff.check_grant(login=subject, role=str(values["role"]), days=values.get("days"))


def _tell_grant(subject: str, values: Values) -> Told:
    days = values.get("days")
    return [
        ("员工", subject),
        ("角色", str(values["role"])),
        *([] if days is None else [("有效期", f"自复核通过起 {days} 天")]),
    ]


@register_approval(
    GRANT_ROLE, title="授予角色", proposer=PROPOSE_STAFF, decider=DECIDE_STAFF, check=_check_grant,
    tell=_tell_grant,
)  # fmt: skip
def grant_role(approved: Approved) -> None:
    """Give a login a role; the subject is the login, the values are `role` and, of one that ends, `days`."""
    staff.grant_role(
        login=approved.subject, role=str(approved.values["role"]), days=approved.values.get("days"),
        proposed_by=approved.proposed_by, decided_by=approved.decided_by,
    )  # fmt: skip


def _check_reset(subject: str, values: Values) -> None:
    del values
    staff.check_reset(login=subject)


@register_approval(
    RESET_FACTOR, title="重置动态码", proposer=PROPOSE_STAFF, decider=DECIDE_STAFF, check=_check_reset,
    tell=lambda subject, _: [("员工", subject)],
)  # fmt: skip
def reset_factor(approved: Approved) -> None:
    """Take a login's second factor away; the subject is the login."""
    staff.reset_factor(login=approved.subject, proposed_by=approved.proposed_by, decided_by=approved.decided_by)


@register_approval(
    PUBLISH_TEMPLATE, title="发布产品模板", proposer=TEMPLATE_EDITOR, decider=TEMPLATE_PUBLISHER,
    page="tenants_producttemplate",
)  # fmt: skip
def publish_template(approved: Approved) -> None:
    """Publish a template as it was proposed; the subject is its draft."""
    product_templates.publish_template(
        template_id=uuid.UUID(approved.subject), values=approved.values, decided_by=approved.decided_by,
        actor=approved.actor,
    )  # fmt: skip


def _check_switch(subject: str, values: Values) -> None:
    del values
    switches.check_switched_off(switch_id=uuid.UUID(subject))


def _tell_switch(subject: str, values: Values) -> Told:
    del values
    row = Switch.objects.filter(pk=uuid.UUID(subject)).first()
    return [] if row is None else [("停用对象", str(row)), ("停用原因", row.reason), ("停用人", row.changed_by)]


@register_approval(
    SWITCH_ON, title="恢复已停用的业务", proposer=CHANGE_SWITCH, decider=DECIDE_SWITCH, check=_check_switch,
    tell=_tell_switch, page="tenants_switch",
)  # fmt: skip
def switch_on(approved: Approved) -> None:
    """Let what a switch stopped go on again; the subject is the switch."""
    switches.switch_on(switch_id=uuid.UUID(approved.subject), reason=approved.reason, actor=approved.actor)


def _check_resume(subject: str, values: Values) -> None:
    del values
    bank = Bank.objects.filter(code=subject).first()
    if bank is None:
        raise NotFound
    if bank.stage != SUSPENDED:
        raise StateConflict("该行未被暂停，无需恢复")


@register_approval(
    RESUME_BANK, title="恢复银行业务", proposer=CHANGE_BANK, decider=DECIDE_SWITCH, check=_check_resume,
    tell=lambda subject, _: [("机构代码", subject)],
)  # fmt: skip
def resume_bank(approved: Approved) -> None:
    """Bring a suspended bank back to the stage that it was suspended from; the subject is its code."""
    province.move(code=approved.subject, event=RESUME, reason=approved.reason, actor=approved.actor)
