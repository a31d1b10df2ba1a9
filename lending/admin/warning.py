"""Early warnings as risk staff work through them, and the facts from outside that raise some of them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import queries as accounts
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import AddingPage, ReadOnlyPage
from core.ids import parse_id
from core.money import MoneyFormatError, yuan_to_fen
from lending import warning_rules
from lending.admin.drawdowns import person_of
from lending.models import EarlyWarning, ObservedFact
from lending.models.warning import FACTS, LIST_HIT, MERCHANT_FLOW, OPEN, REASONS
from lending.operations import warning
from lending.operations.warning import Fact
from tenants.parameters import CATALOGUE

CLOSER: Final = "lending.close_earlywarning"
SEES_LIST_HITS: Final = "verification.view_screeningalert"
COLOURS: Final = {"open": "danger", "closed": "success"}
ACTION_COLOURS: Final = {"freeze": "danger", "reduce": "warning", "queue": "info"}
MOST_LINES: Final = 5_000
FIELDS: Final = 4
KINDS: Final = {name: kind for kind, name in FACTS}
CLOSE: Final = Act(
    title="关闭预警",
    submit="关闭",
    explanation=(
        "请核实后选择原因并写明依据。关闭预警不会解冻或恢复额度：需要恢复的，请另在“授信额度”中解冻。"
        "同一事实不会再次触发预警，新的事实会。"
    ),
    done="预警已关闭",
)
TAKE: Final = Act(
    title="导入外部风险信息",
    submit="导入",
    explanation=(
        "每行一条：客户编号,事项,日期,数值。事项为：" + "、".join(KINDS) + "。名单和执照填 1（是）或 0（否）；"
        "商户月流水填当月净流水（元），日期填当月最后一天。同一客户、事项、日期只保留首次导入的一条。"
    ),
    done="外部风险信息已导入，将在下一个营业日的预警中使用",
)


class CloseForm(ActForm):
    """Why it is closed."""

    reason = forms.ChoiceField(label="关闭原因", choices=REASONS)
    note = forms.CharField(label="处理说明", max_length=200, help_text="写入状态变更与审计日志")


class FactsForm(ActForm):
    """The lines of a source; they are sent in a body, so that no address or log holds them."""

    source = forms.CharField(
        label="来源", max_length=60, help_text="例如：人行征信贷后查询、失信被执行人名单、收单平台"
    )
    lines = forms.CharField(label="内容", max_length=600_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the lines room."""
        super().__init__(*args, **kwargs)
        self.fields["lines"].widget = UnfoldAdminTextareaWidget()

    def clean_lines(self) -> list[Fact]:
        """Read the lines.

        Raises:
            ValidationError: a line is ill-formed or names nobody, or there are too many.
        """
        lines = [line for line in self.cleaned_data["lines"].replace("，", ",").splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(f"一次最多 {MOST_LINES} 条")
        facts = [_fact(line, place) for place, line in enumerate(lines, start=1)]
        unknown = accounts.unknown_customers({fact.customer_id for fact in facts})
        for place, fact in enumerate(facts, start=1):
            if fact.customer_id in unknown:
                raise forms.ValidationError(f"第 {place} 行的客户编号不存在")
        return facts


def _fact(line: str, place: int) -> Fact:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != FIELDS:
        raise forms.ValidationError(f"第 {place} 行应为：客户编号,事项,日期,数值")
    who, name, day, figure = parts
    if name not in KINDS:
        raise forms.ValidationError(f"第 {place} 行的事项须为：{'、'.join(KINDS)}")
    try:
        customer_id, observed_date = parse_id(who), date.fromisoformat(day)
        value = yuan_to_fen(figure) if KINDS[name] == MERCHANT_FLOW else int(figure)
    except (ValueError, MoneyFormatError) as error:
        raise forms.ValidationError(f"第 {place} 行的日期或数值有误，例如 2026-11-30") from error
    if customer_id is None:
        raise forms.ValidationError(f"第 {place} 行的客户编号有误，应为 32 位")
    if value < 0:
        raise forms.ValidationError(f"第 {place} 行的数值不得为负")
    return Fact(customer_id=customer_id, kind=KINDS[name], observed_date=observed_date, value=value)


class EarlyWarningPage(ReadOnlyPage):
    """Warnings, the open ones first. Those of list hits are shown to whoever sees the list's own alerts (AML-08)."""

    list_display = (opaque("id", "预警编号"), state("status", "状态", COLOURS), "rule", "met",
                    state("action", "措施", ACTION_COLOURS), "lines", opaque("customer_id", "客户"), "raised_date",
                    "closed_by", "closed_at")  # fmt: skip
    list_filter = ("status", "rule", "action", "raised_date")
    search_fields = ("id__exact", "customer__id__exact")
    search_help_text = "按预警编号或客户编号（完整）查找"
    ordering = ("-status", "-id")
    actions_detail = ("close",)
    readonly_fields = ("person", "met")
    fieldsets = (
        (None, {"fields": (("id", "status"), ("rule", "raised_date"), ("customer", "person"))}),
        ("依据", {"fields": (("met", "evidence"),)}),
        ("措施", {"fields": (("action", "lines", "acted_at"),)}),
        ("处理", {"fields": (("closed_reason", "closed_by", "closed_at"), "note")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[EarlyWarning]:
        """Leave out what this person may not learn."""
        rows: QuerySet[EarlyWarning] = super().get_queryset(request)
        return rows if request.user.has_perm(SEES_LIST_HITS) else rows.exclude(rule=LIST_HIT)

    @display(description="借款人")
    def person(self, row: EarlyWarning) -> str:
        """Show who it is, masked."""
        return person_of(row.customer_id)

    @display(description="实际值（阈值）")
    def met(self, row: EarlyWarning) -> str:
        """Show what was found beside what the rule allows."""
        rule = next(rule for rule in warning_rules.ALL if rule.code == row.rule)
        unit = CATALOGUE[rule.threshold].unit if rule.has_threshold else ""
        return f"{row.measured}{unit}（{row.threshold}{unit}）" if rule.has_threshold else "—"

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        if not request.user.has_perm(CLOSER):
            return False
        return object_id is None or self.get_queryset(request).filter(pk=object_id, status=OPEN).exists()

    @action(description="关闭预警", permissions=["close"], icon="task_alt")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close it."""

        def run(given: Any) -> None:
            warning.close_warning(
                warning_id=uuid.UUID(object_id), reason=given["reason"], note=given["note"], actor=actor_of(request)
            )

        return perform(self, request, CLOSE, run=run, form_class=CloseForm, object_id=object_id)


class ObservedFactPage(AddingPage):
    """Facts, newest first; adding takes the lines of a source."""

    adding = TAKE
    adding_form = FactsForm
    list_display = (
        "observed_date",
        "kind",
        "shown",
        opaque("customer_id", "客户"),
        "source",
        "created_by",
        "created_at",
    )
    list_filter = ("kind", "source", "observed_date")
    search_fields = ("customer__id__exact",)
    search_help_text = "按客户编号（完整）查找"
    ordering = ("-observed_date", "-id")
    fields = (("customer", "kind"), ("observed_date", "shown"), "source", ("created_by", "created_at"))
    readonly_fields = ("shown",)

    @display(description="数值", ordering="value")
    def shown(self, row: ObservedFact) -> str:
        """Show a flow in yuan, a number as it is."""
        return f"{exact(row.value)} 元" if row.kind == MERCHANT_FLOW else str(row.value)

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Take the lines of a source."""
        warning.take_facts(facts=given["lines"], source=given["source"], actor=actor_of(request))
