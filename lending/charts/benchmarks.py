"""Figures of the founding documents, drawn as dashed lines beside a bank's own; none of them decides anything."""

from __future__ import annotations

from typing import Final

from core.admin.charts import Benchmark, Unit
from tenants.queries import PILOT_AVERAGE_FEN, PILOT_SOURCE, PILOT_USAGE_PERCENT

USAGE: Final = Benchmark(
    name="省联社试点", value=PILOT_USAGE_PERCENT, unit=Unit.PERCENT,
    source=f"{PILOT_SOURCE}：用信 2.78 亿元 ÷ 授信 15.6 亿元",
)  # fmt: skip
AVERAGE: Final = Benchmark(
    name="省联社试点户均", value=PILOT_AVERAGE_FEN, unit=Unit.FEN,
    source=f"{PILOT_SOURCE}：用信 2.78 亿元 ÷ 2,878 户",
)  # fmt: skip
DRAW_CYCLE: Final = Benchmark(
    name="同业周期", value=30, unit=Unit.DAYS, source="微众银行产品分析一文（A2-23）：平均在一个月左右"
)
