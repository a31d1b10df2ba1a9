"""Draft a drawdown, show what it costs, and have the customer confirm that (LN-08 to LN-10)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Final

from accounts import queries as accounts
from accounts.operations import AccountNotActive, refuse_suspended
from core.clock import business_date, now
from core.db.asks import alone
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from lending import parameters
from lending.disclosing import Shown
from lending.models import CreditLine, Disclosure, Drawdown
from lending.models.drawdown import DRAFT
from lending.operations.applying import ProductClosed
from lending.operations.entrusting import Paying, check_paying, record_paying
from lending.operations.lines import LineExceeded, LineExpired, LineFrozen, LineReviewDue
from lending.operations.loan_locks import lock_drawdown
from lending.queries.applications import available_fen, line_status, lines_of, review_is_due
from lending.queries.disclosures import has_lapsed, latest_table, table_today
from lending.queries.products import lends
from lending.queries.terms import check_age, check_amount, check_cost, check_purpose, check_terms
from lending.states import DRAWDOWN
from verification import queries as verified

LAPSE_DRAFT: Final = "drawdown.lapse_draft"
TOO_OLD: Final = "draft_expired"
SYSTEM: Final = "system"


class IdExpired(Problem):
    """The customer's ID card is no longer valid: nothing new is lent; repaying stays possible (ACC-13)."""

    code = "id_expired"
    status = 422
    title = "身份证已过有效期，请更新证件后再试"


class DisclosureNotRead(Problem):
    """The table was confirmed faster than it can be read; show it and wait (LN-09)."""

    code = "disclosure_not_read"
    status = 422
    title = "请完整阅读融资成本明示表后再确认"


class DisclosureChanged(Problem):
    """The table in force is not the one that was confirmed; read the drawdown again and show its table."""

    code = "disclosure_changed"
    status = 409
    title = "融资成本已更新，请重新阅读并确认"


@opens_transaction
def draft_drawdown(
    *,
    customer_id: uuid.UUID,
    line_id: uuid.UUID,
    amount_fen: int,
    term_months: int,
    method: str,
    account_id: uuid.UUID,
    purpose: str,
    paying: Paying | None = None,
) -> Drawdown:
    """Draft a drawdown and make its table of costs; nothing is held on the line yet.

    Raises:
        NotFound: the line is not this customer's.
        ProductClosed, LineFrozen, LineExpired, LineReviewDue, LineExceeded, AmountOutOfRange, TermsNotOffered,
            PurposeForbidden: the line or its product does not lend so.
        AccountNotActive: the account is not one of the customer's own that money can move on, or is suspended.
        IdExpired: see there.
    """
    line = lines_of(customer_id).filter(pk=line_id).first()
    if line is None:
        raise NotFound
    version = line.product_version
    refuse_closed(line=line)
    check_amount(version, amount_fen)
    check_terms(version, term_months=term_months, method=method)
    check_purpose(version, purpose)
    _refuse_unavailable(line, amount_fen)
    refuse_account(customer_id=customer_id, account_id=account_id)
    identity = refuse_expired_id(customer_id=customer_id)
    check_age(version, birth_date=identity.birth_date, term_months=term_months)
    check_paying(line=line, account_id=account_id, amount_fen=amount_fen, paying=paying or Paying())
    expires_at = now() + parameters.draft_life()
    drawdown = Drawdown.objects.create(
        customer_id=customer_id, line=line, account_id=account_id, amount_fen=amount_fen, term_months=term_months,
        method=method, purpose=purpose, expires_at=expires_at,
    )  # fmt: skip
    record_paying(drawdown=drawdown, paying=paying or Paying())
    check_cost(Decimal(show_table(drawdown=drawdown).content["all_in_annual_rate"]))
    enqueue(LAPSE_DRAFT, drawdown.id, run_at=expires_at)
    return drawdown


@within_transaction
def refuse_closed(*, line: CreditLine) -> None:
    """Refuse new money of a product or a bank that has stopped lending (PU-07a).

    Raises:
        ProductClosed: it has.
    """
    if not lends(line.product):
        raise ProductClosed("该产品暂停放款，请稍后再试或联系贷款银行")


def _refuse_unavailable(line: CreditLine, amount_fen: int) -> None:
    refuse_line(line=line)
    if amount_fen > available_fen(line):
        raise LineExceeded


@within_transaction
def refuse_line(*, line: CreditLine) -> None:
    """Refuse a line that nothing can be drawn from now.

    Raises:
        LineFrozen, LineExpired, LineReviewDue: it is frozen, at its end, or was not reviewed for too long.
    """
    status = line_status(line)
    if status == "frozen":
        raise LineFrozen
    if status != "active":
        raise LineExpired
    refuse_unreviewed(line=line)


@within_transaction
def refuse_unreviewed(*, line: CreditLine) -> None:
    """Refuse new money from a line that the bank has to look at first (LN-02).

    Raises:
        LineReviewDue: it was granted or last reviewed too long ago.
    """
    if review_is_due(line):
        raise LineReviewDue


