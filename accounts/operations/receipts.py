"""Money that comes in from outside the app: recorded by one person, given its place by another (maker and checker).

It waits in suspense (3101). A second person books it into a customer's account, lets another room take it (a repayment
at the counter, by transfer or by a third party), or sends it back. Whoever recorded it can do none of that.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.ledger.chart import COUNTER_CLEARING, PAYMENT_CLEARING, SUSPENSE
from accounts.models import DepositAccount, JournalEntry, Payment, Receipt, ReceiptUse
from accounts.models.deposit_account import CLASS_ONE, CLASS_THREE
from accounts.models.ledger import IN
from accounts.models.receipt import COUNTER_CASH, REFUND, TAKEN, THIRD_PARTY, TO_ACCOUNT, TRANSFER_IN
from accounts.operations.books import REVERSAL
from accounts.operations.ledger import Line, post_entry
from accounts.operations.outside_parties import refuse_unscreened_payer, screen_payer
from accounts.operations.payees import is_bound_card, takes_from_others
from accounts.operations.payments import Leg, book_payment, pay_into
from accounts.operations.quotas import charge_quota, return_quota
from accounts.queries import ACCOUNT_NUMBER
from core.approvals.operations import SameHands
from core.approvals.registry import took_part
from core.audit.log import record
from core.clock import business_date
from core.crypto import blind_index
from core.db.constraints import violated
from core.errors import InvalidRequest, NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.steps.registry import Then

CREDITED: Final = "receipt.credited"
KIND: Final = "receipt"
USE: Final = "receipt_use"
RETURNED: Final = "returned"
ONCE: Final = "accounts_receipt_once"
FIRST_FROM_BOUND: Final = "该Ⅲ类户尚未从绑定账户转入过资金，请客户先从绑定卡转入一笔（ACC-07），再办理他人来款入账"
CLEARING: Final[Mapping[str, str]] = {
    COUNTER_CASH: COUNTER_CLEARING,
    TRANSFER_IN: PAYMENT_CLEARING,
    THIRD_PARTY: PAYMENT_CLEARING,
}


class ReceiptKnown(Problem):
    """The voucher of the outside is recorded already."""

    code = "receipt_known"
    status = 409
    title = "该凭证已登记，请勿重复登记"


class ReceiptExceeded(Problem):
    """More is asked for than is left of the receipt."""

    code = "receipt_exceeded"
    status = 422
    title = "金额超过该笔来款的未处理余额"


class OutsideMoneyRefused(Problem):
    """The account takes no cash, or no money from others: opened remotely (ACC-04), or of Class III and new (ACC-07)."""

    code = "outside_money_refused"
    status = 422
    title = "该账户未经面签，不能存入现金或非绑定账户的来款"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideMoney:
    """One sum from outside: by which channel, under which voucher, from whom. PII: the payer."""

    channel: str
    reference: str
    amount_fen: int
    payer_name: str | None = None
    payer_account: str | None = None
    memo: str = ""


@within_transaction
def open_receipt(*, money: OutsideMoney, actor: str) -> uuid.UUID:
    """Record money from outside in suspense: debit the clearing account of its channel, credit 3101; return its id.

    Who paid is screened, and recorded whoever it was: the money is here, but it is not used while its payer is held.
    A voucher's number is the same whether it was typed in full or half width.

    Raises:
        InvalidRequest: the amount is not positive, or the channel is unknown.
        ReceiptKnown: the voucher is recorded already.
    """
    if money.amount_fen <= 0 or money.channel not in CLEARING:
        raise InvalidRequest("金额须大于零，来源须为柜面现金、转账汇入或第三方代付")
    receipt_id = new_id()
    reference = unicodedata.normalize("NFKC", money.reference).strip()
    lines = [
        Line(gl_code=CLEARING[money.channel], amount_fen=money.amount_fen),
        Line(gl_code=SUSPENSE, amount_fen=-money.amount_fen),
    ]
    try:
        with transaction.atomic():
            entry_id = post_entry(
                business_ref=f"receipt:{receipt_id.hex}", kind=KIND, lines=lines, memo=money.memo or "外部来款"
            )
            Receipt.objects.create(
                id=receipt_id, channel=money.channel, reference=reference, amount_fen=money.amount_fen,
                left_fen=money.amount_fen, payer_name=money.payer_name, payer_account=money.payer_account,
                memo=money.memo, received_date=business_date(), recorded_by=actor, entry_id=entry_id,
            )  # fmt: skip
    except IntegrityError as error:
        if violated(error) != ONCE:
            raise
        raise ReceiptKnown from error
    _trace("receipt.recorded", receipt_id, money.amount_fen, actor)
    screen_payer(receipt_id=receipt_id)
    return receipt_id


@opens_transaction
def record_receipt(*, money: OutsideMoney, actor: str) -> uuid.UUID:
    """Record money from outside; see `open_receipt`."""
    return open_receipt(money=money, actor=actor)


@within_transaction
def take_receipt_part(*, receipt_id: uuid.UUID, amount_fen: int, actor: str) -> Receipt:
    """Take a part of a receipt for something that the caller books in this transaction; return the receipt, locked.

    Raises:
        NotFound: there is none.
        SameHands: who decides is who recorded it.
        OutsidePartyHeld: the payer is held by the watchlists, or was not screened by those of now.
        InvalidRequest, ReceiptExceeded: the amount is not positive, or more than is left.
    """
    receipt = Receipt.objects.select_for_update().filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound
    if took_part(receipt.recorded_by, people=actor):
        raise SameHands("登记人与处理人不能为同一人，请由其他员工处理")
    refuse_unscreened_payer(receipt=receipt)
    if amount_fen <= 0:
        raise InvalidRequest("金额须大于零")
    if amount_fen > receipt.left_fen:
        raise ReceiptExceeded
    Receipt.objects.filter(pk=receipt_id).update(left_fen=F("left_fen") - amount_fen)
    return receipt


@within_transaction
def refuse_changed_receipt(*, receipt_id: uuid.UUID, left_seen_fen: int | None) -> None:
    """Refuse to act on a receipt of which less, or more, is left than was shown to whoever acts; None: nothing was shown.

    A part may be as small as one likes, so that only this tells a second click from a second part.

    Raises:
        StateConflict: somebody, perhaps the same person, has acted on it since.
    """
    if left_seen_fen is None:
        return
    left_fen = Receipt.objects.select_for_update().values_list("left_fen", flat=True).filter(pk=receipt_id).first()
    if left_fen is not None and left_fen != left_seen_fen:
        raise StateConflict("该笔来款的未处理余额已变化（可能已提交过），请返回核对后再办理")


@within_transaction
def assign_receipt_to_account(
    *, receipt_id: uuid.UUID, account_id: uuid.UUID, amount_fen: int, actor: str
) -> uuid.UUID:
    """Book a receipt, or a part of it, into a customer's account, whoever keeps that; return the use's id.

    What comes from elsewhere than a bound card counts against the account's quota (ACC-05).

    Raises:
        SameHands, OutsidePartyHeld, ReceiptExceeded, InvalidRequest, NotFound: see `take_receipt_part`.
        OutsideMoneyRefused: the account takes no such money.
        QuotaExceeded: more than the account may take from accounts that are not bound, and in cash.
        AccountNotActive, BalanceLimitExceeded: the account cannot receive money now, or not as much.
    """
    receipt = take_receipt_part(receipt_id=receipt_id, amount_fen=amount_fen, actor=actor)
    use_id = new_id()
    reference = f"{USE}:{use_id.hex}"
    account = DepositAccount.objects.select_for_update(no_key=True).filter(pk=account_id).first()  # before its quota
    if account is None:
        raise NotFound
    is_from_bound = receipt.channel == TRANSFER_IN and is_bound_card(account=account, number=receipt.payer_account)
    if not is_from_bound:
        _refuse_outside_money(account, receipt.channel)
        charge_quota(
            account_id=account_id, account_class=account.account_class, direction=IN, amount_fen=amount_fen,
            business_ref=reference,
        )  # fmt: skip
    moved = pay_into(
        account_id=account_id,
        amount_fen=amount_fen,
        legs=[Leg(gl_code=SUSPENSE, amount_fen=amount_fen)],
        business_ref=reference,
        kind=KIND,
        memo=receipt.memo or "来款入账",
        then=Then(CREDITED, use_id.hex),
        is_new_business=False,
    )
    ReceiptUse.objects.create(
        id=use_id, receipt=receipt, use=TO_ACCOUNT, amount_fen=amount_fen, account_id=account_id,
        payment_id=moved.id, entry_id=_entry_of(moved.id), maker=receipt.recorded_by, checker=actor,
    )  # fmt: skip
    _trace("receipt.assigned", receipt_id, amount_fen, actor)
    return use_id


def _refuse_outside_money(account: DepositAccount, channel: str) -> None:
    """Refuse cash for an account that nobody confirmed face to face (ACC-04), and others' money for one that takes none."""
    if channel == COUNTER_CASH and account.account_class != CLASS_ONE and not account.face_to_face:
        raise OutsideMoneyRefused
    if not takes_from_others(account=account):
        raise OutsideMoneyRefused(FIRST_FROM_BOUND if account.account_class == CLASS_THREE else "")


