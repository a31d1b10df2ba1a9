"""S21 and the province's pictures (D7 to D9, D19): what 58 banks push adds up exactly, by bank and by day."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.admin.charts import Asked, Numbers
from core.audit.models import AuditEntry
from core.tenancy import PROVINCE_CODE, in_bank
from tenants import provisioning
from tenants.charts import PROVINCE_CHARTS
from tenants.models import Bank, PushedFigure
from tenants.operations import BORROWERS, DRAWN, GRANTED
from tenants.queries import ProvinceFigures, province_figures
from tests.tenants.conftest import Browser

pytestmark = pytest.mark.django_db
SAMPLE = Path(provisioning.__file__).parent / "sample_banks.csv"
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
# The founding document's figures (A4-23): of 58 banks 27 are live; 1.56 bn granted, 278 m drawn, by 2,878 customers.
BANKS, LIVE_BANKS = 58, 27
GRANTED_FEN, DRAWN_FEN, CUSTOMERS = 1_560_000_000_00, 278_000_000_00, 2_878


def share_out(total: int, parts: int) -> list[int]:
    """Share a sum out unevenly, to the last unit."""
    weights = [3 + (place * 7) % 11 for place in range(parts)]
    shares = [total * weight // sum(weights) for weight in weights]
    shares[0] += total - sum(shares)
    return shares


def push(bank: str, on: date, granted: int, drawn: int, borrowers: int) -> None:
    """Leave at the province what a bank has pushed of a day; most of these banks are names in the directory only."""
    with in_bank(PROVINCE_CODE):
        for kind, value in {GRANTED: granted, DRAWN: drawn, BORROWERS: borrowers}.items():
            PushedFigure.objects.update_or_create(bank=bank, kind=kind, date=on, defaults={"value": value})


def read(name: str, *, on: date = TUESDAY, days: int = 1, **chosen: str) -> Numbers:
    chart = next(chart for chart in PROVINCE_CHARTS if chart.name == name)
    with in_bank(PROVINCE_CODE), CaptureQueriesContext(connection) as queries:
        numbers = chart.read(Asked(from_date=on - timedelta(days=days - 1), to_date=on, chosen=chosen))
    assert len(queries) <= 3, [each["sql"] for each in queries]  # the place, and two statements
    return numbers


def column(numbers: Numbers, name: str) -> list[Any]:
    return list(next(series for series in numbers.series if series.name == name).values)


def total(numbers: Numbers, name: str) -> Any:
    return next(series.total for series in numbers.series if series.name == name)


@pytest.fixture
def province(db: None) -> list[str]:
    """58 banks in the directory, 27 of them live, each live one with its part of the seed's figures; the codes of these."""
    del db
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["opened"] == "1"]
    with in_bank(PROVINCE_CODE):
        known = set(Bank.objects.values_list("code", flat=True))
        Bank.objects.bulk_create(
            Bank(
                schema_name=f"bank_{row['code']}", code=row["code"], name=row["place"], display_name=row["display_name"],
                city=row["city"], region_code=row["region_code"], stage="draft",
            )
            for row in rows
            if row["code"] not in known
        )  # fmt: skip
        live = list(Bank.objects.order_by("code").values_list("code", flat=True))[:LIVE_BANKS]
        Bank.objects.update(stage="draft")
        Bank.objects.filter(code__in=live).update(stage="live")
    parts = (share_out(figure, LIVE_BANKS) for figure in (GRANTED_FEN, DRAWN_FEN, CUSTOMERS))
    for bank, granted, drawn, borrowers in zip(live, *parts, strict=True):
        push(bank, MONDAY, granted, drawn, borrowers)
    return live


