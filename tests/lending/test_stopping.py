"""Stopping a product or a bank: what is signed and not paid out is cancelled, and nothing else (PU-07a, S20)."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.queries import Receiving
from core.clock import business_date, move_business_date
from core.errors import Problem, StateConflict
from core.states.models import StateChange
from core.steps import engine
from core.steps.models import Step
from core.steps.registry import KINDS, VENDOR, Done
from core.tenancy import PROVINCE_CODE, PUBLIC, at, in_bank
from lending import operations, queries
from lending.models import Contract, Drawdown, Loan, Product
from lending.operations import disbursement, signing, stopping
from lending.steps import stopping as steps
from tenants.operations import move_bank
from tenants.operations.province import move
from tests.lending.applicants import due_now
from tests.lending.borrowers import (
    Borrower,
    again,
    disburse,
    draft,
    give_money,
    lend,
    make_borrower,
    pass_face,
    repay,
    sign,
    signed,
)
from tests.lending.product_acts import close, reopen
from tests.lending.test_disbursement import books_agree, credits_of, in_core
from tests.lending.test_loans_rest import caller
from tests.running_sandbox import Sandbox

RunSteps = Callable[..., int]
KIND = "lending.cancel_signed"


def suspend(code: str = "125") -> None:
    with in_bank(PROVINCE_CODE):
        move_bank(code=code, event="suspend", reason="演练", actor="province")


def run_at_province() -> int:
    with in_bank(PROVINCE_CODE):
        return engine.run_due(lanes=["default"], seconds=10)


def cancelled(who: Borrower, drawdown: Drawdown) -> None:
    row = again(drawdown)
    assert (row.status, row.reason_code, row.retryable) == ("failed", "product_closed", False)
    assert who.line().held_fen == 0
    change = StateChange.objects.filter(machine="drawdown", subject_id=row.pk).latest("id")
    assert (change.event, change.from_state, change.to_state) == ("cancel", drawdown.status, "failed")


def untouched(who: Borrower, drawdown: Drawdown) -> None:
    assert again(drawdown).status == drawdown.status
    assert not StateChange.objects.filter(subject_id=drawdown.pk, event="cancel").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAProductThatIsClosed:
    def test_cancels_what_is_signed_by_a_step_that_the_closing_itself_owes(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = signed(who)
        close()
        assert Step.objects.filter(kind=KIND, state="live").count() == 1
        assert again(drawdown).status == "signed"
        run_steps()
        cancelled(who, drawdown)
        assert Step.objects.get(kind=KIND).state == "done"

    def test_owes_nothing_where_the_closing_was_undone(self) -> None:
        def die(*_: object, **__: object) -> None:
            raise RuntimeError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lending.operations.product_switching.record", die)
            with pytest.raises(RuntimeError):
                close()
        assert Product.objects.get(code="XF01").is_open
        assert not Step.objects.filter(kind=KIND).exists()

    def test_leaves_drafts_other_products_and_other_banks_alone(self, run_steps: RunSteps) -> None:
        who, other = make_borrower(), make_borrower(product="XF03")
        mine, drafted = signed(who), draft(who)
        others = signed(other, method="bullet")
        with in_bank("116"):
            stranger = make_borrower()
            strangers = signed(stranger)
        close()
        run_steps()
        cancelled(who, mine)
        untouched(who, drafted)
        untouched(other, others)
        assert other.line().held_fen == others.amount_fen
        with in_bank("116"):
            run_steps()
            untouched(stranger, strangers)

    def test_leaves_loans_their_repayment_their_quote_and_their_documents(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        loan = lend(who)
        close()
        run_steps()
        phone = caller(who)
        assert phone.post(f"loans/{loan.pk.hex}/repayments/quote", {"kind": "early_full"}, key=None).status_code == 200
        assert phone.get(f"contracts/{loan.contract_id.hex}").status_code == 200
        give_money(who, 1_000_00)
        assert repay(who, loan, kind="early_full").status == "posted"
        assert Loan.objects.get(pk=loan.pk).status == "settled"
        books_agree()

    def test_leaves_what_lends_again_before_the_step_came_round(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = signed(who)
        close()
        reopen()
        run_steps()
        untouched(who, drawdown)
        assert disburse(who, drawdown).status == "disbursed"

    def test_and_closed_again_while_a_former_step_is_unfinished_owes_a_second(self, run_steps: RunSteps) -> None:
        close()
        slow = engine.lease(["default"])
        assert slow is not None
        assert slow.run.kind == KIND
        reopen()
        who = make_borrower()
        drawdown = signed(who)
        close()
        run_steps()
        cancelled(who, drawdown)
        engine.work(slow)
        assert set(Step.objects.filter(kind=KIND).values_list("state", flat=True)) == {"done"}

    def test_works_in_batches(self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(steps, "AT_ONCE", 2)
        who = make_borrower()
        drawdowns = [signed(who, 1_000_00) for _ in range(5)]
        close()
        for _ in range(3):
            due_now()
            run_steps()
        assert {again(row).status for row in drawdowns} == {"failed"}
        assert who.line().held_fen == 0
        assert (Step.objects.get(kind=KIND).state, Step.objects.get(kind=KIND).attempt) == ("done", 3)

    def test_tells_the_customer_so_and_pays_nothing_out(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = signed(who)
        close()
        run_steps()
        told = caller(who).get(f"drawdowns/{drawdown.pk.hex}").json()
        assert (told["status"], told["reason_code"]) == ("failed", "product_closed")
        with pytest.raises(StateConflict):
            disburse(who, drawdown)
        assert who.account().balance_fen == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestASignatureOnItsWay:
    def test_is_cancelled_and_its_contract_never_entered(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = sign(who, draft(who))
        close()
        due_now()
        Step.objects.filter(kind=signing.SIGN).update(run_at="2999-01-01T00:00Z")
        run_steps()
        cancelled(who, drawdown)
        due_now()
        run_steps()
        cancelled(who, drawdown)
        assert not Contract.objects.filter(drawdown=drawdown).exists()
        assert Step.objects.get(kind=signing.SIGN).state == "done"

    def test_that_comes_to_its_end_after_the_step_is_cancelled_there(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        """The product was closed while the customer's signature was being stored: the step could not see it."""
        who = make_borrower()
        drawdown = sign(who, draft(who))
        signing_step = engine.lease([VENDOR])
        assert signing_step is not None
        made = KINDS[signing.SIGN].handler(signing_step.run)
        assert isinstance(made, Done)
        Product.objects.filter(code="XF01").update(is_open=False)
        assert made.apply is not None
        with transaction.atomic():
            made.apply()
        cancelled(who, drawdown)
        assert not Contract.objects.filter(drawdown=drawdown).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bank_a")
