"""Money from outside that goes back: owed from the decision on, out once it is paid."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.ledger.chart import (
    COUNTER_CLEARING,
    LOAN_PRINCIPAL,
    OTHER_PAYABLES,
    PAYMENT_CLEARING,
    SUSPENSE,
)
from accounts.models import Refund
from accounts.operations.receipts import (
    ReceiptExceeded,
)
from accounts.operations.refunds import (
    Payee,
    refund_receipt,
    refund_returned,
    refund_sent,
    register_refund_paid,
)
from accounts.queries import (
    gl_balance,
)
from core.errors import NotFound, StateConflict
from tests.accounts.outside_money import (
    CHECKER,
    PAYEE,
    THIRD,
    books,
    left,
    record,
    refund,
    rows,
    take,
)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRefunds:
    def test_are_owed_from_the_decision_on_and_leave_when_paid(self) -> None:
        receipt = record(1_000_00)
        take(receipt, 950_00, (LOAN_PRINCIPAL, 950_00))
        owed = refund(receipt, 50_00)
        assert (owed.status, owed.approved_by, left(receipt)) == ("owed", CHECKER, 0)
        assert (gl_balance(SUSPENSE), gl_balance(OTHER_PAYABLES)) == (0, -50_00)
        register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor=THIRD)
        owed.refresh_from_db()
        assert (owed.status, owed.paid_by, owed.outside_reference) == ("paid", THIRD, "P1")
        assert owed.entry is not None
        assert books() == {PAYMENT_CLEARING: 950_00, LOAN_PRINCIPAL: -950_00}

    @pytest.mark.parametrize(
        ("channel", "payee", "left_in_books"),
        [
            ("counter_cash", Payee(name="付款人"), {}),
            ("counter_cash", PAYEE, {COUNTER_CLEARING: 10_00, PAYMENT_CLEARING: -10_00}),
            ("transfer_in", Payee(name="付款人"), {COUNTER_CLEARING: -10_00, PAYMENT_CLEARING: 10_00}),
            ("transfer_in", PAYEE, {}),
        ],
    )
    def test_leave_by_the_way_that_they_go_whichever_way_the_money_came(
        self, channel: str, payee: Payee, left_in_books: dict[str, int]
    ) -> None:
        receipt = record(10_00, channel)
        owed = refund_receipt(receipt_id=receipt.pk, amount_fen=10_00, payee=payee, reason="多付", actor=CHECKER)
        register_refund_paid(refund_id=owed, outside_reference="P1", actor=THIRD)
        assert books() == left_in_books

    def test_may_be_made_in_parts(self) -> None:
        receipt = record(10_00)
        refund(receipt, 4_00)
        refund(receipt, 6_00)
        with pytest.raises(ReceiptExceeded):
            refund(receipt, 1)
        assert gl_balance(OTHER_PAYABLES) == -10_00

    def test_a_transfer_that_failed_is_owed_again(self) -> None:
        owed = refund(record(), 1_00)
        with transaction.atomic():
            refund_sent(refund_id=owed.pk, actor="system")
            refund_returned(refund_id=owed.pk, reason="account_closed", actor="system")
            refund_sent(refund_id=owed.pk, actor="system")
        register_refund_paid(refund_id=owed.pk, outside_reference="P2", actor=THIRD)
        assert gl_balance(OTHER_PAYABLES) == 0

    def test_are_paid_once(self) -> None:
        owed = refund(record(), 1_00)
        register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor=THIRD)
        before = rows()
        works: list[Callable[[], None]] = [
            lambda: register_refund_paid(refund_id=owed.pk, outside_reference="P2", actor=THIRD),
            lambda: _send(owed),
        ]
        for work in works:
            with pytest.raises(StateConflict):
                work()
        assert rows() == before
        with pytest.raises(NotFound):
            register_refund_paid(refund_id=uuid.uuid4(), outside_reference="P", actor=THIRD)


def _send(owed: Refund) -> None:
    with transaction.atomic():
        refund_sent(refund_id=owed.pk, actor="system")
