"""Supplementary checks as the bank's staff work through them."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from core.admin.acts import actor_of, perform
from core.admin.columns import actor, opaque, state
from core.admin.pages import DatedPage
from lending.admin import review_forms as acts
from lending.models import ReviewTask
from lending.operations import review_tasks

SEES_LIST_HITS: Final = "verification.change_screeningalert"
WORKER: Final = "lending.work_reviewtask"
TASK_COLOURS: Final = {"callback": "info", "courier": "info", "counter": "primary"}


class ReviewTaskPage(DatedPage):
    """Supplementary checks, what is due first; whoever works on them enters how they came out."""

    list_display = (state("kind", "方式", TASK_COLOURS), "question", "due", opaque("case_id", "审核事项"), "outcome",
                    actor("created_by", "发起人"), actor("operator", "经办人"), "finished_at")  # fmt: skip
    list_filter = (("finished_at", admin.EmptyFieldListFilter), "kind", "outcome", "due_date")
    search_fields = ("case__subject_id__exact",)
    search_help_text = "按业务编号（完整）查找"
    ordering = ("due_date", "id")
    list_select_related = ("case",)
    actions_list = ("by_code",)
    actions_detail = ("finish",)
    fields = (("case", "kind"), "question", ("due_date", "code"), ("outcome", "operator"), "note",
              ("created_by", "created_at"), "finished_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewTask]:
        """Leave out what hangs on a case that this person may not know of."""
        rows: QuerySet[ReviewTask] = super().get_queryset(request)
        return rows if request.user.has_perm(SEES_LIST_HITS) else rows.filter(case__is_secret=False)

    @display(description="完成期限", ordering="due_date", label={"late": "danger", "open": "info", "done": "success"})
    def due(self, row: ReviewTask) -> tuple[str, str]:
        """Show until when it is due, in red where that is over."""
        if row.finished_at is not None or row.case.closed_at is not None:
            return "done", row.due_date.isoformat()
        return ("late" if row.due_date < self.today_of(row) else "open"), row.due_date.isoformat()

    def has_finish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer an open check to whoever works on checks."""
        if not request.user.has_perm(WORKER):
            return False
        return object_id is None or self.get_queryset(request).filter(pk=object_id, finished_at=None).exists()

    def has_by_code_permission(self, request: HttpRequest) -> bool:
        """Offer the counter's form to whoever works on checks."""
        return bool(request.user.has_perm(WORKER))

    @action(description="登记结果", permissions=["finish"], icon="task_alt")
    def finish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter how it came out."""

        def run(given: Any) -> None:
            review_tasks.finish_check(task_id=uuid.UUID(object_id), actor=actor_of(request), **given)

        return perform(self, request, acts.FINISH, run=run, form_class=acts.FinishForm, object_id=object_id)

    @action(description="登记面核结果", permissions=["by_code"], icon="pin")
    def by_code(self, request: HttpRequest) -> HttpResponse:
        """Enter what the counter has seen of who came with a code."""

        def run(given: Any) -> None:
            review_tasks.finish_appointment(actor=actor_of(request), **given)

        return perform(self, request, acts.BY_CODE, run=run, form_class=acts.ByCodeForm)
