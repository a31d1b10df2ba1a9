"""The loan prime rate as the province enters it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest

from core.admin.acts import Act, ActForm, actor_of
from core.admin.pages import AddingPage
from core.approvals.operations import propose
from core.clock import now
from tenants.approvals import LPR_QUOTE

ENTER: Final = Act(
    title="录入贷款市场报价利率",
    submit="提交复核",
    explanation=(
        "每月 20 日（遇节假日顺延）公布，未列出的月份与上次相同。已定价的额度与合同沿用当时的报价；"
        "与上次相差超过 50 个基点，或更正已有报价，须勾选确认。"
    ),
    done="已提交，待另一名员工在“复核事项”中复核；复核通过前不生效",
)


class LprForm(ActForm):
    """One published quote."""

    published_date = forms.DateField(label="公布日期")
    one_year_rate = forms.DecimalField(label="一年期（%）", max_digits=6, decimal_places=2)
    five_year_rate = forms.DecimalField(label="五年期以上（%）", max_digits=6, decimal_places=2)
    confirmed = forms.BooleanField(label="已核对，确认录入或更正", required=False)
    reason = forms.CharField(label="依据", max_length=200, initial="全国银行间同业拆借中心公布")


class LprPage(AddingPage):
    """The quotes, newest first."""

    adding = ENTER
    adding_form = LprForm
    list_display = ("published_date", "one_year_rate", "five_year_rate")
    ordering = ("-published_date",)

    def adding_initial(self, request: HttpRequest) -> Mapping[str, Any]:
        """Begin with what is most often meant."""
        del request
        return {"published_date": now().date()}

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Enter a quote."""
        values = {
            "one_year_rate": str(given["one_year_rate"]),
            "five_year_rate": str(given["five_year_rate"]),
            "confirmed": given["confirmed"],
        }
        propose(
            kind=LPR_QUOTE, subject=given["published_date"].isoformat(), values=values, reason=given["reason"],
            actor=actor_of(request),
        )  # fmt: skip
