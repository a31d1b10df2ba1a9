"""The agencies of the bank's list: only they may collect for the bank (LN-15)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import AddingPage
from lending.models import CollectionAgency
from lending.operations import collecting

LISTING: Final = Act(title="登记合作机构", submit="登记", explanation="名单应同时在本行网站公示。", done="机构已登记")
UNLISTING: Final = Act(
    title="终止合作", submit="终止", explanation="终止后该机构不能再联系借款人。", done="合作已终止", danger=True
)


class AgencyForm(ActForm):
    """Which agency, and from when."""

    name = forms.CharField(label="机构名称", max_length=100)
    credit_code = forms.RegexField(
        label="统一社会信用代码", regex=r"^[0-9A-HJ-NPQRTUWXY]{18}$", error_messages={"invalid": "应为 18 位代码"}
    )
    phone = forms.CharField(label="联系电话", max_length=30)
    since_date = forms.DateField(label="合作起始日")


class CollectionAgencyPage(AddingPage):
    """The agencies of the list, newest first."""

    adding = LISTING
    adding_form = AgencyForm
    list_display = ("name", "credit_code", "phone", "since_date", "in_force", "created_by")
    ordering = ("-id",)
    actions_detail = ("unlist",)
    fields = (("name", "credit_code"), ("phone", "since_date"), "in_force", ("created_by", "created_at"),
              ("removed_by", "removed_at"))  # fmt: skip
    readonly_fields = ("in_force",)

    @display(description="合作中", boolean=True, ordering="removed_at")
    def in_force(self, row: CollectionAgency) -> bool:
        """Say whether it collects for the bank."""
        return row.removed_at is None

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """List an agency."""
        collecting.list_agency(**given, actor=actor_of(request))

    def has_unlist_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on an agency of the list."""
        if not request.user.has_perm("lending.change_collectionagency"):
            return False
        return object_id is None or CollectionAgency.objects.filter(pk=object_id, removed_at=None).exists()

    @action(description="终止合作", permissions=["unlist"], icon="block")
    def unlist(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it off the list."""

        def run(_: Any) -> None:
            collecting.unlist_agency(agency_id=uuid.UUID(object_id), actor=actor_of(request))

        return perform(self, request, UNLISTING, run=run, object_id=object_id)
