"""Ask which agreement a line's next drawdown is made under, if any serves (`lending.agreements`)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from core.clock import business_date
from lending.agreements import Bounds, SignAnew, why_anew
from lending.line_contracting import bounds_agreed, bounds_of, signs_once
from lending.models import CreditLine, Drawdown, LineAgreement
from lending.models.credit_line import STANDING
from lending.models.drawdown import SIGNING
from lending.pricing import Price
from lending.queries.applications import line_status
from lending.queries.prices import line_price_today
from tenants.directory import BankCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An agreement that a drawdown can be made under: signed, or being signed in `drawdown_id`."""

    number: str
    contract_date: date
    drawdown_id: uuid.UUID


def agreement_serving(line: CreditLine, *, price: Price, lender: BankCard) -> Standing | None:
    """Return the agreement under which a line's next drawdown is made at a price; None where one must be signed with it."""
    latest = _latest(line)
    if latest is None or _why(line, price, lender, latest[1]) is not None:
        return None
    return latest[0]


def why_sign_anew(line: CreditLine, *, lender: BankCard) -> SignAnew | None:
    """Return why a line's next drawdown needs a new agreement; None where one serves, or contracts are by drawdown."""
    if not signs_once(line):
        return None
    latest = _latest(line)
    return _why(line, line_price_today(line), lender, None if latest is None else latest[1])


def _why(line: CreditLine, price: Price, lender: BankCard, signed: Bounds | None) -> SignAnew | None:
    today = business_date()
    wanted = bounds_of(line, price=price, legal_name=lender.name, day=today)
    return why_anew(signed, wanted, day=today, line_stands=line_status(line) in STANDING)


def _latest(line: CreditLine) -> tuple[Standing, Bounds] | None:
    """Return a line's newest agreement: the one being signed, else the one that was signed last."""
    signing = (
        Drawdown.objects.filter(line=line, status=SIGNING, signs_agreement=True).order_by("-contract_number").first()
    )
    if signing is not None and signing.agreed is not None:
        agreed = signing.agreed["line_agreement"]
        standing = Standing(
            number=agreed["number"], contract_date=date.fromisoformat(agreed["contract_date"]), drawdown_id=signing.pk
        )
        return standing, bounds_agreed(agreed)
    signed = LineAgreement.objects.filter(line=line).order_by("-number").first()
    if signed is None:
        return None
    bounds = Bounds(
        limit_fen=signed.limit_fen, annual_rate=signed.annual_rate, valid_until_date=signed.valid_until_date,
        terms=signed.terms, template=signed.template,
    )  # fmt: skip
    standing = Standing(number=signed.number, contract_date=signed.contract_date, drawdown_id=signed.drawdown_id)
    return standing, bounds
