"""The loan prime rate as the province enters it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import ReadOnlyPage
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


class LprPage(ReadOnlyPage):
    """The quotes, newest first."""

    list_display = ("published_date", "one_year_rate", "five_year_rate")
    ordering = ("-published_date",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer the button to whoever may add quotes."""
        return bool(request.user.has_perm("tenants.add_lprquote"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Enter a quote, outside Django's form view."""
        del form_url, extra_context
        if not self.has_add_permission(request):
            return HttpResponse(status=403)
        return perform(
            self,
            request,
            ENTER,
            run=lambda given: self._propose(request, given),
            form_class=LprForm,
            initial={"published_date": now().date()},
        )

    def _propose(self, request: HttpRequest, given: Any) -> None:
        values = {
            "one_year_rate": str(given["one_year_rate"]),
            "five_year_rate": str(given["five_year_rate"]),
            "confirmed": given["confirmed"],
        }
        propose(
            kind=LPR_QUOTE, subject=given["published_date"].isoformat(), values=values, reason=given["reason"],
            actor=actor_of(request),
        )  # fmt: skip
