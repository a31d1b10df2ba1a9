"""Which banks exist, what they are called and where they are: read at every request, cached for seconds.

What a bank may do now is not asked here but of `tenants.switches`, which caches nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from core.tenancy import BANK_CODE, PUBLIC, at
from tenants.models import Bank, Switch
from tenants.models.bank import SERVING
from tenants.models.switch import PROVINCE

MOST_CACHED: Final = 2000


@dataclass(frozen=True, slots=True)
class BankCard:
    """What every process may know of a bank; `lends_in` are prefixes of GB/T 2260 codes, from its licence (LN-04)."""

    code: str
    name: str
    display_name: str
    city: str
    region_code: str
    lends_in: tuple[str, ...]
    stage: str
    phone: str
    complaint_phone: str
    address: str

    @property
    def serves_customers(self) -> bool:
        """Tell whether its stage accepts new business, as this card knows it; gates ask `tenants.switches.standing`."""
        return self.stage in SERVING


_cache: dict[str, tuple[float, BankCard | None]] = {}
_lock = threading.Lock()


def card_of(code: str) -> BankCard | None:
    """Return the bank's card, or None where no such bank is open; at most `DIRECTORY_SECONDS` old."""
    if not BANK_CODE.match(code):
        return None
    kept = _cache.get(code)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    with at(PUBLIC):
        bank = Bank.objects.filter(code=code).first()
    card = None if bank is None else _card(bank)
    with _lock:
        if len(_cache) >= MOST_CACHED:
            _cache.clear()
        _cache[code] = (time.monotonic() + settings.DIRECTORY_SECONDS, card)
    return card


def all_cards() -> list[BankCard]:
    """Return the cards of all banks, by code."""
    with at(PUBLIC):
        return [_card(bank) for bank in Bank.objects.order_by("code")]


def serving_cards() -> list[BankCard]:
    """Return the cards of the banks that take new business now, by code; none while the whole province is stopped."""
    cards = [card for card in all_cards() if card.serves_customers]
    with at(PUBLIC):
        stopped = Switch.objects.filter(scope=PROVINCE, is_off=True).exists()
    return [] if stopped else cards


def forget(code: str | None = None) -> None:
    """Drop what this process has cached of one bank or of all."""
    with _lock:
        if code is None:
            _cache.clear()
        else:
            _cache.pop(code, None)


def _card(bank: Bank) -> BankCard:
    return BankCard(
        code=bank.code,
        name=bank.name,
        display_name=bank.display_name,
        city=bank.city,
        region_code=bank.region_code,
        lends_in=bank.lends_in,
        stage=bank.stage,
        phone=bank.phone,
        complaint_phone=bank.complaint_phone,
        address=bank.address,
    )
