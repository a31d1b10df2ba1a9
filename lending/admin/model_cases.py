"""Saved cases of a bank's models; how a version does in them stands on the version's page."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from core.admin.acts import Act, actor_of, perform
from core.admin.pages import ReadOnlyPage
from lending.approvals import MODEL_EDITOR
from lending.models import ModelCase
from lending.operations.models import withdraw_case

WITHDRAW_CASE: Final = Act(
    title="停用用例", submit="停用", explanation="停用后发布时不再检查此用例；待复核的发布须重新提交。", done="用例已停用",
    danger=True,
)  # fmt: skip


class ModelCasePage(ReadOnlyPage):
    """Saved cases; how a version does in them stands on the version's page."""

    list_display = ("name", "model", "expected_outcome", "reasons", "created_by", "created_at", "removed_at")
    list_filter = ("model", "expected_outcome")
    list_select_related = ("model",)
    ordering = ("model__code", "name")
    actions_detail = ("withdraw",)
    readonly_fields = ("reasons", "input_shown")
    fieldsets = (
        (None, {"fields": (("model", "name"), ("expected_outcome", "reasons"), "input_shown")}),
        ("记录", {"fields": (("created_by", "created_at"), ("removed_by", "removed_at"))}),
    )

    @display(description="应得原因")
    def reasons(self, row: ModelCase) -> str:
        """Name the expected reasons."""
        return "、".join(row.expected_reasons) or "—"

    @display(description="输入（模拟数据）")
    def input_shown(self, row: ModelCase) -> str:
        """Show the made-up facts."""
        return pretty(row.snapshot)

    def has_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on a case in use."""
        if not request.user.has_perm(MODEL_EDITOR):
            return False
        return object_id is None or ModelCase.objects.filter(pk=object_id, removed_at=None).exists()

    @action(description="停用", permissions=["withdraw"], icon="block")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Withdraw it."""
        run = lambda _: withdraw_case(case_id=uuid.UUID(object_id), actor=actor_of(request))  # noqa: E731
        return perform(self, request, WITHDRAW_CASE, run=run, object_id=object_id)


def pretty(text: str) -> str:
    """Return JSON with a line for each value."""
    return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
