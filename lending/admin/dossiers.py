"""The dossiers of the bank's identification mechanism: export one, download what was exported."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.decorators import action, display

from core.admin.acts import Act, actor_of
from core.admin.pages import AddingPage
from core.files import PDF, file_answer
from lending.models import MechanismDossier
from lending.operations import dossiers

EXPORT: Final = Act(
    title="导出身份识别机制档案",
    submit="导出",
    explanation="按当前生效的配置生成业务流程、身份识别手段、风险防范措施、认证报告四部分，文件摘要记入存证。",
    done="档案已导出，可下载",
)


class MechanismDossierPage(AddingPage):
    """The exports, newest first."""

    adding = EXPORT
    list_display = ("issued_date", "made_by", "created_at", "digest")
    ordering = ("-created_at",)
    actions_detail = ("download",)
    readonly_fields = ("digest",)
    fields = (("issued_date", "made_by", "created_at"), "digest", "evidence_leaf")

    @display(description="文件摘要（SHA-256）")
    def digest(self, row: MechanismDossier) -> str:
        """Show the hash of the file."""
        return bytes(row.sha256).hex()

    def perform_add(self, request: HttpRequest, given: Any) -> str:
        """Export one."""
        del given
        made = dossiers.issue_dossier(actor=actor_of(request))
        return reverse("admin:lending_mechanismdossier_change", args=(made.pk,))

    @action(description="下载", permissions=["view"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the file."""
        row = get_object_or_404(MechanismDossier, pk=object_id)
        content = dossiers.read_dossier(dossier=row, actor=f"staff:{actor_of(request)}")
        return file_answer(content, name=f"mechanism-{row.issued_date}.pdf", content_type=PDF)
