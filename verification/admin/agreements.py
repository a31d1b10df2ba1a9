"""Agreement texts, whose next version is published here, and the consents that customers have given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import opaque, whole
from core.admin.pages import ReadOnlyPage
from verification.models import AgreementText, Consent
from verification.operations.agreement_texts import publish_agreement_text

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PUBLISH: Final = Act(
    title="发布新版本",
    submit="发布",
    explanation=(
        "新版本发布后立即生效，客户须重新阅读并同意；此前的同意及其文本保持不变。文本中可用的占位："
        "{bank} 银行全称、{person} 客户、{business} 业务、{bank_phone} 客服电话、{complaint_phone} 投诉电话。"
    ),
    done="新版本已发布",
)


class TextForm(ActForm):
    """The next version's title and text."""

    heading = forms.CharField(label="标题", max_length=60)
    text = forms.CharField(label="正文", widget=UnfoldAdminTextareaWidget(attrs={"rows": 30}), strip=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Keep the large field large."""
        super().__init__(*args, **kwargs)
        self.fields["text"].widget = UnfoldAdminTextareaWidget(attrs={"rows": 30})


class AgreementTextPage(ReadOnlyPage):
    """Agreement texts by purpose, the version in force first."""

    list_display = ("purpose", "title", "version", "created_at")
    list_filter = ("purpose",)
    ordering = ("purpose", "-version")
    actions_detail = ("publish",)
    fields = ("purpose", "title", "version", "text", "created_at")
    readonly_fields = fields

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer publishing to whoever may change texts."""
        del object_id
        return request.user.has_perm("verification.change_agreementtext")

    @action(description="发布新版本", permissions=["publish"], icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Publish the purpose's next version, starting from this one."""
        standing = AgreementText.objects.get(pk=object_id)
        return perform(
            self,
            request,
            PUBLISH,
            run=lambda filled: publish_agreement_text(
                purpose=standing.purpose, title=filled["heading"], text=filled["text"], actor=actor_of(request)
            ),
            form_class=TextForm,
            initial={"heading": standing.title, "text": standing.text},
            object_id=object_id,
        )


class ConsentPage(ReadOnlyPage):
    """Consents, newest first."""

    list_display = (
        "purpose",
        "version",
        opaque("subject_id", "客户"),
        opaque("business_id", "业务"),
        "granted_at",
        "withdrawn_at",
    )
    list_filter = ("purpose",)
    list_select_related = ("agreement",)
    search_fields = ("business_id__startswith", "subject__id__iexact")
    search_help_text = "按业务编号或客户编号查找"
    ordering = ("-id",)
    fields = (
        "id", "purpose", "version", "text_sha256", "business_id", whole("subject_id", "客户"), "read_seconds", "granted_at",
        "withdrawn_at", "evidence_leaf", "withdrawal_leaf",
    )  # fmt: skip
    readonly_fields = fields

    @display(description="版本")
    def version(self, row: Consent) -> int:
        """Show the text's version."""
        return row.agreement.version

    @display(description="文本摘要")
    def text_sha256(self, row: Consent) -> str:
        """Show the hash of what was agreed to."""
        return bytes(row.sha256).hex()
