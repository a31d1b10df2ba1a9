"""Money from outside that is booked into a customer's account, here or in the core."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts import vendors as of_accounts
from accounts.ledger.chart import (
    COUNTER_CLEARING,
    CUSTOMER_DEPOSITS,
    PAYMENT_CLEARING,
    SUSPENSE,
)
from accounts.models import DepositAccount, Receipt, ReceiptUse, Suspension
from accounts.operations.ledger import AccountNotActive
from accounts.operations.receipts import (
    OutsideMoneyRefused,
    ReceiptExceeded,
    assign_receipt,
)
from accounts.queries import (
    deposits_equal_ledger,
)
from core.clock import business_date
from core.errors import InvalidRequest, NotFound, Problem
from core.ids import new_id
from core.steps.models import Step
from tests.accounts.holders import bind, due_again, make_account, make_customer
from tests.accounts.outside_money import (
    CHECKER,
    MAKER,
    assign,
    books,
    left,
    record,
    rows,
)
from tests.running_sandbox import Sandbox
from verification import queries as verified

RunSteps = Callable[..., int]


@pytest.fixture
def face_to_face(bank_a: str) -> DepositAccount:
    """Give an account that staff have opened or confirmed face to face."""
    return make_account(face_to_face=True)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestIntoAnAccount:
    def test_moves_it_from_suspense_and_leaves_the_rest(self, face_to_face: DepositAccount) -> None:
        receipt = record(1_000_00, "counter_cash")
        assign(receipt, face_to_face, 400_00)
        assert books() == {COUNTER_CLEARING: 1_000_00, SUSPENSE: -600_00, CUSTOMER_DEPOSITS: -400_00}
        face_to_face.refresh_from_db()
        assert (face_to_face.balance_fen, left(receipt)) == (400_00, 600_00)
        use = ReceiptUse.objects.get()
        assert (use.use, use.maker, use.checker, use.account_id) == ("to_account", MAKER, CHECKER, face_to_face.pk)
        assert use.entry is not None
        assert deposits_equal_ledger()

    def test_of_a_customer_who_is_suspended_comes_in_all_the_same(self, face_to_face: DepositAccount) -> None:
        Suspension.objects.create(account=face_to_face, reason="dormant", from_date=business_date())
        assign(record(), face_to_face, 1_00)
        face_to_face.refresh_from_db()
        assert face_to_face.balance_fen == 1_00

    @pytest.mark.parametrize(
        ("account", "channel", "payer", "taken"),
        [
            ({"account_class": "II"}, "counter_cash", "", False),
            ({"account_class": "II"}, "third_party", "bound", False),
            ({"account_class": "II"}, "transfer_in", "", False),
            ({"account_class": "II"}, "transfer_in", "bound", True),
            ({"account_class": "III"}, "transfer_in", "", False),
            ({"account_class": "III"}, "transfer_in", "bound", True),
            ({"account_class": "III", "face_to_face": True}, "third_party", "", False),
            ({"account_class": "III"}, "counter_cash", "", False),
            ({"account_class": "II", "face_to_face": True}, "counter_cash", "", True),
            ({"account_class": "II", "face_to_face": True}, "third_party", "", True),
        ],
    )
    def test_by_acc_04(self, account: dict[str, Any], channel: str, payer: str, *, taken: bool) -> None:
        """ACC-04 and ACC-07: who takes no cash, and nothing but from a bound card."""
        row = make_account(**account)
        card = bind(row)
        receipt = record(1_00, channel, payer_account=card.number if payer else "6217990000000000013")
        before = rows()
        if taken:
            assign(receipt, row, 1_00)
        else:
            with pytest.raises(OutsideMoneyRefused):
                assign(receipt, row, 1_00)
            assert rows() == before
        assert left(receipt) == (0 if taken else 1_00)

    def test_of_class_three_from_others_once_money_from_its_bound_card_has_come(self) -> None:
        """ACC-07, as a transfer within the bank has it: opened face to face or not, and cash never is a transfer."""
        row = make_account(account_class="III")
        card = bind(row)
        with pytest.raises(OutsideMoneyRefused, match="先从绑定卡转入"):
            assign(record(1_00, "third_party"), row, 1_00)
        assign(record(1_00, "transfer_in", payer_account=card.number), row, 1_00)
        assign(record(1_00, "third_party"), row, 1_00)
        with pytest.raises(OutsideMoneyRefused):
            assign(record(1_00, "counter_cash"), row, 1_00)
        row.refresh_from_db()
        assert row.balance_fen == 2_00

    @pytest.mark.parametrize(
        ("amount_fen", "problem"), [(1_000_01, ReceiptExceeded), (0, InvalidRequest), (-1, InvalidRequest)]
    )
    def test_no_more_than_there_is(self, face_to_face: DepositAccount, amount_fen: int, problem: type[Problem]) -> None:
        receipt = record()
        before = rows()
        with pytest.raises(problem):
            assign(receipt, face_to_face, amount_fen)
        assert (rows(), left(receipt)) == (before, 1_000_00)

    def test_into_one_that_is_closed_or_unknown_nothing(self, face_to_face: DepositAccount) -> None:
        receipt = record()
        DepositAccount.objects.filter(pk=face_to_face.pk).update(status="closed")
        before = rows()
        with pytest.raises(AccountNotActive):
            assign(receipt, face_to_face, 1)
        with pytest.raises(NotFound):
            assign_receipt(receipt_id=receipt.pk, account_number="623999", amount_fen=1, actor=CHECKER)
        with pytest.raises(NotFound):
            assign_receipt(
                receipt_id=uuid.uuid4(), account_number=face_to_face.number or "", amount_fen=1, actor=CHECKER
            )
        assert (rows(), left(receipt)) == (before, 1_000_00)


@pytest.mark.django_db
class TestIntoTheCore:
    @pytest.fixture
    def in_core(self, bank_a: str, vendors: Sandbox) -> DepositAccount:
        who = make_customer()
        identity = verified.identity(who)
        assert identity is not None
        number = of_accounts.core_system().open_account(
            account_class="II", name=identity.name, id_number=identity.id_number,
            phone=verified.phone_of(who) or "", bound_card="6223240000000000010", request_id=new_id().hex,
        )  # fmt: skip
        account = make_account(who, keeper="core", face_to_face=True)
        DepositAccount.objects.filter(pk=account.pk).update(number=number)
        account.refresh_from_db()
        return account

    def assign(self, receipt: Receipt, account: DepositAccount, amount_fen: int) -> None:
        from accounts.operations import assign_receipt_to_account

        with transaction.atomic():
            assign_receipt_to_account(
                receipt_id=receipt.pk, account_id=account.pk, amount_fen=amount_fen, actor=CHECKER
            )

    def test_is_booked_here_when_the_core_has_booked_it(
        self, in_core: DepositAccount, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        receipt = record(500_00)
        self.assign(receipt, in_core, 500_00)
        assert books() == {PAYMENT_CLEARING: 500_00, SUSPENSE: -500_00}
        vendors.fault("core", drop_after=True, count=1)
        for _ in range(3):
            due_again()
            run_steps()
        assert books() == {PAYMENT_CLEARING: 500_00, "1011": -500_00}
        use = ReceiptUse.objects.get()
        assert (use.code, use.entry is not None, left(receipt)) == ("", True, 0)
        movements = vendors.json("GET", "/sandbox/core", params={"bank": "125"})["movements"]
        assert [row["amount"] for row in movements if row["account_number"] == in_core.number] == ["500.00"]

    def test_goes_back_to_the_receipt_where_the_core_refuses(
        self, in_core: DepositAccount, run_steps: RunSteps
    ) -> None:
        receipt = record(500_00)
        DepositAccount.objects.filter(pk=in_core.pk).update(number="6223241252000099999")
        self.assign(receipt, in_core, 300_00)
        assert left(receipt) == 200_00
        run_steps()
        use = ReceiptUse.objects.get()
        assert (use.code, use.entry_id, left(receipt)) == ("account_not_found", None, 500_00)
        assert books() == {PAYMENT_CLEARING: 500_00, SUSPENSE: -500_00}
        assert not Step.objects.filter(state="live").exists()
