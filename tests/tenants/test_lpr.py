"""Quotes of the loan prime rate: plausible, or refused with the reason, and nothing entered (INT-01)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from core.clock import now
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.models import LprQuote
from tenants.operations import LprRefused, enter_lpr

pytestmark = pytest.mark.django_db
DAY = date(2026, 10, 20)


@pytest.fixture(autouse=True)
def _at_the_province() -> Iterator[None]:
    with in_bank(PROVINCE_CODE):
        yield


def enter(**changed: Any) -> None:
    given = {
        "published_date": DAY, "one_year_rate": Decimal("3.00"), "five_year_rate": Decimal("3.50"), "confirmed": False,
        "actor": "test",
    }  # fmt: skip
    with transaction.atomic():
        enter_lpr(**{**given, **changed})


class TestEnterLpr:
    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"one_year_rate": Decimal("3.01")}, "整数倍"),
            ({"five_year_rate": Decimal("24.05")}, "之间"),
            ({"five_year_rate": Decimal("0.00")}, "之间"),
            ({"one_year_rate": Decimal("3.55")}, "50 个基点"),
            ({"published_date": now().date() + timedelta(days=1)}, "不得晚于今天"),
        ],
    )
    def test_an_implausible_quote_is_refused(self, changed: dict[str, Any], told: str) -> None:
        before = list(LprQuote.objects.order_by("pk").values_list())
        with pytest.raises(LprRefused, match=told) as refused:
            enter(**changed)
        assert (refused.value.code, refused.value.status) == ("lpr_refused", 422)
        assert list(LprQuote.objects.order_by("pk").values_list()) == before

    def test_a_move_of_50_basis_points_is_no_surprise_and_a_larger_one_is_taken_when_confirmed(self) -> None:
        enter(one_year_rate=Decimal("3.50"))
        enter(one_year_rate=Decimal("4.50"), published_date=DAY + timedelta(days=31), confirmed=True)
        assert LprQuote.objects.get(pk=DAY).one_year_rate == Decimal("3.5000")

    def test_a_quote_that_stands_is_corrected_only_when_confirmed(self) -> None:
        enter()
        with pytest.raises(LprRefused, match="已有报价"):
            enter(one_year_rate=Decimal("2.95"))
        assert LprQuote.objects.get(pk=DAY).one_year_rate == Decimal("3.0000")
        enter(one_year_rate=Decimal("2.95"), confirmed=True)
        assert LprQuote.objects.get(pk=DAY).one_year_rate == Decimal("2.9500")
