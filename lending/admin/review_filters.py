"""How the review queue is counted, narrowed and reached."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.admin.acts import actor_of
from core.clock import business_date
from lending.models import ReviewCase, ReviewTask
from lending.queries import review as asked

MOST_COUNTED: Final = 10_000


class LimitedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that is not counted beyond a bound: nobody turns two hundred pages, and counting all costs most."""

    @cached_property
    def count(self) -> int:
        """Count the rows up to the bound."""
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_COUNTED].count())


class StateFilter(admin.SimpleListFilter):
    """Open cases, unless the decided ones are asked for."""

    title = "状态"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        """Offer the decided ones."""
        del request, model_admin
        return [("closed", "已结束")]

    def choices(self, changelist: Any) -> Any:
        """Call the default by its name."""
        for choice in super().choices(changelist):
            yield choice | {"display": "待处理"} if choice["display"] == "全部" else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReviewCase]) -> QuerySet[ReviewCase]:
        """Keep one of the two."""
        del request
        return queryset.filter(closed_at__isnull=self.value() != "closed")


class TakerFilter(admin.SimpleListFilter):
    """Mine, nobody's."""

    title = "审核人"
    parameter_name = "taker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        """Offer both."""
        del request, model_admin
        return [("mine", "我领取的"), ("nobody", "未领取")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReviewCase]) -> QuerySet[ReviewCase]:
        """Keep those of the person who asks, or nobody's."""
        match self.value():
            case "mine":
                return queryset.filter(taken_by=actor_of(request))
            case "nobody":
                return queryset.filter(taken_by="")
        return queryset


class ClockFilter(admin.SimpleListFilter):
    """What is overdue."""

    title = "时限"
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        """Offer the overdue."""
        del request, model_admin
        return [("overdue", "已超时"), ("check", "补充核查超期")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReviewCase]) -> QuerySet[ReviewCase]:
        """Keep the overdue cases, or those that wait for a check that is overdue."""
        del request
        match self.value():
            case "overdue":
                return queryset.filter(asked.clock().is_overdue)
            case "check":
                late = ReviewTask.objects.filter(finished_at=None, due_date__lt=business_date())
                return queryset.filter(pk__in=late.values("case_id"))
        return queryset


def to_case(subject_id: str) -> HttpResponse:
    """Lead to the open case of a thing under review.

    Raises:
        Http404: it is not under review.
    """
    case = ReviewCase.objects.filter(subject_id=subject_id, closed_at=None).first()
    if case is None:
        raise Http404
    return HttpResponseRedirect(reverse("admin:lending_reviewcase_change", args=(case.pk,)))
