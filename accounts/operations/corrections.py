"""Put wrong entries right by entries that reverse them; that it takes two people is `accounts.approvals`."""

from __future__ import annotations

import uuid
from typing import Final

from django.db.models import F

from accounts.ledger.chart import CUSTOMER_DEPOSITS
from accounts.models import JournalEntry, Payment, Posting, Receipt, ReceiptUse
from accounts.models.deposit_account import CLOSED, OWN
from accounts.models.receipt import TO_ACCOUNT
from accounts.operations.books import REVERSAL, reverse_entry
from accounts.operations.outside_parties import refuse_held_payer
from accounts.operations.receipts import RETURNED
from accounts.operations.refunds import owe_correction
from accounts.outflows import TRANSFER_REF
from accounts.states import TRANSFER
from core.actors import is_customer
from core.approvals.operations import SameHands
from core.approvals.registry import took_part
from core.audit.log import record
from core.clock import business_date
from core.errors import NotFound, Problem, StateConflict
from core.ids import parse_id
from core.operations import opens_transaction, within_transaction
from core.states.models import StateChange

# Kinds of payments that this room concludes by itself: reversing their entry is the whole correction. Whatever another
# room has drawn conclusions from (a loan that is paid, an instalment that is repaid) is reversed by that room alone.
OWN_KINDS: Final[frozenset[str]] = frozenset()


class CorrectionRefused(Problem):
    """The entry is none that can be put right here: no debit of a customer, reversed already, or another room's."""

    code = "correction_refused"
    status = 422
    title = "该分录不能在此更正"


@within_transaction
def give_back_debit(*, entry_id: uuid.UUID, reason: str, actor: str) -> uuid.UUID:
    """Give back what an entry took wrongly from a customer's account; return the reversing entry's id.

    An account that was closed since takes nothing: its customer is owed the money, and paid at the counter by a third person.

    Raises:
        NotFound: there is no such entry.
        CorrectionRefused: it took nothing from a customer, is reversed already, or is another room's.
        InsufficientFunds, AccountNotActive: see `reverse_entry`.
    """
    refuse_uncorrectable(entry_id=entry_id)
    taken = _taken_from_closed(entry_id)
    reversal_id = reverse_entry(
        entry_id=entry_id,
        business_ref=f"{REVERSAL}:{entry_id.hex}",
        memo=reason,
        value_date=_entry(entry_id).value_date,
        owing_id=None if taken is None else taken.account_id,
    )
    if taken is not None and taken.account is not None:
        owe_correction(
            reversal_id=reversal_id, account=taken.account, amount_fen=taken.amount_fen, reason=reason, actor=actor
        )
    record("entry.debit_given_back", actor=actor, subject=entry_id.hex, detail={"reversal": reversal_id.hex})
    return reversal_id


def _taken_from_closed(entry_id: uuid.UUID) -> Posting | None:
    """Return what an entry took from an account that is closed by now; None where it can have it back.

    Of two such accounts in one entry neither is helped: the reversal is refused as that of a closed account.
    """
    taken = Posting.objects.filter(entry_id=entry_id, gl_code=CUSTOMER_DEPOSITS, amount_fen__gt=0)
    found = list(taken.filter(account__status=CLOSED).select_related("account"))
    return found[0] if len(found) == 1 else None


@within_transaction
def refuse_uncorrectable(*, entry_id: uuid.UUID) -> None:
    """Refuse an entry that is no wrong debit of this room.

    Raises:
        NotFound: there is no such entry.
        CorrectionRefused: it took nothing from a customer, is reversed already, or is another room's.
    """
    entry = _entry(entry_id)
    if not Posting.objects.filter(entry=entry, gl_code=CUSTOMER_DEPOSITS, amount_fen__gt=0).exists():
        raise CorrectionRefused("该分录没有从客户账户扣款")
    _refuse_reversed(entry)
    if Payment.objects.filter(entry=entry).exclude(kind__in=OWN_KINDS).exists():
        raise CorrectionRefused("该扣款属于其他业务（如还款），请在原业务中冲正")
    if _is_on_order(entry):
        raise CorrectionRefused("该转账由其他业务发起（如受托支付），不能在此退回；退汇款项请登记来款后办理")


