"""The bank's register of related parties: whom it may not lend to."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import state
from core.admin.pages import AddingPage
from core.crypto.masking import mask_id_number_for_operations, mask_name
from lending.models import RelatedParty
from lending.models.related_party import RELATIONS
from lending.operations.registers import (
    register_related_party,
    remove_related_party,
)

REGISTER: Final = Act(
    title="登记关系人",
    submit="登记",
    explanation="商业银行法第四十条：不得向关系人发放信用贷款。登记后其申请和提款一律拒绝，任何岗位都不能放行。",
    done="关系人已登记",
)
REMOVE: Final = Act(
    title="注销关系人",
    submit="注销",
    explanation="仅当该人员不再是关系人时注销，记录保留备查。",
    done="已注销",
    danger=True,
)


class RelatedPartyForm(ActForm):
    """Who is a related party, and why."""

    name = forms.CharField(label="姓名", max_length=50)
    id_number = forms.CharField(label="身份证号码", min_length=18, max_length=18)
    relation = forms.ChoiceField(label="关系", choices=RELATIONS)
    note = forms.CharField(label="说明", max_length=200, required=False)


class RemovalForm(ActForm):
    """Why somebody is no related party any more."""

    reason = forms.CharField(label="原因", max_length=200)


class RelatedPartyPage(AddingPage):
    """Related parties, newest first; names and numbers masked."""

    adding = REGISTER
    adding_form = RelatedPartyForm
    list_display = (
        "masked_name",
        "masked_number",
        state("relation", "关系", {}),
        "in_force",
        "created_by",
        "created_at",
    )
    list_filter = ("relation",)
    ordering = ("-id",)
    list_per_page = 25
    actions_detail = ("remove",)
    fields = ("masked_name", "masked_number", "relation", "note", "in_force", ("created_by", "created_at"),
              ("removed_by", "removed_at"))  # fmt: skip
    readonly_fields = ("masked_name", "masked_number", "in_force")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RelatedParty]:
        """Leave the keyed hashes in the database."""
        rows: QuerySet[RelatedParty] = super().get_queryset(request)
        return rows.defer("id_number_index")

    @display(description="姓名")
    def masked_name(self, row: RelatedParty) -> str:
        """Show the name, masked (DATA-02)."""
        return mask_name(row.name)

    @display(description="身份证号")
    def masked_number(self, row: RelatedParty) -> str:
        """Show the number, masked (DATA-02)."""
        return mask_id_number_for_operations(row.id_number)

    @display(description="有效", boolean=True, ordering="removed_at")
    def in_force(self, row: RelatedParty) -> bool:
        """Say whether the person is in the register."""
        return row.removed_at is None

    def perform_add(self, request: HttpRequest, given: Any) -> Any:
        """Enter somebody."""
        return register_related_party(**given, actor=actor_of(request))

    def has_remove_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the removal of an entry in force."""
        if not request.user.has_perm("lending.change_relatedparty"):
            return False
        return object_id is None or RelatedParty.objects.filter(pk=object_id, removed_at=None).exists()

    @action(description="注销", permissions=["remove"], icon="person_off")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take somebody off the register."""

        def run(given: Any) -> None:
            remove_related_party(related_party_id=uuid.UUID(object_id), reason=given["reason"], actor=actor_of(request))

        return perform(self, request, REMOVE, run=run, form_class=RemovalForm, object_id=object_id)
