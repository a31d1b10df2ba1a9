"""Daily reconciliation with the core: each kind of break, made for real; what agrees later closes, the rest staff explain."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import vendors as of_accounts
from accounts.ledger.chart import LOAN_PRINCIPAL
from accounts.models import CoreReconciliation, DepositAccount, Payment, ReconciliationBreak
from accounts.operations import Leg, collect_from, notices, pay_into
from accounts.operations.day import PIECES, do_piece, follow_day
from accounts.operations.payments import payment_failed
from accounts.operations.reconciliation import (
    RECENT_DAYS,
    close_break,
    compare_with_statement,
    owe_reconciliations,
    reconcile_again,
)
from accounts.providers.core_system import StatementLine
from core.audit.models import AuditEntry
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.steps.models import Step
from core.steps.registry import Then
from tests.accounts.holders import due_again, make_account, make_customer, set_day
from tests.running_sandbox import Sandbox
from verification import queries as verified

RunSteps = Callable[..., int]
pytestmark = pytest.mark.django_db
# Days of their own: the sandbox's core keeps what other tests have ordered.
DAY = date(2031, 3, 3)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def account(bank_a: str, vendors: Sandbox) -> DepositAccount:
    """Give an account in the sandbox's core, on a business day that no other test orders on."""
    return open_in_core()


def open_in_core() -> DepositAccount:
    who = make_customer()
    identity = verified.identity(who)
    assert identity is not None
    number = of_accounts.core_system().open_account(
        account_class="II", name=identity.name, id_number=identity.id_number, phone=verified.phone_of(who) or "",
        bound_card="6223240000000000010", request_id=new_id().hex,
    )  # fmt: skip
    account = make_account(who, keeper="core")
    DepositAccount.objects.filter(pk=account.pk).update(number=number)
    account.refresh_from_db()
    return account


@pytest.fixture(autouse=True)
def _day(request: pytest.FixtureRequest, bank_a: str) -> date:
    """Give each test a business day of its own."""
    offset = sum(ord(char) for char in request.node.name) * 3 % 20_000
    day = DAY + timedelta(days=offset)
    set_day(day)
    return day


def order(account: DepositAccount, amount_fen: int, *, out: bool = False) -> Payment:
    """Order a movement from the core."""
    reference = f"t:{new_id().hex}"
    move = collect_from if out else pay_into
    with transaction.atomic():
        move(
            account_id=account.pk, amount_fen=amount_fen, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)],
            business_ref=reference, kind="t", memo="m", then=Then("accounts.lapse_openings", "2020-01-01"),
        )  # fmt: skip
    return Payment.objects.get(business_ref=reference)


def reconcile(run_steps: RunSteps, day: date | None = None) -> CoreReconciliation:
    """Compare a day, by its step."""
    day = day or business_date()
    reconcile_again(order_date=day, actor="clerk")
    for _ in range(3):
        due_again()
        run_steps()
    return CoreReconciliation.objects.get(order_date=day)


def breaks() -> list[tuple[str, uuid.UUID, int | None, int | None, bool]]:
    rows = ReconciliationBreak.objects.order_by("pk")
    return [(row.kind, row.request_id, row.our_fen, row.their_fen, row.closed_at is None) for row in rows]


def tamper(vendors: Sandbox, payment: Payment, amount: str | None = None) -> None:
    assert payment.request_id is not None
    body = {"bank": "125", "request_id": payment.request_id.hex, **({"amount": amount} if amount else {})}
    vendors.json("POST", "/sandbox/core/tamper", json=body)


