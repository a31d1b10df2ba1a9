"""What the watchlists hold of money from outside, as staff see it: that compliance is to be asked, and no more (AML-08)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from accounts.models import Receipt, Refund
from accounts.operations.outside_parties import NAMELESS, PAYEE, PAYER, TOLD
from verification import queries as verified

SEES_ALERTS: Final = ("verification.view_screeningalert", "verification.change_screeningalert")
NOTHING: Final = "—"
DUTIES: Final = "（已确认命中：立即对其账户提出限制令，24 小时内报告公安机关和人民银行，不得告知客户）"
WORDS: Final[Mapping[str, str]] = {"open": "待合规核查", "confirmed": "停止办理"}
COLOURS: Final = {"open": "warning", "confirmed": "danger"}


def businesses_of(row: Receipt | Refund) -> list[tuple[str, str]]:
    """Return as what a row's parties are screened, as (purpose, business id): of a refund the payer's receipt too."""
    if isinstance(row, Receipt):
        return [(PAYER, row.pk.hex)]
    return [(PAYEE, row.pk.hex), *([] if row.use is None else [(PAYER, row.use.receipt_id.hex)])]


class HeldPage:
    """Columns of a page of receipts or refunds; what an alert holds is read in one statement for each purpose."""

    def read_with(self, rows: Sequence[Any]) -> None:
        """Put on each row what holds it."""
        wanted: dict[str, list[str]] = {}
        for row in rows:
            for purpose, business_id in businesses_of(row):
                wanted.setdefault(purpose, []).append(business_id)
        held = {
            (purpose, business_id): standing
            for purpose, ids in wanted.items()
            for business_id, standing in verified.held_businesses(purpose=purpose, business_ids=ids).items()
        }
        for row in rows:
            found = {held[one] for one in businesses_of(row) if one in held}
            row.held = next((word for word in ("confirmed", "open") if word in found), "")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return one row, with what holds it, and whether its reader may see alerts."""
        row = super().get_object(request, object_id, from_field)  # type: ignore[misc]  # a page's own
        if row is not None:
            self.read_with([row])
            row.sees_alerts = any(request.user.has_perm(right) for right in SEES_ALERTS)
        return row

    @display(description="合规核查", label=COLOURS)
    def held(self, row: Any) -> tuple[str, str] | str:
        """Show whether compliance is to be asked."""
        return (row.held, WORDS[row.held]) if row.held else NOTHING

    @display(description="合规核查")
    def held_badge(self, row: Any) -> str:
        """Show the same on the page of one row, whose columns have no colours of their own."""
        if not row.held:
            return NOTHING
        return render_to_string("unfold/helpers/label.html", {"type": COLOURS[row.held], "text": WORDS[row.held]})

    @display(description="办理条件")
    def waits_for(self, row: Any) -> str:
        """Say why it waits and who acts; lead to the alert whoever may read it."""
        if not row.held:
            is_nameless = isinstance(row, Receipt) and row.left_fen > 0 and not (row.payer_name or "").strip()
            return NAMELESS if is_nameless else "未发现须核查的事项；办理时按现行名单再次核查"
        alerts = []
        if row.sees_alerts:
            found = (verified.holding_alert(purpose=one, business_id=of) for one, of in businesses_of(row))
            alerts = [(reverse("admin:verification_screeningalert_change", args=(pk,)),) for pk in found if pk]
        links = format_html_join("", ' <a class="link" href="{}">查看名单预警</a>', alerts)
        duties = DUTIES if row.sees_alerts and row.held == "confirmed" else ""
        return format_html("{}{}{}", TOLD[row.held], duties, links)
