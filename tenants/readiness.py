"""What must be there before a bank goes live (PU-07), and what is there: the checklist.

What the province knows itself stands in the bank's row. What lies in the bank's schema is pushed by the bank, as its
figures are; the rooms above say at start-up how it is found (`register_fact`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from core.clock import now
from tenants.models import Bank, PushedFigure
from tenants.parameters import Parameter, declare, value_of

PRODUCTS: Final = "published_products"
CERTIFICATE: Final = "certificate_until"
"""How many products are published; the day through which the signing certificate is valid, as 20261231, or 0."""

REMIND_DAYS: Final = declare(
    Parameter("bank.evaluation_remind_days", 60, "评估报告到期前提醒天数", "天", "工程取值（A1-4）", "fixed", 1, 365)
)
_facts: Final[dict[str, Callable[[], int]]] = {}


def register_fact(kind: str, find: Callable[[], int]) -> None:
    """Say how a bank finds one of the facts above, as a whole number; called at start-up."""
    _facts[kind] = find


def facts_now() -> dict[str, int]:
    """Return the facts of the current bank as they are now."""
    return {kind: find() for kind, find in _facts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the checklist: what is demanded, what there is, whether that will do, and else what to do."""

    name: str
    title: str
    is_done: bool
    found: str
    advice: str


def checklist(bank: Bank) -> list[Item]:
    """Return the lines of a bank's checklist, at the province, in the order of the rule."""
    pushed, today = _pushed(bank.code), now().date()
    products, until = pushed.get(PRODUCTS, 0), pushed.get(CERTIFICATE, 0)
    expires = bank.evaluation_expires_date
    report = bank.evaluation_number and expires is not None
    told = f"{bank.evaluation_number}，有效期至 {expires}" if report else ""
    ask = "；如刚完成，请在本页“重新核对”"
    return [
        _item("regions", "经营区域", "、".join(bank.licensed_regions), "请按金融许可证“设定经营区域”"),
        _item(
            "products", "已发布产品", f"{products} 个" if products else "",
            f"请该行产品经理至少发布一个产品{ask}",
        ),
        Item(
            name="certificate", title="签名证书", is_done=until >= _as_number(today),
            found=f"有效期至 {_as_date(until)}" if until else "", advice=f"请该行更换有效的 CA 签名证书{ask}",
        ),
        _item("core_account", "核心清算账户", bank.core_account, "请在“上线资料”登记该行在核心系统的清算账户"),
        _item("phone", "客服电话", bank.phone, "请在“上线资料”登记客服电话"),
        _item("complaint_phone", "投诉电话", bank.complaint_phone, "请在“上线资料”登记投诉电话"),
        Item(
            name="evaluation", title="外部评估报告", is_done=bool(report) and expires is not None and expires >= today,
            found=told, advice="请在“上线资料”登记有效的评估报告编号和有效期；过期后不能线上开户",
        ),
    ]  # fmt: skip


def _item(name: str, title: str, found: str, advice: str) -> Item:
    return Item(name=name, title=title, is_done=bool(found.strip()), found=found, advice=advice)


def missing(bank: Bank) -> list[Item]:
    """Return the lines that keep a bank from going live."""
    return [item for item in checklist(bank) if not item.is_done]


def _pushed(code: str) -> Mapping[str, int]:
    rows = PushedFigure.objects.filter(bank=code, kind__in=[PRODUCTS, CERTIFICATE])
    return dict(rows.order_by("kind", "-date").distinct("kind").values_list("kind", "value"))


def _as_number(day: date) -> int:
    return int(f"{day:%Y%m%d}")


def _as_date(number: int) -> str:
    text = str(number)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def day_as_number(day: date) -> int:
    """Return a day as a fact tells it: 2026-12-31 is 20261231."""
    return _as_number(day)


def reports_ending() -> int:
    """Count, at the province, the serving banks whose evaluation report is missing, has ended or ends soon (A1-4)."""
    last = now().date() + timedelta(days=value_of(REMIND_DAYS.name, kind=int))
    serving = Bank.objects.filter(stage__in=("pilot", "live"))
    return serving.exclude(evaluation_expires_date__gt=last).count()
