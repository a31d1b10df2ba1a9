"""The holiday calendar that all banks share."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from core.admin.acts import Act, ActForm, actor_of
from core.admin.pages import AddingPage
from core.approvals.operations import propose
from core.clock import now
from tenants.approvals import CALENDAR_DAY
from tenants.models import Holiday
from tenants.queries import missing_calendar_year

MARK: Final = Act(
    title="设置节假日或调休",
    submit="提交复核",
    explanation="只需录入与星期不同的日子：工作日放假，或周末上班。次年安排一般在每年 11 月公布。",
    done="已提交，待另一名员工在“复核事项”中复核；复核通过前不生效",
)


class DayForm(ActForm):
    """One day that differs from its weekday."""

    day = forms.DateField(label="日期")
    is_working_day = forms.TypedChoiceField(
        label="当日", choices=[("0", "放假"), ("1", "上班")], coerce=lambda text: text == "1"
    )
    name = forms.CharField(label="名称", max_length=30, required=False, help_text="例如：春节、国庆节调休上班")
    reason = forms.CharField(label="依据", max_length=200, initial="国务院办公厅节假日安排通知")


class HolidayPage(AddingPage):
    """Days that differ from their weekday, newest first."""

    adding = MARK
    adding_form = DayForm
    list_display = ("date", "name", "kind")
    list_filter = ("is_working_day",)
    search_fields = ("name",)
    search_help_text = "按名称查找"
    date_hierarchy = "date"
    ordering = ("-date",)

    @display(description="当日", label={"上班": "warning", "放假": "success"}, ordering="is_working_day")
    def kind(self, holiday: Holiday) -> str:
        """Say what the day is."""
        return "上班" if holiday.is_working_day else "放假"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Warn where a year's holidays are due and missing."""
        year = missing_calendar_year(now().date())
        if year is not None:
            messages.warning(request, f"尚未录入 {year} 年的节假日安排：各行还款日顺延只避开周末，请尽快录入。")
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Mark a day."""
        propose(
            kind=CALENDAR_DAY,
            subject=given["day"].isoformat(),
            values={"is_working_day": given["is_working_day"], "name": given["name"]},
            reason=given["reason"],
            actor=actor_of(request),
        )
