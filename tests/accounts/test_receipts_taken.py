"""Money from outside that another room takes for something, and gives back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.ledger.chart import (
    INTEREST_INCOME,
    LOAN_PRINCIPAL,
    PAYMENT_CLEARING,
    SUSPENSE,
)
from accounts.models import JournalEntry, ReceiptUse
from accounts.operations import Leg, Line, post_entry, take_receipt_for
from accounts.operations.ledger import UnbalancedEntry
from core.approvals.operations import SameHands
from core.clock import business_date
from core.errors import NotFound, StateConflict
from tests.accounts.outside_money import (
    CHECKER,
    MAKER,
    THIRD,
    books,
    give_back,
    left,
    record,
    rows,
    take,
)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTakenByAnotherRoom:
    def test_is_booked_out_of_suspense_over_its_legs(self) -> None:
        receipt = record(1_000_00, "third_party")
        entry_id = take(receipt, 950_00, (LOAN_PRINCIPAL, 900_00), (INTEREST_INCOME, 50_00))
        assert books() == {
            PAYMENT_CLEARING: 1_000_00, SUSPENSE: -50_00, LOAN_PRINCIPAL: -900_00, INTEREST_INCOME: -50_00,
        }  # fmt: skip
        use = ReceiptUse.objects.get()
        assert (use.use, use.entry_id, use.amount_fen, left(receipt)) == ("taken", entry_id, 950_00, 50_00)

    def test_is_refused_to_two_people_of_whom_one_recorded_it(self) -> None:
        receipt = record()
        for both in (f"{MAKER}+{CHECKER}", f"{CHECKER}+{MAKER}"):
            with pytest.raises(SameHands):
                take(receipt, 1, (LOAN_PRINCIPAL, 1), actor=both)
        take(receipt, 1, (LOAN_PRINCIPAL, 1), actor=f"{CHECKER}+{THIRD}")

    def test_is_left_of_the_receipt_again_when_it_is_taken_back(self) -> None:
        receipt = record(1_000_00)
        taken = JournalEntry.objects.get(pk=take(receipt, 950_00, (LOAN_PRINCIPAL, 950_00)))
        give_back(taken.business_ref, (LOAN_PRINCIPAL, 950_00))
        assert (books(), left(receipt)) == ({PAYMENT_CLEARING: 1_000_00, SUSPENSE: -1_000_00}, 1_000_00)
        assert ReceiptUse.objects.get().code == "returned"
        with pytest.raises(StateConflict):
            give_back(taken.business_ref, (LOAN_PRINCIPAL, 950_00))
        with pytest.raises(NotFound):
            give_back(f"receipt:{receipt.pk.hex}", (LOAN_PRINCIPAL, 950_00))
        assert left(receipt) == 1_000_00
        take(receipt, 1_000_00, (LOAN_PRINCIPAL, 1_000_00))

    def test_is_returned_from_where_it_stands_by_now(self) -> None:
        """What the room has booked elsewhere meanwhile is returned from there: its own entry stays as it was."""
        receipt = record(100)
        taken = JournalEntry.objects.get(pk=take(receipt, 100, (LOAN_PRINCIPAL, 100)))
        with transaction.atomic():
            moved = [Line(gl_code=LOAN_PRINCIPAL, amount_fen=30), Line(gl_code=INTEREST_INCOME, amount_fen=-30)]
            post_entry(business_ref="moved", kind="test", lines=moved)
        with pytest.raises(UnbalancedEntry):
            give_back(taken.business_ref, (LOAN_PRINCIPAL, 70))
        give_back(taken.business_ref, (LOAN_PRINCIPAL, 70), (INTEREST_INCOME, 30))
        assert books() == {PAYMENT_CLEARING: 100, SUSPENSE: -100}

    def test_counts_from_an_earlier_day_and_is_booked_today(self) -> None:
        receipt, earlier = record(), business_date() - timedelta(days=9)
        with transaction.atomic():
            entry_id = take_receipt_for(
                receipt_id=receipt.pk, amount_fen=5, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=5)],
                business_ref="repayment:x", kind="repayment", memo="还款", actor=CHECKER, value_date=earlier,
            )  # fmt: skip
        entry = JournalEntry.objects.get(pk=entry_id)
        assert (entry.value_date, entry.booking_date) == (earlier, business_date())

    def test_that_does_not_add_up_is_refused(self) -> None:
        receipt = record()
        before = rows()
        with pytest.raises(UnbalancedEntry):
            take(receipt, 100, (LOAN_PRINCIPAL, 99))
        assert (rows(), left(receipt)) == (before, 1_000_00)
