"""Products and their versions: a change is a draft that is saved, and an act that publishes it."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, state
from core.admin.pages import Page, ReadOnlyPage, ReadOnlyTable
from core.tenancy import current_bank
from lending.admin.product_forms import draft_formfield
from lending.models import Product, ProductVersion
from lending.models.product import CODE, CONSENTS, FACTS, METHODS, MODEL_STAGE_OF, PURPOSE_CHOICES
from lending.operations.products import (
    close_product,
    discard_draft,
    open_product,
    publish_draft,
    start_draft,
    start_product,
)
from lending.queries.decision_models import choosable_models
from tenants import directory

CITY_DIGITS: Final = 4
START: Final = Act(
    title="新增产品",
    submit="新增",
    explanation="新增后得到一份草稿；逐项填写并发布后，客户才能看到和申请。产品代码不可更改。",
    done="产品已新增，请填写草稿并发布",
)
EDIT: Final = Act(
    title="修改产品",
    submit="开始修改",
    explanation="将按现行版本生成一份草稿（已有草稿则继续修改）。发布之前，客户看到的内容和审批规则都不变。",
    done="草稿已就绪，修改后请发布",
)
OPEN: Final = Act(title="恢复受理", submit="恢复受理", explanation="恢复后客户可以申请本产品。", done="已恢复受理")
CLOSE: Final = Act(
    title="停止受理",
    submit="停止受理",
    explanation="停止后不再受理新申请和新提款，已签署尚未放款的用信随即取消并释放额度；还款与查询不受影响。",
    done="已停止受理",
    danger=True,
)
PUBLISH: Final = Act(
    title="发布产品版本",
    submit="发布",
    explanation="发布后立即对本行下一笔申请生效；在途申请沿用其开始时的版本。已发布的版本不能再修改。",
    done="产品版本已发布",
)
DISCARD: Final = Act(
    title="放弃草稿", submit="放弃", explanation="草稿将被删除，现行版本不变。", done="草稿已删除", danger=True
)


class StartForm(ActForm):
    """The code and the name of a new product."""

    code = forms.RegexField(CODE, label="产品代码", help_text="大写字母开头的 2 至 8 位字母或数字，例如 XF05")
    name = forms.CharField(label="产品名称", max_length=40)


class VersionTable(ReadOnlyTable):
    """The versions of a product, the draft first."""

    model = ProductVersion
    fields = ("version", "name", "change_note", "published_by", "published_at")
    readonly_fields = ("version", "name", "change_note", "published_by", "published_at")
    ordering = (models.F("number").desc(nulls_first=True),)
    show_change_link = True

    @display(description="版本")
    def version(self, row: ProductVersion) -> str:
        """Show the number, or that it is a draft."""
        return f"第 {row.number} 版" if row.number else "草稿"


class ProductPage(ReadOnlyPage):
    """The products of this bank."""

    list_display = ("code", "current_name", "current_number", "in_use", "has_draft", "created_at")
    list_filter = ("is_open",)
    search_fields = ("code",)
    ordering = ("code",)
    inlines = (VersionTable,)
    actions_detail = ("edit", "open_again", "close")
    readonly_fields = ("in_use", "current_name", "current_number")
    fieldsets = (
        (None, {"fields": (("code", "in_use"), ("current_name", "current_number"), ("created_by", "created_at"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        """Fetch number and name of the version in force, and whether there is a draft, with each product."""
        rows: QuerySet[Product] = super().get_queryset(request)
        versions = ProductVersion.objects.filter(product=models.OuterRef("pk"))
        latest = versions.filter(number__isnull=False).order_by("-number")
        return rows.annotate(
            number=models.Subquery(latest.values("number")[:1]),
            version_name=models.Subquery(latest.values("name")[:1]),
            draft=models.Exists(versions.filter(published_at=None)),
        )

    @display(description="产品名称")
    def current_name(self, row: Any) -> str:
        """Show the name in force."""
        return row.version_name or "（尚未发布）"

    @display(description="现行版本")
    def current_number(self, row: Any) -> str:
        """Show the version in force."""
        return f"第 {row.number} 版" if row.number else "—"

    @display(description="受理", label={"受理中": "success", "已停止": "danger"}, ordering="is_open")
    def in_use(self, row: Product) -> str:
        """Say whether applications are taken."""
        return "受理中" if row.is_open else "已停止"

    @display(description="有草稿", boolean=True)
    def has_draft(self, row: Any) -> bool:
        """Say whether somebody is changing the product."""
        return bool(row.draft)

    # The acts.

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer the button to whoever may add products."""
        return bool(request.user.has_perm("lending.add_product"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add a product with a first draft, outside Django's form view."""
        del form_url, extra_context
        if not self.has_add_permission(request):
            return HttpResponse(status=403)
        card = directory.card_of(current_bank().code)
        regions = [card.region_code[:CITY_DIGITS]] if card else []

        def run(given: Any) -> str:
            return _draft_address(start_product(**given, service_regions=regions, actor=actor_of(request)))

        return perform(self, request, START, run=run, form_class=StartForm)

    def has_edit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer changes to whoever may change versions."""
        del object_id
        return bool(request.user.has_perm("lending.change_productversion"))

    def has_open_again_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the opening of a closed product."""
        return self._may_switch(request, object_id, is_open=False)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the closing of an open product."""
        return self._may_switch(request, object_id, is_open=True)

    def _may_switch(self, request: HttpRequest, object_id: Any, *, is_open: bool) -> bool:
        if not request.user.has_perm("lending.publish_product"):
            return False
        return object_id is None or Product.objects.filter(pk=object_id, is_open=is_open).exists()

    @action(description="修改产品", permissions=["edit"], icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin or go on with a draft."""

        def run(_: Any) -> str:
            return _draft_address(start_draft(product_id=uuid.UUID(object_id), actor=actor_of(request)))

        return perform(self, request, EDIT, run=run, object_id=object_id)

    @action(description="恢复受理", permissions=["open_again"], icon="play_circle")
    def open_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the product take applications."""
        run = lambda _: open_product(product_id=uuid.UUID(object_id), actor=actor_of(request))  # noqa: E731
        return perform(self, request, OPEN, run=run, object_id=object_id)

    @action(description="停止受理", permissions=["close"], icon="pause_circle")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the product take no further applications."""
        run = lambda _: close_product(product_id=uuid.UUID(object_id), actor=actor_of(request))  # noqa: E731
        return perform(self, request, CLOSE, run=run, object_id=object_id)


def _draft_address(version_id: uuid.UUID) -> str:
    return reverse("admin:lending_productversion_change", args=(version_id,))


GRADES: Final = ("a", "b", "c", "d")
FIELDSETS: Final = (
    ("产品", {"fields": (("product", "version"), ("name", "kind"), "target", "introduction", "change_note")}),
    (
        "金额与期限",
        {"fields": (("min_amount_fen", "max_amount_fen"), ("terms_months", "line_term_months"), "methods", "day_count",
                    "purposes")},
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
                    ("grace_days", "early_repayment_fee_percent"), "contract_template")},
    ),
    (
        "还款规则",
        {"fields": (("due_day", "first_period_min_days", "holiday_rule"), "settlement",
                    ("repricing", "min_days", "prepayment_keeps"))},
    ),
    ("记录", {"fields": (("created_by", "created_at"), ("published_by", "published_at"))}),
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
                    "change_note", "published_by", "published_at")  # fmt: skip
    list_filter = ("product", "kind")
    list_select_related = ("product",)
    ordering = ("product__code", models.F("number").desc(nulls_first=True))
    actions_detail = ("publish", "discard")
    readonly_fields = ("product", "version", "created_by", "created_at", "published_by", "published_at")
    fieldsets = FIELDSETS

    @display(description="版本", ordering="number")
    def version(self, row: ProductVersion) -> str:
        """Show the number, or that it is a draft."""
        return f"第 {row.number} 版" if row.number else "草稿"

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
        """Offer the publishing of a draft."""
        return self._is_draft(request, object_id, "lending.publish_product")

    def has_discard_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to drop a draft."""
        return self._is_draft(request, object_id, "lending.change_productversion")

    def _is_draft(self, request: HttpRequest, object_id: Any, right: str) -> bool:
        if not request.user.has_perm(right):
            return False
        return object_id is None or ProductVersion.objects.filter(pk=object_id, published_at=None).exists()

    @action(description="发布", permissions=["publish"], icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Publish the draft: the next application at this bank begins under it."""
        run = lambda _: publish_draft(version_id=uuid.UUID(object_id), actor=actor_of(request))  # noqa: E731
        return perform(self, request, PUBLISH, run=run, object_id=object_id)

    @action(description="放弃草稿", permissions=["discard"], icon="delete")
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Drop the draft."""
        product_id = ProductVersion.objects.values_list("product_id", flat=True).get(pk=object_id)

        def run(_: Any) -> str:
            discard_draft(version_id=uuid.UUID(object_id), actor=actor_of(request))
            return reverse("admin:lending_product_change", args=(product_id,))

        return perform(self, request, DISCARD, run=run, object_id=object_id)
