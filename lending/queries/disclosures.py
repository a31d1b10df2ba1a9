"""Ask for a drawdown's table of costs: the one that was shown last, and the one that is true today."""

from __future__ import annotations

from typing import Final

from core.clock import business_date, now
from core.errors import NotFound
from core.tenancy import current_bank
from lending.disclosing import Lender, Shown, Terms, agreement_words, make_table, voucher_words
from lending.line_contracting import signs_once
from lending.loans.errors import TermsError
from lending.models import Disclosure, Drawdown, EntrustedPayment
from lending.models.drawdown import DRAFT
from lending.pricing import Price
from lending.queries.agreements import agreement_serving
from lending.queries.prices import line_price_today
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


def _signing(drawdown: Drawdown, price: Price, card: BankCard) -> str | None:
    """Say what the customer signs where a line's drawdowns are made under one agreement."""
    line = drawdown.line
    if not signs_once(line):
        return None
    serving = agreement_serving(line, price=price, lender=card)
    if serving is None:
        return agreement_words(limit_fen=line.limit_fen, valid_until_date=line.valid_until_date)
    return voucher_words(number=serving.number, contract_date=serving.contract_date)


def is_out_of_date(drawdown: Drawdown) -> bool:
    """Tell whether a draft must show another table than it showed last: another day, LPR or agreement makes another.

    Asked with `disclosures` fetched.
    """
    latest = max(drawdown.disclosures.all(), key=lambda shown: shown.pk)
    return bytes(latest.sha256) != table_today(drawdown).sha256


def table_today(drawdown: Drawdown) -> Shown:
    """Make the table of a drawdown as it is on the present business date.

    Raises:
        TermsNotOffered: no schedule can be made of the terms.
    """
    card, line = lender_card(), drawdown.line
    price = line_price_today(line)
    terms = Terms(
        drawdown_id=drawdown.pk.hex,
        amount_fen=drawdown.amount_fen,
        term_months=drawdown.term_months,
        method=drawdown.method,
        purpose=drawdown.purpose,
        business_date=business_date(),
        payee_tail=_payee_tail(drawdown),
        signing=_signing(drawdown, price, card),
    )
    try:
        lender = Lender(legal_name=card.name, complaint_phone=card.complaint_phone)
        return make_table(lender, line.product_version, price, terms)
    except TermsError as error:
        raise TermsNotOffered(f"{error.detail}，{error.next_step}") from error
