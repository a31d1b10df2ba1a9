"""The invited of each product: entered line by line or from a file, seen by whoever manages them."""

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
from core.admin.columns import amount
from core.admin.pages import AddingPage
from core.clock import business_date
from core.crypto.masking import mask_id_number_for_operations
from core.money import MoneyFormatError, yuan_to_fen
from lending.invitation_lists import COLUMNS, MOST_ROWS, ListFaulty, read_list
from lending.models import Invitation, Product
from lending.operations.registers import Invited, invite, withdraw_invitation
from lending.queries.invitations import manager_logins

MOST_AT_ONCE: Final = 2000
MOST_BYTES: Final = 10 * 1024**2
MOST_SHOWN: Final = 200
SEEING_ALL: Final = ("lending.view_invitation", "lending.change_invitation")
SEEING_OWN: Final = "lending.view_own_invitation"
INVITE: Final = Act(
    title="邀请客户",
    submit="邀请",
    explanation="每行一人：身份证号，可在逗号后写预授额度（元）。产品设为“仅限受邀客户”时，名单外的申请当即拒绝，不查征信。",
    done="名单已保存",
)
WITHDRAW: Final = Act(
    title="撤回邀请", submit="撤回", explanation="该客户的名单记录将被删除。", done="邀请已撤回", danger=True
)
IMPORT: Final = Act(
    title="导入受邀名单",
    submit="导入",
    explanation="整个文件要么全部导入，要么一行也不导入。已在名单中的客户按新文件更新额度、村、客户经理和有效期。",
    done="名单已导入",
)


class ProductForm(ActForm):
    """To which product."""

    product = forms.ChoiceField(label="产品")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the bank's products."""
        super().__init__(*args, **kwargs)
        choices = list(Product.objects.order_by("code").values_list("pk", "code"))
        product = cast("forms.ChoiceField", self.fields["product"])
        product.choices = choices
        product.widget.choices = choices


class ImportForm(ProductForm):
    """The same, from a file; its faults are shown in a table, and nothing of a faulty file is entered."""

    file = forms.FileField(
        label="名单文件（CSV）", help_text=f"首行为表头：{'、'.join(COLUMNS)}；UTF-8 或 GB18030，最多 {MOST_ROWS} 人"
    )
    valid_until_date = forms.DateField(
        label="有效期止", required=False, help_text="文件中未填写的按此日期，留空为长期有效"
    )

    def clean_file(self) -> list[Invited]:
        """Read the file.

        Raises:
            ValidationError: it is too large, or has faults.
        """
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"文件超过 {MOST_BYTES // 1024**2} MB，请拆分")
        try:
            return read_list(file.read(), managers=manager_logins(), today=business_date())
        except ListFaulty as error:
            shown = error.faults[:MOST_SHOWN]
            rows = [[fault.line, fault.column or "—", fault.text] for fault in shown]
            self.table = {"headers": ["行", "列", "问题和改法"], "rows": rows}
            more = f"，以下列出前 {MOST_SHOWN} 处" if len(error.faults) > MOST_SHOWN else ""
            raise forms.ValidationError(
                f"文件有 {len(error.faults)} 处问题{more}；整个文件均未导入，请改正后重新上传"
            ) from error


class InviteForm(ProductForm):
    """Whom to invite to what; numbers are sent in a body, so that no address or log holds them."""

    people = forms.CharField(label="名单", max_length=60_000)
    valid_until_date = forms.DateField(label="有效期止", required=False, help_text="留空为长期有效")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the people room."""
        super().__init__(*args, **kwargs)
        self.fields["people"].widget = UnfoldAdminTextareaWidget()

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


class InvitationPage(AddingPage):
    """The invited, newest first; numbers masked."""

    adding = INVITE
    adding_form = InviteForm
    list_display = (
        "product",
        "masked",
        amount("limit_fen", "预授额度"),
        "village",
        "manager",
        "valid_until_date",
        "created_by",
        "created_at",
    )
    list_filter = ("product", "valid_until_date")
    list_select_related = ("product",)
    ordering = ("-id",)
    list_per_page = 25
    search_fields = ("village__startswith", "manager__startswith")
    search_help_text = "按村（社区）或客户经理工号查找"
    actions_list = ("import_list",)
    actions_detail = ("withdraw",)
    fields = (
        "product",
        "masked",
        "limit_fen_in_yuan",
        "village",
        "manager",
        "valid_until_date",
        "created_by",
        "created_at",
    )
    readonly_fields = ("masked", "limit_fen_in_yuan")
    limit_fen_in_yuan = staticmethod(amount("limit_fen", "预授额度"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show the page to customer managers too, who see whom they manage."""
        return bool(request.user.has_perm(SEEING_OWN)) or super().has_view_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        """Leave the keyed hashes in the database, and to customer managers only their own customers."""
        rows: QuerySet[Invitation] = super().get_queryset(request).defer("id_number_index")
        sees_all = any(request.user.has_perm(name) for name in SEEING_ALL)
        return rows if sees_all else rows.filter(manager=actor_of(request))

    @display(description="身份证号")
    def masked(self, row: Invitation) -> str:
        """Show the number, masked (DATA-02)."""
        return mask_id_number_for_operations(row.id_number)

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Invite people."""
        invite(
            product_id=uuid.UUID(given["product"]),
            people=given["people"],
            valid_until_date=given["valid_until_date"],
            actor=actor_of(request),
        )

    def has_import_list_permission(self, request: HttpRequest) -> bool:
        """Offer the import to whoever may invite."""
        return self.has_add_permission(request)

    @action(description="导入名单", permissions=["import_list"], icon="upload_file")
    def import_list(self, request: HttpRequest) -> HttpResponse:
        """Invite people from a file."""

        def run(given: Any) -> None:
            invite(
                product_id=uuid.UUID(given["product"]), people=given["file"],
                valid_until_date=given["valid_until_date"], actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, IMPORT, run=run, form_class=ImportForm)

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
