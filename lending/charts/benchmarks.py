"""Figures of the founding documents, drawn as dashed lines beside a bank's own; none of them decides anything."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from core.admin.charts import Benchmark, Unit

USAGE: Final = Benchmark(
    name="省联社试点", value=Decimal("17.8"), unit=Unit.PERCENT,
    source="江苏农信小程序贷款一文（A4-23）：用信 2.78 亿元 ÷ 授信 15.6 亿元",
)  # fmt: skip
AVERAGE: Final = Benchmark(
    name="省联社试点户均", value=96_594_86, unit=Unit.FEN,
    source="江苏农信小程序贷款一文（A4-23）：用信 2.78 亿元 ÷ 2,878 户",
)  # fmt: skip
DRAW_CYCLE: Final = Benchmark(
    name="同业周期", value=30, unit=Unit.DAYS, source="微众银行产品分析一文（A2-23）：平均在一个月左右"
)
