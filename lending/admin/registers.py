"""The bank's registers: who is invited to a product, and whom it may not lend to."""

from __future__ import annotations

import uuid
from typing import Any, Final, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, state
from core.admin.pages import ReadOnlyPage
from core.crypto.masking import mask_id_number_for_operations, mask_name
from core.money import MoneyFormatError, yuan_to_fen
from lending.models import Invitation, Product, RelatedParty
from lending.models.product import RELATIONS
from lending.operations.registers import (
    Invited,
    invite,
    register_related_party,
    remove_related_party,
    withdraw_invitation,
)

MOST_AT_ONCE: Final = 2000
INVITE: Final = Act(
    title="邀请客户",
    submit="邀请",
    explanation="每行一人：身份证号，可在逗号后写预授额度（元）。产品设为“仅限受邀客户”时，名单外的申请当即拒绝，不查征信。",
    done="名单已保存",
)
WITHDRAW: Final = Act(
    title="撤回邀请", submit="撤回", explanation="该客户的名单记录将被删除。", done="邀请已撤回", danger=True
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


class InviteForm(ActForm):
    """Whom to invite to what; numbers are sent in a body, so that no address or log holds them."""

    product = forms.ChoiceField(label="产品")
    people = forms.CharField(label="名单", max_length=60_000)
    valid_until_date = forms.DateField(label="有效期止", required=False, help_text="留空为长期有效")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the bank's products."""
        super().__init__(*args, **kwargs)
        self.fields["people"].widget = UnfoldAdminTextareaWidget()
        choices = list(Product.objects.order_by("code").values_list("pk", "code"))
        product = cast("forms.ChoiceField", self.fields["product"])
        product.choices = choices
        product.widget.choices = choices

    def clean_people(self) -> list[Invited]:
        """Read the lines.

        Raises:
            ValidationError: a line is ill-formed, or there are too many.
        """
        lines = [line for line in self.cleaned_data["people"].replace("，", ",").splitlines() if line.strip()]
        if len(lines) > MOST_AT_ONCE:
            raise forms.ValidationError(f"一次最多 {MOST_AT_ONCE} 人")
        people = []
        for place, line in enumerate(lines, start=1):
            number, _, limit = line.partition(",")
            try:
                limit_fen = yuan_to_fen(limit.strip()) if limit.strip() else None
            except MoneyFormatError as error:
                raise forms.ValidationError(f"第 {place} 行的额度有误，应为元，例如 30000.00") from error
            if limit_fen is not None and limit_fen <= 0:
                raise forms.ValidationError(f"第 {place} 行的额度须大于零")
            people.append(Invited(id_number=number.strip(), limit_fen=limit_fen))
        return people


class InvitationPage(ReadOnlyPage):
    """The invited, newest first; numbers masked."""

    list_display = (
        "product",
        "masked",
        amount("limit_fen", "预授额度"),
        "valid_until_date",
        "created_by",
        "created_at",
    )
    list_filter = ("product", "valid_until_date")
    list_select_related = ("product",)
    ordering = ("-id",)
    list_per_page = 25
    actions_detail = ("withdraw",)
    fields = ("product", "masked", "limit_fen_in_yuan", "valid_until_date", "created_by", "created_at")
    readonly_fields = ("masked", "limit_fen_in_yuan")
    limit_fen_in_yuan = staticmethod(amount("limit_fen", "预授额度"))

    @display(description="身份证号")
    def masked(self, row: Invitation) -> str:
        """Show the number, masked (DATA-02)."""
        return mask_id_number_for_operations(row.id_number)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer the button to whoever may invite."""
        return bool(request.user.has_perm("lending.add_invitation"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Invite people, outside Django's form view."""
        del form_url, extra_context
        if not self.has_add_permission(request):
            return HttpResponse(status=403)

        def run(given: Any) -> None:
            invite(
                product_id=uuid.UUID(given["product"]),
                people=given["people"],
                valid_until_date=given["valid_until_date"],
                actor=actor_of(request),
            )

        return perform(self, request, INVITE, run=run, form_class=InviteForm)

    def has_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to whoever may take invitations back."""
        del object_id
        return bool(request.user.has_perm("lending.delete_invitation"))

    @action(description="撤回邀请", permissions=["withdraw"], icon="person_remove")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the invitation back."""

        def run(_: Any) -> str:
            withdraw_invitation(invitation_id=uuid.UUID(object_id), actor=actor_of(request))
            return reverse("admin:lending_invitation_changelist")

        return perform(self, request, WITHDRAW, run=run, object_id=object_id)


class RelatedPartyForm(ActForm):
    """Who is a related party, and why."""

    name = forms.CharField(label="姓名", max_length=50)
    id_number = forms.CharField(label="身份证号码", min_length=18, max_length=18)
    relation = forms.ChoiceField(label="关系", choices=RELATIONS)
    note = forms.CharField(label="说明", max_length=200, required=False)


class RemovalForm(ActForm):
    """Why somebody is no related party any more."""

    reason = forms.CharField(label="原因", max_length=200)


class RelatedPartyPage(ReadOnlyPage):
    """Related parties, newest first; names and numbers masked."""

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

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer the button to whoever keeps the register."""
        return bool(request.user.has_perm("lending.add_relatedparty"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Enter somebody, outside Django's form view."""
        del form_url, extra_context
        if not self.has_add_permission(request):
            return HttpResponse(status=403)
        run = lambda given: register_related_party(**given, actor=actor_of(request))  # noqa: E731
        return perform(self, request, REGISTER, run=run, form_class=RelatedPartyForm)

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
