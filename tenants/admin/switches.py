"""The kill switches at the province: off by one person at once, on again by two."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import AddingPage
from core.approvals.operations import propose
from tenants.approvals import CHANGE_SWITCH, SWITCH_ON
from tenants.models import Switch
from tenants.models.switch import CHECK, SCOPES
from tenants.operations import switch_off
from tenants.switches import CHECKS

OFF: Final = Act(
    title="停用",
    submit="立即停用",
    explanation=(
        "提交后对下一次请求即生效：扫码、申请、开户、用信停办；停用产品或全省时，已签署未放款的用信随即取消。"
        "还款、充值、试算、文件与投诉不受影响。停办一家银行，请在该行页面“暂停业务”。恢复须两人办理。"
    ),
    done="已停用，对下一次请求生效",
    danger=True,
)
ON: Final = Act(
    title="申请恢复",
    submit="提交复核",
    explanation="复核通过后对下一次请求生效；停用期间取消的用信不恢复。",
    done="已提交，待另一名员工在“复核事项”中复核；复核通过前仍为停用",
)


class OffForm(ActForm):
    """What to stop, and why."""

    scope = forms.ChoiceField(label="范围", choices=SCOPES)
    bank = forms.CharField(label="机构代码", max_length=12, required=False, help_text="产品或核验手段留空为全省各行")
    target = forms.CharField(label="对象", max_length=40, required=False)
    reason = forms.CharField(label="原因", max_length=200, help_text="写入审计日志")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say which checks there are, which other rooms have registered."""
        super().__init__(*args, **kwargs)
        checks = "、".join(f"{name}（{title}）" for name, title in CHECKS.items())
        self.fields["target"].help_text = f"产品代码，或推广码的场景值，或核验手段：{checks}；停办全省时留空"


class ReasonForm(ActForm):
    """Why it may go on again; kept with the proposal."""

    reason = forms.CharField(label="恢复理由", max_length=200, help_text="写入复核记录与审计日志")


class SwitchPage(AddingPage):
    """The switches, those that are off first."""

    adding = OFF
    adding_form = OffForm
    list_display = ("scope", "bank", "named", "standing", "reason", "changed_by", "changed_at")
    list_filter = ("is_off", "scope")
    ordering = ("-is_off", "-changed_at")
    actions_detail = ("turn_on",)
    readonly_fields = ("named", "standing")
    fieldsets = (
        (None, {"fields": (("scope", "standing"), ("bank", "named"), "reason")}),
        ("记录", {"fields": (("changed_by", "changed_at"),)}),
    )

    @display(description="对象")
    def named(self, row: Switch) -> str:
        """Show the target, a check by its name."""
        return CHECKS.get(row.target, row.target) if row.scope == CHECK else row.target or "—"

    @display(description="状态", label={"已停用": "danger", "正常": "success"})
    def standing(self, row: Switch) -> str:
        """Show whether it is off."""
        return "已停用" if row.is_off else "正常"

    def perform_add(self, request: HttpRequest, given: Any) -> str:
        """Stop something."""
        made = switch_off(**{**given, "bank": given["bank"].strip(), "target": given["target"].strip()},
                          actor=actor_of(request))  # fmt: skip
        return reverse("admin:tenants_switch_change", args=(made,))

    def has_turn_on_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to propose that it goes on again."""
        if not request.user.has_perm(CHANGE_SWITCH):
            return False
        return object_id is None or Switch.objects.filter(pk=object_id, is_off=True).exists()

    @action(description="申请恢复", permissions=["turn_on"], icon="play_circle")
    def turn_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that it goes on again."""

        def run(given: Any) -> None:
            subject = uuid.UUID(object_id).hex
            propose(kind=SWITCH_ON, subject=subject, values={}, reason=given["reason"], actor=actor_of(request))

        return perform(self, request, ON, run=run, form_class=ReasonForm, object_id=object_id)
