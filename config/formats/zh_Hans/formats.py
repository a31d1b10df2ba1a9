"""Dates and times as bank staff write them in systems: ISO order, 24 hours."""

from __future__ import annotations

from typing import Final

DATE_FORMAT: Final = "Y-m-d"
SHORT_DATE_FORMAT: Final = "Y-m-d"
TIME_FORMAT: Final = "H:i:s"
DATETIME_FORMAT: Final = "Y-m-d H:i:s"
SHORT_DATETIME_FORMAT: Final = "Y-m-d H:i"
