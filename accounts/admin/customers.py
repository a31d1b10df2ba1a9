"""Customers and their registrations, masked (DATA-02)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import localtime
from unfold.decorators import action, display

from accounts.admin.complaints import ADD_COMPLAINTS, ComplaintTable
from accounts.admin.tables import AccountTable, CardTable, RegistrationTable
from accounts.attribution import ANY, only_own
from accounts.models import Customer, Registration
from accounts.models.customer import NEW, REGISTERED
from accounts.operations.lookup import LOOKED_AT, LOOKED_UP, look_at_customer, look_up_customer
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.audit.models import AuditEntry
from core.crypto.masking import mask_address, mask_id_number_for_operations, mask_name, mask_phone
from tenants.queries import origin_of_scan
from verification import queries as verification

ROWS: Final = 25
SEXES: Final = {"male": "男", "female": "女"}
STAGE_COLOURS: Final = {NEW: "info", REGISTERED: "success"}
REGISTRATION_COLOURS: Final = {
    "reading": "info", "confirm": "info", "phone": "info", "checking": "info",
    "registered": "success", "retake": "warning", "relink": "warning", "rejected": "danger",
}  # fmt: skip
FIND: Final = Act(
    title="按证件号码查找客户",
    submit="查找",
    explanation="请输入完整的身份证号码。号码不会被保存；查找到客户的操作记入审计日志。",
    done="已找到客户",
)


REASONS: Final = (
    "核实客户身份",
    "联系客户办理业务",
    "贷后管理和催收",
    "处理投诉和异议",
    "可疑交易分析",
    "司法和监管协查",
)
LOOK: Final = "accounts.look_at_customer"
LOOKING: Final = Act(
    title="查看完整信息",
    submit="查看",
    explanation="显示该客户的姓名、证件号码、手机号和住址，仅显示一次。谁在何时因何事由查看，写入审计日志，合规和审计可查。",
    done="",
)
LOOK_TEMPLATE: Final = "admin/customer_look.html"
LOOKS_TEMPLATE: Final = "admin/customer_looks.html"
LOOKS_SHOWN: Final = 50


class FindForm(ActForm):
    """Whom to look for; sent in a body, so that no address or log holds the number."""

    id_number = forms.CharField(label="身份证号码", min_length=18, max_length=18)


class LookForm(ActForm):
    """Why somebody needs to see the clear values."""

    reason = forms.ChoiceField(label="事由", choices=[(word, word) for word in REASONS])
    note = forms.CharField(label="说明", max_length=100, help_text="例如工单或业务编号；请勿填写客户信息。写入审计日志")


class CustomerPage(ReadOnlyPage):
    """Customers, newest first; who they are is masked, and shown to the staff of this bank only."""

    list_per_page = ROWS
    list_display = ("masked_name", "masked_phone", state("stage", "阶段", STAGE_COLOURS), "occupation",
                    opaque("id", "客户号"), "created_at", "registered_at")  # fmt: skip
    list_display_links = ("masked_name",)
    list_filter = ("stage", "created_at", "registered_at")
    ordering = ("-id",)
    actions_list = ("find", "looks")
    actions_detail = ("look", "complain")
    inlines = (AccountTable, CardTable, RegistrationTable, ComplaintTable)
    readonly_fields = ("masked_name", "masked_id_number", "masked_phone", "sex", "birth_date", "masked_address",
                       "id_valid_until", "masked_residence", "first_origin", "last_origin")  # fmt: skip
    fieldsets = (
        ("身份", {"fields": (("masked_name", "masked_id_number"), ("sex", "birth_date"), ("masked_phone", "id_valid_until"),
                          "masked_address")}),
        ("尽职调查", {"fields": (("occupation", "tax_residency"), "masked_residence")}),
        ("来源", {"fields": ("first_origin", "last_origin")}),
        ("记录", {"fields": (("id", "stage"), ("created_at", "registered_at"))}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        """Leave sealed what a list does not show; the page of one customer reads the address by itself."""
        rows: QuerySet[Customer] = super().get_queryset(request)
        return only_own(rows.defer("openid", "openid_index", "residence_address"), request.user, path="pk")

    def has_find_permission(self, request: HttpRequest) -> bool:
        """Let those search among all customers who may see all."""
        return self.has_view_permission(request) and request.user.has_perm(ANY)

    def has_looks_permission(self, request: HttpRequest) -> bool:
        """Show who looked at whom to those who read the audit log."""
        return self.has_view_permission(request) and request.user.has_perm("core.view_auditentry")

    def has_look_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the look at the clear values to whoever may, of the customers whom they may see."""
        if not (self.has_view_permission(request) and request.user.has_perm(LOOK)):
            return False
        return object_id is None or self.get_object(request, object_id) is not None

    def has_complain_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Lead whoever enters complaints to the form."""
        del object_id
        return self.has_view_permission(request) and request.user.has_perm(ADD_COMPLAINTS)

    @action(description="登记投诉", permissions=["complain"], icon="feedback")
    def complain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the form for what the customer complained of by telephone or at a branch."""
        del request
        number = uuid.UUID(object_id).hex
        return HttpResponseRedirect(f"{reverse('admin:accounts_complaint_add')}?customer={number}")

    @action(description="查看完整信息", permissions=["look"], icon="visibility")
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, keep it, and show the clear values once."""

        def run(given: Any) -> HttpResponse:
            found = look_at_customer(customer_id=uuid.UUID(object_id), actor=actor_of(request), **given)
            context = {
                **self.admin_site.each_context(request), "opts": self.opts, "title": LOOKING.title, "found": found,
                "customer": object_id, "back": reverse("admin:accounts_customer_change", args=(object_id,)),
            }  # fmt: skip
            shown = TemplateResponse(request, LOOK_TEMPLATE, context)
            shown.headers["Cache-Control"] = "no-store"
            return shown

        return perform(self, request, LOOKING, run=run, form_class=LookForm, object_id=object_id)

    @action(description="查阅记录", permissions=["looks"], icon="history")
    def looks(self, request: HttpRequest) -> HttpResponse:
        """Show who looked at whose data, when and why, of one customer or one member of staff."""
        customer, staff = (request.GET.get(name, "").strip() for name in ("customer", "staff"))
        rows = AuditEntry.objects.filter(action__in=[LOOKED_AT, LOOKED_UP]).order_by("-at")
        rows = rows.filter(subject=customer.replace("-", "").lower()) if customer else rows
        rows = rows.filter(actor=staff) if staff else rows
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": "客户信息查阅记录", "customer": customer,
            "staff": staff, "page": Paginator(rows, LOOKS_SHOWN).get_page(request.GET.get("p")),
        }  # fmt: skip
        return TemplateResponse(request, LOOKS_TEMPLATE, context)

    @action(description="按证件号码查找", permissions=["find"], icon="search")
    def find(self, request: HttpRequest) -> HttpResponse:
        """Find a customer by the full ID number."""

        def run(given: Any) -> str:
            found = look_up_customer(id_number=given["id_number"], actor=actor_of(request))
            return reverse("admin:accounts_customer_change", args=(found,))

        return perform(self, request, FIND, run=run, form_class=FindForm)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Read the customer's identity once for all fields that show of it."""
        customer = super().get_object(request, object_id, from_field)
        if customer is not None:
            customer.known_as = verification.identity(customer.pk)
        return customer

    def _identity(self, customer: Any) -> verification.Identity | None:
        if customer.pk is None or customer.stage == NEW:
            return None
        if not hasattr(customer, "known_as"):
            customer.known_as = verification.identity(customer.pk)
        known: verification.Identity | None = customer.known_as
        return known

    @display(description="姓名")
    def masked_name(self, customer: Customer) -> str:
        """Show the name's last character."""
        known = self._identity(customer)
        return mask_name(known.name) if known else "未注册"

    @display(description="手机号")
    def masked_phone(self, customer: Customer) -> str:
        """Show the phone's ends."""
        phone = verification.phone_of(customer.pk) if customer.stage == REGISTERED else None
        return mask_phone(phone) if phone else "—"

    @display(description="证件号码")
    def masked_id_number(self, customer: Customer) -> str:
        """Show the number's ends, as operations may."""
        known = self._identity(customer)
        return mask_id_number_for_operations(known.id_number) if known else "—"

    @display(description="性别")
    def sex(self, customer: Customer) -> str:
        """Show the sex."""
        known = self._identity(customer)
        return SEXES.get(known.sex, "—") if known else "—"

    @display(description="出生年份")
    def birth_date(self, customer: Customer) -> str:
        """Show the year of birth; the day would complete the masked number."""
        known = self._identity(customer)
        return f"{known.birth_date.year} 年" if known else "—"

    @display(description="证件有效期至")
    def id_valid_until(self, customer: Customer) -> str:
        """Show when the ID card ends."""
        known = self._identity(customer)
        if known is None:
            return "—"
        return "长期" if known.valid_until is None else f"{known.valid_until:%Y-%m-%d}"

    @display(description="证件住址")
    def masked_address(self, customer: Customer) -> str:
        """Show the address down to its county."""
        known = self._identity(customer)
        return mask_address(known.address) if known else "—"

    @display(description="居住地址")
    def masked_residence(self, customer: Customer) -> str:
        """Show the residence down to its county."""
        return mask_address(customer.residence_address or "") or "—"

    @display(description="首次扫码")
    def first_origin(self, customer: Customer) -> str:
        """Show whose code brought the customer."""
        return _origin(customer.first_scan_id)

    @display(description="最近扫码")
    def last_origin(self, customer: Customer) -> str:
        """Show whose code the customer scanned last."""
        return _origin(customer.last_scan_id)