def _entry_of(payment_id: uuid.UUID) -> uuid.UUID | None:
    return Payment.objects.values_list("entry_id", flat=True).get(pk=payment_id)


@opens_transaction
def screen_receipt(*, receipt_id: uuid.UUID) -> None:
    """Screen who paid, where that has to be done again, and commit it: what refuses to use the receipt cannot undo it.

    Raises:
        NotFound: there is none.
    """
    screen_payer(receipt_id=receipt_id)


def assign_receipt(
    *, receipt_id: uuid.UUID, account_number: str, amount_fen: int, actor: str, left_seen_fen: int | None = None
) -> None:
    """Book a receipt into the account with this number; see `assign_receipt_to_account`. Its payer is screened before.

    Raises:
        NotFound: no account of this bank that is known here has the number.
        StateConflict: see `refuse_changed_receipt`.
    """
    screen_receipt(receipt_id=receipt_id)
    _assign_receipt(
        receipt_id=receipt_id, account_number=account_number, amount_fen=amount_fen, actor=actor,
        left_seen_fen=left_seen_fen,
    )  # fmt: skip


@opens_transaction
def _assign_receipt(
    *, receipt_id: uuid.UUID, account_number: str, amount_fen: int, actor: str, left_seen_fen: int | None
) -> None:
    refuse_changed_receipt(receipt_id=receipt_id, left_seen_fen=left_seen_fen)
    index = blind_index(account_number, domain=ACCOUNT_NUMBER)
    account_id = DepositAccount.objects.filter(number_index=index).values_list("pk", flat=True).first()
    if account_id is None:
        raise NotFound("没有该账号的账户")
    assign_receipt_to_account(receipt_id=receipt_id, account_id=account_id, amount_fen=amount_fen, actor=actor)


