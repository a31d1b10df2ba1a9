"""The province's sums: four figures that add up exactly, from what each bank pushed last."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from core.admin.amounts import exact, percent, short
from core.clock.models import BusinessDay
from core.operations import TransactionForbidden
from core.tenancy import PROVINCE_CODE, PUBLIC, at, in_bank
from tenants.models import PushedFigure
from tenants.operations import BORROWERS, DRAWN, GRANTED, FiguresFinal, earliest_open_date, move_bank, record_figures
from tenants.parameters import ParameterRefused, set_for_bank
from tenants.queries import ProvinceFigures, province_figures

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def let_it_be(day: date) -> None:
    BusinessDay.objects.update_or_create(pk=1, defaults={"date": day})


def _push(bank: str, on: date, granted: int, drawn: int, borrowers: int) -> None:
    with in_bank(bank):
        let_it_be(on)
        record_figures(on=on, figures={GRANTED: granted, DRAWN: drawn, BORROWERS: borrowers})


def _figures() -> ProvinceFigures:
    with in_bank(PROVINCE_CODE):
        return province_figures()


class TestRecordFigures:
    def test_twice_is_once_and_the_later_value_stays(self) -> None:
        _push("125", MONDAY, 100, 50, 1)
        _push("125", MONDAY, 300, 70, 2)
        with at(PUBLIC):
            assert dict(PushedFigure.objects.values_list("kind", "value")) == {GRANTED: 300, DRAWN: 70, BORROWERS: 2}

    def test_inside_a_transaction_it_is_refused(self) -> None:
        with in_bank("125"), transaction.atomic(), pytest.raises(TransactionForbidden):
            record_figures(on=MONDAY, figures={GRANTED: 1})


class TestD20ADayThatIsOver:
    """Late events re-open the last three days only."""

    FRIDAY = date(2026, 11, 27)

    def _stored(self) -> dict[date, int]:
        with at(PUBLIC):
            return dict(PushedFigure.objects.filter(kind=DRAWN).values_list("date", "value"))

    def test_is_written_again_for_three_days_and_then_never_by_whatever_reruns(self) -> None:
        _push("125", MONDAY, 1, 10, 1)
        _push("125", TUESDAY, 1, 20, 1)
        with in_bank("125"):
            let_it_be(self.FRIDAY)
            assert earliest_open_date() == TUESDAY
            record_figures(on=TUESDAY, figures={DRAWN: 21})
            with pytest.raises(FiguresFinal):
                record_figures(on=MONDAY, figures={DRAWN: 11})
        assert self._stored() == {MONDAY: 10, TUESDAY: 21}

    def test_is_final_sooner_where_the_bank_says_so(self) -> None:
        _push("125", TUESDAY, 1, 20, 1)
        with in_bank("125"):
            let_it_be(self.FRIDAY)
            with transaction.atomic():
                set_for_bank(name="figures.reopen_days", value=1, effective_date=self.FRIDAY, actor="test")
            with pytest.raises(FiguresFinal):
                record_figures(on=TUESDAY, figures={DRAWN: 21})
            with pytest.raises(ParameterRefused), transaction.atomic():
                set_for_bank(name="figures.reopen_days", value=4, effective_date=self.FRIDAY, actor="test")
        assert self._stored() == {TUESDAY: 20}


class TestProvinceFigures:
    def test_they_are_the_exact_sums_of_each_banks_latest(self) -> None:
        _push("125", MONDAY, 10, 5, 1)
        _push("125", TUESDAY, 1_000_000_000_000_003, 333_333_333_333_333, 2_877)
        _push("116", MONDAY, 560_000_000_000_000, 2, 1)
        figures = _figures()
        assert figures.granted_fen == 1_560_000_000_000_003
        assert figures.drawn_fen == 333_333_333_333_335
        assert figures.borrowers == 2_878
        assert figures.open_banks == 2
        assert figures.granted_fen == sum(bank.granted_fen for bank in figures.banks)

    def test_a_kind_that_a_bank_has_not_pushed_counts_as_nothing(self) -> None:
        with in_bank("125"):
            let_it_be(MONDAY)
            record_figures(on=MONDAY, figures={GRANTED: 7, "something_else": 9})
        figures = _figures()
        assert (figures.granted_fen, figures.drawn_fen, figures.borrowers, figures.average_fen) == (7, 0, 0, None)
        assert {bank.code: bank.figures_date for bank in figures.banks} == {"116": None, "125": MONDAY}

    def test_the_average_is_rounded_half_up_once(self) -> None:
        _push("125", MONDAY, 1_560_000_000_00, 278_000_000_00, 2_878)
        assert _figures().average_fen == 9_659_486  # 96,594.86 yuan (D8)

    def test_only_pilot_and_live_banks_are_open_yet_all_sums_stay(self) -> None:
        _push("116", MONDAY, 100, 40, 1)
        with in_bank(PROVINCE_CODE):
            move_bank(code="116", event="suspend", reason="演练", actor="lin")
        figures = _figures()
        assert (figures.open_banks, figures.granted_fen, figures.drawn_fen) == (1, 100, 40)


class TestFirstPage:
    def test_the_province_shows_the_four_figures_with_the_exact_amounts_as_titles(self, province_boss: Client) -> None:
        _push("125", MONDAY, 1_560_000_000_00, 278_000_000_00, 2_877)
        _push("116", MONDAY, 1_00, 1, 1)
        page = province_boss.get("/admin/").content.decode()
        for told in (
            "2 家", "15.60 亿元", 'title="1,560,000,001.00 元"', "2.78 亿元", 'title="278,000,000.01 元"', "2,878 人",
            "用信率 17.8%", "户均 9.66 万元", "覆盖率 100.0%",
        ):  # fmt: skip
            assert told in page, told

    def test_a_banks_first_page_shows_its_own_figures_only(self, boss: Client) -> None:
        _push("116", MONDAY, 123_456_00, 1, 1)
        page = boss.get("/b/125/admin/").content.decode()
        assert "有效授信" in page
        assert "123,456" not in page
        assert "12.35" not in page


class TestAmounts:
    @pytest.mark.parametrize(
        ("fen", "long", "brief"),
        [
            (0, "0.00", "0.00 元"),
            (99_99, "99.99", "99.99 元"),
            (-5, "-0.05", "-0.05 元"),
            (10_000_00, "10,000.00", "1.00 万元"),
            (123_456_50, "123,456.50", "12.35 万元"),
            (12_345_00, "12,345.00", "1.23 万元"),
            (12_350_00, "12,350.00", "1.24 万元"),
            (100_000_000_00, "100,000,000.00", "1.00 亿元"),
            (-123_456_789_012_34, "-123,456,789,012.34", "-1,234.57 亿元"),
        ],
    )
    def test_exact_and_short(self, fen: int, long: str, brief: str) -> None:
        assert (exact(fen), short(fen)) == (long, brief)

    @pytest.mark.parametrize(
        ("part", "whole", "told"), [(1, 0, "—"), (27, 58, "46.6%"), (1, 8, "12.5%"), (1, 2000, "0.1%")]
    )
    def test_percent(self, part: int, whole: int, told: Any) -> None:
        assert percent(part, whole) == told
