"""Products: a change begins as a draft; opening and schedules take two people, closing acts at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final, cast

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import AddingPage, ReadOnlyTable
from core.approvals.operations import propose
from core.clock import business_date
from core.tenancy import current_bank
from lending.approvals import PRODUCT_EDITOR, PRODUCT_PUBLISHER, REOPEN_PRODUCT, SCHEDULE_PRODUCT
from lending.models import Product, ProductVersion
from lending.models.product import CODE, open_on
from lending.operations.product_switching import close_product, plan_schedule
from lending.operations.products import copy_product, start_draft, start_product
from tenants import directory
from tenants.queries import product_templates

WAITS: Final = "已提交，待另一名员工在“复核事项”中复核"
START: Final = Act(
    title="新增产品",
    submit="新增",
    explanation="新增后得到一份草稿；逐项填写并发布后，客户才能看到和申请。可选省级模板作底稿。产品代码不可更改。",
    done="产品已新增，请填写草稿并申请发布",
)
EDIT: Final = Act(
    title="修改产品",
    submit="开始修改",
    explanation="将按现行版本生成一份草稿（已有草稿则继续修改）。发布之前，客户看到的内容和审批规则都不变。",
    done="草稿已就绪，修改后请申请发布",
)
COPY: Final = Act(
    title="复制产品",
    submit="复制",
    explanation="以本产品的现行版本为底稿新增一个产品；发布之前客户看不到。",
    done="产品已新增，请修改草稿并申请发布",
)
OPEN: Final = Act(
    title="申请恢复受理", submit="提交复核", explanation="另一名员工复核通过后，客户可以申请本产品。", done=WAITS
)
SCHEDULE: Final = Act(
    title="申请设置受理起止日",
    submit="提交复核",
    explanation=(
        "自受理起始日起受理申请，自停止受理日起不再受理新申请和新提款，已签署尚未放款的用信当日取消。"
        "均为营业日，留空为不限。另一名员工复核通过后生效。"
    ),
    done=WAITS,
)
CLOSE: Final = Act(
    title="停止受理",
    submit="停止受理",
    explanation="停止后不再受理新申请和新提款，已签署尚未放款的用信随即取消并释放额度；还款与查询不受影响。恢复受理须两人。",
    done="已停止受理",
    danger=True,
)


class CopyForm(ActForm):
    """The code and the name of a new product."""

    code = forms.RegexField(CODE, label="产品代码", help_text="大写字母开头的 2 至 8 位字母或数字，例如 XF05")
    name = forms.CharField(label="产品名称", max_length=40)


class StartForm(CopyForm):
    """The same, and the province's template that the draft is made from."""

    template = forms.ChoiceField(label="省级模板", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the templates that the province has published."""
        super().__init__(*args, **kwargs)
        field = cast("forms.ChoiceField", self.fields["template"])
        offered = [(row.code, f"{row.code} {row.name}（{row.target}）") for row in product_templates()]
        field.choices = [("", "不用模板，从空白开始"), *offered]
        field.widget.choices = field.choices


class ReasonForm(ActForm):
    """Why; kept in the audit log."""

    reason = forms.CharField(label="理由", max_length=200, help_text="写入审计日志")


class ScheduleForm(ReasonForm):
    """From when to when."""

    opens_date = forms.DateField(label="受理起始日", required=False)
    closes_date = forms.DateField(label="停止受理日", required=False)


class VersionTable(ReadOnlyTable):
    """The versions of a product, the draft first."""

    model = ProductVersion
    fields = ("version", "name", "change_note", "effective_date", "published_by", "published_at")
    readonly_fields = ("version", "name", "change_note", "effective_date", "published_by", "published_at")
    ordering = (models.F("number").desc(nulls_first=True),)
    show_change_link = True

    @display(description="版本")
    def version(self, row: ProductVersion) -> str:
        """Show the number, or that it is a draft."""
        return f"第 {row.number} 版" if row.number else "草稿"


class ProductPage(AddingPage):
    """The products of this bank."""

    adding = START
    adding_form = StartForm
    list_display = (
        "code", "current_name", "current_number", "in_use", "opens_date", "closes_date", "has_draft", "created_at",
    )  # fmt: skip
    list_filter = ("is_open",)
    search_fields = ("code",)
    ordering = ("code",)
    inlines = (VersionTable,)
    actions_detail = ("edit", "copy", "schedule", "open_again", "close")
    readonly_fields = ("in_use", "current_name", "current_number")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("code", "in_use"),
                    ("current_name", "current_number"),
                    ("opens_date", "closes_date"),
                    ("created_by", "created_at"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        """Fetch number and name of the version in force, and whether there is a draft, with each product."""
        rows: QuerySet[Product] = super().get_queryset(request)
        versions = ProductVersion.objects.filter(product=models.OuterRef("pk"))
        latest = versions.filter(number__isnull=False, effective_date__lte=business_date()).order_by("-number")
        return rows.annotate(
            number=models.Subquery(latest.values("number")[:1]),
            version_name=models.Subquery(latest.values("name")[:1]),
            draft=models.Exists(versions.filter(published_at=None)),
            is_open_now=models.Exists(Product.objects.filter(open_on(business_date()), pk=models.OuterRef("pk"))),
        )

    @display(description="产品名称")
    def current_name(self, row: Any) -> str:
        """Show the name in force."""
        return row.version_name or "（尚无生效版本）"

    @display(description="现行版本")
    def current_number(self, row: Any) -> str:
        """Show the version in force."""
        return f"第 {row.number} 版" if row.number else "—"

    @display(description="受理", label={"受理中": "success", "已停止": "danger"}, ordering="is_open")
    def in_use(self, row: Any) -> str:
        """Say whether applications are taken today."""
        return "受理中" if row.is_open_now else "已停止"

    @display(description="有草稿", boolean=True)
    def has_draft(self, row: Any) -> bool:
        """Say whether somebody is changing the product."""
        return bool(row.draft)

    # The acts.

    def perform_add(self, request: HttpRequest, given: Mapping[str, Any]) -> str:
        """Add a product with a first draft."""
        return _draft_address(
            start_product(
                code=given["code"], name=given["name"], service_regions=_own_city(), template=given["template"],
                actor=actor_of(request),
            )
        )  # fmt: skip

    def has_edit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer changes to whoever may change versions."""
        del object_id
        return bool(request.user.has_perm("lending.change_productversion"))

    def has_copy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the copy of a product to whoever may add products."""
        del object_id
        return self.has_add_permission(request)

    def has_schedule_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to propose a schedule."""
        return self.has_edit_permission(request, object_id)

    def has_open_again_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to propose the opening of a closed product."""
        closed = Product.objects.filter(~open_on(business_date()), pk=object_id)
        return request.user.has_perm(PRODUCT_EDITOR) and (object_id is None or closed.exists())

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the closing of an open product: one person suffices, and it acts at once."""
        still_open = Product.objects.filter(pk=object_id, is_open=True)
        return request.user.has_perm(PRODUCT_PUBLISHER) and (object_id is None or still_open.exists())

    @action(description="修改产品", permissions=["edit"], icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin or go on with a draft."""

        def run(_: Any) -> str:
            return _draft_address(start_draft(product_id=uuid.UUID(object_id), actor=actor_of(request)))

        return perform(self, request, EDIT, run=run, object_id=object_id)

    @action(description="复制产品", permissions=["copy"], icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin a new product with what this one offers today."""

        def run(given: Mapping[str, Any]) -> str:
            return _draft_address(copy_product(product_id=uuid.UUID(object_id), **given, actor=actor_of(request)))

        return perform(self, request, COPY, run=run, form_class=CopyForm, object_id=object_id)

    @action(description="受理起止日", permissions=["schedule"], icon="event")
    def schedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose from when to when the product takes applications."""

        def run(given: Mapping[str, Any]) -> None:
            product_id = uuid.UUID(object_id)
            dates = {name: given[name] for name in ("opens_date", "closes_date")}
            values = plan_schedule(product_id=product_id, **dates)
            propose(
                kind=SCHEDULE_PRODUCT, subject=product_id.hex, values=values, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        present = Product.objects.values("opens_date", "closes_date").get(pk=object_id)
        return perform(
            self, request, SCHEDULE, run=run, form_class=ScheduleForm, initial=present, object_id=object_id
        )  # fmt: skip

    @action(description="恢复受理", permissions=["open_again"], icon="play_circle")
    def open_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that the product take applications again."""

        def run(given: Mapping[str, Any]) -> None:
            product = Product.objects.get(pk=object_id)
            propose(
                kind=REOPEN_PRODUCT, subject=product.pk.hex, values={"product": product.code},
                reason=given["reason"], actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, OPEN, run=run, form_class=ReasonForm, object_id=object_id)

    @action(description="停止受理", permissions=["close"], icon="pause_circle")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the product take no further applications, at once."""

        def run(given: Mapping[str, Any]) -> None:
            close_product(product_id=uuid.UUID(object_id), reason=given["reason"], actor=actor_of(request))

        return perform(self, request, CLOSE, run=run, form_class=ReasonForm, object_id=object_id)


def _own_city() -> list[str]:
    """Return the region that a new product begins with: that of the bank's licence."""
    card = directory.card_of(current_bank().code)
    return [] if card is None else list(card.lends_in)


def _draft_address(version_id: uuid.UUID) -> str:
    return reverse("admin:lending_productversion_change", args=(version_id,))