@within_transaction
def refuse_account(*, customer_id: uuid.UUID, account_id: uuid.UUID) -> None:
    """Refuse an account that no loan can be paid into now, as soon as a drawdown names it.

    Raises:
        AccountNotActive: it is absent, another's, of Class III or closed to money, one answer for all; or its new
            business is suspended (ACC-08, ACC-13).
    """
    if alone(accounts.asking_receiving(customer_id=customer_id, account_id=account_id)) is None:
        raise AccountNotActive
    refuse_suspended(account_id=account_id)


@within_transaction
def refuse_expired_id(*, customer_id: uuid.UUID) -> verified.Identity:
    """Refuse a customer whose ID card has run out on the business date (ACC-13); return who the customer is.

    Raises:
        IdExpired: it has.
        StateConflict: nobody is known behind the customer.
    """
    return refuse_expired(identity=verified.identity(customer_id))


@within_transaction
def refuse_expired(*, identity: verified.Identity | None) -> verified.Identity:
    """Refuse somebody whose ID card has run out on the business date, as `refuse_expired_id`."""
    if identity is None:
        raise StateConflict("请先完成注册")
    if identity.valid_until is not None and identity.valid_until < business_date():
        raise IdExpired
    return identity


@within_transaction
def show_table(*, drawdown: Drawdown) -> Disclosure:
    """Show today's table: the row that stands where it is the same, else a new one, to be read and confirmed anew."""
    shown, latest = table_today(drawdown), latest_table(drawdown)
    if latest is not None and bytes(latest.sha256) == shown.sha256:
        return latest
    return Disclosure.objects.create(
        id=new_id(),
        drawdown=drawdown,
        business_date=business_date(),
        content=shown.content,
        sha256=shown.sha256,
        shown_at=now(),
    )


@opens_transaction
def refresh_draft(*, drawdown_id: uuid.UUID) -> None:
    """Show today's table of a draft whose last one is another; its reading time starts now."""
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    if drawdown.status == DRAFT and not has_lapsed(drawdown):
        show_table(drawdown=drawdown)


@opens_transaction
def confirm_disclosure(*, drawdown_id: uuid.UUID, sha256: bytes, read_seconds: int) -> Disclosure:
    """Record that the customer has read the table in force; reading time is the server's own (LN-09).

    Confirming the same table again changes nothing.

    Raises:
        StateConflict: the drawdown is no draft any more.
        DisclosureChanged: the table in force is another one.
        DisclosureNotRead: it was shown too short a time ago.
        TermsNotOffered: the whole cost of a loan made today is above what the law allows.
    """
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    refuse_unless_draft(drawdown=drawdown)
    latest, shown = latest_table(drawdown), table_today(drawdown)
    if latest is None or bytes(latest.sha256) != sha256 or shown.sha256 != sha256:
        raise DisclosureChanged
    check_cost(shown.schedule.all_in_annual_rate)
    moment = now()
    if latest.confirmed_at is not None:
        return latest
    least = timedelta(seconds=parameters.min_read_seconds())
    if moment - latest.shown_at < least:
        raise DisclosureNotRead(f"阅读时间不得少于 {parameters.min_read_seconds()} 秒")
    latest.confirmed_at, latest.read_seconds = moment, read_seconds
    latest.save(update_fields=["confirmed_at", "read_seconds"])
    return latest


@within_transaction
def refuse_unless_draft(*, drawdown: Drawdown) -> None:
    """Refuse a drawdown that is no living draft.

    Raises:
        StateConflict: it is not.
    """
    DRAWDOWN.target(drawdown.status, "sign")
    if has_lapsed(drawdown):
        raise StateConflict("该笔用信草稿已失效，请重新发起")


@within_transaction
def confirmed_table(*, drawdown: Drawdown) -> tuple[Disclosure, Shown]:
    """Return the table that the customer has confirmed and that is still in force.

    Raises:
        StateConflict: none was ever confirmed.
        DisclosureChanged: what was confirmed is no longer in force: another business day, rate, amount or term.
    """
    if not drawdown.disclosures.filter(confirmed_at__isnull=False).exists():
        raise StateConflict("请先阅读并确认融资成本明示表")
    latest, shown = latest_table(drawdown), table_today(drawdown)
    if latest is None or latest.confirmed_at is None or bytes(latest.sha256) != shown.sha256:
        raise DisclosureChanged
    return latest, shown


@within_transaction
def lapse_draft(*, drawdown_id: uuid.UUID) -> None:
    """Let a draft end whose time is over; what is no draft any more stays as it is."""
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    if has_lapsed(drawdown):
        transition(DRAWDOWN, drawdown_id, "lapse", actor=SYSTEM, reason=TOO_OLD, reason_code=TOO_OLD, retryable=True)