@pytest.mark.usefixtures("province")
class TestS21:
    """The dashboard shows the seed's four figures and what follows from them, from what the banks themselves pushed."""

    def test_the_query_adds_up_to_the_seeds_figures(self) -> None:
        with in_bank(PROVINCE_CODE):
            figures: ProvinceFigures = province_figures()
        assert (len(figures.banks), figures.open_banks) == (BANKS, LIVE_BANKS)
        assert (figures.granted_fen, figures.drawn_fen, figures.borrowers) == (GRANTED_FEN, DRAWN_FEN, CUSTOMERS)
        assert figures.average_fen == 96_594_86

    def test_the_provinces_page_shows_them(self, browser: Browser) -> None:
        client = browser(PROVINCE_CODE, role="运营")
        page = client.get("/admin/").content.decode()
        for told in ("27 家", "覆盖率 46.6%", "15.60 亿元", "2.78 亿元", "用信率 17.8%", "2,878 人", "户均 9.66 万元"):
            assert told in page, told
        page = client.get(f"/admin/figures/average/?to_date={TUESDAY}&from_date={MONDAY}").content.decode()
        assert "96,594.86" in page.partition("合计")[2]
        assert "58" in client.get("/admin/figures/coverage/").content.decode().partition("合计")[2]

    def test_rates_by_bank_are_each_banks_own_and_the_total_is_the_provinces(self) -> None:
        rates = read("usage")
        assert total(rates, "用信率（金额）") == Decimal("17.82")
        assert len(column(rates, "用信率（金额）")) == LIVE_BANKS
        assert total(read("average"), "户均余额") == 96_594_86
        coverage = read("coverage")
        assert dict(zip(coverage.labels, column(coverage, "银行"), strict=True))["上线"] == LIVE_BANKS
        assert coverage.note.endswith("27 家，覆盖率 46.55%")

    def test_banks_add_up_to_the_fen_in_the_file_as_on_the_page(self, browser: Browser) -> None:
        client = browser(PROVINCE_CODE, role="运营")
        answer = client.get(f"/admin/figures/banks.csv?from_date={MONDAY}&to_date={TUESDAY}")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        head, *banks, last = rows
        assert (head, len(banks)) == (["银行", "有效授信（元）", "贷款余额（元）", "用信客户（人）"], BANKS)
        assert [sum(Decimal(row[place]) for row in banks) for place in (1, 2, 3)] == [
            Decimal(cell) for cell in last[1:]
        ]
        assert last == ["合计", "1560000000.00", "278000000.00", "2878"]
        with in_bank(PROVINCE_CODE):
            assert AuditEntry.objects.get(action="figures.downloaded").subject == "banks"

    def test_days_add_up_what_each_bank_pushed_last(self, province: list[str]) -> None:
        push(province[0], TUESDAY, 5, 3, 1)
        days = read("days", days=3)
        assert days.labels == ["2026-11-23", "2026-11-24"]
        first = share_out(GRANTED_FEN, LIVE_BANKS)[0]
        assert column(days, "有效授信") == [GRANTED_FEN, GRANTED_FEN - first + 5]
        assert column(days, "已上报银行") == [LIVE_BANKS, LIVE_BANKS]
        assert column(days, "用信率（金额）")[0] == Decimal("17.82")
        # Bank by bank the days add up to the province's.
        each = [column(read("days", days=2, bank=bank), "贷款余额") for bank in province]
        assert [sum(day) for day in zip(*each, strict=True)] == column(days, "贷款余额")
        # The same day by bank, and the day before as it was.
        assert total(read("banks"), "有效授信") == GRANTED_FEN - first + 5
        assert total(read("banks", on=MONDAY), "有效授信") == GRANTED_FEN
        assert total(read("banks", on=MONDAY - timedelta(days=1)), "有效授信") == 0


class TestPages:
    def test_a_bank_has_none_of_the_provinces_charts_and_the_province_none_of_a_banks(
        self, boss: Client, province_boss: Client
    ) -> None:
        assert boss.get("/b/125/admin/figures/coverage/").status_code == 404
        assert province_boss.get("/admin/figures/funnel/").status_code == 404
        assert boss.get("/b/116/admin/figures/funnel/").status_code == 302

    def test_nothing_pushed_says_what_happens_next(self, province_boss: Client) -> None:
        page = province_boss.get("/admin/").content.decode()
        assert "每个营业日由系统自动上报" in page
