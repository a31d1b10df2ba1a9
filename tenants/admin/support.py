"""Support sessions at a bank: granted and revoked by its administrator, and each page that was opened in one."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import AddingPage
from core.clock import now
from tenants.models import SupportSession
from tenants.models.support import MOST_HOURS
from tenants.operations import grant_support, revoke_support
from tenants.operations.support import pass_by
from tenants.staff import SUPPORT_LOGIN

TABLE: Final = "admin/table.html"
GRANT: Final = Act(
    title="批准省级支持会话",
    submit="批准并显示密码",
    explanation="为一名省级人员开设只读登录，不含反洗钱信息，到期自动失效；其打开的每一页都写入本行审计日志，可随时收回。",
    done="已批准",
)
REVOKE: Final = Act(
    title="收回支持会话", submit="立即收回", explanation="对下一次请求即生效。", done="已收回", danger=True
)


class GrantForm(ActForm):
    """For whom, why, how long."""

    visitor = forms.CharField(label="省级人员", max_length=60, help_text="姓名和工号")
    hours = forms.IntegerField(label="时长（小时）", min_value=1, max_value=MOST_HOURS, initial=2)
    reason = forms.CharField(label="事由", max_length=200, help_text="写入审计日志")


class ReasonForm(ActForm):
    """Why; kept in the audit log."""

    reason = forms.CharField(label="原因", max_length=200, help_text="写入审计日志")


class SupportSessionPage(AddingPage):
    """The sessions, newest first."""

    adding = GRANT
    adding_form = GrantForm
    list_display = ("user", "visitor", "reason", "granted_by", "granted_at", "until_at", "standing")
    search_fields = ("user__username", "visitor")
    list_select_related = ("user",)
    ordering = ("-granted_at",)
    actions_detail = ("revoke",)
    readonly_fields = ("standing",)
    fields = (
        ("user", "standing"), "visitor", "reason", ("granted_by", "granted_at", "until_at"), ("revoked_by", "revoked_at"),
    )  # fmt: skip

    @display(description="状态", label={"进行中": "warning", "已收回": "danger", "已到期": "info"})
    def standing(self, row: SupportSession) -> str:
        """Show whether it goes on."""
        if row.revoked_at is not None:
            return "已收回"
        return "进行中" if row.until_at > now() else "已到期"

    def perform_add(self, request: HttpRequest, given: Any) -> HttpResponse:
        """Grant a session and show its login and password, once."""
        session_id, password = grant_support(**given, actor=actor_of(request))
        row = SupportSession.objects.select_related("user").get(pk=session_id)
        until = timezone.localtime(row.until_at)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": "支持会话已批准",
            "note": "密码只显示这一次，请当面或以其他安全方式交给本人",
            "table": {
                "headers": ["登录名", "密码", "有效至"],
                "rows": [[row.user.username, password, f"{until:%Y-%m-%d %H:%M}"]],
            },
        }
        answer = TemplateResponse(request, TABLE, context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to revoke what goes on."""
        if not request.user.has_perm("tenants.change_supportsession"):
            return False
        going_on = SupportSession.objects.filter(pk=object_id, revoked_at=None, until_at__gt=now())
        return object_id is None or going_on.exists()

    @action(description="收回", permissions=["revoke"], icon="block")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it at once."""
        run = lambda given: revoke_support(session_id=uuid.UUID(object_id), actor=actor_of(request), **given)  # noqa: E731
        return perform(self, request, REVOKE, run=run, form_class=ReasonForm, object_id=object_id)


def see_support_through(request: HttpRequest) -> None:
    """Log the page where a support login asks for it, and log the login out where its session has ended."""
    login = request.user.get_username()
    if login.startswith(SUPPORT_LOGIN) and not pass_by(login=login, method=request.method or "", path=request.path):
        logout(request)
