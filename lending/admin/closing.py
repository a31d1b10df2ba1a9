"""The day ends of the bank, stage by stage with their figures, and the lists of automatic debits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.queries import only_own
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from lending.models import AutoDebit, DayEndStage
from lending.models.closing import STAGES

COLOURS: Final = {
    "queued": "info",
    "collecting": "warning",
    "collected": "success",
    "short": "danger",
    "skipped": "info",
}
WORDS: Final = {
    "products": "分产品", "booked_fen": "本日入账", "loans": "笔数", "interest_fen": "应收利息",
    "default_fen": "应收罚息和复利",
    "memo_fen": "表外利息", "principal_fen": "本金", "allowance_fen": "损失准备",
    "principal_by_category_fen": "五级分类本金", "general_reserve_fen": "一般准备（备查）", "from": "原营业日",
    "to": "新营业日", "left_out": "未完成的阶段", "days": "日结天数", "due": "本日到期", "auto_debit": "扣款清单",
    "queued": "列入", "dropped": "清理", "changed": "变动笔数", "classified": "分类变动", "became_overdue": "新增逾期",
    "cured": "结清逾期", "overdue": "逾期贷款", "repriced": "利率变动笔数", "failed": "失败笔数",
    "lines_awaiting_review": "待年审额度", "normal": "正常", "special_mention": "关注", "substandard": "次级",
    "doubtful": "可疑", "loss": "损失", "1302": "1302 应收利息", "1303": "1303 应收罚息", "1304": "1304 贷款损失准备",
    "9001": "9001 表外应收未收利息",
}  # fmt: skip
"""What the words of the figures are called."""


STAGE_WORDS: Final = dict(STAGES)
SHORT: Final = 2
MOST: Final = 4


class DayEndPage(ReadOnlyPage):
    """The stages of all day ends, newest first."""

    list_display = ("closed_date", "stage", "summary", "finished_at")
    list_filter = ("stage", "closed_date")
    date_hierarchy = "closed_date"
    ordering = ("-closed_date", "-id")
    readonly_fields = ("found",)
    fieldsets = ((None, {"fields": (("closed_date", "stage"), "finished_at")}), ("结果", {"fields": ("found",)}))

    @display(description="结果")
    def summary(self, row: DayEndStage) -> str:
        """Show the first figures in a line."""
        told = [f"{' · '.join(names)} {value}" for names, value in _leaves(row.figures) if len(names) <= SHORT]
        return "；".join(told[:MOST]) or "—"

    @display(description="明细")
    def found(self, row: DayEndStage) -> SafeString:
        """Show all figures."""
        rows = [(" · ".join(names), value) for names, value in _leaves(row.figures)]
        if not rows:
            return format_html("—")
        return format_html(
            "<table>{}</table>", format_html_join("", "<tr><td>{}</td><td style='text-align:right'>{}</td></tr>", rows)
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show day ends to whoever may see the books."""
        return super().has_view_permission(request, obj) or request.user.has_perm("accounts.view_journalentry")


def _leaves(
    figures: Any, names: tuple[str, ...] = (), *, is_money: bool = False
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give every figure with the words that lead to it; amounts in yuan."""
    if isinstance(figures, dict):
        for name, value in figures.items():
            money = is_money or name.endswith("_fen")
            yield from _leaves(value, (*names, str(WORDS.get(name, name))), is_money=money)
    elif isinstance(figures, list):
        if figures:
            yield names, "、".join(str(STAGE_WORDS.get(name, name)) for name in figures)
    else:
        yield names, f"{exact(figures)} 元" if is_money else str(figures)


class AutoDebitPage(ReadOnlyPage):
    """What was to be collected by itself, newest day first."""

    list_display = (opaque("loan_id", "贷款"), "debit_date", state("status", "状态", COLOURS), "rounds",
                    opaque("repayment_id", "还款"))  # fmt: skip
    list_filter = ("status", "debit_date")
    search_fields = ("loan__id__exact",)
    search_help_text = "按贷款编号（完整）查找"
    ordering = ("-debit_date", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AutoDebit]:
        """Show a customer manager the own customers' only."""
        rows: QuerySet[AutoDebit] = super().get_queryset(request)
        return only_own(rows, request.user, path="loan__customer_id")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show the lists to whoever may see loans."""
        return super().has_view_permission(request, obj) or request.user.has_perm("lending.view_loan")
