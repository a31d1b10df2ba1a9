"""The pictures of the province: coverage, and the figures that banks have pushed, by bank and by day (D9, D7, D8, D19).

Every sum is the exact sum of what the banks pushed: of each bank and figure the one of its latest business date on or before
the day that is asked for.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import connection

from core.admin.charts import Asked, Benchmark, Chart, Choice, Numbers, Series, Unit, share
from core.money import divide_half_up
from tenants.models import Bank
from tenants.models.bank import SERVING, STAGES
from tenants.operations.figures import BORROWERS, DRAWN, GRANTED, KINDS
from tenants.queries import (
    PILOT_AVERAGE_FEN,
    PILOT_BANKS,
    PILOT_SOURCE,
    PILOT_USAGE_PERCENT,
    BankFigures,
    ProvinceFigures,
    province_figures,
)

SUFFIX: Final = "样例农商银行"
COVERAGE: Final = Benchmark(
    name="试点期开通", value=PILOT_BANKS, unit=Unit.BANKS, source=f"{PILOT_SOURCE}：共有 27 家农商行开通"
)
USAGE: Final = Benchmark(
    name="试点", value=PILOT_USAGE_PERCENT, unit=Unit.PERCENT, source=f"{PILOT_SOURCE}：用信 2.78 亿元 ÷ 授信 15.6 亿元"
)
AVERAGE: Final = Benchmark(
    name="试点户均", value=PILOT_AVERAGE_FEN, unit=Unit.FEN, source=f"{PILOT_SOURCE}：用信 2.78 亿元 ÷ 2,878 户"
)
# What each day's latest figures add up to. A bank that pushed nothing on a day counts with what it pushed last before it.
BY_DAY: Final = """
WITH pushed AS (
    SELECT bank, kind, value, date AS since, lead(date) OVER (PARTITION BY bank, kind ORDER BY date) AS until
    FROM public.tenants_pushed_figure
    WHERE kind = ANY(%(kinds)s) AND date <= %(to)s AND (%(bank)s = '' OR bank = %(bank)s)
)
SELECT d.day::date, p.kind, sum(p.value)::bigint, count(*)
FROM generate_series(%(from)s::date, %(to)s::date, interval '1 day') AS d(day)
     JOIN pushed p ON p.since <= d.day AND (p.until IS NULL OR p.until > d.day)
GROUP BY 1, 2 ORDER BY 1
"""


def read_coverage(asked: Asked) -> Numbers:
    """Count the banks by stage; the total is those that serve customers. One statement."""
    del asked
    stages = list(Bank.objects.order_by("code").values_list("stage", flat=True))
    counts = [stages.count(stage) for stage, _ in STAGES]
    return Numbers(
        label_title="阶段",
        labels=[name for _, name in STAGES],
        series=[
            Series(name="银行", unit=Unit.BANKS, values=counts, total=len(stages)),
            Series(
                name="占比", unit=Unit.PERCENT, drawn=False, values=[share(count, len(stages)) for count in counts],
                total=share(len(stages), len(stages)),
            ),
        ],
        has_total=True,
        note=f"开通（试点、上线）{sum(stages.count(stage) for stage in SERVING)} 家，覆盖率 "
        f"{share(sum(stages.count(stage) for stage in SERVING), len(stages))}%",
    )  # fmt: skip


def _ranked(asked: Asked) -> tuple[ProvinceFigures, list[BankFigures]]:
    figures = province_figures(on=asked.to_date)
    return figures, sorted(figures.banks, key=lambda bank: (-bank.granted_fen, bank.code))


def _name(bank: BankFigures) -> str:
    return f"{bank.code} {bank.display_name.removesuffix(SUFFIX)}"


def read_banks(asked: Asked) -> Numbers:
    """Return each bank's figures on a day, in fen and persons, with their exact sums; two statements."""
    figures, banks = _ranked(asked)
    return Numbers(
        label_title="银行",
        labels=[_name(bank) for bank in banks],
        series=[
            Series(name="有效授信", unit=Unit.FEN, values=[bank.granted_fen for bank in banks],
                   total=figures.granted_fen),
            Series(name="贷款余额", unit=Unit.FEN, values=[bank.drawn_fen for bank in banks], total=figures.drawn_fen),
            Series(name="用信客户", unit=Unit.PERSONS, drawn=False, values=[bank.borrowers for bank in banks],
                   total=figures.borrowers),
        ],
        most_drawn=sum(bank.figures_date is not None for bank in banks),
        has_total=True,
        note="同一人在两家银行各计一次",
    )  # fmt: skip


