"""Ask by which words and codes a bank watches what borrowed money is used for (LN-12)."""

from __future__ import annotations

from datetime import date, timedelta

from core.clock import business_date
from lending.models import Loan, PurposeScan, WatchTerm
from lending.purpose_words import PLATFORM, Term


def terms_in_force() -> tuple[Term, ...]:
    """Return the platform's terms and those that the current bank has added."""
    rows = WatchTerm.objects.filter(removed_at=None).order_by("pk").values_list("sort", "text", "applies_to")
    return (*PLATFORM, *(Term(sort=sort, text=text, applies_to=applies_to) for sort, text, applies_to in rows))


def unscanned_days() -> list[date]:
    """Return the booking dates that are over and were not looked at yet, oldest first, from the first loan on."""
    first = Loan.objects.order_by("start_date").values_list("start_date", flat=True).first()
    last = PurposeScan.objects.order_by("-scanned_date").values_list("scanned_date", flat=True).first()
    if first is None:
        return []
    begin = first if last is None else last + timedelta(days=1)
    return [begin + timedelta(days=ahead) for ahead in range(max((business_date() - begin).days, 0))]
