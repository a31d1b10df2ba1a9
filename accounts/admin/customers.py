"""Customers and their registrations, masked (DATA-02)."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import localtime
from unfold.decorators import action, display

from accounts.admin.tables import AccountTable, CardTable, RegistrationTable
from accounts.models import Customer, Registration
from accounts.models.customer import NEW, REGISTERED
from accounts.operations.lookup import look_up_customer
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
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


class FindForm(ActForm):
    """Whom to look for; sent in a body, so that no address or log holds the number."""

    id_number = forms.CharField(label="身份证号码", min_length=18, max_length=18)


class CustomerPage(ReadOnlyPage):
    """Customers, newest first; who they are is masked, and shown to the staff of this bank only."""

    list_per_page = ROWS
    list_display = ("masked_name", "masked_phone", state("stage", "阶段", STAGE_COLOURS), "occupation",
                    opaque("id", "客户号"), "created_at", "registered_at")  # fmt: skip
    list_display_links = ("masked_name",)
    list_filter = ("stage", "created_at", "registered_at")
    ordering = ("-id",)
    actions_list = ("find",)
    inlines = (AccountTable, CardTable, RegistrationTable)
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
        """Leave the openid sealed: nobody reads it here."""
        rows: QuerySet[Customer] = super().get_queryset(request)
        return rows.defer("openid", "openid_index")

    @action(description="按证件号码查找", permissions=["view"], icon="search")
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
        return rows.defer("identity", "phone", "wechat_phone_code", "residence_address")

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
