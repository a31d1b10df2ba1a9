"""Entries: the codes that staff make for a branch, a colleague, a product or a campaign, and the scans of them."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.contrib.admin import EmptyFieldListFilter
from django.core.validators import RegexValidator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import AddingPage, ReadOnlyPage
from core.errors import NotFound
from core.files import file_answer
from tenants.models import Entry, Scan
from tenants.operations import close_entry, fetch_image_again, make_entry, reopen_entry

IMAGE_TYPES: Final = ("image/png", "image/jpeg")
CODE: Final = RegexValidator(r"^[A-Za-z0-9_-]*\Z", "只能使用字母、数字、横线和下划线")
MAKE: Final = Act(
    title="新增推广码",
    submit="生成推广码",
    explanation="推广码生成后，系统自动向微信获取小程序码图片；客户扫码进入后，归属信息伴随其全部业务。",
    done="推广码已生成，小程序码图片正在获取",
)
FETCH: Final = Act(
    title="重新获取小程序码图片",
    submit="重新获取",
    explanation="图片内容由场景值决定，重新获取不影响已印制的推广码。",
    done="已重新向微信获取图片，请稍后刷新",
)
CLOSE: Final = Act(
    title="停用推广码",
    submit="停用",
    explanation="停用后扫码的客户将看到“二维码已失效”。此前扫码客户的归属不变，可随时恢复启用。",
    done="推广码已停用",
    danger=True,
)
REOPEN: Final = Act(title="启用推广码", submit="启用", explanation="启用后扫码恢复有效。", done="推广码已启用")


class EntryForm(ActForm):
    """What a code speaks for; all of it may be empty."""

    branch = forms.CharField(label="网点", max_length=60, required=False, help_text="例如：营业部、花园支行")
    staff = forms.CharField(label="客户经理工号", max_length=30, required=False, validators=[CODE])
    product = forms.CharField(
        label="产品代码",
        max_length=20,
        required=False,
        validators=[CODE],
        help_text="例如 XF01；留空则由客户自行选择产品",
    )
    campaign = forms.CharField(label="活动", max_length=60, required=False, help_text="用于区分推广活动，仅内部可见")


SCANS: Final = (
    Scan.objects.filter(entry=OuterRef("pk")).order_by().values("entry").annotate(count=Count("pk")).values("count")
)


class EntryPage(AddingPage):
    """Codes with their scans, newest first."""

    adding = MAKE
    adding_form = EntryForm
    list_display = (
        "scene",
        "branch",
        "staff",
        "product",
        "campaign",
        "in_use",
        "has_image",
        "scans_so_far",
        "created_at",
    )
    list_filter = ("is_open", ("sharer_id", EmptyFieldListFilter), "branch", "product", "campaign")
    search_fields = ("scene", "branch", "staff", "product", "campaign")
    search_help_text = "按场景值、网点、工号、产品或活动查找"
    ordering = ("-id",)
    actions_detail = ("fetch_again", "close", "reopen")
    readonly_fields = ("picture", "in_use", "scans_so_far")
    fieldsets = (
        (None, {"fields": ("picture", "scene", ("in_use", "scans_so_far"))}),
        ("归属", {"fields": (("branch", "staff"), ("product", "campaign"), "sharer_id")}),
        ("记录", {"fields": (("created_by", "created_at"),)}),
    )

    # What is shown.

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        """Count the scans of each code; leave the pictures in the database."""
        rows: QuerySet[Entry] = super().get_queryset(request)
        return rows.defer("image").annotate(scan_count=Coalesce(Subquery(SCANS), 0))

    @display(description="状态", label={"启用": "success", "停用": "danger"}, ordering="is_open")
    def in_use(self, entry: Entry) -> str:
        """Say whether the code is open."""
        return "启用" if entry.is_open else "停用"

    @display(description="图片", label={"已获取": "success", "获取中": "warning"}, ordering="image_type")
    def has_image(self, entry: Entry) -> str | None:
        """Say whether WeChat has given the picture; what a customer hands on has none."""
        if entry.sharer_id is not None:
            return None
        return "已获取" if entry.image_type else "获取中"

    @display(description="扫码次数", ordering="scan_count")
    def scans_so_far(self, entry: Any) -> str:
        """Count the scans."""
        return f"{entry.scan_count:,}"

    @display(description="小程序码")
    def picture(self, entry: Entry) -> SafeString | str:
        """Show the picture, which a second view serves."""
        if not entry.image_type:
            return "图片获取中，请稍后刷新；如长时间未获取，可点击“重新获取图片”。"
        address = reverse("admin:tenants_entry_image", args=(entry.pk,))
        return format_html(
            '<img src="{}" alt="小程序码" width="200" height="200" class="rounded-default">'
            '<a href="{}?download=1" class="block mt-2 text-primary-600 dark:text-primary-400">下载图片</a>',
            address,
            address,
        )

    # What can be done.

    def get_urls(self) -> list[Any]:
        """Add the view of the picture."""
        view = self.admin_site.admin_view(self.image_view)
        return [path("<uuid:entry_id>/image/", view, name="tenants_entry_image"), *super().get_urls()]

    def image_view(self, request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
        """Serve a code's picture with the type that WeChat gave it, where that is a picture's."""
        entry = Entry.objects.filter(pk=entry_id).first() if self.has_view_permission(request) else None
        if entry is None or not entry.image or entry.image_type not in IMAGE_TYPES:
            return HttpResponse(status=NotFound.status)
        name = f"{entry.scene}.{entry.image_type.rpartition('/')[2]}"
        shown = "download" not in request.GET
        return file_answer(bytes(entry.image), name=name, content_type=entry.image_type, shown=shown)

    def perform_add(self, request: HttpRequest, given: Any) -> str:
        """Make a code."""
        entry_id = make_entry(**given, actor=actor_of(request))
        return reverse("admin:tenants_entry_change", args=(entry_id,))

    def _may_change(self, request: HttpRequest, object_id: Any, *, is_open: bool | None = None) -> bool:
        if not request.user.has_perm("tenants.change_entry"):
            return False
        if object_id is None or is_open is None:
            return True
        return Entry.objects.filter(pk=object_id, is_open=is_open).exists()

    def has_fetch_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to fetch the picture again."""
        return self._may_change(request, object_id)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to close an open code."""
        return self._may_change(request, object_id, is_open=True)

    def has_reopen_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to open a closed code."""
        return self._may_change(request, object_id, is_open=False)

    @action(description="重新获取图片", permissions=["fetch"], icon="refresh")
    def fetch_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask WeChat for the picture once more."""
        return self._act(request, FETCH, fetch_image_again, object_id)

    @action(description="停用", permissions=["close"], icon="block")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close the code."""
        return self._act(request, CLOSE, close_entry, object_id)

    @action(description="启用", permissions=["reopen"], icon="check_circle")
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the code again."""
        return self._act(request, REOPEN, reopen_entry, object_id)

    def _act(self, request: HttpRequest, act: Act, operation: Any, object_id: str) -> HttpResponse:
        return perform(
            self,
            request,
            act,
            run=lambda _: operation(entry_id=uuid.UUID(object_id), actor=actor_of(request)),
            object_id=object_id,
        )


class ScanPage(ReadOnlyPage):
    """Scans, newest first."""

    list_display = ("at", "entry", "branch", "staff", "product")
    list_filter = ("at",)
    list_select_related = ("entry",)
    search_fields = ("entry__scene__startswith", "entry__staff__exact")
    search_help_text = "按场景值或工号查找"
    ordering = ("-at",)

    @display(description="网点")
    def branch(self, scan: Any) -> str:
        """Show the code's branch."""
        return scan.entry.branch or "—"

    @display(description="客户经理工号")
    def staff(self, scan: Any) -> str:
        """Show the code's staff member."""
        return scan.entry.staff or "—"

    @display(description="产品代码")
    def product(self, scan: Any) -> str:
        """Show the code's product."""
        return scan.entry.product or "—"
