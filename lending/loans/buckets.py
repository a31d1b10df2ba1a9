"""The buckets of overdue loans by days: M1 to M7 (RISK-03)."""

from __future__ import annotations

from typing import Final

DAYS_OF_ONE: Final = 30
LAST: Final = 7


def bucket_of(overdue_days: int) -> int:
    """Return the bucket of so many days overdue: 0 where none is, 1 for 1 to 30, … 6 for 151 to 180, 7 above."""
    return min(-(-overdue_days // DAYS_OF_ONE), LAST)


def bucket_name(overdue_days: int) -> str:
    """Name the bucket of so many days overdue; see `name_of`."""
    return name_of(bucket_of(overdue_days))


def name_of(bucket: int) -> str:
    """Name a bucket as collectors do: M0, M1, … M6, M7+."""
    return f"M{bucket}+" if bucket == LAST else f"M{bucket}"
