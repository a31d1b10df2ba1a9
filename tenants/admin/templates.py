"""The province's library of product templates: drafts are saved here, publishing is proposed, and happens under 复核事项."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import AddingPage
from core.approvals.operations import propose
from tenants.approvals import PUBLISH_TEMPLATE, TEMPLATE_EDITOR
from tenants.models import ProductTemplate
from tenants.models.template import CODE
from tenants.operations.product_templates import discard_template, plan_template, save_template

ADD: Final = Act(
    title="新增产品模板",
    submit="保存草稿",
    explanation="保存后得到一份草稿；另一名没有修改过它的员工复核发布之后，各行才能选用。模板代码不可更改。",
    done="模板草稿已保存，请申请发布",
)
EDIT: Final = Act(
    title="修改产品模板",
    submit="保存草稿",
    explanation="在草稿上修改（没有草稿的，以本版为底稿）。发布之前各行看到的仍是现行版本；已按旧版新建的产品不变。",
    done="模板草稿已保存，请申请发布",
)
PUBLISH: Final = Act(
    title="申请发布产品模板",
    submit="提交复核",
    explanation="由另一名没有修改过本草稿的员工在“复核事项”中复核；提交后草稿如有修改，须重新申请。",
    done="已提交，待另一名员工在“复核事项”中复核",
)
DISCARD: Final = Act(
    title="放弃草稿", submit="放弃", explanation="草稿将被删除，现行版本不变。", done="草稿已删除", danger=True
)


class ContentForm(ActForm):
    """What a template says; `fields` are a product's columns as JSON."""

    name = forms.CharField(label="名称", max_length=40)
    target = forms.CharField(label="适用人群", max_length=100, required=False)
    fields_json = forms.CharField(
        label="产品要素（JSON）",
        max_length=20_000,
        help_text='要素名与产品版本的列名一致，例如 {"terms_months": [6, 12]}',
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the fields room."""
        super().__init__(*args, **kwargs)
        self.fields["fields_json"].widget = UnfoldAdminTextareaWidget(attrs={"rows": 18, "class": "font-mono"})

    def clean_fields_json(self) -> dict[str, Any]:
        """Read the object.

        Raises:
            ValidationError: it is none.
        """
        try:
            found = json.loads(self.cleaned_data["fields_json"])
        except ValueError as error:
            raise forms.ValidationError(f"不是合法的 JSON，请检查：{error}") from error
        if not isinstance(found, dict):
            raise forms.ValidationError("应为 JSON 对象，请以花括号书写要素名和取值")
        return found


class NewForm(ContentForm):
    """The same for a new code."""

    code = forms.RegexField(CODE, label="模板代码", help_text="大写字母开头的 2 至 8 位字母或数字，例如 XF05")
    field_order = ("code", "name", "target", "fields_json")


class ReasonForm(ActForm):
    """Why; kept with the proposal."""

    reason = forms.CharField(label="申请理由", max_length=200, help_text="写入复核记录与审计日志")


class ProductTemplatePage(AddingPage):
    """The templates in all their versions, drafts first."""

    adding = ADD
    adding_form = NewForm
    list_display = ("code", "version", "name", "target", "published_by", "published_at")
    list_filter = ("code",)
    search_fields = ("code", "name")
    search_help_text = "按代码或名称查找"
    ordering = ("code", models.F("number").desc(nulls_first=True))
    actions_detail = ("edit", "publish", "discard")
    readonly_fields = ("version", "contents", "editors")
    fieldsets = (
        (None, {"fields": (("code", "version"), "name", "target", "contents")}),
        ("记录", {"fields": (("editors", "created_at"), ("published_by", "published_at"))}),
    )

    @display(description="版本", ordering="number")
    def version(self, row: ProductTemplate) -> str:
        """Show the number, or that it is a draft."""
        return f"第 {row.number} 版" if row.number else "草稿"

    @display(description="产品要素")
    def contents(self, row: ProductTemplate) -> str:
        """Show the fields."""
        return format_html('<pre class="text-xs">{}</pre>', _json(row.fields))

    @display(description="修改人（不能复核发布）")
    def editors(self, row: ProductTemplate) -> str:
        """Show who had a hand in it."""
        return "、".join(row.edited_by) or "—"

    def perform_add(self, request: HttpRequest, given: Any) -> Any:
        """Save the first draft of a new template."""
        return _save(request, given, given["code"])

    def has_edit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer changes to whoever may change templates."""
        del object_id
        return bool(request.user.has_perm(TEMPLATE_EDITOR))

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to propose the publishing of a draft."""
        drafts = ProductTemplate.objects.filter(pk=object_id, published_at=None)
        return self.has_edit_permission(request) and (object_id is None or drafts.exists())

    def has_discard_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to drop a draft."""
        return self.has_publish_permission(request, object_id)

    @action(description="修改", permissions=["edit"], icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Save a draft that begins with this version, or go on with the draft there is."""
        shown = ProductTemplate.objects.get(pk=object_id)
        row = ProductTemplate.objects.filter(code=shown.code, published_at=None).first() or shown
        initial = {"name": row.name, "target": row.target, "fields_json": _json(row.fields)}
        run = lambda given: _save(request, given, row.code)  # noqa: E731 -- a closure over the request
        return perform(self, request, EDIT, run=run, form_class=ContentForm, initial=initial, object_id=object_id)

    @action(description="申请发布", permissions=["publish"], icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose the draft for publishing, exactly as it stands."""

        def run(given: Mapping[str, Any]) -> None:
            template_id = uuid.UUID(object_id)
            values = plan_template(template_id=template_id)
            propose(
                kind=PUBLISH_TEMPLATE, subject=template_id.hex, values=values, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, PUBLISH, run=run, form_class=ReasonForm, object_id=object_id)

    @action(description="放弃草稿", permissions=["discard"], icon="delete")
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Drop the draft."""

        def run(_: Any) -> str:
            discard_template(template_id=uuid.UUID(object_id), actor=actor_of(request))
            return reverse("admin:tenants_producttemplate_changelist")

        return perform(self, request, DISCARD, run=run, object_id=object_id)


def _save(request: HttpRequest, given: Mapping[str, Any], code: str) -> str:
    saved = save_template(
        code=code, name=given["name"], target=given["target"], fields=given["fields_json"], actor=actor_of(request)
    )
    return reverse("admin:tenants_producttemplate_change", args=(saved,))


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, indent=1, sort_keys=True)