@within_transaction
def credit_ended(*, use_id: uuid.UUID) -> None:
    """Conclude when the core has answered: the entry, or the failure and the part given back to the receipt."""
    use = ReceiptUse.objects.select_for_update().get(pk=use_id)
    if use.payment_id is None or use.entry_id is not None or use.code:
        return
    payment = Payment.objects.get(pk=use.payment_id)
    if payment.status == "failed":
        ReceiptUse.objects.filter(pk=use_id).update(code=payment.code or "refused")
        Receipt.objects.filter(pk=use.receipt_id).update(left_fen=F("left_fen") + use.amount_fen)
        return_quota(business_ref=f"{USE}:{use_id.hex}")
    elif book_payment(payment_id=use.payment_id).status == "posted":
        ReceiptUse.objects.filter(pk=use_id).update(entry_id=_entry_of(use.payment_id))


@within_transaction
def take_receipt_for(
    *,
    receipt_id: uuid.UUID,
    amount_fen: int,
    legs: Sequence[Leg],
    business_ref: str,
    kind: str,
    memo: str,
    actor: str,
    value_date: date | None = None,
) -> uuid.UUID:
    """Let another room book out of suspense what the money is for, in its own transaction; return the entry's id.

    A repayment from outside: debit 3101, credit the legs, which sum to the amount. `value_date` is an earlier one where
    it counts from a day that is over; the entry is booked on the present business date all the same.

    Raises:
        SameHands, OutsidePartyHeld, ReceiptExceeded, InvalidRequest, NotFound: see `take_receipt_part`.
        UnbalancedEntry: the legs do not sum to the amount.
    """
    receipt = take_receipt_part(receipt_id=receipt_id, amount_fen=amount_fen, actor=actor)
    entry_id = post_entry(
        business_ref=business_ref,
        kind=kind,
        lines=[
            Line(gl_code=SUSPENSE, amount_fen=amount_fen),
            *(Line(gl_code=leg.gl_code, amount_fen=-leg.amount_fen) for leg in legs),
        ],
        memo=memo,
        value_date=value_date,
    )
    record_use(receipt=receipt, use=TAKEN, amount_fen=amount_fen, entry_id=entry_id, actor=actor)
    return entry_id


