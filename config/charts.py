"""The pictures of each site: a bank's are those of its rooms, in the order in which its dashboard shows them."""

from __future__ import annotations

from typing import Final

from accounts.charts import BANK_CHARTS as OF_ACCOUNTS
from core.admin.charts import Chart
from lending.charts import BANK_CHARTS as OF_LENDING
from tenants.charts import PROVINCE_CHARTS

__all__ = ["BANK_CHARTS", "PROVINCE_CHARTS"]
BANK_CHARTS: Final[tuple[Chart, ...]] = (*OF_LENDING, *OF_ACCOUNTS)
