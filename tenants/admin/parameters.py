"""The register of parameters: each with value, source, bounds, direction and history; a new value is proposed here.

What is proposed takes effect when another member of staff approves it under 复核事项 (`tenants.approvals`).
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Final

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import ReadOnlyPage
from core.approvals.models import PROPOSED, Proposal
from core.approvals.operations import propose
from core.clock import business_date
from core.errors import NotFound
from tenants.approvals import AT, BANK_PARAMETER, PLATFORM_PARAMETER, subject_of
from tenants.catalogue import Present, in_words, presently
from tenants.parameters import LOCKED, SETS, Parameter, earliest_date, platform_day, words

TEMPLATE: Final = "admin/parameters.html"
ONE_TEMPLATE: Final = "admin/parameter.html"
WAITS: Final = "已提交，待另一名员工在“复核事项”中复核；复核通过前不生效"
MOST_SHOWN: Final = 100


def form_for(spec: Parameter, *, earliest: date, at_bank: bool) -> type[ActForm]:
    """Make the form of a parameter's new value: a field of its type and bounds, from which date, and why."""
    fields: dict[str, forms.Field] = {"value": _value_field(spec)}
    if at_bank and spec.by_product:
        code = RegexValidator(r"^[A-Z0-9]{2,20}\Z", "产品代码为 2 至 20 位大写字母或数字")
        fields["product"] = forms.CharField(
            label="产品代码", required=False, validators=[code], help_text="留空为全行；填写后只对该产品生效"
        )
    fields["effective_date"] = forms.DateField(label="生效日期", help_text=f"不早于 {earliest:%Y-%m-%d}，不能追溯")
    fields["reason"] = forms.CharField(label="申请理由", max_length=200, help_text="写入复核记录与审计日志")
    return type("ValueForm", (ActForm,), fields)


def _value_field(spec: Parameter) -> forms.Field:
    if isinstance(spec.default, bool):
        return forms.TypedChoiceField(
            label="新取值", choices=[("1", "是"), ("0", "否")], coerce=lambda text: text == "1"
        )
    if isinstance(spec.default, int):
        label = f"新取值（{spec.unit}）" if spec.unit else "新取值"
        return forms.IntegerField(label=label, min_value=spec.low, max_value=spec.high)
    if spec.choices and spec.tighter not in SETS:
        return forms.ChoiceField(label="新取值", choices=[(choice, choice) for choice in spec.choices])
    return forms.CharField(label="新取值", max_length=400)


class ParameterPage(ReadOnlyPage):
    """The catalogue in the place of a list of rows, and below it every value ever set in this scope."""

    kind: ClassVar[str]
    is_bank: ClassVar[bool]
    list_display: tuple[str, ...] = ("name", "value", "effective_date", "created_by", "approved_by", "created_at")
    ordering = ("-created_at",)

    def today(self) -> date:
        """Return the date on which "in force" is meant: a bank's business date, or the latest that a bank may have."""
        return business_date() if self.is_bank else platform_day()

    def may_set(self, request: HttpRequest, present: Present) -> bool:
        """Tell whether this person may propose a value of this parameter in this scope."""
        name = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return bool(request.user.has_perm(name)) and (present.is_settable_by_bank or not self.is_bank)

    def get_urls(self) -> list[Any]:
        """Add the act, the page of one parameter and the plain list of rows."""
        label = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("set/<str:name>/", view(self.set_view), name=f"{label}_set"),
            path("show/<str:name>/", view(self.show_view), name=f"{label}_show"),
            path("history/", view(super().changelist_view), name=f"{label}_history"),
            *super().get_urls(),
        ]

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        label = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "is_bank": self.is_bank,
            "today": self.today(),
            "list_url": f"{label}_changelist",
            "history_url": f"{label}_history",
            "set_url": f"{label}_set",
            "show_url": f"{label}_show",
            **more,
        }

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the catalogue, and what is locked for everyone."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        waiting = set(Proposal.objects.filter(kind=self.kind, status=PROPOSED).values_list("subject", flat=True))
        waits = {subject.partition(AT)[0] for subject in waiting}
        rows = [
            (present, self.may_set(request, present), present.spec.name in waits)
            for present in presently(self.today(), at_bank=self.is_bank)
        ]
        context = self._context(request, title=self.opts.verbose_name, rows=rows, locked=LOCKED.values())
        return TemplateResponse(request, TEMPLATE, {**context, **(extra_context or {})})

    def _present(self, name: str) -> Present | None:
        found = (present for present in presently(self.today(), at_bank=self.is_bank) if present.spec.name == name)
        return next(found, None)

    def show_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show one parameter with everything that was ever proposed for it, and by whom it was decided."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        present = self._present(name)
        if present is None:
            return HttpResponse(status=NotFound.status)
        rows = self.model.objects.filter(name=name).order_by("-effective_date")[:MOST_SHOWN]
        subjects = Q(subject=name) | Q(subject__startswith=f"{name}{AT}")
        proposals = Proposal.objects.filter(subjects, kind=self.kind).order_by("-proposed_at")[:MOST_SHOWN]
        context = self._context(
            request,
            title=present.spec.meaning,
            present=present,
            may_set=self.may_set(request, present),
            values=[(row, in_words(present.spec, row.value)) for row in rows],
            proposals=[
                (proposal, in_words(present.spec, proposal.values["value"]),
                 reverse("admin:core_proposal_change", args=(proposal.pk,)))
                for proposal in proposals
            ],
        )  # fmt: skip
        return TemplateResponse(request, ONE_TEMPLATE, context)

    def set_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Propose a parameter's value from a date on."""
        present = self._present(name)
        if present is None or not self.may_set(request, present):
            return HttpResponse(status=NotFound.status)
        spec, earliest = present.spec, earliest_date(present.spec, today=self.today())
        act = Act(
            title=f"申请调整参数 {name}",
            submit="提交复核",
            explanation=(
                f"{spec.meaning}。现取值 {present.value_text}（{present.source_text}），允许范围：{present.bounds_text}；"
                f"{present.scope_text if self.is_bank else f'各行{present.scope_text}'}。复核通过后自生效日期起使用，"
                "已签订的合同不受影响。"
            ),
            done=WAITS,
        )
        initial = int(present.value) if isinstance(present.value, bool) else present.value
        return perform(
            self, request, act,
            run=lambda given: self._propose(request, spec, given),
            form_class=form_for(spec, earliest=earliest, at_bank=self.is_bank),
            initial={"value": initial, "effective_date": earliest},
        )  # fmt: skip

    def _propose(self, request: HttpRequest, spec: Parameter, given: Any) -> None:
        value = given["value"]
        if spec.tighter in SETS:  # people write 、and spaces
            value = ",".join(words(str(value).replace("，", ",").replace("、", ",").replace(" ", "")))
        propose(
            kind=self.kind,
            subject=subject_of(spec.name, given.get("product") or ""),
            values={"value": value, "effective_date": given["effective_date"].isoformat()},
            reason=given["reason"],
            actor=actor_of(request),
        )


class BankParameterPage(ParameterPage):
    """The parameters of this bank."""

    kind = BANK_PARAMETER
    is_bank = True
    list_display = ("name", "product", *ParameterPage.list_display[1:])


class PlatformParameterPage(ParameterPage):
    """The parameters of the platform: what every bank has unless it is stricter itself."""

    kind = PLATFORM_PARAMETER
    is_bank = False
