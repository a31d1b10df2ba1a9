"""Ask for applications and the lines that came of them."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.db.models import F, Q, QuerySet, Sum

from core.clock import business_date
from core.errors import NotFound
from core.ids import parse_id
from lending import parameters
from lending.models import Application, CreditLine, Decision
from lending.models.application import EXPIRED, OFFERED
from lending.models.credit_line import ACTIVE, STANDING
from lending.models.credit_line import EXPIRED as LINE_EXPIRED
from lending.models.decision import FULL
from lending.offering import policy_of


def access_application(customer_id: uuid.UUID, application_id: str) -> Application:
    """Return the customer's own application.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    found = parse_id(application_id)
    row = None if found is None else applications_of(customer_id).filter(pk=found).first()
    if row is None:
        raise NotFound
    return row


def applications_of(customer_id: uuid.UUID) -> QuerySet[Application]:
    """Return a customer's applications, with version, product and decisions."""
    rows = Application.objects.filter(customer_id=customer_id).defer("facts")
    return rows.select_related("product_version__product").prefetch_related("decisions")


def full_decision(application: Application) -> Decision | None:
    """Return the full decision on an application, or None while there is none."""
    return next((row for row in application.decisions.all() if row.stage == FULL), None)


def has_lapsed(application: Application, *, on: date | None = None) -> bool:
    """Tell whether an offer can no longer be accepted on a business date (default: the present one)."""
    until = application.offer_expires_date
    return application.status == OFFERED and until is not None and (on or business_date()) > until


def status_of(application: Application) -> str:
    """Return an application's status as the customer sees it: an offer past its day is expired at once."""
    return EXPIRED if has_lapsed(application) else application.status


def access_line(customer_id: uuid.UUID, line_id: str) -> CreditLine:
    """Return the customer's own line.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    found = parse_id(line_id)
    row = None if found is None else lines_of(customer_id).filter(pk=found).first()
    if row is None:
        raise NotFound
    return row


def lines_of(customer_id: uuid.UUID) -> QuerySet[CreditLine]:
    """Return a customer's lines, with product and version."""
    return CreditLine.objects.filter(customer_id=customer_id).select_related("product", "product_version")


def line_status(line: CreditLine, *, on: date | None = None) -> str:
    """Return a line's status on a business date (default: the present one): past its last day it is expired at once."""
    ended = line.status in STANDING and (on or business_date()) > line.valid_until_date
    return LINE_EXPIRED if ended else line.status


def review_is_due(line: CreditLine) -> bool:
    """Tell whether a line was granted or last reviewed too long ago to lend on the present business date (LN-02)."""
    since = line.reviewed_date or line.starts_date
    return (business_date() - since).days > parameters.line_review_days()


def lines_awaiting_review(*, on: date) -> QuerySet[CreditLine]:
    """Return the standing lines that lend nothing on a day until they are reviewed."""
    rows = CreditLine.objects.filter(status__in=STANDING, valid_until_date__gte=on)
    last = on - timedelta(days=parameters.line_review_days())
    return rows.filter(Q(reviewed_date=None, starts_date__lt=last) | Q(reviewed_date__lt=last))


def available_fen(line: CreditLine) -> int:
    """Return how much can be drawn from a line now, in fen; nothing of one that is drawn above its limit."""
    return max(0, line.limit_fen - line.drawn_fen - line.held_fen) if line_status(line) == ACTIVE else 0


def existing_credit_fen(customer_id: uuid.UUID, *, kind: str) -> int:
    """Return a person's credit of one kind at this bank, in fen: limits that stand and debt beyond them (LN-01)."""
    rows = CreditLine.objects.filter(customer_id=customer_id, kind=kind)
    standing = rows.filter(status__in=STANDING, valid_until_date__gte=business_date())
    ended = rows.exclude(pk__in=standing.values("pk"))
    granted = standing.aggregate(total=Sum(F("limit_fen") + F("over_limit_fen")))["total"] or 0
    owed = ended.aggregate(drawn=Sum("drawn_fen"), held=Sum("held_fen"))
    return int(granted + (owed["drawn"] or 0) + (owed["held"] or 0))


def room_fen(application: Application) -> int:
    """Return how much more its applicant may be granted of its product's kind, in fen; may be negative."""
    version = application.product_version
    existing_fen = existing_credit_fen(application.customer_id, kind=version.kind)
    return policy_of(version).person_cap_fen - existing_fen


def has_standing_line(customer_id: uuid.UUID, *, product_id: uuid.UUID) -> bool:
    """Tell whether a customer has a line of a product that stands, frozen or not."""
    rows = CreditLine.objects.filter(customer_id=customer_id, product_id=product_id, status__in=STANDING)
    return rows.filter(valid_until_date__gte=business_date()).exists()


def offered_limit_fen(application: Application, decision: Decision) -> int | None:
    """Return what an application is offered: the decision's limit, or the smaller one that a reviewer has set, in fen."""
    return decision.limit_fen if application.granted_limit_fen is None else application.granted_limit_fen
