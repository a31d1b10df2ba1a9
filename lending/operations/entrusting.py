"""Entrusted payment (受托支付, LN-03): who must name a payee, whom we do not pay, and passing the money on.

The money lands in the borrower's account with the disbursement and leaves it at once for the payee, by a step that was owed
in the same transaction. In between it is set aside, where this system keeps the account, so that nobody spends it; and again
where the payee did not get it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Final

import structlog
from django.db import transaction

from accounts import operations as accounts
from accounts import queries as account_queries
from accounts.operations import AccountNotActive, InsufficientFunds
from core.audit.log import record
from core.clock import now
from core.errors import Problem, StateConflict
from core.money import fen_to_yuan
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from lending import passing_on, servicing_parameters
from lending.models import CreditLine, Drawdown, DrawdownProof, EntrustedPayment
from lending.models.entrusted import FAILED, PASSING, WAITING
from lending.purpose_words import match
from lending.purposes import BUSINESS
from lending.queries.purpose_watch import terms_in_force
from lending.queries.terms import PurposeForbidden
from lending.states import ENTRUSTED
from verification import operations as verification
from verification import queries as verified
from verification.operations import UploadUnknown

TO_PAYEE: Final = "drawdown.pass_on"
AT_PAYEE: Final = "drawdown.passed_on"
SCREENED_FOR: Final = "disburse_payee"
PROOF: Final = "proof"
MOST_PROOFS: Final = 10
SYSTEM: Final = "system"
OWN: Final = "own"
BOUND: Final = "bound"
PENDING: Final = "pending"
log = structlog.get_logger(__name__)


class PayeeRequired(Problem):
    """So large a drawdown is paid to its counterparty: name the payee and send what proves the purpose (LN-03)."""

    code = "payee_required"
    status = 422
    title = "该金额须受托支付，请填写收款人并上传用途凭证"


class PayeeNotAccepted(Problem):
    """The payee is the borrower, or an account of the borrower's: that is no payment to a counterparty."""

    code = "payee_not_accepted"
    status = 422
    title = "收款人不能是借款人本人或本人账户，请更换收款人"


class EntrustedPaymentNotOffered(Problem):
    """Nobody can be paid so much from this account: its class has a limit below the amount (ACC-05, ACC-06)."""

    code = "entrusted_payment_not_offered"
    status = 422
    title = "该账户不支持此金额的受托支付，请使用Ⅰ类户收款"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """To whom the money is passed on. PII: every field; values stay out of `repr`."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    bank: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """How a drawdown is to be paid: to a payee or to the borrower, and the uploads that prove its purpose."""

    payee: Payee | None = None
    proof: tuple[uuid.UUID, ...] = ()


@within_transaction
def check_paying(*, line: CreditLine, account_id: uuid.UUID, amount_fen: int, paying: Paying) -> None:
    """Refuse a drawdown whose payee or proof is missing, or that may not be paid so.

    Raises:
        PayeeRequired: the amount is above what a borrower is paid themself; `errors` names what is missing.
        UploadUnknown: a proof is not the customer's own, or no proof.
        PayeeNotAccepted: the payee is the borrower.
        PurposeForbidden: the payee's name says a banned use.
        PayeeRefused: the payee's account is here, and is not theirs or cannot take the money.
        EntrustedPaymentNotOffered: the account may not send so much (ACC-06: money that is moved on counts).
    """
    limit_fen = servicing_parameters.self_payment_fen(is_business=line.kind == BUSINESS)
    if amount_fen > limit_fen:
        missing = {
            name: ["该金额须受托支付，此项必填"]
            for name, given in (("payee", paying.payee), ("proof", paying.proof))
            if not given
        }
        if missing:
            raise PayeeRequired(errors=missing)
    if set(paying.proof) - verified.own_uploads(line.customer_id, paying.proof, kind=PROOF):
        raise UploadUnknown(errors={"proof": ["凭证不存在或种类不符"]})
    if paying.payee is not None:
        _check_payee(line, account_id, amount_fen, paying.payee)


def _check_payee(line: CreditLine, account_id: uuid.UUID, amount_fen: int, payee: Payee) -> None:
    identity = verified.identity(line.customer_id)
    own_numbers = {account.number for account in account_queries.usable_accounts(line.customer_id)}
    if payee.number in own_numbers or (identity is not None and verified.same_name(payee.name, identity.name)):
        raise PayeeNotAccepted
    met = match(terms_in_force(), text=payee.name, mcc="", kind=line.kind)
    if met is not None:
        raise PurposeForbidden("收款人所涉用途不在贷款允许范围内，请核对收款人")
    if accounts.foresee_recipient(account_id=account_id, to=passing_on.recipient(payee.name, payee.number)) == BOUND:
        raise PayeeNotAccepted
    most_fen = accounts.most_out_fen(account_class=account_queries.account_view(account_id).account_class)
    if most_fen is not None and amount_fen > most_fen:
        raise EntrustedPaymentNotOffered(f"该账户单日最多可支付 {fen_to_yuan(most_fen)} 元，请使用Ⅰ类户收款")


@within_transaction
def record_paying(*, drawdown: Drawdown, paying: Paying) -> None:
    """Keep to whom a new drawdown is paid, and what proves its purpose."""
    if paying.payee is not None:
        EntrustedPayment.objects.create(
            drawdown=drawdown,
            payee_name=paying.payee.name,
            payee_number=paying.payee.number,
            payee_bank=paying.payee.bank,
        )
    DrawdownProof.objects.bulk_create(
        DrawdownProof(drawdown=drawdown, upload_id=upload_id) for upload_id in dict.fromkeys(paying.proof)
    )


@within_transaction
def payee_is_clear(*, drawdown: Drawdown) -> bool:
    """Tell whether the watchlists know nothing of a drawdown's payee, and put that on record; without one there is nobody.

    Before every disbursement; what is found stays between the lists and the staff who judge it (AML-05, AML-08).
    """
    row: EntrustedPayment | None = getattr(drawdown, "entrusted", None)
    if row is None:
        return True
    outcome = verification.screen_counterparty(
        subject_id=drawdown.customer_id, name=row.payee_name, purpose=SCREENED_FOR, business_id=drawdown.pk.hex
    )
    return outcome == "clear"


@within_transaction
def owe_passing_on(*, drawdown: Drawdown) -> None:
    """Owe the payee the money that a disbursement of this very transaction has brought, and set it aside till then.

    Without a payee nothing is owed.

    Raises:
        AccountNotActive: nothing may leave the account: then nothing is disbursed either.
    """
    if getattr(drawdown, "entrusted", None) is None:
        return
    row = EntrustedPayment.objects.select_for_update(no_key=True).get(drawdown=drawdown)
    try:
        _set_aside(row, drawdown)
    except InsufficientFunds as error:  # an order on the account has taken what came
        raise AccountNotActive from error
    enqueue(TO_PAYEE, drawdown.pk)


def _set_aside(row: EntrustedPayment, drawdown: Drawdown) -> None:
    """Hold the amount on an account kept here; of one that the core keeps, the core's own transfer takes it."""
    if account_queries.account_view(drawdown.account_id).keeper != OWN:
        return
    row.holds += 1
    row.hold_id = accounts.place_hold(
        account_id=drawdown.account_id,
        amount_fen=drawdown.amount_fen,
        business_ref=f"entrusted:{drawdown.pk.hex}:{row.holds}",
    )
    row.save(update_fields=["hold_id", "holds"])


