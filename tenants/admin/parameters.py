"""The parameters: the whole catalogue with the value in force, its source, bounds and meaning; a new value is an act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import ReadOnlyPage
from core.clock import business_date, now
from core.errors import NotFound
from tenants.catalogue import Present, presently
from tenants.operations import set_bank_parameter, set_platform_parameter
from tenants.parameters import Parameter

TEMPLATE: Final = "admin/parameters.html"


def form_for(spec: Parameter, *, earliest: date) -> type[ActForm]:
    """Make the form of a parameter's new value: a field of its type and bounds, and the date from which it holds."""
    value: forms.Field
    if isinstance(spec.default, bool):
        value = forms.TypedChoiceField(
            label="新取值", choices=[("1", "是"), ("0", "否")], coerce=lambda text: text == "1"
        )
    elif isinstance(spec.default, int):
        label = f"新取值（{spec.unit}）" if spec.unit else "新取值"
        value = forms.IntegerField(label=label, min_value=spec.low, max_value=spec.high)
    elif spec.choices:
        value = forms.ChoiceField(label="新取值", choices=[(choice, choice) for choice in spec.choices])
    else:
        value = forms.CharField(label="新取值", max_length=200)
    effective_date = forms.DateField(label="生效日期", help_text=f"不早于 {earliest:%Y-%m-%d}")
    return type("ValueForm", (ActForm,), {"value": value, "effective_date": effective_date})


class ParameterPage(ReadOnlyPage):
    """The catalogue in the place of a list of rows, and below it every value ever set in this scope."""

    setter: ClassVar[Callable[..., None]]
    is_bank: ClassVar[bool]
    list_display = ("name", "value", "effective_date", "created_by", "created_at")
    ordering = ("-created_at",)

    def today(self) -> date:
        """Return the date on which "in force" is meant: a bank's business date, the province's wall date."""
        return business_date() if self.is_bank else now().date()

    def may_set(self, request: HttpRequest, present: Present) -> bool:
        """Tell whether this person may set this parameter in this scope."""
        name = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return bool(request.user.has_perm(name)) and (present.is_settable_by_bank or not self.is_bank)

    def get_urls(self) -> list[Any]:
        """Add the act and the plain list of rows."""
        label = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("set/<str:name>/", view(self.set_view), name=f"{label}_set"),
            path("history/", view(super().changelist_view), name=f"{label}_history"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the catalogue."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        presents = presently(self.today(), at_bank=self.is_bank)
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "opts": self.opts,
            "model_admin": self,
            "title": self.opts.verbose_name,
            "is_bank": self.is_bank,
            "today": self.today(),
            "rows": [(present, self.may_set(request, present)) for present in presents],
            "history_url": f"admin:{self.opts.app_label}_{self.opts.model_name}_history",
            "set_url": f"admin:{self.opts.app_label}_{self.opts.model_name}_set",
        }
        return TemplateResponse(request, TEMPLATE, context)

    def set_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Set a parameter's value from a date on."""
        found = {present.spec.name: present for present in presently(self.today(), at_bank=self.is_bank)}
        present = found.get(name)
        if present is None or not self.may_set(request, present):
            return HttpResponse(status=NotFound.status)
        act = Act(
            title=f"设置参数 {name}",
            submit="保存取值",
            explanation=(
                f"{present.spec.meaning}。现取值 {present.value}{present.spec.unit}（{present.source_text}），"
                f"允许范围：{present.bounds_text}；{present.scope_text if self.is_bank else '各行只能更严'}。"
            ),
            done=f"参数 {name} 的新取值已保存",
        )
        setter = type(self).setter
        return perform(
            self,
            request,
            act,
            run=lambda given: setter(name=name, **given, actor=actor_of(request)),
            form_class=form_for(present.spec, earliest=self.today()),
            initial={"value": int(present.value) if isinstance(present.value, bool) else present.value,
                     "effective_date": self.today()},
        )  # fmt: skip


class BankParameterPage(ParameterPage):
    """The parameters of this bank."""

    setter = staticmethod(set_bank_parameter)
    is_bank = True


class PlatformParameterPage(ParameterPage):
    """The parameters of the platform: what every bank has unless it is stricter itself."""

    setter = staticmethod(set_platform_parameter)
    is_bank = False