def read_rates(asked: Asked) -> Numbers:
    """Return each bank's usage rate and average on a day, and the province's; two statements."""
    figures, banks = _ranked(asked)
    drawing = [bank for bank in banks if bank.granted_fen]
    return Numbers(
        label_title="银行",
        labels=[_name(bank) for bank in drawing],
        series=[
            Series(name="用信率（金额）", unit=Unit.PERCENT,
                   values=[share(bank.drawn_fen, bank.granted_fen) for bank in drawing],
                   total=share(figures.drawn_fen, figures.granted_fen)),
            Series(name="户均余额", unit=Unit.FEN, drawn=False, total=figures.average_fen,
                   values=[divide_half_up(b.drawn_fen, b.borrowers) if b.borrowers else None for b in drawing]),
        ],
        most_drawn=60,
        has_total=True,
    )  # fmt: skip


def read_averages(asked: Asked) -> Numbers:
    """Return what each borrowing customer of each bank owes on average, in fen; two statements."""
    figures, banks = _ranked(asked)
    lending = [bank for bank in banks if bank.borrowers]
    return Numbers(
        label_title="银行",
        labels=[_name(bank) for bank in lending],
        series=[
            Series(name="户均余额", unit=Unit.FEN, total=figures.average_fen,
                   values=[divide_half_up(bank.drawn_fen, bank.borrowers) for bank in lending]),
        ],
        most_drawn=60,
        has_total=True,
    )  # fmt: skip


def read_days(asked: Asked) -> Numbers:
    """Return the province's sums, or one bank's figures, at the end of each day, in fen and persons; one statement."""
    found: dict[date, dict[str, int]] = {}
    reporting: dict[date, int] = {}
    values: dict[str, Any] = {
        "from": asked.from_date, "to": asked.to_date, "kinds": list(KINDS), "bank": asked.chosen.get("bank", ""),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(BY_DAY, values)
        for day, kind, value, banks in cursor.fetchall():
            found.setdefault(day, {})[kind] = value
            reporting[day] = max(reporting.get(day, 0), banks)
    days = sorted(found)
    granted, drawn, borrowers = ([found[day].get(kind, 0) for day in days] for kind in (GRANTED, DRAWN, BORROWERS))
    return Numbers(
        label_title="营业日",
        labels=[f"{day:%Y-%m-%d}" for day in days],
        series=[
            Series(name="有效授信", unit=Unit.FEN, values=granted),
            Series(name="贷款余额", unit=Unit.FEN, values=drawn),
            Series(name="用信客户", unit=Unit.PERSONS, drawn=False, values=borrowers),
            Series(name="用信率（金额）", unit=Unit.PERCENT, drawn=False,
                   values=[share(part, whole) for part, whole in zip(drawn, granted, strict=True)]),
            Series(name="已上报银行", unit=Unit.BANKS, drawn=False, values=[reporting.get(day, 0) for day in days]),
        ],
        most_drawn=400,
    )  # fmt: skip


FIGURES: Final = ("tenants.view_bank", "tenants.view_pushedfigure")
NOTHING: Final = "还没有银行上报。银行上线后，每个营业日由系统自动上报。"
PROVINCE_CHARTS: Final[tuple[Chart, ...]] = (
    Chart(
        name="days", title="全省授信与用信", question="授信和用信每天在怎样变化？", metric="D19",
        formula="某日全省数＝各行当日或之前最近一次上报之和，逐行相加、分毫不差。", needs=FIGURES, read=read_days,
        empty=NOTHING, kind="line", days=90, is_wide=True,
        choices=[Choice(name="bank", label="只看一家银行（机构代码）")],
    ),
    Chart(
        name="banks", title="各行授信与用信", question="各行各有多少？", metric="D19",
        formula="各行截至期末日最近一次上报；合计为逐行之和。", needs=FIGURES, read=read_banks, empty=NOTHING,
        is_wide=True,
    ),
    Chart(
        name="coverage", title="开通覆盖", question="多少家银行已经开通？", metric="D9",
        formula="覆盖率＝开通（试点、上线）的银行÷全部银行。", needs=("tenants.view_bank",), read=read_coverage,
        empty="还没有银行。请运行开通命令建立各行。", benchmarks=[COVERAGE], has_period=False,
    ),
    Chart(
        name="usage", title="各行用信率", question="各行授出的额度用了多少？", metric="D7",
        formula="用信率＝贷款余额÷有效授信，截至期末日最近一次上报。", needs=FIGURES, read=read_rates, empty=NOTHING,
        benchmarks=[USAGE],
    ),
    Chart(
        name="average", title="各行户均余额", question="每个用信客户平均借了多少？", metric="D8",
        formula="户均＝贷款余额÷用信客户，四舍五入到分。", needs=FIGURES, read=read_averages, empty=NOTHING,
        benchmarks=[AVERAGE],
    ),
)  # fmt: skip
"""In the order in which the province's dashboard shows them."""