@within_transaction
def take_back_credit(*, entry_id: uuid.UUID, reason: str, actor: str) -> uuid.UUID:
    """Take back what an entry has credited to the wrong account out of a receipt; it is left of the receipt again.

    The account must have it still; its quota is given back (ACC-05). Return the reversing entry's id.

    Raises:
        CorrectionRefused: see `refuse_untakeable`.
        InsufficientFunds, AccountNotActive: see `reverse_entry`.
    """
    use = refuse_untakeable(entry_id=entry_id)
    Receipt.objects.select_for_update().get(pk=use.receipt_id)
    reversal_id = reverse_entry(
        entry_id=entry_id,
        business_ref=f"{REVERSAL}:{entry_id.hex}",
        memo=reason,
        value_date=_entry(entry_id).value_date,
    )
    Receipt.objects.filter(pk=use.receipt_id).update(left_fen=F("left_fen") + use.amount_fen)
    ReceiptUse.objects.filter(pk=use.pk).update(code=RETURNED)
    record(
        "receipt.taken_back", actor=actor, subject=use.receipt_id.hex,
        detail={"amount_fen": use.amount_fen, "reversal": reversal_id.hex},
    )  # fmt: skip
    return reversal_id


@within_transaction
def refuse_untakeable(*, entry_id: uuid.UUID) -> ReceiptUse:
    """Return the use of a receipt that an entry has booked into an account kept here; refuse any other entry.

    Raises:
        NotFound: there is no such entry.
        CorrectionRefused: it is none, or is reversed already.
    """
    entry = _entry(entry_id)
    use = ReceiptUse.objects.filter(entry=entry, use=TO_ACCOUNT, account__keeper=OWN).first()
    if use is None:
        raise CorrectionRefused("该分录不是来款记入本系统所记账户的分录")
    _refuse_reversed(entry)
    return use


@opens_transaction
def void_receipt(*, receipt_id: uuid.UUID, reason: str, actor: str) -> None:
    """Void a receipt that was recorded by mistake, as long as nobody has been given anything of it: its entry is reversed.

    Its voucher may be recorded again, rightly.

    Raises:
        NotFound: there is none.
        SameHands: who voids it is who recorded it.
        StateConflict: a part of it is given, or it is voided already.
        OutsidePartyHeld: its payer is held by the watchlists: such money is not made to vanish.
    """
    receipt = Receipt.objects.select_for_update().filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound
    if took_part(receipt.recorded_by, people=actor):
        raise SameHands("登记人与作废人不能为同一人，请由其他员工处理")
    if receipt.voided_date is not None or receipt.left_fen != receipt.amount_fen:
        raise StateConflict("该笔来款已有处理或已作废，不能作废")
    refuse_held_payer(receipt_id=receipt_id)
    reverse_entry(
        entry_id=receipt.entry_id, business_ref=f"{REVERSAL}:{receipt.entry_id.hex}", memo=reason,
        value_date=_entry(receipt.entry_id).value_date,
    )  # fmt: skip
    Receipt.objects.filter(pk=receipt_id).update(left_fen=0, voided_date=business_date(), voided_by=actor)
    record("receipt.voided", actor=actor, subject=receipt_id.hex, detail={"reason": reason})


@opens_transaction
def check_correctable(*, entry_id: uuid.UUID) -> None:
    """Refuse a proposal that could not be approved; see `refuse_uncorrectable`."""
    refuse_uncorrectable(entry_id=entry_id)


def _is_on_order(entry: JournalEntry) -> bool:
    """Tell whether an entry is a transfer that another room has ordered: the first who moved it was not the customer."""
    transfer_id = parse_id(entry.business_ref.removeprefix(TRANSFER_REF))
    if transfer_id is None or not entry.business_ref.startswith(TRANSFER_REF):
        return False
    moves = StateChange.objects.filter(machine=TRANSFER.name, subject_id=transfer_id).order_by("pk")
    first = moves.values_list("actor", flat=True).first()
    return first is not None and not is_customer(first)


def _refuse_reversed(entry: JournalEntry) -> None:
    if entry.reverses_id is not None or JournalEntry.objects.filter(reverses=entry).exists():
        raise CorrectionRefused("该分录是冲正分录，或已经冲正")


def _entry(entry_id: uuid.UUID) -> JournalEntry:
    entry = JournalEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise NotFound
    return entry
