"""Replays of a candidate over past decisions: begun here, watched, and read as a table, a picture and a file."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact, percent, short
from core.admin.columns import state
from core.admin.pages import AddingPage
from core.clock import business_date
from core.errors import InvalidRequest
from core.files import CSV, file_answer
from core.money import FEN_PER_YUAN
from lending.admin.model_report import OUTCOMES, TEMPLATE, Figure, Report, bars, matrix, table
from lending.decision.policy import PolicyFields, label_of
from lending.models import BackTest, BackTestChange, BankModelVersion, Product
from lending.models.decision_model import BACK_TEST_STATUSES, DONE, RUNNING, STOPPED
from lending.operations.back_testing import RATE_UNIT, start_back_test, stop_back_test, take_swap_set

STARTER: Final = "lending.add_backtest"
BOM: Final = "\ufeff"
CHANGES: Final = 3
SHOWN: Final = 200
REFRESH_SECONDS: Final = 2
COLOURS: Final = {RUNNING: "info", DONE: "success", STOPPED: "warning"}
START: Final = Act(
    title="发起历史回放",
    submit="开始回放",
    explanation=(
        "按候选模型或改变后的取值，对所选期间的历史决策（最近至多 10,000 笔）重新得出结论，查看谁会因此通过或被拒。"
        "不影响任何客户。授信阶段的回放只含当时通过初筛的申请。"
    ),
    done="回放已开始",
)
STOP: Final = Act(title="停止回放", submit="停止", explanation="已回放的结果保留。", done="回放已停止", danger=True)
FIELDS: Final = [
    (item.name, str(item.metadata["label"]))
    for item in fields(PolicyFields)
    if item.name not in {"year_days", "term_months"}
]
HEADERS: Final = [
    "申请编号",
    "原结论",
    "新结论",
    "原原因",
    "新原因",
    "原额度（元）",
    "新额度（元）",
    "原年利率（%）",
    "新年利率（%）",
]


class StartForm(ActForm):
    """What is tried on which decisions."""

    candidate = forms.ChoiceField(label="候选模型", required=False)
    product = forms.ChoiceField(label="产品", required=False)
    from_date = forms.DateField(label="营业日期起")
    to_date = forms.DateField(label="营业日期止")
    field_1, field_2, field_3 = (
        forms.ChoiceField(label=f"改变的取值 {number}", required=False, choices=[("", "不改变"), *FIELDS])
        for number in range(1, CHANGES + 1)
    )
    value_1, value_2, value_3 = (
        forms.CharField(label=f"新值 {number}", required=False, max_length=20, help_text="金额以元计；是否填 是 或 否")
        for number in range(1, CHANGES + 1)
    )
    field_order = ("candidate", "product", "from_date", "to_date", "field_1", "value_1", "field_2", "value_2", "field_3",
                   "value_3")  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the models and products of this bank."""
        super().__init__(*args, **kwargs)
        candidate: Any = self.fields["candidate"]
        rows = BankModelVersion.objects.select_related("model").defer("content").order_by("model__code", "-number")
        candidate.choices = [("", "原决策所用模型"), *((str(row.pk), str(row)) for row in rows)]
        product: Any = self.fields["product"]
        product.choices = [("", "全部产品"), *((str(row.pk), row.code) for row in Product.objects.all())]


