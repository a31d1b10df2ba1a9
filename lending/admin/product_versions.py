"""Versions of products: a draft is saved here and previewed; publishing is proposed, and happens under 复核事项."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, state
from core.admin.pages import Page
from core.approvals.operations import propose
from core.errors import Problem
from lending.admin.product_forms import draft_formfield
from lending.admin.product_preview import contract_response, preview_response
from lending.approvals import PRODUCT_EDITOR, PUBLISH_PRODUCT
from lending.contracts.errors import ContractError
from lending.models import ProductVersion
from lending.models.product import CONSENTS, FACTS, METHODS, MODEL_STAGE_OF, PURPOSE_CHOICES
from lending.operations.products import discard_draft, plan_publishing, save_draft
from lending.queries.decision_models import choosable_models

PUBLISH: Final = Act(
    title="申请发布产品版本",
    submit="提交复核",
    explanation=(
        "由另一名没有修改过本草稿的员工在“复核事项”中复核；通过后自生效日期起对新的申请生效，在途申请沿用其开始时的版本。"
        "提交后草稿如有修改，须重新申请。已发布的版本不能再修改。"
    ),
    done="已提交，待另一名员工在“复核事项”中复核",
)
DISCARD: Final = Act(
    title="放弃草稿", submit="放弃", explanation="草稿将被删除，现行版本不变。", done="草稿已删除", danger=True
)


class ReasonForm(ActForm):
    """Why; kept with the proposal."""

    reason = forms.CharField(label="申请理由", max_length=200, help_text="写入复核记录与审计日志")


GRADES: Final = ("a", "b", "c", "d")
FIELDSETS: Final = (
    (
        "产品",
        {"fields": (("product", "version"), ("name", "kind"), "target", "introduction",
                    ("change_note", "effective_date"))},
    ),
    (
        "金额与期限",
        {"fields": (("min_amount_fen", "max_amount_fen"), ("terms_months", "line_term_months"), "long_cycle_grounds",
                    "methods", "day_count", "purposes")},
    ),
    (
        "利率（LPR + 加点）",
        {"fields": (tuple(f"grade_{grade}_spread_bp" for grade in GRADES), ("floor_rate", "ceiling_rate"))},
    ),
    (
        "额度",
        {"fields": (tuple(f"grade_{grade}_income_multiple" for grade in GRADES),
                    ("person_cap_fen", "thin_file_max_amount_fen", "limit_step_fen"))},
    ),
    (
        "准入",
        {"fields": (("invitation_only", "reject_students"), ("min_age", "max_age", "max_age_at_maturity"),
                    "id_validity_days", "service_regions", "required_facts")},
    ),
    (
        "征信与评分",
        {"fields": (("reject_current_overdue", "allow_thin_file"),
                    ("max_overdue_12m", "overdue_consecutive_reject_at", "overdue_total_reject_at"),
                    ("max_queries_3m", "max_lenders", "max_dti_percent"),
                    ("missing_source", "declared_income_percent"), "min_score",
                    tuple(f"grade_{grade}_min_score" for grade in GRADES))},
    ),
    ("决策模型", {"fields": (("early_model", "full_model"), "challenger_model")}),
    (
        "授权与合同",
        {"fields": ("required_consents", ("overdue_markup_percent", "misuse_markup_percent"),
                    ("compound_penalty", "compound_on_penalty"),
                    ("grace_days", "early_repayment_fee_percent"), "contracting",
                    "contract_template", "agreement_template")},
    ),
    (
        "还款规则",
        {"fields": (("due_day", "first_period_min_days", "holiday_rule"), "settlement",
                    ("repricing", "min_days", "prepayment_keeps"))},
    ),
    ("记录", {"fields": (("created_by", "created_at"), "editors", ("published_by", "published_at"))}),
)  # fmt: skip


AMOUNTS: Final = {
    "min_amount_fen": "最低额度",
    "max_amount_fen": "最高额度",
    "person_cap_fen": "单户各产品合计额度上限",
    "thin_file_max_amount_fen": "白户最高额度",
    "limit_step_fen": "额度取整单位（向下）",
}
CHOSEN: Final = {
    "methods": ("还款方式", METHODS),
    "purposes": ("贷款用途", PURPOSE_CHOICES),
    "required_facts": ("必填资料", FACTS),
    "required_consents": ("须签署的授权", CONSENTS),
}


def _chosen(field: str, title: str, choices: list[tuple[str, str]]) -> Any:
    """Return a column that shows a list of stored words in Chinese."""
    words = dict(choices)

    def show(row: ProductVersion) -> str:
        return "、".join(words.get(word, word) for word in getattr(row, field)) or "—"

    show.__name__ = f"{field}_in_words"
    return display(show, description=title)


SHOWN: Final = {
    **{name: amount(name, title) for name, title in AMOUNTS.items()},
    **{name: _chosen(name, title, choices) for name, (title, choices) in CHOSEN.items()},
}
"""Columns that a page which is only read shows otherwise than they are stored."""


def _readable(names: Any) -> tuple[Any, ...]:
    """Put readable columns in the place of stored ones, rows of columns included."""
    return tuple(_readable(name) if isinstance(name, tuple) else SHOWN.get(name, name) for name in names)


class ProductVersionPage(Page):
    """The versions of all products: a draft is saved here, publishing is an act, what was published is only shown."""

    list_display = ("product", "version", "name", state("kind", "类别", {"consumer": "info", "business": "warning"}),
                    "change_note", "effective_date", "published_by", "published_at")  # fmt: skip
    list_filter = ("product", "kind")
    list_select_related = ("product",)
    ordering = ("product__code", models.F("number").desc(nulls_first=True))
    actions_detail = ("preview", "contract", "publish", "discard")
    readonly_fields = ("product", "version", "editors", "created_by", "created_at", "published_by", "published_at")
    fieldsets = FIELDSETS

    @display(description="版本", ordering="number")
    def version(self, row: ProductVersion) -> str:
        """Show the number, or that it is a draft."""
        return f"第 {row.number} 版" if row.number else "草稿"

    @display(description="修改人（不能复核发布）")
    def editors(self, row: ProductVersion) -> str:
        """Show who had a hand in the draft."""
        return "、".join(row.edited_by) or "—"

    def save_model(self, request: HttpRequest, obj: ProductVersion, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Save the draft in its own operation, which keeps who had a hand in it."""
        del form, change
        try:
            save_draft(draft=obj, actor=actor_of(request))
        except Problem as problem:
            raise PermissionDenied(problem.detail) from problem

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show amounts in yuan and words in Chinese where nothing can be changed."""
        if self.has_change_permission(request, obj):
            return FIELDSETS
        return tuple((title, {"fields": _readable(options["fields"])}) for title, options in FIELDSETS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add the columns that take the place of stored ones."""
        own = super().get_readonly_fields(request, obj)
        return own if self.has_change_permission(request, obj) else (*own, *SHOWN.values())

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Show amounts in yuan, lists as lists, choices as boxes, and of the models those that are published."""
        if db_field.name in MODEL_STAGE_OF:
            kwargs["queryset"] = choosable_models(stage=MODEL_STAGE_OF[db_field.name])
        return draft_formfield(db_field) or super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Add no version by a form: a draft begins at its product."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let drafts be changed; what was published never is."""
        if obj is not None and obj.published_at is not None:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to propose the publishing of a draft."""
        return self._is_draft(request, object_id, PRODUCT_EDITOR)

    def has_preview_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the preview to whoever may see the version."""
        del object_id
        return bool(self.has_view_permission(request))

    def has_contract_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the trial contract to whoever may see the version."""
        return self.has_preview_permission(request, object_id)

    def has_discard_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to drop a draft."""
        return self._is_draft(request, object_id, "lending.change_productversion")

    def _is_draft(self, request: HttpRequest, object_id: Any, right: str) -> bool:
        if not request.user.has_perm(right):
            return False
        return object_id is None or ProductVersion.objects.filter(pk=object_id, published_at=None).exists()

    @action(description="预览", permissions=["preview"], icon="visibility")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the version as a customer would see it, with an example."""
        version = ProductVersion.objects.select_related("product").get(pk=object_id)
        return preview_response(self, request, version)

    @action(description="合同样张", permissions=["contract"], icon="picture_as_pdf")
    def contract(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a contract of no one, set in the version's template."""
        try:
            return contract_response(ProductVersion.objects.select_related("product").get(pk=object_id))
        except ContractError as error:
            messages.error(request, f"合同模板不能排版，请修改：{error}")
            return HttpResponseRedirect(reverse("admin:lending_productversion_change", args=(object_id,)))

    @action(description="申请发布", permissions=["publish"], icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose the draft for publishing, exactly as it stands."""

        def run(given: Mapping[str, Any]) -> None:
            version_id = uuid.UUID(object_id)
            values = plan_publishing(version_id=version_id)
            propose(
                kind=PUBLISH_PRODUCT, subject=version_id.hex, values=values, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, PUBLISH, run=run, form_class=ReasonForm, object_id=object_id)

    @action(description="放弃草稿", permissions=["discard"], icon="delete")
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Drop the draft."""
        product_id = ProductVersion.objects.values_list("product_id", flat=True).get(pk=object_id)

        def run(_: Any) -> str:
            discard_draft(version_id=uuid.UUID(object_id), actor=actor_of(request))
            return reverse("admin:lending_product_change", args=(product_id,))

        return perform(self, request, DISCARD, run=run, object_id=object_id)
