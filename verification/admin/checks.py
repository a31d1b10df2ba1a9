"""Checks, face and voice checks, readings and one-time codes: what was asked, by whom it was answered, how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from unfold.decorators import display

from core.admin.columns import opaque, state, whole
from core.admin.pages import ReadOnlyPage
from core.crypto.masking import mask_id_number_for_operations, mask_name, mask_phone
from verification.admin.screening import may_see_screening
from verification.models.check import WATCHLIST

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from verification.models import Check, IdCardReading, PhoneCode

OUTCOMES: Final = {
    "match": "success", "clear": "success", "passed": "success", "mismatch": "danger", "name_mismatch": "danger",
    "not_found": "danger", "failed": "danger", "hit": "danger", "review": "warning",
}  # fmt: skip
WHOSE: Final = whole("subject_id", "客户")
STATUSES: Final = {"asked": "info", "answered": "success", "unanswered": "warning"}
FACES: Final = {"starting": "info", "started": "info", "checking": "info", "passed": "success", "failed": "danger"}
READINGS: Final = {"reading": "info", "read": "success", "refused": "danger"}


class CheckPage(ReadOnlyPage):
    """Checks, newest first; watchlist results only for staff who judge them (AML-08)."""

    list_display = (
        "kind",
        "purpose",
        state("status", "状态", STATUSES),
        state("outcome", "结果", OUTCOMES),
        "reason_code",
        opaque("subject_id", "客户"),
        opaque("business_id", "业务"),
        "asked_at",
        "answered_at",
    )
    list_filter = ("kind", "purpose", "status")
    search_fields = ("business_id__startswith", "subject__id__iexact")
    search_help_text = "按业务编号或客户编号查找"
    ordering = ("-id",)
    fields = (
        "id", "kind", "purpose", "business_id", WHOSE, "masked_elements", "status", "outcome", "reason_code",
        "provider", "paid_calls", "asked_at", "answered_at", "evidence_leaf",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave watchlist checks out for whoever does not judge them: a hit must not become known."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if may_see_screening(request) else rows.exclude(kind=WATCHLIST)

    @display(description="核验要素")
    def masked_elements(self, row: Check) -> str:
        """Show what was asked about, masked."""
        asked = dict(row.asked or {})
        shown = [
            mask_name(asked.get("name", "")),
            mask_id_number_for_operations(asked["id_number"]) if "id_number" in asked else "",
            mask_phone(asked["phone"]) if "phone" in asked else "",
        ]
        return "　".join(part for part in shown if part)


class FaceCheckPage(ReadOnlyPage):
    """Face checks, newest first; pictures and tokens are never shown."""

    list_display = (
        "action",
        state("status", "状态", FACES),
        "reason_code",
        "similarity",
        "base_photo",
        opaque("subject_id", "客户"),
        opaque("business_id", "业务"),
        "created_at",
        "finished_at",
    )
    list_filter = ("action", "status")
    search_fields = ("business_id__startswith", "subject__id__iexact")
    search_help_text = "按业务编号或客户编号查找"
    ordering = ("-id",)
    fields = (
        "id", "action", "business_id", WHOSE, "provider", "base_photo", "status", "reason_code", "similarity",
        "created_at", "completed_at", "finished_at",
    )  # fmt: skip
    readonly_fields = fields


class VoiceCheckPage(ReadOnlyPage):
    """Voice checks, newest first; recordings, texts and tokens are never shown."""

    list_display = (
        "action",
        state("status", "状态", FACES),
        "reason_code",
        "similarity",
        opaque("subject_id", "客户"),
        opaque("business_id", "业务"),
        "created_at",
        "finished_at",
    )
    list_filter = ("action", "status")
    search_fields = ("business_id__startswith", "subject__id__iexact")
    search_help_text = "按业务编号或客户编号查找"
    ordering = ("-id",)
    fields = (
        "id", "action", "business_id", WHOSE, "provider", "compared_with", "status", "reason_code", "similarity",
        "paid_calls", "created_at", "text_expires_at", "completed_at", "finished_at",
    )  # fmt: skip
    readonly_fields = fields


class IdCardReadingPage(ReadOnlyPage):
    """Readings of ID cards, newest first."""

    list_display = (
        opaque("id", "编号"),
        state("status", "状态", READINGS),
        "reason_code",
        "provider",
        "masked_name",
        opaque("subject_id", "客户"),
        "created_at",
        "finished_at",
    )
    list_filter = ("status", "provider")
    search_fields = ("subject__id__iexact",)
    search_help_text = "按客户编号查找"
    ordering = ("-id",)
    fields = (
        "id", WHOSE, "status", "reason_code", "provider", "masked_name", "masked_id_number", "warnings",
        "paid_calls", "created_at", "finished_at", "evidence_leaf",
    )  # fmt: skip
    readonly_fields = fields

    @display(description="姓名")
    def masked_name(self, row: IdCardReading) -> str:
        """Show the last character."""
        return mask_name(dict(row.fields or {}).get("name", ""))

    @display(description="身份证号")
    def masked_id_number(self, row: IdCardReading) -> str:
        """Show the first six and last four digits."""
        number = dict(row.fields or {}).get("id_number", "")
        return mask_id_number_for_operations(number) if number else ""


class PhoneCodePage(ReadOnlyPage):
    """One-time codes, newest first; the digits are nowhere."""

    list_display = ("action", "masked_phone", opaque("subject_id", "客户"), "created_at", "sent_at", "used_at")
    list_filter = ("action",)
    ordering = ("-id",)
    fields = (
        "id", "action", "masked_phone", WHOSE, "business_id", "created_at", "expires_at", "sent_at", "used_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description="手机号")
    def masked_phone(self, row: PhoneCode) -> str:
        """Show the first three and last four digits."""
        return mask_phone(row.phone)
