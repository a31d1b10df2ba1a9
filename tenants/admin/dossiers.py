"""The dossiers of the banks' identification mechanisms: ask a bank for one, download what it has delivered."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of
from core.admin.pages import AddingPage
from core.files import PDF, file_answer
from tenants.models import Bank, BankDossier
from tenants.operations.bank_dossiers import ask_dossier, hand_out

ASK: Final = Act(
    title="导出身份识别机制档案",
    submit="导出",
    explanation="请所选银行按其当前生效的配置生成档案，文件摘要记入该行存证；数秒后可在此下载。",
    done="已请求，请稍后刷新本页",
)


class AskForm(ActForm):
    """Of which bank."""

    bank = forms.ChoiceField(label="银行")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the banks of the province."""
        super().__init__(*args, **kwargs)
        banks = Bank.objects.order_by("code").values_list("code", "display_name")
        self.fields["bank"].choices = [(code, f"{code} {name}") for code, name in banks]  # type: ignore[attr-defined]


class BankDossierPage(AddingPage):
    """The requests, newest first."""

    adding = ASK
    adding_form = AskForm
    list_display = ("bank", "asked_by", "asked_at", "delivered_at")
    list_filter = ("bank",)
    search_fields = ("bank__exact",)
    search_help_text = "按机构代码查找"
    ordering = ("-asked_at",)
    actions_detail = ("download",)
    readonly_fields = ("digest",)
    fields = (("bank", "asked_by", "asked_at"), ("delivered_at", "digest"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[BankDossier]:
        """Leave the files where they are."""
        rows: QuerySet[BankDossier] = super().get_queryset(request).defer("file")
        return rows

    @display(description="文件摘要（SHA-256）")
    def digest(self, row: BankDossier) -> str:
        """Show the hash of the file."""
        return "待该行生成，请稍后刷新" if row.sha256 is None else bytes(row.sha256).hex()

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Ask for one."""
        ask_dossier(code=given["bank"], actor=actor_of(request))

    def has_download_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the file once it is there."""
        if not self.has_view_permission(request):
            return False
        return object_id is None or BankDossier.objects.filter(pk=object_id).exclude(delivered_at=None).exists()

    @action(description="下载", permissions=["download"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the file."""
        content = hand_out(request_id=uuid.UUID(object_id), actor=actor_of(request))
        row = BankDossier.objects.defer("file").get(pk=object_id)
        return file_answer(content, name=f"mechanism-{row.bank}-{row.asked_at:%Y%m%d}.pdf", content_type=PDF)
