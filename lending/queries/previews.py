"""A version as a customer would see it before it is published: the offer, an example, a poster, what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from core.errors import Problem
from core.money import fen_to_yuan
from core.tenancy import current_bank
from lending.decision.policy import PolicyFieldsError
from lending.disclosing import BASES
from lending.models import ProductVersion
from lending.models.product import METHODS
from lending.offering import RateRange, offers_term
from lending.publishing import label_of, problems_of
from lending.purposes import label_of as purpose_label
from lending.queries.products import price_today
from lending.queries.quotes import Quote, quote
from tenants import directory

WORDS: Final = dict(METHODS)
USUAL_FEN: Final = 10_000_00
USUAL_MONTHS: Final = 12
RATE_PIXELS: Final = 30
NAME_PIXELS: Final = 24
FIGURE_PIXELS: Final = 18
SMALL_PIXELS: Final = 14
CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterLine:
    """One line of a poster and its height in pixels; no line with a figure is higher than those of the annual rates."""

    text: str
    pixels: int
    is_rate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One loan as it would run, at the highest rate that may be asked today; `basis` says how the all-in rate is found."""

    amount_fen: int
    term_months: int
    method: str
    found: Quote
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a customer would see, by title, and what staff should: the refusals of publishing, by column's title.

    `example` is empty where none can be made of what was asked for; `refusal` says why.
    """

    lines: tuple[tuple[str, str], ...]
    poster: tuple[PosterLine, ...]
    example: Example | None
    refusal: str
    problems: tuple[tuple[str, str], ...]


def preview_of(
    version: ProductVersion, *, amount_fen: int | None = None, term_months: int | None = None, method: str | None = None
) -> Preview:
    """Return a version's preview with an example of what is asked for, or of something usual; nothing is written.

    Raises:
        LprUnknown: no LPR is on record.
    """
    problems = tuple((label_of(field), "；".join(texts)) for field, texts in problems_of(version).items())
    try:
        price = price_today(version)
    except PolicyFieldsError as error:
        return Preview(lines=(), poster=(), example=None, refusal=str(error), problems=problems)
    amount, term, how = usual_example(version)
    asked = (amount_fen or amount, term_months or term, method or how)
    example, refusal = _example(version, *asked)
    lender = _lender()
    return Preview(
        lines=tuple(_lines(version, price, lender)), poster=tuple(_poster(version, price, lender)), example=example,
        refusal=refusal, problems=problems,
    )  # fmt: skip


def usual_example(version: ProductVersion) -> tuple[int, int, str]:
    """Return an amount in fen, a term in months and a method that a version offers: 10,000 yuan over a year, or nearest."""
    amount = min(max(USUAL_FEN, version.min_amount_fen), version.max_amount_fen)
    offered = list(_offered(version))
    if not offered:
        return amount, USUAL_MONTHS, version.methods[0] if version.methods else METHODS[0][0]
    term, method = min(offered, key=lambda pair: (abs(pair[0] - USUAL_MONTHS), version.methods.index(pair[1])))
    return amount, term, method


def _offered(version: ProductVersion) -> Iterator[tuple[int, str]]:
    for term in version.terms_months:
        for method in version.methods:
            if offers_term(version, term_months=term, method=method):
                yield term, method


def _example(version: ProductVersion, amount_fen: int, term: int, method: str) -> tuple[Example | None, str]:
    try:
        found = quote(version, amount_fen=amount_fen, term_months=term, method=method)
    except Problem as problem:
        texts = [text for each in problem.errors.values() for text in each]
        return None, problem.detail or "；".join(texts) or problem.title
    basis = BASES[found.schedule.all_in_basis]
    return Example(amount_fen=amount_fen, term_months=term, method=method, found=found, basis=basis), ""


def _lender() -> str:
    card = directory.card_of(current_bank().code)
    return "" if card is None else card.name


def _lines(version: ProductVersion, price: RateRange, lender: str) -> Iterator[tuple[str, str]]:
    yield "产品名称", version.name
    yield "贷款人", lender
    yield "年利率（单利）", _range(price.lowest_rate, price.highest_rate)
    yield "适用人群", version.target or "—"
    yield "产品介绍", version.introduction or "—"
    yield "贷款金额", f"{fen_to_yuan(version.min_amount_fen)} 元至 {fen_to_yuan(version.max_amount_fen)} 元"
    yield "贷款期限", "、".join(str(term) for term in sorted(version.terms_months)) + " 个月"
    yield "还款方式", "、".join(WORDS.get(method, method) for method in version.methods)
    yield "贷款用途", "、".join(purpose_label(purpose) for purpose in version.purposes)


def _poster(version: ProductVersion, price: RateRange, lender: str) -> Iterator[PosterLine]:
    yield PosterLine(text=version.name, pixels=NAME_PIXELS)
    rates = _range(price.lowest_rate, price.highest_rate)
    yield PosterLine(text=f"年利率（单利）{rates}", pixels=RATE_PIXELS, is_rate=True)
    whole = _all_in(version, price)
    if whole:
        yield PosterLine(text=whole, pixels=RATE_PIXELS, is_rate=True)
    yield PosterLine(text=f"最高可贷 {fen_to_yuan(version.max_amount_fen)} 元", pixels=FIGURE_PIXELS)
    longest = max(version.terms_months, default=0)
    yield PosterLine(text=f"期限最长 {longest} 个月", pixels=FIGURE_PIXELS)
    yield PosterLine(text=f"贷款人：{lender}。额度与利率以审批结果为准，请理性借贷、按时还款。", pixels=SMALL_PIXELS)


def _all_in(version: ProductVersion, price: RateRange) -> str:
    """Return the whole cost a year over all terms and methods, lowest to highest price, and how it is counted (LN-10)."""
    amount = max(version.min_amount_fen, version.max_amount_fen)
    ends: list[Decimal] = []
    bases: set[str] = set()
    for term, method in _offered(version):
        for rate in {price.lowest_rate, price.highest_rate}:
            try:
                found = quote(version, amount_fen=amount, term_months=term, method=method, annual_rate=rate)
            except Problem:
                continue
            ends.append(found.schedule.all_in_annual_rate)
            bases.add(BASES[found.schedule.all_in_basis])
    return f"年化综合融资成本 {_range(min(ends), max(ends))}（{'、'.join(sorted(bases))}）" if ends else ""


def _range(lowest: Decimal, highest: Decimal) -> str:
    """Write rates in per cent with two decimals, or more where the rate has them."""
    low, high = (
        f"{rate.normalize():f}" if rate != rate.quantize(CENT) else f"{rate:.2f}" for rate in (lowest, highest)
    )
    return f"{low}%" if low == high else f"{low}%—{high}%"
