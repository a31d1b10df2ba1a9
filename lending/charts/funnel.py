"""D5: from the scan to the first repayment, in distinct persons and strict order."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from django.db import connection

from core.admin.charts import Asked, Chart, Choice, Numbers, Series, Unit, share
from lending.charts.cohorts import BY, ONLY, PARTS, TOUCH, TOUCHED, WHOLE_BANK, only, part_of, period

# Each step with the condition that a way through it fulfils by the end of the window. A person has reached a step if one
# way of theirs (one application, one drawdown on its line) fulfils it and all before it.
STEPS: Final = (
    ("scan", "扫码", "TRUE"),
    ("open", "打开小程序", "c.created_at < w.ends_at"),
    ("register_ok", "注册成功", "c.registered_at < w.ends_at"),
    (
        "consent", "授权查询征信",
        "EXISTS (SELECT FROM verification_consent v WHERE v.id = a.credit_query_consent_id AND v.granted_at < w.ends_at)",
    ),
    ("apply_submit", "提交申请", "a.submitted_at < w.ends_at"),
    ("face_ok", "人脸通过", "a.face_check_id IS NOT NULL"),
    (
        "admission_pass", "准入通过",
        ("EXISTS (SELECT FROM lending_decision d WHERE d.application_id = a.id AND d.stage = 'full' "
        "AND d.outcome IN ('offered', 'review') AND d.decided_at < w.ends_at)"),
    ),
    ("approved", "审批通过", "a.offer_expires_date IS NOT NULL AND a.decided_at < w.ends_at"),
    (
        "account_ready", "账户就绪",
        ("EXISTS (SELECT FROM accounts_deposit_account k WHERE k.customer_id = c.id AND k.status IN ('active', 'closed') "
        "AND coalesce(k.opened_at, k.created_at) < w.ends_at)"),
    ),
    (
        "disclosure_confirmed", "确认成本明示",
        "EXISTS (SELECT FROM lending_disclosure s WHERE s.drawdown_id = u.id AND s.confirmed_at < w.ends_at)",
    ),
    ("signed", "签署合同", "u.signed_at < w.ends_at"),
    ("draw_submit", "提交用款", "u.disburse_face_check_id IS NOT NULL"),
    ("disbursed", "放款成功", "u.disbursed_at < w.ends_at"),
    (
        "first_repaid", "首次还款",
        ("EXISTS (SELECT FROM lending_loan l JOIN lending_repayment r ON r.loan_id = l.id WHERE l.drawdown_id = u.id "
        "AND r.status = 'posted' AND r.posted_at < w.ends_at)"),
    ),
)  # fmt: skip
MILESTONES: Final = ("scan", "register_ok", "approved", "disbursed", "first_repaid")
"""What the picture shows where the funnel is broken down; the table has all steps."""
WINDOW: Final = Choice(
    name="window", label="观察期", options=[("90", "90 天"), ("30", "30 天"), ("7", "7 天"), ("180", "180 天")]
)
NOT_REACHED: Final = "".join(
    f" WHEN ({condition}) IS NOT TRUE THEN {number}" for number, (_, _, condition) in enumerate(STEPS)
)
# A person is in the cohort by the first scan; who was registered before it is not a newcomer, and no part of it. A scan that
# nobody logged in from is one unknown person, for more cannot be known.
FUNNEL: Final = f"""
WITH newcomer AS (
    SELECT c.id, f.at + make_interval(days => %(window)s) AS ends_at, {{part}} AS part
    FROM accounts_customer c JOIN tenants_scan f ON f.id = c.first_scan_id
         JOIN tenants_scan t ON t.id = {{touch}} JOIN tenants_entry e ON e.id = t.entry_id
    WHERE f.at >= %(from)s AND f.at < %(to)s AND (c.registered_at IS NULL OR c.registered_at >= f.at){{only}}
), way AS (
    SELECT w.id, w.part, CASE{NOT_REACHED} ELSE {len(STEPS)} END AS level
    FROM newcomer w JOIN accounts_customer c ON c.id = w.id
         LEFT JOIN lending_application a ON a.customer_id = w.id
         LEFT JOIN lending_credit_line g ON g.application_id = a.id
         LEFT JOIN lending_drawdown u ON u.line_id = g.id
), person AS (SELECT part, max(level) AS level FROM way GROUP BY id, part)
SELECT part, level, count(*) FROM person GROUP BY part, level
UNION ALL
SELECT {{part}}, 1, count(*) FROM tenants_scan t JOIN tenants_entry e ON e.id = t.entry_id
WHERE t.at >= %(from)s AND t.at < %(to)s AND t.visitor_id IS NULL{{only}} GROUP BY 1
"""  # noqa: S608 -- put together from constants; values are parameters


def read_funnel(asked: Asked) -> Numbers:
    """Count the persons who reached each step; one statement. Each step's share is of the step before it."""
    narrowed, values = only(asked)
    window = asked.chosen.get("window", "")
    days = int(window) if window in dict(WINDOW.options) else int(WINDOW.default)
    touch = TOUCHED.get(asked.chosen.get("touch", ""), TOUCHED["first"])
    statement = FUNNEL.format(part=part_of(asked), touch=touch, only=narrowed)
    reached: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**period(asked), **values, "window": days})
        for part, level, persons in cursor.fetchall():
            reached.setdefault(part, [0] * len(STEPS))[level - 1] += persons
    counts = {part: list(accumulate(reversed(ended)))[::-1] for part, ended in reached.items()}
    by = asked.chosen.get("by", "")
    return _broken_down(PARTS[by], counts) if by in PARTS else _whole(counts.get("", [0] * len(STEPS)))