@within_transaction
def pass_on(*, drawdown_id: uuid.UUID) -> None:
    """Move a disbursed drawdown's money from the borrower's account to the payee; a second time moves nothing.

    A transfer that cannot even be begun (a quota that is used up today, an order on the account) has failed, with its code;
    the money is set aside again.
    """
    row = _locked(drawdown_id)
    if row.status not in (WAITING, FAILED):
        return
    transition(ENTRUSTED, row.pk, "pass", actor=SYSTEM, reason_code="")
    made = passing_on.pass_to_payee(payment=row)
    EntrustedPayment.objects.filter(pk=row.pk).update(
        transfer_id=made.id, hold_id=None if made.id is not None else row.hold_id
    )
    if made.status == PENDING:
        enqueue(AT_PAYEE, drawdown_id)
    else:
        conclude_passing_on(drawdown_id=drawdown_id, code=made.code)


@within_transaction
def conclude_passing_on(*, drawdown_id: uuid.UUID, code: str) -> None:
    """Record that the payee has the money, or (`code`) why not, and set it aside again; what has ended stays as it is."""
    row = _locked(drawdown_id)
    if row.status != PASSING:
        return
    if not code:
        transition(ENTRUSTED, row.pk, "pay", actor=SYSTEM, paid_at=now())
        return
    transition(ENTRUSTED, row.pk, "fail", actor=SYSTEM, reason=code, reason_code=code)
    if row.hold_id is None:
        _set_aside_again(_locked(drawdown_id))


def _set_aside_again(row: EntrustedPayment) -> None:
    """Set the money aside again that came back; where it cannot be, staff learn of it by the failed payment alone."""
    try:
        with transaction.atomic():
            _set_aside(row, row.drawdown)
    except (AccountNotActive, InsufficientFunds) as error:
        log.warning("entrusted.not_set_aside", drawdown=row.drawdown_id.hex, code=error.code)


def _locked(drawdown_id: uuid.UUID) -> EntrustedPayment:
    rows = EntrustedPayment.objects.select_for_update(no_key=True, of=("self",)).select_related("drawdown")
    return rows.get(drawdown_id=drawdown_id)


@opens_transaction
def retry_passing_on(*, entrusted_id: uuid.UUID, actor: str) -> None:
    """Owe a failed payment to a payee once more, after staff have looked at it.

    Raises:
        StateConflict: it has not failed.
    """
    row = EntrustedPayment.objects.select_for_update(no_key=True).get(pk=entrusted_id)
    if row.status != FAILED:
        raise StateConflict("该笔受托支付没有失败，无需重新支付")
    record("entrusted_payment.retried", actor=actor, subject=entrusted_id.hex)
    enqueue(TO_PAYEE, row.drawdown_id)