class TestMoneyOnItsWay:
    @pytest.fixture
    def who(self, bank_a: str, vendors: Sandbox) -> Borrower:
        return in_core(make_borrower(keeper="core"))

    @pytest.mark.parametrize("stop", [close, suspend])
    def test_of_unknown_fate_keeps_its_hold_and_ends_when_the_core_has_told(
        self, who: Borrower, vendors: Sandbox, run_steps: RunSteps, stop: Callable[[], None]
    ) -> None:
        drawdown = disburse(who, signed(who))
        vendors.fault("core", drop_after=True, count=1)
        stop()
        run_at_province()
        run_steps()
        assert again(drawdown).status == "disbursing"
        assert who.line().held_fen == drawdown.amount_fen
        for _ in range(2):
            due_now()
            run_steps()
        assert again(drawdown).status == "disbursed"
        assert len(credits_of(vendors, who)) == 1
        books_agree()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestABankThatIsSuspended:
    def test_cancels_what_is_signed_of_every_product(self, run_steps: RunSteps) -> None:
        who, other = make_borrower(), make_borrower(product="XF03")
        rows = [(who, signed(who)), (other, signed(other, method="bullet"))]
        with in_bank("116"):
            stranger = make_borrower()
            strangers = signed(stranger)
        suspend()
        assert run_at_province() == 1
        run_steps()
        for owner, drawdown in rows:
            cancelled(owner, drawdown)
        with in_bank("116"):
            run_steps()
            untouched(stranger, strangers)

    def test_is_told_by_a_step_of_the_province_that_the_suspension_itself_owes(self) -> None:
        suspend()
        with in_bank(PROVINCE_CODE):
            step = Step.objects.get(kind="bank.stopped")
            assert step.subject.partition(":")[0] == "125"
        assert not Step.objects.filter(kind=KIND).exists()
        with at(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT bank, lane FROM public.due_steps()")
            assert ("province", "default") in cursor.fetchall()

    def test_owes_nothing_where_the_move_was_not_legal(self) -> None:
        with in_bank(PROVINCE_CODE):
            with pytest.raises(StateConflict):
                move_bank(code="125", event="begin_test", reason="演练", actor="province")
            assert not Step.objects.filter(kind="bank.stopped").exists()

    def test_resumed_before_the_step_came_round_keeps_what_is_signed(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = signed(who)
        suspend()
        with in_bank(PROVINCE_CODE), transaction.atomic():
            move(code="125", event="resume", reason="演练结束", actor="one+other")
        run_at_province()
        run_steps()
        untouched(who, drawdown)

    def test_hears_of_it_twice_where_the_province_died_in_between(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = signed(who)
        suspend()
        with in_bank(PROVINCE_CODE):
            lost = engine.lease(["default"])
            assert lost is not None
            KINDS[lost.run.kind].handler(lost.run)
            due_now()
        assert run_at_province() == 1
        assert Step.objects.filter(kind=KIND).count() == 1
        run_steps()
        cancelled(who, drawdown)


@pytest.fixture
def at_once() -> Callable[[Borrower, list[Callable[[], object]]], list[str]]:
    """Run callables in threads of their own at the borrower's bank and tell what came of each."""

    def run(who: Borrower, acts: list[Callable[[], object]]) -> list[str]:
        start, told = threading.Barrier(len(acts)), [""] * len(acts)

        def one(number: int, act: Callable[[], object]) -> None:
            try:
                with in_bank(who.bank):
                    start.wait()
                    told[number] = str(act())
            except Problem as problem:
                told[number] = problem.code
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=each) for each in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return told

    return run


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_a_payment_that_holds_the_drawdown_is_made_and_the_step_passes_it_by(self) -> None:
        """The step comes while the customer's own request is between its lock and its commit."""
        locked, go_on = threading.Event(), threading.Event()
        pay = disbursement._pay

        def slowly(drawdown: Drawdown, receiving: Receiving) -> Drawdown:
            locked.set()
            go_on.wait(10)
            return pay(drawdown, receiving)

        with in_bank("125"):
            who = make_borrower()
            drawdown = signed(who)
            token = pass_face(who, drawdown, "drawdown")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(disbursement, "_pay", slowly)
            payer = threading.Thread(target=_disburse, args=(who, drawdown.pk, token))
            payer.start()
            assert locked.wait(10)
            with in_bank("125"):
                close()
            passer = threading.Thread(target=_run_steps, args=(who,))
            passer.start()
            assert _somebody_waits()
            go_on.set()
            payer.join()
            passer.join()
        with in_bank("125"):
            assert again(drawdown).status == "disbursed"
            assert (who.line().drawn_fen, who.line().held_fen) == (drawdown.amount_fen, 0)
            assert who.account().balance_fen == drawdown.amount_fen
            assert Step.objects.get(kind=KIND).state == "done"
            books_agree()

    def test_a_cancellation_that_holds_the_drawdown_is_made_and_nothing_is_paid(self) -> None:
        locked, go_on = threading.Event(), threading.Event()
        cancel = stopping.cancel

        def slowly(*, drawdown: Drawdown) -> None:
            locked.set()
            go_on.wait(10)
            cancel(drawdown=drawdown)

        with in_bank("125"):
            who = make_borrower()
            drawdown = signed(who)
            token = pass_face(who, drawdown, "drawdown")
            close()
        told: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stopping, "cancel", slowly)
            canceller = threading.Thread(target=_run_steps, args=(who,))
            canceller.start()
            assert locked.wait(10)
            payer = threading.Thread(target=_disburse, args=(who, drawdown.pk, token, told))
            payer.start()
            assert _somebody_waits()
            go_on.set()
            canceller.join()
            payer.join()
        with in_bank("125"):
            assert told == ["state_conflict"]
            cancelled(who, drawdown)
            assert who.account().balance_fen == 0
            assert not Loan.objects.filter(drawdown=drawdown).exists()
            books_agree()

    def test_any_number_of_each_at_once_leave_every_drawdown_paid_or_cancelled(
        self, at_once: Callable[[Borrower, list[Callable[[], object]]], list[str]]
    ) -> None:
        with in_bank("125"):
            who = make_borrower(limit_fen=20_000_00)
            drawdowns = [signed(who, 1_000_00) for _ in range(8)]
            tokens = [pass_face(who, row, "drawdown") for row in drawdowns]

        def paying(row: Drawdown, token: str) -> Callable[[], object]:
            return lambda: (
                operations.disburse_drawdown(drawdown_id=row.pk, customer_id=who.customer_id, face_token=token).status
            )

        def closing() -> str:
            close()
            engine.run_due(lanes=["default"], seconds=20)
            return "closed"

        told = at_once(who, [*(paying(*pair) for pair in zip(drawdowns, tokens, strict=True)), closing])
        with in_bank("125"):
            engine.run_due(lanes=["default"], seconds=20)
            paid = told.count("disbursed")
            statuses = [again(row).status for row in drawdowns]
            assert set(told) <= {"disbursed", "product_closed", "state_conflict", "closed"}
            assert (statuses.count("disbursed"), statuses.count("failed")) == (paid, 8 - paid)
            assert (who.line().drawn_fen, who.line().held_fen) == (paid * 1_000_00, 0)
            assert who.account().balance_fen == paid * 1_000_00
            books_agree()


def _disburse(who: Borrower, drawdown_id: uuid.UUID, token: str, told: list[str] | None = None) -> None:
    try:
        with in_bank(who.bank):
            operations.disburse_drawdown(drawdown_id=drawdown_id, customer_id=who.customer_id, face_token=token)
    except Problem as problem:
        if told is not None:
            told.append(problem.code)
    finally:
        connection.close()


def _run_steps(who: Borrower) -> None:
    try:
        with in_bank(who.bank):
            engine.run_due(lanes=["default"], seconds=20)
    finally:
        connection.close()


def _somebody_waits() -> bool:
    """Wait until a connection waits for a lock."""
    for _ in range(200):
        with at(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return True
        threading.Event().wait(0.05)
    return False


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_a_hold_ends_by_its_last_day_all_the_same(run_steps: RunSteps) -> None:
    who = make_borrower()
    drawdown = signed(who)
    with transaction.atomic():
        move_business_date(to_date=business_date() + timedelta(days=2))
        disbursement.lapse_signed(drawdown_id=drawdown.pk)
    close()
    run_steps()
    assert again(drawdown).status == "expired"
    assert queries.loan_book_agrees()