@within_transaction
def return_to_receipt(*, business_ref: str, legs: Sequence[Leg], memo: str, actor: str) -> uuid.UUID:
    """Take back what another room has booked out of suspense by a reference: left of the receipt again.

    For a repayment from outside that is reversed; that it takes two people is the other room's approval. `legs` say where
    the money stands by now, for the room may have booked it otherwise since (a repayment that pays other debts): they sum
    to what was taken. Return the returning entry's id.

    Raises:
        NotFound: nothing was taken from a receipt under this reference.
        StateConflict: it was returned already.
        UnbalancedEntry: the legs do not sum to what was taken.
    """
    use = ReceiptUse.objects.select_related("entry").filter(entry__business_ref=business_ref, use=TAKEN).first()
    if use is None or use.entry is None:
        raise NotFound
    Receipt.objects.select_for_update().get(pk=use.receipt_id)
    if JournalEntry.objects.filter(reverses=use.entry).exists():
        raise StateConflict("该分录已冲正")
    reversal_id = post_entry(
        business_ref=f"{REVERSAL}:{use.entry.pk.hex}",
        kind=REVERSAL,
        lines=[
            Line(gl_code=SUSPENSE, amount_fen=-use.amount_fen),
            *(Line(gl_code=leg.gl_code, amount_fen=leg.amount_fen) for leg in legs),
        ],
        memo=memo,
        value_date=use.entry.value_date,
        reverses_id=use.entry.pk,
    )
    Receipt.objects.filter(pk=use.receipt_id).update(left_fen=F("left_fen") + use.amount_fen)
    ReceiptUse.objects.filter(pk=use.pk).update(code=RETURNED)
    _trace("receipt.returned", use.receipt_id, use.amount_fen, actor)
    return reversal_id


@within_transaction
def record_use(*, receipt: Receipt, use: str, amount_fen: int, entry_id: uuid.UUID, actor: str) -> ReceiptUse:
    """Record what a part of a receipt was booked for."""
    row = ReceiptUse.objects.create(
        receipt=receipt, use=use, amount_fen=amount_fen, entry_id=entry_id, maker=receipt.recorded_by, checker=actor
    )
    _trace("receipt.refunded" if use == REFUND else "receipt.taken", receipt.pk, amount_fen, actor)
    return row


def _trace(action: str, receipt_id: uuid.UUID, amount_fen: int, actor: str) -> None:
    record(action, actor=actor, subject=receipt_id.hex, detail={"amount_fen": amount_fen})
