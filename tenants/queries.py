"""What can be asked of the tenants room."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from core.errors import NotFound
from core.money import divide_half_up
from tenants.calendar_seed import SATURDAY
from tenants.models import Bank, Holiday, LprQuote, ProductTemplate, Scan
from tenants.models.bank import SERVING
from tenants.operations.figures import BORROWERS, DRAWN, GRANTED, KINDS

PILOT_SOURCE: Final = "江苏农信小程序贷款一文（A4-23）"
PILOT_BANKS: Final = 27
PILOT_USAGE_PERCENT: Final = Decimal("17.8")
PILOT_AVERAGE_FEN: Final = 96_594_86
"""What the founding document tells of the pilot, to compare with: 278 m drawn of 1.56 bn granted by 27 banks, 2,878 persons."""
NOVEMBER: Final = 11
REACH: Final = timedelta(days=31)


class LprUnknown(LookupError):
    """Raised where no quote of the loan prime rate lies on or before the date: the province must enter it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LprView:
    """One published quote of the loan prime rate, annual per cent."""

    published_date: date
    one_year_rate: Decimal
    five_year_rate: Decimal


def lpr_on(day: date) -> LprView:
    """Return the quote published last on or before a date (INT-01).

    Raises:
        LprUnknown: there is none.
    """
    row = LprQuote.objects.filter(published_date__lte=day).order_by("-published_date").first()
    if row is None:
        msg = f"no LPR quote is on record on or before {day}: enter it in the province's admin"
        raise LprUnknown(msg)
    return LprView(
        published_date=row.published_date, one_year_rate=row.one_year_rate, five_year_rate=row.five_year_rate
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateView:
    """A product template of the province in its last published version; `fields` mean something in the room above."""

    code: str
    number: int
    name: str
    target: str
    fields: Mapping[str, Any]


def product_templates() -> list[TemplateView]:
    """Return the templates that the province has published, by code."""
    rows = ProductTemplate.objects.filter(published_at__isnull=False)
    return [_template(row) for row in rows.order_by("code", "-number").distinct("code")]


def product_template(code: str) -> TemplateView:
    """Return a template by its code.

    Raises:
        NotFound: the province has published none of that code.
    """
    row = ProductTemplate.objects.filter(code=code, published_at__isnull=False).order_by("-number").first()
    if row is None:
        raise NotFound
    return _template(row)


def _template(row: ProductTemplate) -> TemplateView:
    return TemplateView(code=row.code, number=row.number or 0, name=row.name, target=row.target, fields=row.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFigures:
    """What one bank has pushed last, amounts in fen; zero where it has pushed nothing yet."""

    code: str
    display_name: str
    city: str
    stage: str
    granted_fen: int
    drawn_fen: int
    borrowers: int
    figures_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceFigures:
    """The four figures of the province and what they are made of: every figure is the exact sum over `banks`."""

    banks: Sequence[BankFigures]

    @property
    def open_banks(self) -> int:
        """Count the banks that serve customers (pilot and live)."""
        return sum(bank.stage in SERVING for bank in self.banks)

    @property
    def granted_fen(self) -> int:
        """Sum what is granted, in fen."""
        return sum(bank.granted_fen for bank in self.banks)

    @property
    def drawn_fen(self) -> int:
        """Sum what is drawn, in fen."""
        return sum(bank.drawn_fen for bank in self.banks)

    @property
    def borrowers(self) -> int:
        """Sum the borrowing customers of the banks; one human at two banks counts twice (PU-02)."""
        return sum(bank.borrowers for bank in self.banks)

    @property
    def average_fen(self) -> int | None:
        """Divide drawn by borrowing customers, half up (D8); None where nobody has drawn."""
        return divide_half_up(self.drawn_fen, self.borrowers) if self.borrowers else None


LATEST_FIGURES: Final = """
SELECT DISTINCT ON (bank, kind) bank, kind, date, value FROM public.tenants_pushed_figure
WHERE kind = ANY(%s) AND (%s::date IS NULL OR date <= %s) ORDER BY bank, kind, date DESC
"""


def province_figures(*, on: date | None = None) -> ProvinceFigures:
    """Add up what the banks have pushed: of each bank and kind the figure of its latest business date (PU-04, D19).

    With a day, of the latest on or before it. Two statements.
    """
    with connection.cursor() as cursor:
        cursor.execute(LATEST_FIGURES, [list(KINDS), on, on])
        latest = {(bank, kind): (day, value) for bank, kind, day, value in cursor.fetchall()}

    def value(code: str, kind: str) -> int:
        return int(latest[code, kind][1]) if (code, kind) in latest else 0

    return ProvinceFigures(
        banks=[
            BankFigures(
                code=bank.code,
                display_name=bank.display_name,
                city=bank.city,
                stage=bank.stage,
                granted_fen=value(bank.code, GRANTED),
                drawn_fen=value(bank.code, DRAWN),
                borrowers=value(bank.code, BORROWERS),
                figures_date=max(
                    (latest[bank.code, kind][0] for kind in KINDS if (bank.code, kind) in latest), default=None
                ),
            )
            for bank in Bank.objects.order_by("code")
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOrigin:
    """On whose behalf the code was made that a customer scanned, and when they did."""

    scanned_at: datetime
    branch: str
    staff: str
    product: str
    campaign: str


def origin_of_scan(scan_id: uuid.UUID | None) -> ScanOrigin | None:
    """Return where a scan at the current bank came from; None for no scan."""
    scan = (
        None
        if scan_id is None
        else Scan.objects.filter(pk=scan_id).select_related("entry").defer("entry__image").first()
    )
    if scan is None:
        return None
    entry = scan.entry
    return ScanOrigin(
        scanned_at=scan.at, branch=entry.branch, staff=entry.staff, product=entry.product, campaign=entry.campaign
    )


def scans_for_staff(code: str) -> QuerySet[Scan, uuid.UUID]:
    """Return the ids of the scans of the codes that were made for a member of staff, as a statement to be built upon."""
    return Scan.objects.filter(entry__staff=code).values_list("pk", flat=True)


def is_working_day(day: date) -> bool:
    """Tell whether banks work on a day: by the calendar of holidays, and where it is silent on Monday to Friday."""
    row = Holiday.objects.filter(pk=day).values_list("is_working_day", flat=True).first()
    return day.weekday() < SATURDAY if row is None else row


def non_working_days(from_date: date, to_date: date) -> frozenset[date]:
    """Return the days from `from_date` to `to_date`, both included, on which banks do not work; one statement."""
    known = dict(
        Holiday.objects.filter(date__range=(from_date, to_date)).values_list("date", "is_working_day")
    )  # fmt: skip
    span = (from_date + timedelta(days=n) for n in range((to_date - from_date).days + 1))
    return frozenset(day for day in span if not known.get(day, day.weekday() < SATURDAY))


def missing_calendar_year(day: date) -> int | None:
    """Return the year whose holidays nobody has entered although they are due on a day: the next from November on.

    The State Council publishes a year's arrangement in November of the year before (domain C4). Without it due dates are
    moved off weekends only.
    """
    year = day.year + 1 if day.month >= NOVEMBER else day.year
    known = Holiday.objects.filter(date__range=(date(year, 1, 1), date(year, 12, 31))).exists()
    return None if known else year


def working_day_after(day: date, count: int) -> date:
    """Return the working day `count` working days after a day, which itself does not count (ACC-11).

    Raises:
        ValueError: the count is negative.
    """
    if count < 0:
        raise ValueError("working days are counted forwards")
    known_until, off = day, frozenset[date]()
    while count:
        day += timedelta(days=1)
        if day > known_until:
            known_until = day + REACH
            off = non_working_days(day, known_until)
        count -= day not in off
    return day
