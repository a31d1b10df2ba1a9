"""The ledger: balanced, append-only, never below zero."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Sum

from accounts.ledger.chart import CUSTOMER_DEPOSITS, INTEREST_INCOME, LOAN_PRINCIPAL
from accounts.models import Customer, DepositAccount, JournalEntry, Posting
from accounts.models.deposit_account import ACTIVE, CLASS_TWO
from accounts.operations.ledger import AccountNotActive, InsufficientFunds, Line, UnbalancedEntry, post_entry
from accounts.operations.payments import Leg, collect_from, pay_into
from core.crypto import blind_index
from core.ids import new_id
from core.steps.registry import Then
from core.tenancy import in_bank
from tests.at_once import at_once, told

THEN = Then("test.never", "x")


def make_account(balance_fen: int = 0, status: str = ACTIVE) -> DepositAccount:
    number = new_id().hex
    customer = Customer.objects.create(openid=number, openid_index=blind_index(number, domain="openid"))
    account = DepositAccount.objects.create(
        customer=customer,
        account_class=CLASS_TWO,
        status=status,
        number=number,
        number_index=blind_index(number, domain="account"),
    )
    if balance_fen:
        with transaction.atomic():
            post_entry(
                business_ref=f"open:{account.id.hex}",
                kind="test",
                lines=[
                    Line(gl_code=LOAN_PRINCIPAL, amount_fen=balance_fen),
                    Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-balance_fen, account_id=account.id),
                ],
            )
    return account


def _balance(account: DepositAccount) -> int:
    return DepositAccount.objects.get(pk=account.pk).balance_fen


def _total() -> int:
    return Posting.objects.aggregate(total=Sum("amount_fen"))["total"] or 0


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGl01PostEntry:
    def test_a_payment_moves_the_balance_and_both_sides(self) -> None:
        account = make_account()
        with transaction.atomic():
            view = pay_into(
                account_id=account.id, amount_fen=10_000, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=10_000)],
                business_ref="draw:1", kind="disbursement", memo="放款", then=THEN,
            )  # fmt: skip
        assert view.status == "posted"
        assert _balance(account) == 10_000
        lines = {posting.gl_code: (posting.amount_fen, posting.balance_after_fen) for posting in Posting.objects.all()}
        assert lines == {LOAN_PRINCIPAL: (10_000, None), CUSTOMER_DEPOSITS: (-10_000, 10_000)}

    def test_a_collection_splits_over_its_legs(self) -> None:
        account = make_account(10_000)
        with transaction.atomic():
            collect_from(
                account_id=account.id, amount_fen=1_050,
                legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=1_000), Leg(gl_code=INTEREST_INCOME, amount_fen=50)],
                business_ref="repay:1", kind="repayment", memo="还款", then=THEN,
            )  # fmt: skip
        assert _balance(account) == 8_950
        assert _total() == 0

    def test_more_than_the_balance_is_refused_and_nothing_changes(self) -> None:
        account = make_account(10_000)
        with pytest.raises(InsufficientFunds), transaction.atomic():
            collect_from(
                account_id=account.id, amount_fen=10_001, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=10_001)],
                business_ref="repay:1", kind="repayment", memo="", then=THEN,
            )  # fmt: skip
        assert _balance(account) == 10_000
        assert JournalEntry.objects.count() == 1

    def test_the_same_reference_is_not_booked_twice(self) -> None:
        account = make_account()
        legs = [Leg(gl_code=LOAN_PRINCIPAL, amount_fen=1)]
        for _ in range(2):
            try:
                with transaction.atomic():
                    pay_into(
                        account_id=account.id,
                        amount_fen=1,
                        legs=legs,
                        business_ref="r",
                        kind="k",
                        memo="",
                        then=THEN,
                    )
            except IntegrityError:
                continue
        assert _balance(account) == 1

    @pytest.mark.parametrize(
        "lines",
        [
            [Line(gl_code=LOAN_PRINCIPAL, amount_fen=1)],
            [Line(gl_code=LOAN_PRINCIPAL, amount_fen=1), Line(gl_code=INTEREST_INCOME, amount_fen=-2)],
            [Line(gl_code="9999", amount_fen=1), Line(gl_code=INTEREST_INCOME, amount_fen=-1)],
            [Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=1), Line(gl_code=INTEREST_INCOME, amount_fen=-1)],
            [
                Line(gl_code=LOAN_PRINCIPAL, amount_fen=1, account_id=uuid.uuid4()),
                Line(gl_code=INTEREST_INCOME, amount_fen=-1),
            ],
        ],
    )
    def test_lines_that_are_no_entry_are_refused(self, lines: list[Line]) -> None:
        with pytest.raises(UnbalancedEntry), transaction.atomic():
            post_entry(business_ref="x", kind="test", lines=lines)

    def test_an_account_that_is_not_active_moves_no_money(self) -> None:
        account = make_account(status="closed")
        with pytest.raises(AccountNotActive), transaction.atomic():
            pay_into(
                account_id=account.id, amount_fen=1, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=1)],
                business_ref="x", kind="k", memo="", then=THEN,
            )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGl01Guards:
    def test_the_database_refuses_an_entry_that_does_not_balance(self) -> None:
        make_account(100)
        entry = JournalEntry.objects.get()
        with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
            Posting.objects.create(entry=entry, gl_code=LOAN_PRINCIPAL, amount_fen=5)
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_the_database_refuses_an_entry_without_lines(self) -> None:
        with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
            JournalEntry.objects.create(business_ref="x", kind="t", booking_date="2026-11-22", value_date="2026-11-22")
            connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")

    @pytest.mark.parametrize("model", [JournalEntry, Posting])
    def test_nothing_booked_is_changed_or_removed(self, model: type[JournalEntry | Posting]) -> None:
        make_account(100)
        rows = model._default_manager.all()
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.delete() if model is Posting else rows._raw_delete("default")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(**({"memo": "x"} if model is JournalEntry else {"gl_code": INTEREST_INCOME}))


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_no_line_is_added_to_an_entry_that_is_booked(self) -> None:
        """Lines that balance each other change an entry all the same, and the day that it was booked on."""
        pair = [Line(gl_code=INTEREST_INCOME, amount_fen=-7), Line(gl_code=LOAN_PRINCIPAL, amount_fen=7)]

        def book(reference: str) -> uuid.UUID:
            with transaction.atomic():
                return post_entry(business_ref=reference, kind="t", lines=pair)

        def add(reference: str) -> None:
            with transaction.atomic():
                entry = JournalEntry.objects.get(business_ref=reference)
                Posting.objects.bulk_create(
                    Posting(entry=entry, gl_code=line.gl_code, amount_fen=line.amount_fen) for line in pair
                )

        with in_bank("125"):
            book("before")
            with pytest.raises(IntegrityError, match="is booked already"):
                add("before")
            with transaction.atomic():
                book("own")  # a savepoint that was released is of this transaction
                at_once("125", [lambda: book("meanwhile")])
                for booked in ("before", "meanwhile"):
                    with pytest.raises(IntegrityError, match="is booked already"):
                        add(booked)
                add("own")
            assert dict(Posting.objects.values_list("entry__business_ref").annotate(lines=Count("pk"))) == {
                "before": 2, "meanwhile": 2, "own": 4,
            }  # fmt: skip

    def test_parallel_collections_never_take_more_than_there_is(self) -> None:
        with in_bank("125"):
            account = make_account(1_000)

        def collect(number: int) -> None:
            with transaction.atomic():
                collect_from(
                    account_id=account.id, amount_fen=300, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=300)],
                    business_ref=f"c:{number}", kind="k", memo="", then=THEN,
                )  # fmt: skip

        taken = at_once("125", [partial(collect, number) for number in range(8)])
        assert told(taken) == ["done"] * 3 + [InsufficientFunds.code] * 5
        with in_bank("125"):
            assert _balance(account) == 100
            assert _total() == 0
