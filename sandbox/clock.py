"""The time by which the vendors' codes and tokens live."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock:
    """Tell the time that codes and tokens live by: the real time plus what a test has advanced.

    Signatures and the call log use real time; only life spans (a WeChat code's five minutes, an access
    token's two hours, a face token's two hours) follow this clock, so that tests need not wait.
    """

    def __init__(self) -> None:
        """Start at the real time."""
        self._ahead = timedelta(0)

    @property
    def ahead_seconds(self) -> float:
        """Say by how many seconds this clock is ahead of the real time."""
        return self._ahead.total_seconds()

    def now(self) -> datetime:
        """Return the present time, aware, in China."""
        return datetime.now(SHANGHAI) + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward by some seconds."""
        self._ahead += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Go back to the real time."""
        self._ahead = timedelta(0)