class BackTestPage(AddingPage):
    """Replays, newest first."""

    adding = START
    adding_form = StartForm
    adder = STARTER
    list_display = ("created_at", "candidate", "changes_told", "window", state("status", "状态", COLOURS), "done", "changed",
                    "created_by")  # fmt: skip
    list_filter = ("status", "created_at")
    list_select_related = ("candidate__model", "product")
    ordering = ("-id",)
    actions_detail = ("download", "stop")
    change_form_template = TEMPLATE
    readonly_fields = ("changes_told", "window")
    fieldsets = (
        (None, {"fields": (("candidate", "changes_told"), ("stage", "product"), ("window", "status"))}),
        ("记录", {"fields": (("created_by", "created_at"), "finished_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[BackTest]:
        """Leave the candidates' contents where they are."""
        rows: QuerySet[BackTest] = super().get_queryset(request)
        return rows.defer("content", "candidate__content")

    @display(description="改变的取值")
    def changes_told(self, row: BackTest) -> str:
        """Name the changed numbers."""
        return "；".join(f"{label_of(name)} → {_typed(name, text)}" for name, text in row.policy_changes.items()) or "—"

    @display(description="营业日期")
    def window(self, row: BackTest) -> str:
        """Show the window."""
        return f"{row.from_date} 至 {row.to_date}"

    def adding_initial(self, request: HttpRequest) -> Mapping[str, Any]:
        """Begin with what is most often meant."""
        today = business_date()
        return {
            "candidate": request.GET.get("candidate", ""), "from_date": today.replace(month=1, day=1), "to_date": today,
        }  # fmt: skip

    def perform_add(self, request: HttpRequest, given: Any) -> str:
        """Begin a replay."""
        test_id = start_back_test(
            candidate_id=uuid.UUID(given["candidate"]) if given["candidate"] else None,
            product_id=uuid.UUID(given["product"]) if given["product"] else None,
            policy_changes=_changes(given), from_date=given["from_date"], to_date=given["to_date"],
            actor=actor_of(request),
        )  # fmt: skip
        return reverse("admin:lending_backtest_change", args=(test_id,))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how far it is, and what it has found."""
        row = self.get_object(request, object_id)
        context = {**(extra_context or {}), "report": None if row is None else report_of(row)}
        return cast("HttpResponse", super().change_view(request, object_id, form_url, context))

    def has_download_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the file to whoever may replay."""
        del object_id
        return bool(request.user.has_perm(STARTER))

    def has_stop_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the end of one on its way."""
        if not request.user.has_perm(STARTER):
            return False
        return object_id is None or BackTest.objects.filter(pk=object_id, status=RUNNING).exists()

    @action(description="下载 CSV", permissions=["download"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the whole swap set; that it was taken is in the audit log."""
        test = get_object_or_404(BackTest, pk=object_id)
        rows = take_swap_set(back_test_id=test.pk, actor=actor_of(request))
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows([change.application_id.hex, *cells] for change, cells in _lines(rows))
        return file_answer(BOM + file.getvalue(), name=f"back-test-{object_id}.csv", content_type=CSV)

    @action(description="停止", permissions=["stop"], icon="stop_circle")
    def stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop it."""
        run = lambda _: stop_back_test(back_test_id=uuid.UUID(object_id), actor=actor_of(request))  # noqa: E731
        return perform(self, request, STOP, run=run, object_id=object_id)


def _changes(given: Any) -> dict[str, str]:
    """Return what was typed as the policy keeps it: amounts in fen, yes and no as JSON has them."""
    changes = {}
    for number in range(1, CHANGES + 1):
        name, text = given[f"field_{number}"], given[f"value_{number}"].strip()
        if not name:
            continue
        if name in changes:
            raise InvalidRequest("同一项取值只能改变一次，请检查")
        changes[name] = _stored(name, text)
    return changes


def _stored(name: str, text: str) -> str:
    if text in {"是", "否"}:
        return "true" if text == "是" else "false"
    if not name.endswith("_fen"):
        return text
    try:
        return str(int(Decimal(text) * FEN_PER_YUAN))
    except (ArithmeticError, ValueError) as error:
        raise InvalidRequest(f"{label_of(name)}：请填写金额，例如 10000.00") from error


def _typed(name: str, text: str) -> str:
    """Show a stored value as it was typed."""
    if text in {"true", "false"}:
        return "是" if text == "true" else "否"
    return f"{exact(int(text))} 元" if name.endswith("_fen") else text


def report_of(row: BackTest) -> Report:
    """Put together what a replay has found so far."""
    running = row.status == RUNNING
    found = BackTestChange.objects.filter(back_test=row).order_by("-decision_id")
    shown = [[_link(change), *cells] for change, cells in _lines(found[:SHOWN])]
    number = found.count()
    note = f"共 {number:,} 笔，显示前 {SHOWN} 笔，全部见 CSV" if number > SHOWN else f"共 {number:,} 笔"
    return Report(
        cards=_cards(row) if row.done else (),
        charts=[bars(row.counts, old="原结论", new="新结论")] if row.counts else [],
        tables=[
            matrix(row.counts, old="原结论", new="新结论", note="笔数"),
            table("结论、额度或利率将改变的申请", HEADERS, shown, note=note),
        ]
        if row.done
        else [],
        progress=row.done * 100 // row.total if row.total else 100,
        progress_title="回放进度" if running else dict(BACK_TEST_STATUSES)[row.status],
        progress_text=f"{row.done:,} / {row.total:,}",
        refresh_seconds=REFRESH_SECONDS if running else None,
    )


def _cards(row: BackTest) -> list[Figure]:
    before = _ending(row, 0, "offered", "passed")
    after = _ending(row, 1, "offered", "passed")
    came_in = sum(n for pair, n in row.counts.items() if _good(pair, 1) and not _good(pair, 0))
    went_out = sum(n for pair, n in row.counts.items() if _good(pair, 0) and not _good(pair, 1))
    failed = _ending(row, 1, "error")
    return [
        Figure(title="结论将改变", value=f"{row.changed:,} 笔", symbol="swap_vert",
               note=f"占已回放的 {percent(row.changed, row.done)}"),
        Figure(title="新增通过 / 不再通过", value=f"{came_in:,} / {went_out:,}", symbol="compare_arrows",
               note=f"通过率 {percent(before, row.done)} → {percent(after, row.done)}"),
        Figure(title="授信合计", value=short(row.new_limits_fen), symbol="speed", note=f"原 {short(row.old_limits_fen)}"),
        Figure(title="平均年利率", value=_average(row.new_rates_sum, after), symbol="percent",
               note=f"原 {_average(row.old_rates_sum, before)}" + (f"；{failed:,} 笔无法得出结论" if failed else ""),
               alarm=bool(failed)),
    ]  # fmt: skip


def _good(pair: str, side: int) -> bool:
    return pair.split(">")[side] in {"offered", "passed"}


def _ending(row: BackTest, side: int, *outcomes: str) -> int:
    return sum(number for pair, number in row.counts.items() if pair.split(">")[side] in outcomes)


def _average(rates_sum: int, number: int) -> str:
    return f"{Decimal(rates_sum) / number / RATE_UNIT:.4f}%" if rates_sum and number else "—"


def _lines(rows: Any) -> Iterator[tuple[BackTestChange, list[str]]]:
    for change in rows:
        yield (
            change,
            [
                OUTCOMES[change.old_outcome], OUTCOMES[change.new_outcome], "、".join(change.old_reasons) or "—",
                "、".join(change.new_reasons) or "—", _amount(change.old_limit_fen), _amount(change.new_limit_fen),
                _rate(change.old_rate), _rate(change.new_rate),
            ],
        )  # fmt: skip


def _amount(fen: int | None) -> str:
    return "—" if fen is None else exact(fen)


def _rate(rate: Decimal | None) -> str:
    return "—" if rate is None else f"{rate:.4f}"


def _link(change: BackTestChange) -> str:
    address = reverse("admin:lending_application_change", args=(change.application_id,))
    return format_html(
        '<a class="font-mono" href="{}" title="{}">{}</a>', address, change.application_id.hex, change.application_id.hex[-8:]
    )  # fmt: skip
