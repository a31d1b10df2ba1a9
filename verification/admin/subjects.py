"""Customers as the checks have found them, and what they have sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from unfold.decorators import display

from core.admin.columns import opaque, whole
from core.admin.pages import ReadOnlyPage
from core.crypto import blind_index, normalise_id_number, normalise_phone
from core.crypto.masking import mask_address, mask_id_number_for_operations, mask_name, mask_phone
from core.ids import parse_id
from verification.queries import ID_NUMBER_DOMAIN, PHONE_DOMAIN

if TYPE_CHECKING:
    from django.http import HttpRequest

    from verification.models import Subject


def found_by_number(term: str) -> Q:
    """Return who is meant by a whole ID number, a whole phone number or an opaque id; anything else finds nobody."""
    text = term.strip()
    if not text:
        return Q()
    subject_id = parse_id(text.replace("-", "").lower())
    by_id = Q(pk=subject_id) if subject_id else Q()
    return (
        by_id
        | Q(id_number_index=blind_index(normalise_id_number(text) or text, domain=ID_NUMBER_DOMAIN))
        | Q(phone_index=blind_index(normalise_phone(text) or text, domain=PHONE_DOMAIN))
    )


class SubjectPage(ReadOnlyPage):
    """Customers, newest first; found by the whole ID or phone number."""

    list_display = (
        opaque("id", "编号"),
        "masked_name",
        "masked_id_number",
        "masked_phone",
        "sex",
        "identified_at",
        "face_locked_until",
        "voice_locked_until",
    )
    search_fields = ("id",)
    search_help_text = "输入完整的身份证号、手机号或编号"
    ordering = ("-id",)
    fields = (
        "id", "masked_name", "masked_id_number", "masked_phone", "sex", "ethnicity", "birth_date", "masked_address",
        "authority", "valid_from_date", "valid_until_date", "identified_at", "face_locked_until",
        "voice_locked_until", "created_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Subject], search_term: str
    ) -> tuple[QuerySet[Subject], bool]:
        """Find by keyed hash: sealed values cannot be searched otherwise."""
        del request
        return queryset.filter(found_by_number(search_term)), False

    @display(description="姓名")
    def masked_name(self, row: Subject) -> str:
        """Show the last character."""
        return mask_name(row.name or "")

    @display(description="身份证号")
    def masked_id_number(self, row: Subject) -> str:
        """Show the first six and last four digits."""
        return mask_id_number_for_operations(row.id_number) if row.id_number else ""

    @display(description="手机号")
    def masked_phone(self, row: Subject) -> str:
        """Show the first three and last four digits."""
        return mask_phone(row.phone) if row.phone else ""

    @display(description="住址")
    def masked_address(self, row: Subject) -> str:
        """Show the county."""
        return mask_address(row.address or "")


class UploadPage(ReadOnlyPage):
    """Files, newest first; the pictures themselves are read in the vault only, with a trace."""

    list_display = (opaque("id", "编号"), "kind", "size", opaque("subject_id", "客户"), "created_at")
    list_filter = ("kind",)
    ordering = ("-id",)
    fields = ("id", "kind", "size", whole("subject_id", "客户"), "object_id", "created_at")
    readonly_fields = fields
