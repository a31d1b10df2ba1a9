"""Offers: accepted, they become lines; they lapse by date, or when another line takes their room."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from core.actors import customer_actor
from core.clock import business_date, now
from core.errors import Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from lending.actors import SYSTEM
from lending.loans.due_dates import months_after
from lending.loans.repricing import spread_of
from lending.models import Application, CreditLine, Decision
from lending.models.application import OFFERED
from lending.models.decision import FULL
from lending.operations.applying import check_open
from lending.operations.lines import lapse_lines_of
from lending.operations.locking import lock_application_and_exposure
from lending.queries.applications import has_lapsed, has_standing_line, offered_limit_fen, room_fen
from lending.reporting import PUSH_FIGURES
from lending.states import APPLICATION

NO_ROOM: Final = "credit_cap_reached"
TOO_LATE: Final = "offer_expired"


class OfferExpired(Problem):
    """The offer was not accepted in time, or another line has taken its room; apply again."""

    code = "offer_expired"
    status = 409
    title = "额度确认已过期，请重新申请"


@opens_transaction
def accept_offer(*, application_id: uuid.UUID, customer_id: uuid.UUID) -> Application:
    """Accept an offer: the line is active at once, and offers that no longer fit beside it lapse (LN-01).

    Of any number of acceptances at once, one makes a line.

    Raises:
        StateConflict: nothing is offered, or it is accepted already.
        OfferExpired: see there.
        ProductClosed: product, bank or province have stopped meanwhile.
    """
    application = lock_application_and_exposure(application_id=application_id)
    if application.status == "expired" or has_lapsed(application):
        raise OfferExpired
    APPLICATION.target(application.status, "accept")
    check_open(version=application.product_version)
    lapse_lines_of(customer_id=customer_id)
    version = application.product_version
    if has_standing_line(customer_id, product_id=version.product_id):
        raise StateConflict("您在该产品下已有授信额度，可直接用款")
    decision = Decision.objects.get(application=application, stage=FULL)
    limit_fen = offered_limit_fen(application, decision)
    if limit_fen is None or limit_fen > room_fen(application):
        raise OfferExpired("您在本行的授信合计已达上限，请重新申请")
    accepted = transition(APPLICATION, application_id, "accept", actor=customer_actor(customer_id), accepted_at=now())
    line = _open_line(accepted, decision)
    _lapse_crowded_out(customer_id)
    enqueue(PUSH_FIGURES, f"granted:{line.pk.hex}")
    return accepted


def _open_line(application: Application, decision: Decision) -> CreditLine:
    version, today, terms = application.product_version, business_date(), _terms(application, decision)
    return CreditLine.objects.create(
        customer_id=application.customer_id,
        application=application,
        product_id=version.product_id,
        product_version=version,
        kind=version.kind,
        limit_fen=terms.limit_fen,
        annual_rate=terms.annual_rate,
        lpr_rate=terms.lpr_rate,
        lpr_tenor=decision.lpr_tenor,
        lpr_date=terms.lpr_date,
        spread_bp=terms.spread_bp,
        grade=decision.grade,
        starts_date=today,
        valid_until_date=months_after(today, terms.months, anchor_day=today.day),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What a decision offers: fen, annual per cent, basis points over LPR, months."""

    limit_fen: int
    annual_rate: Decimal
    lpr_rate: Decimal
    lpr_date: date
    months: int

    @property
    def spread_bp(self) -> int:
        """Return the spread that the line's contracts state."""
        return spread_of(self.annual_rate, lpr_rate=self.lpr_rate)


def _terms(application: Application, decision: Decision) -> _Terms:
    limit_fen = offered_limit_fen(application, decision)
    rate, months = decision.annual_rate, decision.term_months
    lpr_rate, lpr_date = decision.lpr_rate, decision.lpr_date
    if limit_fen is None or rate is None or months is None or lpr_rate is None or lpr_date is None:
        msg = f"decision {decision.pk.hex} has no terms"
        raise ValueError(msg)
    return _Terms(limit_fen=limit_fen, annual_rate=rate, lpr_rate=lpr_rate, lpr_date=lpr_date, months=months)


def _lapse_crowded_out(customer_id: uuid.UUID) -> None:
    """Let a person's other offers lapse that this bank could not honour beside the new line."""
    others = Application.objects.filter(customer_id=customer_id, status=OFFERED).select_related("product_version")
    for other in others.order_by("pk"):
        limit_fen = offered_limit_fen(other, Decision.objects.get(application=other, stage=FULL)) or 0
        taken = has_standing_line(customer_id, product_id=other.product_version.product_id)
        if taken or limit_fen > room_fen(other):
            transition(APPLICATION, other.pk, "expire", actor=SYSTEM, reason=NO_ROOM, reason_codes=[NO_ROOM])


@within_transaction
def lapse_offers() -> int:
    """Let the offers lapse that were not accepted by the current business date; return how many did.

    One that somebody is just accepting is left to that act, which looks at the date itself.
    """
    late = Application.objects.filter(status=OFFERED, offer_expires_date__lt=business_date()).order_by("pk")
    ids = list(late.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
    for application_id in ids:
        transition(APPLICATION, application_id, "expire", actor=SYSTEM, reason=TOO_LATE, reason_codes=[TOO_LATE])
    return len(ids)
