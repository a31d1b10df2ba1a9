"""The steps that the bank owes, and how each one goes."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from core.admin.acts import Act, actor_of, perform
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.steps.models import DONE, FAILED, LIVE, PARKED, Step
from core.steps.recovery import retry_parked

COLOURS: Final = {LIVE: "info", DONE: "success", FAILED: "danger", PARKED: "warning"}
RETRY: Final = Act(
    title="重新执行任务",
    submit="重新执行",
    explanation="任务因程序异常多次中断而暂停。请在故障排除后重新执行；同一笔业务不会重复生效。",
    done="任务已重新排队",
)


class StepPage(ReadOnlyPage):
    """Steps, newest first; a parked one can be taken up again."""

    list_display = (
        "kind",
        opaque("subject", "对象"),
        state("state", "状态", COLOURS),
        "lane",
        "attempt",
        "reason",
        "run_at",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "lane", "kind")
    search_fields = ("subject__startswith", "kind__startswith")
    search_help_text = "按对象编号或任务种类查找"
    ordering = ("-created_at",)
    actions_detail = ("retry",)
    fieldsets = (
        (None, {"fields": (("kind", "lane"), ("subject", "state"), ("attempt", "crashes"), "reason", "result")}),
        ("时间", {"fields": (("created_at", "run_at"), ("lease_until", "deadline_at"), "finished_at")}),
        ("后续", {"fields": (("then_kind", "then_subject"),)}),
    )

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the retry of parked steps to whoever may change steps."""
        if not request.user.has_perm("core.change_step"):
            return False
        return object_id is None or Step.objects.filter(pk=object_id, state=PARKED).exists()

    @action(description="重新执行", permissions=["retry"], icon="replay")
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a parked step up again."""
        return perform(
            self,
            request,
            RETRY,
            run=lambda _: retry_parked(step_id=uuid.UUID(object_id), actor=actor_of(request)),
            object_id=object_id,
        )
