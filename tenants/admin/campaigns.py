"""What campaigns and channels cost, as staff record it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import HttpRequest

from core.admin.acts import Act, ActForm, actor_of
from core.admin.columns import amount
from core.admin.fields import HIGHEST_YUAN, YuanField
from core.admin.pages import AddingPage
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
    amount = YuanField(label="金额（元）", lowest=-HIGHEST_YUAN)
    note = forms.CharField(label="说明", max_length=200, required=False)


class CampaignCostPage(AddingPage):
    """Costs, newest first."""

    adding = RECORD
    adding_form = CostForm
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

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Record a cost."""
        record_campaign_cost(
            campaign=given["campaign"], branch=given["branch"], spent_date=given["spent_date"],
            amount_fen=given["amount"], note=given["note"], actor=actor_of(request),
        )  # fmt: skip
