"""What campaigns and channels cost, as staff record it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount
from core.admin.pages import ReadOnlyPage
from core.money import FEN_PER_YUAN
from tenants.operations import record_campaign_cost

RECORD: Final = Act(
    title="登记活动费用",
    submit="登记",
    explanation=(
        "活动、渠道的写法须与推广码一致，费用才能与其带来的客户对应。登记后不能修改；登记有误的，再登记一笔相同的负数金额冲减。"
    ),
    done="费用已登记",
)


class CostForm(ActForm):
    """What was spent on what, and when."""

    campaign = forms.CharField(label="活动", max_length=60, required=False)
    branch = forms.CharField(label="渠道（网点）", max_length=60, required=False)
    spent_date = forms.DateField(label="发生日期")
    yuan = forms.DecimalField(label="金额（元）", max_digits=14, decimal_places=2)
    note = forms.CharField(label="说明", max_length=200, required=False)


class CampaignCostPage(ReadOnlyPage):
    """Costs, newest first."""

    list_display = (
        "spent_date",
        "campaign",
        "branch",
        amount("amount_fen", "金额"),
        "note",
        "created_by",
        "created_at",
    )
    list_filter = ("campaign", "branch", "spent_date")
    search_fields = ("campaign", "branch")
    search_help_text = "按活动或渠道查找"
    ordering = ("-spent_date", "-id")
    fields = (("campaign", "branch"), ("spent_date", "amount_fen_in_yuan"), "note", ("created_by", "created_at"))
    readonly_fields = ("amount_fen_in_yuan",)
    amount_fen_in_yuan = staticmethod(amount("amount_fen", "金额"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer the button to whoever records costs."""
        return bool(request.user.has_perm("tenants.add_campaigncost"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Record a cost, outside Django's form view."""
        del form_url, extra_context
        if not self.has_add_permission(request):
            return HttpResponse(status=403)

        def run(given: Any) -> None:
            record_campaign_cost(
                campaign=given["campaign"], branch=given["branch"], spent_date=given["spent_date"],
                amount_fen=int(given["yuan"] * FEN_PER_YUAN), note=given["note"], actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, RECORD, run=run, form_class=CostForm)
