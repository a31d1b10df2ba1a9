"""Money from outside: in suspense until a second person says whose it is; what is left goes back; never one person alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import vendors as of_accounts
from accounts.ledger.chart import (
    COUNTER_CLEARING,
    CUSTOMER_DEPOSITS,
    INTEREST_INCOME,
    LOAN_PRINCIPAL,
    OTHER_PAYABLES,
    PAYMENT_CLEARING,
    SUSPENSE,
)
from accounts.models import DepositAccount, JournalEntry, Payment, Posting, Receipt, ReceiptUse, Refund, Suspension
from accounts.operations import Leg, Line, post_entry, return_to_receipt, take_receipt_for
from accounts.operations.corrections import void_receipt
from accounts.operations.ledger import AccountNotActive, UnbalancedEntry
from accounts.operations.receipts import (
    OutsideMoney,
    OutsideMoneyRefused,
    ReceiptExceeded,
    ReceiptKnown,
    assign_receipt,
    record_receipt,
)
from accounts.operations.refunds import (
    Payee,
    refund_receipt,
    refund_returned,
    refund_sent,
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
from core.errors import InvalidRequest, NotFound, Problem, StateConflict
from core.ids import new_id
from core.steps.models import Step
from core.tenancy import in_bank
from tests.accounts.holders import bind, due_again, make_account, make_customer
from tests.at_once import at_once, told
from tests.running_sandbox import Sandbox
from verification import queries as verified

RunSteps = Callable[..., int]
MAKER, CHECKER, THIRD = "maker", "checker", "third"
PAYEE = Payee(name="付款人", account="6217990000000000013")


def record(amount_fen: int = 1_000_00, channel: str = "transfer_in", **more: Any) -> Receipt:
    money = OutsideMoney(
        channel=channel, reference=more.pop("reference", new_id().hex), amount_fen=amount_fen,
        payer_name="付款人", **more,
    )  # fmt: skip
    return Receipt.objects.get(pk=record_receipt(money=money, actor=MAKER))


def left(receipt: Receipt) -> int:
    return Receipt.objects.get(pk=receipt.pk).left_fen


def assign(receipt: Receipt, account: DepositAccount, amount_fen: int, actor: str = CHECKER) -> None:
    assign_receipt(receipt_id=receipt.pk, account_number=account.number or "", amount_fen=amount_fen, actor=actor)


def take(receipt: Receipt, amount_fen: int, *legs: tuple[str, int], actor: str = CHECKER) -> uuid.UUID:
    with transaction.atomic():
        return take_receipt_for(
            receipt_id=receipt.pk, amount_fen=amount_fen, legs=[Leg(gl_code=code, amount_fen=fen) for code, fen in legs],
            business_ref=f"repayment:{new_id().hex}", kind="repayment", memo="还款", actor=actor,
        )  # fmt: skip


def give_back(business_ref: str, *legs: tuple[str, int]) -> None:
    with transaction.atomic():
        return_to_receipt(
            business_ref=business_ref, legs=[Leg(gl_code=code, amount_fen=fen) for code, fen in legs], memo="还款冲正",
            actor="a+b",
        )  # fmt: skip


def refund(receipt: Receipt, amount_fen: int, actor: str = CHECKER) -> Refund:
    found = refund_receipt(receipt_id=receipt.pk, amount_fen=amount_fen, payee=PAYEE, reason="多付", actor=actor)
    return Refund.objects.get(pk=found)


def books() -> dict[str, int]:
    """Return what the ledger has; its suspense is always what is left of the receipts."""
    assert suspense_agrees()
    return {code: fen for code, fen in trial_balance().items() if fen}


def rows() -> tuple[int, ...]:
    return tuple(
        model._default_manager.count() for model in (JournalEntry, Posting, Payment, Receipt, ReceiptUse, Refund)
    )


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
