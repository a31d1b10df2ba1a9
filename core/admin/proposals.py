"""What waits for a second person, and the acts of that person."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.approvals.models import APPROVED, PROPOSED, REFUSED, WITHDRAWN, Proposal
from core.approvals.operations import approve, may_decide, may_read, refuse, withdraw
from core.approvals.registry import KINDS
from core.errors import Problem

OPAQUE: Final = re.compile(r"[0-9a-f-]{32,36}")
SHORTENED: Final = opaque("subject", "对象")
COLOURS: Final = {PROPOSED: "warning", APPROVED: "success", REFUSED: "danger", WITHDRAWN: "info"}
APPROVE: Final = Act(
    title="复核通过",
    submit="通过并执行",
    explanation="通过后立即生效。申请人本人不能复核。",
    done="已通过并执行",
)
REFUSE: Final = Act(
    title="驳回", submit="驳回", explanation="驳回后该事项不执行，可重新申请。", done="已驳回", danger=True
)
WITHDRAW: Final = Act(title="撤回申请", submit="撤回", explanation="只能撤回本人的申请。", done="已撤回")


class OpinionForm(ActForm):
    """The second person's opinion."""

    reason = forms.CharField(label="复核意见", max_length=200, help_text="写入复核记录与审计日志")


class ProposalPage(ReadOnlyPage):
    """Proposals, those that wait first."""

    list_display = ("title", state("status", "状态", COLOURS), "about", "reason", "proposed_by",
                    "proposed_at", "decided_by", "decided_at")  # fmt: skip
    list_filter = ("status", "kind")
    search_fields = ("subject__startswith",)
    search_help_text = "按对象编号查找"
    ordering = ("-id",)
    actions_detail = ("approve", "refuse", "withdraw")
    readonly_fields = ("title", "about", "content", "preview")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("title", "status"),
                    "about",
                    "content",
                    "preview",
                    "reason",
                    ("proposed_by", "proposed_at"),
                )
            },
        ),
        ("复核", {"fields": (("decided_by", "decided_at"), "decision_reason")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        """Leave out the confidential ones of whoever takes no part in them."""
        rows: QuerySet[Proposal] = super().get_queryset(request)
        return rows.exclude(kind__in=[kind for kind in KINDS if not may_read(kind, request.user)])

    @display(description="事项")
    def title(self, row: Proposal) -> str:
        """Show what is proposed."""
        kind = KINDS.get(row.kind)
        return row.kind if kind is None else kind.title

    @display(description="对象", ordering="subject")
    def about(self, row: Proposal) -> str:
        """Lead to what it is about, where its kind has a page of it; else a name as it is, of an opaque id the last digits."""
        kind = KINDS.get(row.kind)
        if kind is not None and kind.page:
            return format_html(
                '<a class="link" href="{}">{}</a>', reverse(f"admin:{kind.page}_change", args=(row.subject,)), "查看"
            )
        return SHORTENED(row) if OPAQUE.fullmatch(row.subject) else row.subject

    @display(description="内容")
    def content(self, row: Proposal) -> str:
        """Show the values that it is proposed with, in the words of its kind where it has some."""
        kind = KINDS.get(row.kind)
        if kind is None or kind.tell is None:
            return json.dumps(row.values, ensure_ascii=False, indent=1)
        return format_html_join("", "<p>{}：{}</p>", kind.tell(row.subject, row.values))

    @display(description="通过后的结果")
    def preview(self, row: Proposal) -> str:
        """Show what it would do if it were approved now, where its kind can tell."""
        kind = KINDS.get(row.kind)
        if kind is None or kind.preview is None or row.status != PROPOSED:
            return "—"
        try:
            found = kind.preview(row.subject, row.values)
        except Problem as problem:
            return f"现在不能通过：{problem.detail or problem.title}"
        return "；".join(f"{title} {exact(fen)} 元" for title, fen in found)

    def _waiting(self, object_id: Any) -> Proposal | None:
        return Proposal.objects.filter(pk=object_id, status=PROPOSED).first()

    def _may_decide(self, request: HttpRequest, object_id: Any) -> bool:
        if object_id is None:
            return True
        row = self._waiting(object_id)
        return row is not None and may_decide(row, request.user)

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to a second person with the right of its kind."""
        return self._may_decide(request, object_id)

    def has_refuse_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to a second person with the right of its kind."""
        return self._may_decide(request, object_id)

    def has_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to who has proposed it."""
        row = None if object_id is None else self._waiting(object_id)
        return object_id is None or (row is not None and row.proposed_by == actor_of(request))

    @action(description="通过", permissions=["approve"], icon="check_circle")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Approve it."""
        return self._decide(request, object_id, APPROVE, approve)

    @action(description="驳回", permissions=["refuse"], icon="cancel")
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse it."""
        return self._decide(request, object_id, REFUSE, refuse)

    @action(description="撤回", permissions=["withdraw"], icon="undo")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it back."""
        return perform(
            self, request, WITHDRAW, object_id=object_id,
            run=lambda _: withdraw(proposal_id=uuid.UUID(object_id), actor=actor_of(request)),
        )  # fmt: skip

    def _decide(self, request: HttpRequest, object_id: str, act: Act, operation: Any) -> HttpResponse:
        def run(given: Any) -> None:
            operation(proposal_id=uuid.UUID(object_id), actor=actor_of(request), reason=given["reason"])

        return perform(self, request, act, run=run, form_class=OpinionForm, object_id=object_id)
