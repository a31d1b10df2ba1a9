"""Whose business is whose: a customer's scan, the code that was scanned, and what a chart may be asked by.

The statements of this package read rows of the rooms below this one (scans, customers, accounts, consents) together with
this room's, because a person's way goes through all of them and a chart is one statement however many persons there are.
They only read, and only what stands in the schema of the current bank.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Final

from core.admin.charts import Asked, Choice
from core.clock import SHANGHAI

WHOLE_BANK: Final = "accounts.view_any_customer"
"""The right that every chart of a bank takes beside those of its rows: who sees only customers of their own sees no sums."""
PARTS: Final = {"product": "产品", "branch": "渠道（网点）", "staff": "客户经理", "campaign": "活动"}
"""What the scanned code speaks for, by column of `tenants_entry`."""
UNSAID: Final = "（未标注）"
BY: Final = Choice(name="by", label="分组", options=[("", "不分组"), *PARTS.items()])
ONLY: Final = [Choice(name=name, label=f"只看{title}") for name, title in PARTS.items()]
TOUCH: Final = Choice(name="touch", label="归属", options=[("first", "首次扫码"), ("last", "最近扫码")])
TOUCHED: Final = {"first": "c.first_scan_id", "last": "c.last_scan_id"}


def part_of(asked: Asked) -> str:
    """Return the SQL by which rows are grouped: a column of the entry `e`, from our list, or nothing."""
    by = asked.chosen.get("by", "")
    return f"coalesce(nullif(e.{by}, ''), '{UNSAID}')" if by in PARTS else "''"


def only(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition on the entry `e` for what the chart was narrowed to, and its values."""
    wanted = {name: asked.chosen[name] for name in PARTS if asked.chosen.get(name)}
    return "".join(f" AND e.{name} = %({name})s" for name in wanted), wanted


def period(asked: Asked) -> dict[str, datetime]:
    """Return the first moment of the period and the first after it, in Shanghai."""
    return {
        "from": datetime.combine(asked.from_date, time(), SHANGHAI),
        "to": datetime.combine(asked.to_date + timedelta(days=1), time(), SHANGHAI),
    }
