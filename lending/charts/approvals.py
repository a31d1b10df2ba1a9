"""D6: how many applications are approved, how many of them without a person, and why the others are not."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from django.db import connection

from core.admin.charts import Asked, Chart, Choice, Numbers, Series, Unit, share
from lending.charts.cohorts import WHOLE_BANK, period

REASONS: Final = {
    "refused": "未通过（中性）", "not_invited": "未受邀请", "region_not_served": "不在服务区域", "too_young": "年龄偏低",
    "too_old": "年龄偏高", "student": "在校学生", "related_party": "关系人", "id_expired": "身份证过期",
    "id_expiring_soon": "身份证即将到期", "current_overdue": "当前逾期", "overdue_history": "近一年逾期",
    "overdue_streak": "连三累六", "too_many_queries": "征信查询过多", "too_many_lenders": "多头借贷",
    "dti_too_high": "负债收入比过高", "no_credit_record": "无信用记录", "score_too_low": "评分不足",
    "credit_cap_reached": "授信合计已达上限", "limit_below_minimum": "可授额度低于下限", "id_mismatch": "联网核查不一致",
    "id_not_found": "联网核查无此人",
}  # fmt: skip
"""Short names of reasons for staff. A list hit is `refused` as any other neutral refusal is (AML-08)."""
PRODUCT: Final = Choice(name="product", label="只看产品")
# Decided is what ended with an offer or a refusal that speaks against the customer; a vendor's absence does not. Without a
# person is what was never referred to one.
DECIDED: Final = """
SELECT to_char(a.decided_on, 'YYYY-MM'), a.offered, a.by_person, count(*)
FROM (SELECT (d.decided_at AT TIME ZONE 'Asia/Shanghai') AS decided_on,
             d.offer_expires_date IS NOT NULL AS offered,
             EXISTS (SELECT FROM core_state_change s WHERE s.subject_id = d.id AND s.machine = 'application'
                                                     AND s.event = 'refer') AS by_person
      FROM lending_application d JOIN lending_product_version v ON v.id = d.product_version_id
           JOIN lending_product p ON p.id = v.product_id
      WHERE d.decided_at >= %(from)s AND d.decided_at < %(to)s
        AND (d.offer_expires_date IS NOT NULL OR (d.status = 'rejected' AND NOT d.retryable))
        AND (%(product)s = '' OR p.code = %(product)s)) a
GROUP BY 1, 2, 3 ORDER BY 1
"""
REFUSED: Final = """
SELECT r.code, count(DISTINCT d.id), (SELECT count(*) FROM refused)
FROM refused d CROSS JOIN LATERAL jsonb_array_elements_text(d.reason_codes) AS r(code) GROUP BY 1 ORDER BY 2 DESC, 1
"""
OF_PERIOD: Final = """
WITH refused AS (
    SELECT a.id, a.reason_codes FROM lending_application a
         JOIN lending_product_version v ON v.id = a.product_version_id JOIN lending_product p ON p.id = v.product_id
    WHERE a.status = 'rejected' AND NOT a.retryable
      AND a.decided_at >= %(from)s AND a.decided_at < %(to)s
      AND (%(product)s = '' OR p.code = %(product)s)
)"""


def _asked(asked: Asked) -> dict[str, Any]:
    return {**period(asked), "product": asked.chosen.get("product", "")}


def read_approvals(asked: Asked) -> Numbers:
    """Count what was decided in each month; one statement."""
    decided, offered, alone = Counter[str](), Counter[str](), Counter[str]()
    with connection.cursor() as cursor:
        cursor.execute(DECIDED, _asked(asked))
        for month, was_offered, by_person, count in cursor.fetchall():
            decided[month] += count
            offered[month] += count if was_offered else 0
            alone[month] += 0 if by_person else count
    months, every = sorted(decided), decided.total()
    return Numbers(
        label_title="月份",
        labels=months,
        series=[
            Series(name="已决申请", unit=Unit.PIECES, drawn=False, values=[decided[m] for m in months], total=every),
            Series(name="通过", unit=Unit.PIECES, drawn=False, values=[offered[m] for m in months],
                   total=offered.total()),
            Series(name="未经人工", unit=Unit.PIECES, drawn=False, values=[alone[m] for m in months],
                   total=alone.total()),
            Series(name="通过率", unit=Unit.PERCENT, values=[share(offered[m], decided[m]) for m in months],
                   total=share(offered.total(), every)),
            Series(name="自动审批率", unit=Unit.PERCENT, values=[share(alone[m], decided[m]) for m in months],
                   total=share(alone.total(), every)),
        ],
        has_total=True,
    )  # fmt: skip


def read_refusals(asked: Asked) -> Numbers:
    """Count the refused applications by reason; one with several reasons counts under each. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"{OF_PERIOD}{REFUSED}", _asked(asked))
        found = cursor.fetchall()
    return Numbers(
        label_title="原因",
        labels=[REASONS.get(code, code) for code, _, _ in found],
        series=[
            Series(name="拒绝件数", unit=Unit.PIECES, values=[count for _, count, _ in found]),
            Series(
                name="占拒绝申请", unit=Unit.PERCENT, drawn=False,
                values=[share(count, refused) for _, count, refused in found],
            ),
        ],
        most_drawn=12,
        note="一笔申请有多个原因时各计一次，占比之和可以超过 100%",
    )  # fmt: skip


APPROVALS: Final = Chart(
    name="approvals",
    title="通过率与自动审批率",
    question="申请有多少通过，有多少不经人工？",
    metric="D6",
    formula=(
        "通过率＝获得额度的申请÷已决申请；自动审批率＝未转人工的申请÷已决申请。按审批月份，"
        "审批中的和因外部系统没有应答而未成的不计入。"
    ),
    needs=(WHOLE_BANK, "lending.view_application"),
    read=read_approvals,
    empty="所选期间没有已决申请。产品开放并有客户提交申请后，这里按月显示。",
    kind="line",
    choices=[PRODUCT],
    days=365,
)
REFUSALS: Final = Chart(
    name="refusals",
    title="拒绝原因",
    question="申请为什么没有通过？",
    metric="D6",
    formula="按原因统计已决申请中被拒绝的件数；占比＝该原因件数÷拒绝申请数。名单命中不单独列示，计入中性拒绝。",
    needs=(WHOLE_BANK, "lending.view_application"),
    read=read_refusals,
    empty="所选期间没有被拒绝的申请；需要更早的，请放宽期间查看。",
    choices=[PRODUCT],
    days=90,
)
