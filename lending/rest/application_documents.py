"""Render products, applications and lines for the wire, with the words of the contract."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from core.money import fen_to_yuan
from core.rest.fields import on_the_wire, rate_on_the_wire
from core.tenancy import current_bank
from lending import queries
from lending.models import Application, CreditLine, ProductVersion
from lending.models.application import ACCEPTED, CHECKING, DECIDING, EXPIRED, FACE, OFFERED
from lending.models.decision import FULL
from lending.offering import facts_schema_of
from lending.queries.applications import offered_limit_fen
from lending.reasons import reason_text
from tenants import directory

UNDECIDED: Final = frozenset({CHECKING, FACE, DECIDING})
WITH_TERMS: Final = frozenset({OFFERED, ACCEPTED, EXPIRED})


def product_document(version: ProductVersion) -> dict[str, Any]:
    """Render a product by its version in force and today's price."""
    card, price = directory.card_of(current_bank().code), queries.price_today(version)
    return {
        "code": version.product.code,
        "name": version.name,
        "version": version.number,
        "lender": "" if card is None else card.name,
        "target": version.target,
        "introduction": version.introduction,
        "min_amount": fen_to_yuan(version.min_amount_fen),
        "max_amount": fen_to_yuan(version.max_amount_fen),
        "terms": sorted(version.terms_months),
        "methods": version.methods,
        "annual_rate": {"from": rate_on_the_wire(price.lowest_rate), "to": rate_on_the_wire(price.highest_rate)},
        "purposes": version.purposes,
        "required_consents": version.required_consents,
        "facts_schema": facts_schema_of(version),
    }


def application_document(row: Application) -> dict[str, Any]:
    """Render an application."""
    version, status = row.product_version, queries.status_of(row)
    return {
        "id": row.pk.hex,
        "product": version.product.code,
        "product_version": version.number,
        "purpose": row.purpose,
        "status": status,
        "required_consents": version.required_consents,
        "decision": None if row.status in UNDECIDED else _decision(row, status),
        "reason_code": row.reason_codes[0] if row.reason_codes else None,
        "retryable": row.retryable,
        "created_at": on_the_wire(row.created_at),
    }


def _decision(row: Application, status: str) -> dict[str, Any]:
    """Render what was decided. A proposal that waits for a person, or that a person refused, is not shown."""
    made = sorted(row.decisions.all(), key=lambda decision: decision.stage == FULL)
    last = made[-1] if made else None
    by_model = last is not None and (last.stage == FULL or last.outcome == "rejected")
    offered = last if last is not None and last.stage == FULL and status in WITH_TERMS else None
    limit_fen = None if offered is None else offered_limit_fen(row, offered)
    return {
        "limit": None if limit_fen is None else fen_to_yuan(limit_fen),
        "annual_rate": None if offered is None else rate_on_the_wire(offered.annual_rate),
        "term_months": None if offered is None else offered.term_months,
        "valid_until": row.offer_expires_date.isoformat() if offered and row.offer_expires_date else None,
        "grade": (offered.grade or None) if offered else None,
        "reason_codes": row.reason_codes,
        "reason_texts": [reason_text(code) for code in row.reason_codes],
        "model_version": last.model_id if last is not None and by_model else None,
    }


def line_document(row: CreditLine, *, rate: Callable[[CreditLine], Decimal]) -> dict[str, Any]:
    """Render a line, with what a loan on it costs by `rate`."""
    return {
        "id": row.pk.hex,
        "product": row.product.code,
        "limit": fen_to_yuan(row.limit_fen),
        "available": fen_to_yuan(queries.available_fen(row)),
        "annual_rate": rate_on_the_wire(rate(row)),
        "valid_until": row.valid_until_date.isoformat(),
        "status": queries.line_status(row),
    }