def _origin(scan_id: Any) -> str:
    origin = origin_of_scan(scan_id)
    if origin is None:
        return "自行进入"
    words = {"网点": origin.branch, "客户经理": origin.staff, "产品": origin.product, "活动": origin.campaign}
    told = "，".join(f"{title} {word}" for title, word in words.items() if word)
    return f"{localtime(origin.scanned_at):%Y-%m-%d %H:%M}　{told or '未标注归属'}"


class RegistrationPage(ReadOnlyPage):
    """Attempts to become a customer, newest first."""

    list_display = (opaque("id", "编号"), opaque("customer_id", "客户号"), state("status", "状态", REGISTRATION_COLOURS),
                    "reason_code", "name_changed", "address_changed", "created_at", "ended_at")  # fmt: skip
    list_filter = ("status", "reason_code", "created_at")
    ordering = ("-id",)
    readonly_fields = ("masked_name", "masked_phone", "masked_address")
    fieldsets = (
        (None, {"fields": (("customer", "status"), ("reason_code", "retryable"))}),
        (
            "识别结果",
            {"fields": (("masked_name", "masked_phone"), "masked_address", ("name_changed", "address_changed"))},
        ),
        ("补充信息", {"fields": (("occupation", "tax_residency"),)}),
        ("记录", {"fields": (("reading_id", "carrier_check_id"), ("created_at", "ended_at"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        """Leave sealed what the list does not show."""
        rows: QuerySet[Registration] = super().get_queryset(request)
        rows = rows.defer("identity", "phone", "wechat_phone_code", "residence_address")
        return only_own(rows, request.user, path="customer_id")

    @display(description="姓名")
    def masked_name(self, registration: Registration) -> str:
        """Show the name's last character."""
        return mask_name(str((registration.identity or {}).get("name") or "")) or "—"

    @display(description="手机号")
    def masked_phone(self, registration: Registration) -> str:
        """Show the phone's ends."""
        return mask_phone(registration.phone) if registration.phone else "—"

    @display(description="证件住址")
    def masked_address(self, registration: Registration) -> str:
        """Show the address down to its county."""
        return mask_address(str((registration.identity or {}).get("address") or "")) or "—"
