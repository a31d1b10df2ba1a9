"""Ask for a drawdown's table of costs: the one that was shown last, and the one that is true today."""

from __future__ import annotations

from typing import Final

from core.clock import business_date, now
from core.errors import NotFound
from core.tenancy import current_bank
from lending.disclosing import Lender, Shown, Terms, make_table
from lending.loans.errors import TermsError
from lending.models import Disclosure, Drawdown, EntrustedPayment
from lending.models.drawdown import DRAFT
from lending.queries.terms import TermsNotOffered
from tenants import directory
from tenants.directory import BankCard

TAIL: Final = 4


def lender_card() -> BankCard:
    """Return the current bank as the lender.

    Raises:
        NotFound: it is not open.
    """
    card = directory.card_of(current_bank().code)
    if card is None:
        raise NotFound
    return card


def has_lapsed(drawdown: Drawdown) -> bool:
    """Tell whether a draft's time is over, whether or not somebody has noted it."""
    return drawdown.status == DRAFT and now() >= drawdown.expires_at


def latest_table(drawdown: Drawdown) -> Disclosure | None:
    """Return the table that a drawdown showed last."""
    return drawdown.disclosures.order_by("-pk").first()


def _payee_tail(drawdown: Drawdown) -> str | None:
    row = EntrustedPayment.objects.filter(drawdown=drawdown).first()
    return None if row is None else row.payee_number[-TAIL:]


def table_today(drawdown: Drawdown) -> Shown:
    """Make the table of a drawdown as it is on the present business date.

    Raises:
        TermsNotOffered: no schedule can be made of the terms.
    """
    card = lender_card()
    terms = Terms(
        drawdown_id=drawdown.pk.hex,
        amount_fen=drawdown.amount_fen,
        term_months=drawdown.term_months,
        method=drawdown.method,
        purpose=drawdown.purpose,
        business_date=business_date(),
        payee_tail=_payee_tail(drawdown),
    )
    try:
        return make_table(Lender(legal_name=card.name, complaint_phone=card.complaint_phone), drawdown.line, terms)
    except TermsError as error:
        raise TermsNotOffered(f"{error.detail}，{error.next_step}") from error
