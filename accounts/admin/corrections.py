"""Wrong entries: one person proposes to give back what was taken, another books it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts.models import Correction
from accounts.models.correction import PROPOSED
from accounts.operations.corrections import approve_correction, propose_correction, reject_correction
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import state
from core.admin.pages import ReadOnlyPage

COLOURS: Final = {"proposed": "warning", "booked": "success", "rejected": "danger"}
PROPOSE: Final = Act(
    title="提出错账更正",
    submit="提出",
    explanation="从客户账户错扣的款项以冲正分录退回，须由另一名员工复核。还款等业务的扣款请在原业务中冲正。",
    done="更正已提出，待复核",
)
APPROVE: Final = Act(
    title="复核错账更正",
    submit="同意冲正",
    explanation="同意后立即记冲正分录，款项退回客户账户。提出人本人不能复核。",
    done="已冲正",
)
REJECT: Final = Act(
    title="驳回错账更正",
    submit="驳回",
    explanation="驳回后原分录不变。提出人本人不能复核。",
    done="已驳回",
    danger=True,
)


class ProposeForm(ActForm):
    """Which entry, and why."""

    business_ref = forms.CharField(label="原分录业务参考号", max_length=80)
    reason = forms.CharField(label="原因", max_length=100)


class NoteForm(ActForm):
    """What the second person says."""

    note = forms.CharField(label="复核意见", max_length=100)


class CorrectionPage(ReadOnlyPage):
    """Corrections, newest first."""

    list_display = ("business_ref", state("status", "状态", COLOURS), "reason", "proposed_by", "decided_by",
                    "created_at", "decided_at")  # fmt: skip
    list_filter = ("status", "created_at")
    list_select_related = ("entry",)
    ordering = ("-id",)
    actions_detail = ("approve", "reject")
    readonly_fields = ("business_ref",)
    fieldsets = (
        (None, {"fields": (("entry", "business_ref"), ("status", "correcting"), "reason")}),
        ("记录", {"fields": (("proposed_by", "created_at"), ("decided_by", "decided_at"), "decision_note")}),
    )

    @display(description="原业务参考号")
    def business_ref(self, row: Correction) -> str:
        """Show the reference of the entry."""
        return row.entry.business_ref

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer the button to whoever proposes corrections."""
        return bool(request.user.has_perm("accounts.add_correction"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Propose a correction, outside Django's form view."""
        del form_url, extra_context
        if not self.has_add_permission(request):
            return HttpResponse(status=403)

        def run(given: Any) -> None:
            propose_correction(business_ref=given["business_ref"], reason=given["reason"], actor=actor_of(request))

        return perform(self, request, PROPOSE, run=run, form_class=ProposeForm)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the acts to whoever decides on what another has proposed."""
        if not request.user.has_perm("accounts.change_correction"):
            return False
        others = Correction.objects.filter(status=PROPOSED).exclude(proposed_by=actor_of(request))
        return object_id is None or others.filter(pk=object_id).exists()

    @action(description="同意冲正", permissions=["decide"], icon="check_circle")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Book it."""
        return self._decide(request, object_id, APPROVE, approve_correction)

    @action(description="驳回", permissions=["decide"], icon="cancel")
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Turn it down."""
        return self._decide(request, object_id, REJECT, reject_correction)

    def _decide(self, request: HttpRequest, object_id: str, act: Act, operation: Callable[..., None]) -> HttpResponse:
        def run(given: Any) -> None:
            operation(correction_id=uuid.UUID(object_id), note=given["note"], actor=actor_of(request))

        return perform(self, request, act, run=run, form_class=NoteForm, object_id=object_id)
