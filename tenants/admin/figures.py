"""What the banks have pushed to the province: figures and signed heads of their evidence logs."""

from __future__ import annotations

from typing import Any

from unfold.decorators import display

from core.admin.amounts import exact
from core.admin.pages import ReadOnlyPage
from tenants.models import EvidenceHeadCopy, PushedFigure

KINDS = {
    "granted_fen": "有效授信（元）",
    "drawn_fen": "贷款余额（元）",
    "borrowing_customers": "用信客户（人）",
}


class FigurePage(ReadOnlyPage):
    """Figures, newest business date first; only ever added up."""

    list_display = ("bank", "kind_in_words", "date", "amount", "pushed_at")
    list_filter = ("kind", "date")
    search_fields = ("bank__exact",)
    search_help_text = "按机构代码查找"
    ordering = ("-date", "bank", "kind")

    @display(description="指标", ordering="kind")
    def kind_in_words(self, figure: PushedFigure) -> str:
        """Name the figure in Chinese."""
        return KINDS.get(figure.kind, figure.kind)

    @display(description="数值", ordering="value")
    def amount(self, figure: PushedFigure) -> str:
        """Show an amount in yuan, a count as it is."""
        return exact(figure.value) if figure.kind.endswith("_fen") else f"{figure.value:,}"


class EvidenceHeadPage(ReadOnlyPage):
    """Heads, newest first."""

    list_display = ("bank", "tree_size", "root_in_hex", "signed_at", "pushed_at")
    search_fields = ("bank__exact",)
    search_help_text = "按机构代码查找"
    ordering = ("-pushed_at",)
    readonly_fields = ("root_in_hex",)
    fields = ("bank", "tree_size", "root_in_hex", "signed_at", "pushed_at")

    @display(description="根摘要")
    def root_in_hex(self, head: Any) -> str:
        """Show the root as hex digits."""
        kept: EvidenceHeadCopy = head
        return bytes(kept.root).hex()
