"""The doorbell: a Celery message that says no more than (bank, lane).

At most `BELLS` messages per bank and lane wait in the broker, so a bank that floods its table cannot starve the others:
each answered bell works a bounded time and rings again at the end of the queue. A lost bell costs at most a sweep.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import structlog
from celery import current_app
from django.conf import settings

if TYPE_CHECKING:
    import redis

log = structlog.get_logger(__name__)
BELLS: Final = 2
BELL_SECONDS: Final = 15
TASK: Final = "core.steps.answer_bell"
NO_SLOT: Final = -1
TAKE_SLOT: Final = """
for slot, key in ipairs(KEYS) do
    if redis.call('SET', key, 1, 'NX', 'EX', ARGV[1]) then return slot - 1 end
end
return -1
"""


@cache
def _redis() -> redis.Redis:
    import redis  # a command that rings nothing, as most do, need not load it

    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


@cache
def _take_slot() -> Any:
    """Return the script that takes the first free slot: one round trip, whether there is one or not."""
    return _redis().register_script(TAKE_SLOT)


def _keys(bank: str, lane: str) -> list[str]:
    return [f"{settings.BELL_PREFIX}:{bank}:{lane}:{slot}" for slot in range(BELLS)]


def ring(*, bank: str, lane: str) -> None:
    """Ask the workers to look at a bank's lane, unless enough of them are asked already.

    Never raises for a broken broker: the sweeper rings again for whatever is due.
    """
    if not settings.RING_BELLS:
        return
    try:
        slot = int(_take_slot()(keys=_keys(bank, lane), args=[BELL_SECONDS]))
        if slot == NO_SLOT:
            return
        current_app.send_task(
            TASK,
            kwargs={"bank": bank, "lane": lane, "slot": slot},
            queue=lane,
            retry=False,
            ignore_result=True,
        )
    except Exception as error:  # noqa: BLE001 -- any broker failure means the same: the sweeper will ring
        log.warning("bell.lost", bank=bank, lane=lane, error=type(error).__name__)


def taken_down(*, bank: str, lane: str, slot: int) -> None:
    """Free the slot of a bell that a worker has heard, before it looks, so that later work can ring anew."""
    try:
        _redis().delete(_keys(bank, lane)[slot])
    except Exception as error:  # noqa: BLE001 -- any broker failure means the same: the slot is free again in seconds
        log.warning("bell.slot_kept", bank=bank, lane=lane, error=type(error).__name__)