class TestEven:
    def test_a_day_on_which_both_sides_agree(self, account: DepositAccount, run_steps: RunSteps) -> None:
        order(account, 500_00)
        run_steps()
        order(account, 120_00, out=True)
        run_steps()
        row = reconcile(run_steps)
        assert (row.ours, row.theirs, row.in_flight) == (2, 2, 0)
        assert breaks() == []

    def test_a_day_without_orders(self, account: DepositAccount, run_steps: RunSteps) -> None:
        row = reconcile(run_steps)
        assert (row.ours, row.theirs, row.in_flight, breaks()) == (0, 0, 0, [])

    def test_many_pages(
        self, account: DepositAccount, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch, vendors: Sandbox
    ) -> None:
        from accounts.providers.bank_gateway.client import AccountsClient

        whole = AccountsClient.statement
        monkeypatch.setattr(
            AccountsClient,
            "statement",
            lambda self, payload, request_id: whole(self, {**payload, "limit": 2}, request_id),
        )
        for _ in range(5):
            order(account, 1_00)
        run_steps()
        row = reconcile(run_steps)
        assert (row.ours, row.theirs, breaks()) == (5, 5, [])
        assert len(vendors.calls(vendor="core", operation="statement")) == 3

    def test_an_order_is_of_its_own_day_whenever_the_core_books_it(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        day = business_date()
        vendors.fault("core", status=503, count=1)
        payment = order(account, 500_00)
        run_steps()
        set_day(day + timedelta(days=1))
        due_again()
        run_steps()
        payment.refresh_from_db()
        assert (payment.status, payment.order_date) == ("arrived", day)
        assert (reconcile(run_steps, day).theirs, reconcile(run_steps, day + timedelta(days=1)).theirs) == (1, 0)
        assert breaks() == []


class TestBreaks:
    def test_missing_here_an_answer_that_we_never_got(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox, logged: list[Any]
    ) -> None:
        """The core has booked and hung up, and does not answer our questions: our order is on its way still."""
        payment = order(account, 500_00)
        vendors.fault("core", operation="credits", drop_after=True)
        vendors.fault("core", operation="requests", status=503)
        run_steps()
        row = reconcile(run_steps)
        assert (row.ours, row.theirs, row.in_flight) == (0, 1, 1)
        assert breaks() == [("missing_here", payment.request_id, 500_00, 500_00, True)]
        assert [log["log_level"] for log in logged if log["event"] == "core.reconciliation_breaks"] == ["error"]
        vendors.faults()
        due_again()
        run_steps()
        payment.refresh_from_db()
        assert payment.status == "arrived"
        row = reconcile(run_steps)
        assert (row.ours, row.theirs, row.in_flight) == (1, 1, 0)
        closed = ReconciliationBreak.objects.get()
        assert (closed.closed_by, closed.reason) == ("system", "再次对账相符")

    def test_missing_here_a_movement_that_nobody_here_has_ordered(
        self, account: DepositAccount, run_steps: RunSteps
    ) -> None:
        stranger = uuid.uuid4()
        of_accounts.core_system().credit(
            account_number=account.number or "", amount_fen=7_00, memo="x", request_id=stranger.hex,
            order_date=business_date(),
        )  # fmt: skip
        reconcile(run_steps)
        assert breaks() == [("missing_here", stranger, None, 7_00, True)]
        assert ReconciliationBreak.objects.get().payment is None

    def test_missing_there_what_the_core_has_lost(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        lost, kept = order(account, 500_00), order(account, 1_00)
        run_steps()
        tamper(vendors, lost)
        row = reconcile(run_steps)
        assert (row.ours, row.theirs) == (2, 1)
        assert breaks() == [("missing_there", lost.request_id, 500_00, None, True)]
        assert ReconciliationBreak.objects.get().payment_id == lost.pk
        assert kept.request_id is not None

    @pytest.mark.parametrize(("out", "ours", "theirs"), [(False, 500_00, 499_99), (True, -100_00, -99_00)])
    def test_amount_differs(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox, ours: int, theirs: int, *, out: bool
    ) -> None:
        if out:
            order(account, 600_00)
            run_steps()
        payment = order(account, abs(ours), out=out)
        run_steps()
        tamper(vendors, payment, f"{abs(theirs) // 100}.{abs(theirs) % 100:02d}")
        reconcile(run_steps)
        assert breaks() == [("amount_differs", payment.request_id, ours, theirs, True)]

    def test_an_order_on_its_way_of_which_the_core_knows_nothing_is_no_break(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        order(account, 500_00)
        vendors.fault("core", operation="credits", status=503)
        row = reconcile(run_steps)
        assert (row.ours, row.theirs, row.in_flight, breaks()) == (0, 0, 1, [])

    def test_an_order_that_the_core_refused_is_on_neither_side(
        self, account: DepositAccount, run_steps: RunSteps
    ) -> None:
        payment = order(account, 500_00, out=True)
        run_steps()
        payment.refresh_from_db()
        assert payment.status == "failed"
        row = reconcile(run_steps)
        assert (row.ours, row.theirs, row.in_flight, breaks()) == (0, 0, 0, [])

    def test_comparing_twice_finds_the_same_breaks_once(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        payment = order(account, 500_00)
        run_steps()
        tamper(vendors, payment)
        for _ in range(2):
            reconcile(run_steps)
        assert len(breaks()) == 1

    def test_a_core_that_does_not_answer_is_asked_until_it_does(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        vendors.fault("core", operation="statement", garbage=True, count=2)
        reconcile_again(order_date=business_date(), actor="clerk")
        for done in (0, 0, 1):
            due_again()
            run_steps()
            assert CoreReconciliation.objects.count() == done


class TestLines:
    """What a statement may say that the sandbox's core does not; compared without it."""

    @pytest.fixture
    def booked(self, bank_a: str) -> Payment:
        payment = order(make_account(keeper="core"), 500_00)
        Payment.objects.filter(pk=payment.pk).update(status="arrived")
        return payment

    @staticmethod
    def compare(payment: Payment, *lines: tuple[int, str]) -> None:
        assert payment.request_id is not None
        told = [StatementLine(request_id=payment.request_id, amount_fen=fen, reference=name) for fen, name in lines]
        with transaction.atomic():
            compare_with_statement(order_date=payment.order_date, lines=told)

    def test_an_order_that_the_core_booked_twice_differs(self, booked: Payment) -> None:
        self.compare(booked, (500_00, "C1"), (500_00, "C2"))
        assert breaks() == [("amount_differs", booked.request_id, 500_00, 1_000_00, True)]
        assert ReconciliationBreak.objects.get().core_reference == "C1 C2"

    def test_a_line_on_two_pages_is_one(self, booked: Payment) -> None:
        self.compare(booked, (500_00, "C1"), (500_00, "C1"))
        assert breaks() == []

    def test_a_break_that_comes_back_is_open_again(self, booked: Payment) -> None:
        self.compare(booked)
        self.compare(booked, (500_00, "C1"))
        assert [is_open for *_, is_open in breaks()] == [False]
        self.compare(booked)
        assert breaks() == [("missing_there", booked.request_id, 500_00, None, True)]

    def test_one_that_staff_explained_stays_closed_until_it_says_something_else(self, booked: Payment) -> None:
        self.compare(booked, (499_00, "C1"))
        close_break(break_id=ReconciliationBreak.objects.get().pk, reason="核心补记", actor="clerk")
        self.compare(booked, (499_00, "C1"))
        assert [is_open for *_, is_open in breaks()] == [False]
        self.compare(booked, (498_00, "C1"))
        assert breaks() == [("amount_differs", booked.request_id, 500_00, 498_00, True)]


class TestClosingABreak:
    def one(self, vendors: Sandbox, run_steps: RunSteps, account: DepositAccount) -> ReconciliationBreak:
        payment = order(account, 500_00)
        run_steps()
        tamper(vendors, payment)
        reconcile(run_steps)
        return ReconciliationBreak.objects.get()

    def test_is_an_act_with_a_reason_and_holds(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        row = self.one(vendors, run_steps, account)
        close_break(break_id=row.pk, reason="核心补记", actor="clerk")
        row.refresh_from_db()
        assert (row.closed_by, row.reason) == ("clerk", "核心补记")
        assert AuditEntry.objects.get(action="reconciliation.break_closed").detail == {"reason": "核心补记"}
        with pytest.raises(StateConflict):
            close_break(break_id=row.pk, reason="x", actor="other")
        with pytest.raises(NotFound):
            close_break(break_id=uuid.uuid4(), reason="x", actor="other")
        reconcile(run_steps)
        row.refresh_from_db()
        assert (row.closed_by, row.reason) == ("clerk", "核心补记")
        assert len(breaks()) == 1

    def test_without_a_reason_is_refused_by_the_table(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        row = self.one(vendors, run_steps, account)
        with pytest.raises(IntegrityError, match="accounts_reconciliation_break_closed"):
            close_break(break_id=row.pk, reason="", actor="clerk")


def owed_days() -> list[str]:
    rows = Step.objects.filter(kind="accounts.reconcile_core", state="live").order_by("subject")
    return list(rows.values_list("subject", flat=True))


class TestWhichDays:
    def test_every_past_day_since_the_first_order_until_it_is_even_and_no_longer_recent(
        self, account: DepositAccount, run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        first = business_date()
        payment = order(account, 500_00)
        run_steps()
        today = first + timedelta(days=3)
        set_day(today)
        with transaction.atomic():
            assert owe_reconciliations(before=today) == 3
        assert owed_days() == [str(first + timedelta(days=passed)) for passed in range(3)]
        tamper(vendors, payment)
        run_steps()
        today += timedelta(days=RECENT_DAYS)
        with transaction.atomic():
            assert owe_reconciliations(before=today) == RECENT_DAYS + 1
        assert owed_days()[0] == str(first)
        run_steps()
        close_break(break_id=ReconciliationBreak.objects.get().pk, reason="核心补记", actor="clerk")
        with transaction.atomic():
            assert owe_reconciliations(before=today) == RECENT_DAYS
        assert owed_days()[0] == str(today - timedelta(days=RECENT_DAYS))

    def test_a_recent_day_again_though_it_was_even(self, account: DepositAccount) -> None:
        """The core says no, both sides agree on nothing, and the day after the core has booked it all the same."""
        first = business_date()
        payment = order(account, 500_00, out=True)
        with transaction.atomic():
            payment_failed(payment_id=payment.pk, code="insufficient_funds")
            compare_with_statement(order_date=first, lines=[])
        assert not ReconciliationBreak.objects.exists()
        line = StatementLine(request_id=payment.request_id, amount_fen=-500_00, reference="LATE")  # type: ignore[arg-type]
        for days in (2, RECENT_DAYS):
            with transaction.atomic():
                owe_reconciliations(before=first + timedelta(days=days))
            assert str(first) in owed_days()
        with transaction.atomic():
            compare_with_statement(order_date=first, lines=[line])
        assert ReconciliationBreak.objects.get().kind == "missing_here"

    def test_none_where_nothing_was_ever_ordered_from_a_core(self, account: DepositAccount) -> None:
        with transaction.atomic():
            assert owe_reconciliations(before=business_date() + timedelta(days=30)) == 0


class TestTheDaysWork:
    def test_is_owed_in_pieces_each_once(self, account: DepositAccount, run_steps: RunSteps) -> None:
        order(account, 500_00)
        run_steps()
        day = business_date() + timedelta(days=1)
        set_day(day)
        for _ in range(2):
            with transaction.atomic():
                follow_day(day=day)
        rows = Step.objects.filter(state="live").order_by("kind").values_list("kind", "subject")
        assert list(rows) == sorted([*((piece, str(day)) for piece in PIECES),
                                     ("accounts.reconcile_core", str(day - timedelta(days=1)))])  # fmt: skip
        run_steps()
        assert not Step.objects.filter(state="live").exclude(kind=notices.SEND).exists()  # a notice waits for its hours
        assert CoreReconciliation.objects.get().order_date == day - timedelta(days=1)

    def test_is_none_where_the_day_did_not_begin(self, account: DepositAccount) -> None:
        with pytest.raises(RuntimeError, match="undone"), transaction.atomic():
            follow_day(day=business_date())
            raise RuntimeError("undone")
        assert not Step.objects.filter(kind__in=PIECES).exists()

    def test_a_filing_that_is_missing_is_told_the_day_after(self, logged: list[Any]) -> None:
        make_account()
        with transaction.atomic():
            do_piece(piece="accounts.watch_filings", day=business_date() + timedelta(days=1))
        told = [(log["log_level"], log["differences"]) for log in logged if log["event"] == "filing.disagree"]
        assert told == [("warning", 1)]
