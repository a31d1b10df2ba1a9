"""The numbers behind a chart: a page with its filters and its table, and the file, which is put on record."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite

from config.charts import BANK_CHARTS, PROVINCE_CHARTS
from config.dashboard import TOO_SLOW, charts_of, read_in_time, today_of
from config.look import bank_of
from core.admin.acts import ActForm, actor_of
from core.admin.charts import Asked, Chart, Numbers, csv_of, picture_of, table_of
from core.audit.downloads import record_download
from core.errors import Unavailable
from core.files import CSV, file_answer

LONGEST: Final = timedelta(days=3 * 366)
TEXT_LENGTH: Final = 60


def form_of(chart: Chart, usual: Asked) -> type[ActForm]:
    """Make the form of a chart's filters: its period, where it has one, and its choices."""
    fields: dict[str, forms.Field] = {}
    if chart.has_period:
        fields["from_date"] = forms.DateField(label="期间起", required=False, initial=usual.from_date)
        fields["to_date"] = forms.DateField(label="期间止", required=False, initial=usual.to_date)
    for choice in chart.choices:
        if choice.options:
            fields[choice.name] = forms.ChoiceField(label=choice.label, choices=list(choice.options), required=False)
        else:
            fields[choice.name] = forms.CharField(label=choice.label, max_length=TEXT_LENGTH, required=False)
    return type("FiltersForm", (ActForm,), fields)


def asked_by(chart: Chart, usual: Asked, form: ActForm) -> Asked:
    """Return what was asked for; the usual where nothing was said, or where the period is none."""
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    from_date: date = given.get("from_date") or usual.from_date
    to_date: date = given.get("to_date") or usual.to_date
    if not timedelta() <= to_date - from_date <= LONGEST:
        form.add_error(None, f"期间止须不早于期间起，且不超过 {LONGEST.days} 天；以下按默认期间显示。")
        from_date, to_date = usual.from_date, usual.to_date
    chosen = {choice.name: given.get(choice.name) or choice.default for choice in chart.choices}
    return Asked(from_date=from_date, to_date=to_date, chosen=chosen)


def _chart(request: HttpRequest, name: str) -> Chart:
    """Find a chart of this site.

    Raises:
        Http404: there is none of this name.
        PermissionDenied: its rows are not for this person.
    """
    site = PROVINCE_CHARTS if bank_of(request) is None else BANK_CHARTS
    if name not in {chart.name for chart in site}:
        raise Http404
    found = next((chart for chart in charts_of(request) if chart.name == name), None)
    if found is None:
        raise PermissionDenied
    return found


def _asked(request: HttpRequest, chart: Chart) -> tuple[Asked, ActForm]:
    usual = chart.usual(today_of(request))
    form_class = form_of(chart, usual)
    initial = {"from_date": usual.from_date, "to_date": usual.to_date, **usual.chosen}
    form = form_class({**initial, **request.GET.dict()}, initial=initial)
    return asked_by(chart, usual, form), form


def show_numbers(request: HttpRequest, name: str, *, site: UnfoldAdminSite) -> HttpResponse:
    """Show a chart with its filters, its formula, its sources and its numbers."""
    chart = _chart(request, name)
    asked, form = _asked(request, chart)
    found = read_in_time(chart, asked)
    numbers = found or Numbers(label_title="", labels=[], series=[])
    data, options = picture_of(chart, numbers)
    headers, rows = table_of(numbers)
    context = {
        **site.each_context(request),
        "title": chart.title,
        "chart": chart,
        "form": form,
        "note": numbers.note,
        "empty": (chart.empty if found else TOO_SLOW) if numbers.is_empty else "",
        "data": json.dumps(data, ensure_ascii=False),
        "options": json.dumps(options, ensure_ascii=False),
        "table": {"headers": headers, "rows": rows},
        "sent": urlencode(request.GET),
    }
    return TemplateResponse(request, "admin/figures.html", context)


def hand_out(request: HttpRequest, name: str) -> HttpResponse:
    """Hand out the numbers as a CSV file; who took them and what was asked for is committed first."""
    chart = _chart(request, name)
    asked, _ = _asked(request, chart)
    numbers = read_in_time(chart, asked)
    if numbers is None:
        return HttpResponse(TOO_SLOW, status=Unavailable.status, content_type="text/plain; charset=utf-8")
    content = csv_of(numbers)
    detail: dict[str, str | int | bool | None] = {name: value for name, value in asked.chosen.items() if value}
    detail |= {"from": asked.from_date.isoformat(), "to": asked.to_date.isoformat()} if chart.has_period else {}
    record_download(actor=actor_of(request), subject=chart.name, detail=detail)
    return file_answer(content, name=f"{chart.name}-{asked.to_date:%Y%m%d}.csv", content_type=CSV)


def addresses(site: UnfoldAdminSite) -> list[URLPattern]:
    """Return the addresses of the numbers and the files of a site's charts."""

    def numbers(request: HttpRequest, name: str) -> HttpResponse:
        return show_numbers(request, name, site=site)

    return [
        path("figures/<slug:name>/", site.admin_view(numbers), name="figures"),
        path("figures/<slug:name>.csv", site.admin_view(hand_out), name="figures_file"),
    ]