def _whole(counts: list[int]) -> Numbers:
    before = [counts[0], *counts[:-1]]
    return Numbers(
        label_title="步骤",
        labels=[title for _, title, _ in STEPS],
        series=[
            Series(name="人数", unit=Unit.PERSONS, values=counts),
            Series(
                name="步骤转化率", unit=Unit.PERCENT, drawn=False,
                values=[share(now, former) for now, former in zip(counts, before, strict=True)],
            ),
            Series(
                name="累计转化率", unit=Unit.PERCENT, drawn=False, values=[share(now, counts[0]) for now in counts]
            ),
        ],
    )  # fmt: skip


def _broken_down(title: str, counts: dict[str, list[int]]) -> Numbers:
    ranked = sorted(counts, key=lambda part: (-counts[part][0], part))
    return Numbers(
        label_title=title,
        labels=ranked,
        series=[
            Series(
                name=step, unit=Unit.PERSONS, drawn=code in MILESTONES, values=[counts[part][place] for part in ranked],
                total=sum(each[place] for each in counts.values()),
            )
            for place, (code, step, _) in enumerate(STEPS)
        ],
        most_drawn=12,
        has_total=True,
    )  # fmt: skip


FUNNEL_CHART: Final = Chart(
    name="funnel",
    title="获客漏斗",
    question="扫码进来的人，走到了哪一步？",
    metric="D5",
    formula=(
        "按首次扫码日成组；每一步为在观察期内依次到达该步的人数（不重复计人，前一步未到达的不计入后一步），"
        "转化率＝本步人数÷上一步人数。扫码后没有登录的无法辨认，每次扫码计一人；扫码前已注册的老客户不计。"
    ),
    # Persons are counted by opaque ids, which the pages of applications and loans show as well.
    needs=(WHOLE_BANK, "tenants.view_scan", "lending.view_application", "lending.view_loan"),
    read=read_funnel,
    empty="所选期间没有扫码。请在“推广码”中生成推广码并投放，或放宽期间和筛选。",
    choices=[BY, *ONLY, TOUCH, WINDOW],
    is_wide=True,
)
