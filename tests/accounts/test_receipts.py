"""Money from outside: in suspense until a second person says whose it is; never one person alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.ledger.chart import (
    COUNTER_CLEARING,
    LOAN_PRINCIPAL,
    PAYMENT_CLEARING,
    SUSPENSE,
)
from accounts.models import DepositAccount, JournalEntry, Receipt, ReceiptUse, Refund
from accounts.operations.corrections import void_receipt
from accounts.operations.receipts import (
    OutsideMoney,
    ReceiptExceeded,
    ReceiptKnown,
    record_receipt,
)
from accounts.operations.refunds import (
    register_refund_paid,
)
from accounts.queries import (
    deposits_equal_ledger,
    gl_balance,
    receipt_by_voucher,
    suspense_agrees,
    trial_balance,
)
from core.approvals.operations import SameHands
from core.audit.models import AuditEntry
from core.clock import business_date
from core.errors import InvalidRequest, NotFound, StateConflict
from core.ids import new_id
from core.tenancy import in_bank
from tests.accounts.holders import make_account
from tests.accounts.outside_money import (
    CHECKER,
    MAKER,
    assign,
    books,
    left,
    record,
    refund,
    rows,
    take,
)
from tests.at_once import at_once, told


@pytest.fixture
def face_to_face(bank_a: str) -> DepositAccount:
    """Give an account that staff have opened or confirmed face to face."""
    return make_account(face_to_face=True)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRecording:
    @pytest.mark.parametrize(
        ("channel", "clearing"),
        [("counter_cash", COUNTER_CLEARING), ("transfer_in", PAYMENT_CLEARING), ("third_party", PAYMENT_CLEARING)],
    )
    def test_puts_it_into_suspense_against_its_channel(self, channel: str, clearing: str) -> None:
        receipt = record(123_45, channel)
        assert books() == {clearing: 123_45, SUSPENSE: -123_45}
        assert (receipt.left_fen, receipt.recorded_by, receipt.received_date) == (123_45, MAKER, business_date())
        assert AuditEntry.objects.get(action="receipt.recorded").detail == {"amount_fen": 123_45}

    def test_takes_a_voucher_once_and_channels_apart(self) -> None:
        record(reference="V1")
        before = rows()
        for same in ("V1", " V1 ", "Ｖ１"):
            with pytest.raises(ReceiptKnown):
                record(reference=same)
        assert rows() == before
        record(reference="V1", channel="counter_cash")

    @pytest.mark.parametrize(("amount_fen", "channel"), [(0, "transfer_in"), (-1, "transfer_in"), (1, "post")])
    def test_refuses_what_is_no_receipt(self, amount_fen: int, channel: str) -> None:
        before = rows()
        with pytest.raises(InvalidRequest):
            record(amount_fen, channel)
        assert rows() == before


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestFourEyes:
    """Maker and checker are never one person: neither by the operation nor by the table."""

    @pytest.mark.parametrize("act", ["assign", "take", "refund"])
    def test_whoever_recorded_decides_nothing(self, act: str, face_to_face: DepositAccount) -> None:
        receipt = record()
        before = rows()
        acts: dict[str, Callable[[], Any]] = {
            "assign": lambda: assign(receipt, face_to_face, 1, MAKER),
            "take": lambda: take(receipt, 1, (LOAN_PRINCIPAL, 1), actor=MAKER),
            "refund": lambda: refund(receipt, 1, MAKER),
        }
        with pytest.raises(SameHands):
            acts[act]()
        assert (rows(), left(receipt)) == (before, 1_000_00)

    @pytest.mark.parametrize("login", ["li+wang", "wang+li"])
    def test_nor_does_somebody_whose_login_holds_a_plus_sign(self, login: str) -> None:
        money = OutsideMoney(channel="transfer_in", reference=new_id().hex, amount_fen=100, payer_name="付款人")
        receipt = Receipt.objects.get(pk=record_receipt(money=money, actor=login))
        for actor in (login, f"{login}+third", f"third+{login}"):
            with pytest.raises(SameHands):
                refund(receipt, 1, actor)
        owed = refund(receipt, 1, f"third+{CHECKER}")
        Refund.objects.filter(pk=owed.pk).update(approved_by=f"third+{login}")
        with pytest.raises(SameHands):
            register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor=login)

    def test_the_table_refuses_it_as_well(self) -> None:
        receipt = record()
        with pytest.raises(IntegrityError, match="accounts_receipt_use_four_eyes"), transaction.atomic():
            ReceiptUse.objects.create(
                receipt=receipt, use="taken", amount_fen=1, entry_id=receipt.entry_id, maker=MAKER, checker=MAKER
            )

    def test_whoever_approved_a_refund_does_not_pay_it(self) -> None:
        owed = refund(record(), 5)
        before = rows()
        with pytest.raises(SameHands):
            register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor=CHECKER)
        assert rows() == before
        with pytest.raises(IntegrityError, match="accounts_refund_four_eyes"), transaction.atomic():
            Refund.objects.filter(pk=owed.pk).update(paid_by=CHECKER)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestVoiding:
    """What was recorded by mistake is no money: it leaves suspense as it came, and its voucher is recorded rightly."""

    def test_leaves_the_books_as_if_nothing_had_come(self) -> None:
        wrong = record(10_000_00, reference="V1")
        void_receipt(receipt_id=wrong.pk, reason="金额录错", actor=CHECKER)
        assert books() == {}
        wrong.refresh_from_db()
        assert (wrong.left_fen, wrong.voided_by, wrong.voided_date) == (0, CHECKER, business_date())
        reversal = JournalEntry.objects.get(reverses=wrong.entry)
        assert (reversal.value_date, reversal.memo) == (business_date(), "金额录错")
        assert AuditEntry.objects.get(action="receipt.voided").actor == CHECKER
        with pytest.raises(NotFound):
            receipt_by_voucher(channel="transfer_in", reference="V1")
        right = record(1_000_00, reference="V1")
        assert receipt_by_voucher(channel="transfer_in", reference="V1").id == right.pk
        with pytest.raises(ReceiptKnown):
            record(1_000_00, reference="V1")
        assert books() == {PAYMENT_CLEARING: 1_000_00, SUSPENSE: -1_000_00}

    def test_is_another_persons_and_of_the_whole_alone_and_once(self, face_to_face: DepositAccount) -> None:
        receipt = record(10_00)
        with pytest.raises(SameHands):
            void_receipt(receipt_id=receipt.pk, reason="x", actor=MAKER)
        assign(receipt, face_to_face, 1_00)
        before = rows()
        with pytest.raises(StateConflict):
            void_receipt(receipt_id=receipt.pk, reason="x", actor=CHECKER)
        with pytest.raises(NotFound):
            void_receipt(receipt_id=uuid.uuid4(), reason="x", actor=CHECKER)
        assert rows() == before
        other = record(10_00)
        void_receipt(receipt_id=other.pk, reason="x", actor=CHECKER)
        with pytest.raises(StateConflict):
            void_receipt(receipt_id=other.pk, reason="x", actor=CHECKER)
        with pytest.raises(ReceiptExceeded):
            assign(other, face_to_face, 1)

    @pytest.mark.parametrize(
        "fields", [{"left_fen": 1}, {"voided_by": ""}, {"voided_by": MAKER}, {"voided_date": None}]
    )
    def test_is_held_by_the_table_too(self, fields: dict[str, object]) -> None:
        receipt = record(10_00)
        voided = {"left_fen": 0, "voided_by": CHECKER, "voided_date": business_date(), **fields}
        with pytest.raises(IntegrityError, match="accounts_receipt_voided"), transaction.atomic():
            Receipt.objects.filter(pk=receipt.pk).update(**voided)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_ten_people_at_once_never_give_away_more_than_came_in(self) -> None:
        with in_bank("125"):
            receipt = record(1_000_00)
            account = make_account(face_to_face=True)

        def give_away(number: int) -> None:
            if number % 2:
                assign(receipt, account, 300_00, f"checker-{number}")
            else:
                refund(receipt, 300_00, f"checker-{number}")

        ended = at_once("125", [partial(give_away, number) for number in range(10)])
        assert told(ended) == ["done"] * 3 + [ReceiptExceeded.code] * 7
        with in_bank("125"):
            assert left(receipt) == 100_00
            assert gl_balance(SUSPENSE) == -100_00
            assert suspense_agrees()
            assert deposits_equal_ledger()
            assert sum(trial_balance().values()) == 0
