"""Disbursement: re-checked, paid once, booked, a loan made (GL-01, LN-18, LN-20, ACC-13, S08, S12, S20)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import queries as accounts
from accounts import vendors as of_accounts
from accounts.models import Claim, DepositAccount, JournalEntry, Payment
from accounts.operations import AccountNotActive
from accounts.operations.cards import LastCardWithLoan, unbind_card
from accounts.operations.payments import payment_arrived, payment_failed
from accounts.operations.restrictions import Order, place_restriction
from core.clock import business_date, move_business_date, now
from core.db.asks import fetch_one, together
from core.errors import Problem, StateConflict
from core.ids import new_id
from core.steps import engine
from core.steps.models import Step
from core.steps.registry import KINDS, LEDGER
from core.tenancy import in_bank
from lending import operations, queries
from lending.models import CreditLine, Drawdown, Instalment, Loan, LoanEvent, ProductVersion, RelatedParty
from lending.operations import disbursement
from lending.operations.lines import LineAmountWrong
from lending.operations.loan_locks import lock_drawdown
from lending.operations.loan_opening import opening_loan
from lending.pricing import price_columns
from lending.queries.prices import line_price_today
from lending.queries.products import published_version, related_index
from lending.states import DRAWDOWN
from tests.accounts.holders import bind
from tests.at_once import at_once, told
from tests.lending.applicants import due_now
from tests.lending.borrowers import (
    Borrower,
    again,
    close_product,
    disburse,
    draft,
    give_money,
    lend,
    make_borrower,
    pass_face,
    set_day,
    signed,
    table_of,
)
from tests.running_sandbox import Sandbox
from verification import queries as verified
from verification.models import ActToken, Check, Subject
from verification.operations import FaceTokenExpired, FaceTokenMismatch, FaceTokenUsed

RunSteps = Callable[..., int]


def books_agree() -> None:
    assert queries.loan_book_agrees()
    assert sum(accounts.trial_balance().values()) == 0
    assert accounts.deposits_equal_ledger()


def still_signed(who: Borrower, drawdown: Drawdown) -> None:
    assert again(drawdown).status == "signed"
    assert who.line().held_fen == drawdown.amount_fen
    assert not Loan.objects.filter(drawdown=drawdown).exists()
    assert not Payment.objects.filter(business_ref__endswith=drawdown.pk.hex).exists()


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the watchlists say something of everybody."""

    def say(outcome: str) -> None:
        from verification.operations import screening

        monkeypatch.setattr(screening, "outcome_of", lambda *_args, **_kwargs: outcome)

    return say


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestHotWrite:
    @pytest.mark.parametrize("state", DRAWDOWN.states)
    def test_it_moves_from_the_states_that_the_table_pays_from(self, state: str) -> None:
        begun = DRAWDOWN.table.get((state, "disburse"), state)
        is_legal = DRAWDOWN.table.get((begun, "pay")) == "disbursed"
        nobody, values = new_id(), [None, None, now(), "{}"]
        said = f"drawdown {nobody} is not {state} any more" if is_legal else f"a drawdown that is {state} is not paid"
        with pytest.raises(IntegrityError, match=said), transaction.atomic():
            fetch_one("SELECT lending_open_loan(%s, %s, %s, %s, %s, %s)", [state, nobody, *values])

    def test_a_drawdown_that_is_not_in_the_state_that_was_read_is_not_paid(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        with pytest.raises(StateConflict), transaction.atomic():
            read = lock_drawdown(drawdown_id=drawdown.pk)
            Drawdown.objects.filter(pk=drawdown.pk).update(status="failed", reason_code="refused")
            together(opening_loan(drawdown=read, loan_id=new_id()))
        assert not Loan.objects.exists()

    def test_a_line_that_holds_less_is_not_drawn(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        with pytest.raises(LineAmountWrong), transaction.atomic():
            read = lock_drawdown(drawdown_id=drawdown.pk)
            CreditLine.objects.filter(pk=drawdown.line_id).update(held_fen=drawdown.amount_fen - 1)
            together(opening_loan(drawdown=read, loan_id=new_id()))
        assert not Loan.objects.exists()

    def test_a_kept_product_version_is_made_anew_and_never_found_at_another_bank(self, bank_b: str) -> None:
        with in_bank("125"):
            version_id = ProductVersion.objects.filter(published_at__isnull=False).values_list("pk", flat=True)[0]
            first, second = published_version(version_id), published_version(version_id)
            assert first == second == ProductVersion.objects.get(pk=version_id)
            assert first is not second
        with in_bank(bank_b), pytest.raises(ProductVersion.DoesNotExist):
            published_version(version_id)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestDisburse:
    def test_an_account_kept_here_gets_money_and_loan_in_one_transaction(self) -> None:
        who = make_borrower()
        drawdown = signed(who, 100_000_00)
        done = disburse(who, drawdown)
        loan = Loan.objects.get(drawdown=drawdown)
        assert done.status == "disbursed"
        assert who.account().balance_fen == 100_000_00
        assert (who.line().drawn_fen, who.line().held_fen) == (100_000_00, 0)
        entry = JournalEntry.objects.get(business_ref=f"disbursement:{drawdown.pk.hex}")
        assert {line.gl_code: line.amount_fen for line in entry.postings.all()} == {
            "1301": 100_000_00,
            "2011": -100_000_00,
        }
        assert (loan.status, loan.outstanding_fen, loan.start_date) == ("active", 100_000_00, business_date())
        books_agree()

    def test_the_loan_has_the_schedule_that_was_disclosed_and_the_contracts_terms(self) -> None:
        who = make_borrower()
        drawdown = signed(who, 100_000_00)
        disburse(who, drawdown)
        loan = Loan.objects.get(drawdown=drawdown)
        rows = Instalment.objects.filter(loan=loan).order_by("number")
        told = table_of(drawdown).content["instalments"]
        assert [row.due_date.isoformat() for row in rows] == [row["due_date"] for row in told]
        assert [row.principal_fen for row in rows] == [int(row["principal"].replace(".", "")) for row in told]
        assert [row.interest_fen for row in rows] == [int(row["interest"].replace(".", "")) for row in told]
        assert sum(row.principal_fen for row in rows) == loan.principal_fen
        assert loan.overdue_markup_percent == 50
        assert loan.compound_penalty

    def test_it_leaves_a_claim_on_the_account_an_event_and_figures_to_push(self) -> None:
        who = make_borrower()
        loan = lend(who)
        claim = Claim.objects.get(account_id=who.account_id)
        assert (claim.claimant, claim.released_at) == (f"loan:{loan.pk.hex}", None)
        event = LoanEvent.objects.get(loan=loan)
        assert (event.kind, event.amount_fen, event.outstanding_fen) == ("opened", 10_000_00, 10_000_00)
        assert Step.objects.filter(kind="province.push_figures", subject=f"opened:{loan.pk.hex}").exists()

    def test_the_day_after_the_signature_the_schedule_starts_anew(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=1))
        disburse(who, drawdown)
        assert Loan.objects.get(drawdown=drawdown).start_date == business_date()

    def test_after_the_end_of_the_next_business_date_it_is_too_late(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=2))
        with pytest.raises(StateConflict):
            disburse(who, drawdown)
        still_signed(who, drawdown)

    def test_twice_is_refused(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        disburse(who, drawdown)
        with pytest.raises(StateConflict):
            disburse(who, drawdown)
        assert Loan.objects.count() == 1

    def test_without_a_signed_contract_no_money_leaves(self) -> None:
        who = make_borrower()
        drawdown = draft(who)
        with pytest.raises(StateConflict):
            disburse(who, drawdown)
        Drawdown.objects.filter(pk=drawdown.pk).update(
            status="signed",
            contract_number="x",
            disburse_by_date=business_date(),
            **price_columns(line_price_today(who.line())),
        )
        with pytest.raises(StateConflict):
            disburse(who, drawdown)
        assert not Payment.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRecheck:
    def test_s08_a_token_of_signing_of_another_or_used_or_old_is_refused(self) -> None:
        who, other = make_borrower(), make_borrower()
        drawdown = signed(who)
        for token in (pass_face(who, drawdown, "sign"), pass_face(other, signed(other), "drawdown"), "nonsense"):
            with pytest.raises(FaceTokenMismatch):
                operations.disburse_drawdown(drawdown_id=drawdown.pk, customer_id=who.customer_id, face_token=token)
        token = pass_face(who, drawdown, "drawdown")
        ActToken.objects.update(created_at=now() - timedelta(hours=1), expires_at=now() - timedelta(minutes=1))
        with pytest.raises(FaceTokenExpired):
            operations.disburse_drawdown(drawdown_id=drawdown.pk, customer_id=who.customer_id, face_token=token)
        ActToken.objects.update(expires_at=now() + timedelta(minutes=1), used_at=now())
        with pytest.raises(FaceTokenUsed):
            operations.disburse_drawdown(drawdown_id=drawdown.pk, customer_id=who.customer_id, face_token=token)
        still_signed(who, drawdown)

    def test_s20_an_expired_id_card_is_refused_at_once(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        Subject.objects.filter(pk=who.customer_id).update(valid_until_date=business_date() - timedelta(days=1))
        with pytest.raises(operations.IdExpired):
            disburse(who, drawdown)
        still_signed(who, drawdown)

    def test_a_frozen_or_ended_line_a_closed_account_and_a_closed_product_are_refused(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        CreditLine.objects.filter(pk=who.line_id).update(status="frozen")
        with pytest.raises(operations.LineFrozen):
            disburse(who, drawdown)
        CreditLine.objects.filter(pk=who.line_id).update(status="closed")
        with pytest.raises(operations.LineExpired):
            disburse(who, drawdown)
        CreditLine.objects.filter(pk=who.line_id).update(status="active")
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
        with pytest.raises(AccountNotActive):
            disburse(who, drawdown)
        close_product()
        with pytest.raises(operations.ProductClosed):
            disburse(who, drawdown)
        still_signed(who, drawdown)

    @pytest.mark.parametrize(
        ("kind", "amount_fen", "is_paid"),
        [("freeze", None, False), ("stop_pay", None, False), ("freeze", 500_01, False), ("freeze", 500_00, True)],
    )
    def test_acc15_an_order_that_would_keep_the_money_keeps_the_loan_from_being_paid(
        self, kind: str, amount_fen: int | None, *, is_paid: bool
    ) -> None:
        """ACC-15: whoever borrows would owe what a court has; what the account has already may be frozen."""
        who = make_borrower()
        give_money(who, 500_00)
        drawdown = signed(who)
        last = business_date() + timedelta(days=10)
        order = Order(
            account_id=who.account_id, kind=kind, amount_fen=amount_fen, order_number="1", authority="样例人民法院",
            expires_date=last,
        )  # fmt: skip
        with transaction.atomic():
            place_restriction(order=order, reason="执行", actor="a+b")
        if is_paid:
            assert disburse(who, drawdown).status == "disbursed"
            return
        with pytest.raises(AccountNotActive):
            disburse(who, drawdown)
        still_signed(who, drawdown)
        Drawdown.objects.filter(pk=drawdown.pk).update(disburse_by_date=last + timedelta(days=1))
        set_day(last + timedelta(days=1))
        assert disburse(who, drawdown).status == "disbursed", "an order past its day keeps nothing"

    def test_a_customer_who_is_overdue_gets_nothing_new(self) -> None:
        who = make_borrower()
        loan = lend(who)
        set_day(loan.instalments.get(number=1).due_date)
        assert disburse(who, signed(who)).status == "disbursed"  # due today is not overdue
        set_day(loan.instalments.get(number=1).due_date + timedelta(days=1))
        drawdown = signed(who)
        with pytest.raises(operations.LoanOverdue):
            disburse(who, drawdown)
        assert again(drawdown).status == "signed"

    def test_a_related_party_ends_it_and_gives_the_hold_back(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        identity = verified.identity(who.customer_id)
        assert identity is not None
        RelatedParty.objects.create(
            name=identity.name, id_number=identity.id_number, id_number_index=related_index(identity.id_number),
            relation="director",
        )  # fmt: skip
        ended = disburse(who, drawdown)
        assert (ended.status, ended.reason_code) == ("failed", "related_party")
        assert who.line().held_fen == 0
        assert not Payment.objects.exists()

    @pytest.mark.parametrize("outcome", ["hit", "review"])
    def test_a_watchlist_ends_it_with_a_neutral_reason_and_an_alert(
        self, listed: Callable[[str], None], outcome: str
    ) -> None:
        who = make_borrower()
        drawdown = signed(who)
        listed(outcome)
        ended = disburse(who, drawdown)
        assert (ended.status, ended.reason_code, ended.retryable) == ("failed", "refused", False)
        assert who.line().held_fen == 0
        assert not Payment.objects.exists()
        check = Check.objects.get(kind="watchlist", business_id=drawdown.pk.hex)
        assert (check.purpose, check.outcome) == ("disburse", outcome)

    def test_a_clear_screening_is_on_record(self) -> None:
        who = make_borrower()
        drawdown = disburse(who, signed(who))
        check = Check.objects.get(kind="watchlist", business_id=drawdown.pk.hex)
        assert (check.purpose, check.outcome) == ("disburse", "clear")
        assert check.evidence_leaf is not None


def in_core(who: Borrower) -> Borrower:
    """Open the borrower's account in the core system as well, so that it can be moved there."""
    identity = verified.identity(who.customer_id)
    assert identity is not None
    number = of_accounts.core_system().open_account(
        account_class="II",
        name=identity.name, id_number=identity.id_number, phone=verified.phone_of(who.customer_id) or "",
        bound_card="6223240000000000010", request_id=new_id().hex,
    )  # fmt: skip
    row = who.account()
    row.number = number
    row.save(update_fields=["number"])
    return who


def credits_of(vendors: Sandbox, who: Borrower) -> list[dict[str, Any]]:
    moves = vendors.json("GET", "/sandbox/core", params={"bank": who.bank})["movements"]
    return [move for move in moves if move["account_number"] == who.account().number]


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestInCore:
    @pytest.fixture
    def who(self, bank_a: str, vendors: Sandbox) -> Borrower:
        return in_core(make_borrower(keeper="core"))

    def test_the_core_books_and_then_entry_and_loan_follow_in_one_transaction(
        self, who: Borrower, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        drawdown = disburse(who, signed(who))
        assert drawdown.status == "disbursing"
        assert who.line().held_fen == drawdown.amount_fen
        assert not JournalEntry.objects.exists()
        run_steps()
        assert again(drawdown).status == "disbursed"
        assert (who.line().drawn_fen, who.line().held_fen) == (drawdown.amount_fen, 0)
        entry = JournalEntry.objects.get()
        assert {line.gl_code: line.amount_fen for line in entry.postings.all()} == {
            "1301": drawdown.amount_fen,
            "1011": -drawdown.amount_fen,
        }
        assert len(credits_of(vendors, who)) == 1
        books_agree()

    def test_s12_a_core_that_times_out_after_posting_is_asked_and_pays_once(
        self, who: Borrower, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        drawdown = disburse(who, signed(who))
        vendors.fault("core", drop_after=True, count=1)
        run_steps()
        assert again(drawdown).status == "disbursing"
        assert who.line().held_fen == drawdown.amount_fen  # money of unknown fate keeps its hold
        due_now()
        run_steps()
        assert again(drawdown).status == "disbursed"
        assert len(credits_of(vendors, who)) == 1
        assert JournalEntry.objects.count() == Loan.objects.count() == 1
        books_agree()

    def test_a_refusal_ends_it_and_gives_the_hold_back(
        self, who: Borrower, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        row = who.account()
        row.number = "6299990000000000000000"
        row.save(update_fields=["number"])
        drawdown = disburse(who, signed(who))
        run_steps()
        failed = again(drawdown)
        assert (failed.status, failed.reason_code) == ("failed", "account_not_active")
        assert who.line().held_fen == 0
        assert not JournalEntry.objects.exists()
        assert not Loan.objects.exists()

    def test_an_unknown_fate_keeps_the_hold_past_the_last_day(
        self, who: Borrower, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        drawdown = disburse(who, signed(who))
        vendors.fault("core", drop_before=True)
        run_steps()
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=9))
            disbursement.lapse_signed(drawdown_id=drawdown.pk)
        assert again(drawdown).status == "disbursing"
        assert who.line().held_fen == drawdown.amount_fen
        vendors.faults()
        from core.gateway import forget_breakers

        forget_breakers()
        due_now()
        run_steps()
        assert again(drawdown).status == "disbursed"
        assert Loan.objects.get().start_date == business_date()

    @pytest.mark.parametrize("refusal", ["", "account_not_found"])
    def test_acc14_the_last_card_stays_while_the_money_is_on_its_way(self, refusal: str) -> None:
        who = make_borrower(keeper="core")
        card = bind(who.account())
        drawdown = disburse(who, signed(who))
        with pytest.raises(LastCardWithLoan):
            unbind_card(card_id=card.pk, customer_id=who.customer_id)
        with transaction.atomic():
            if refusal:
                payment_failed(payment_id=drawdown.payment_id, code=refusal)  # type: ignore[arg-type]
            else:
                payment_arrived(payment_id=drawdown.payment_id, core_reference="CR1")  # type: ignore[arg-type]
            disbursement.payment_ended(drawdown_id=drawdown.pk)
        resting = Claim.objects.filter(account_id=who.account_id, released_at=None).values_list("claimant", flat=True)
        assert list(resting) == [f"loan:{loan.hex}" for loan in Loan.objects.values_list("pk", flat=True)]
        assert len(resting) == (0 if refusal else 1)

    @pytest.mark.parametrize("kind", ["accounts.move_in_core", "drawdown.paid"])
    def test_a_worker_that_dies_before_or_after_a_step_ran_pays_once(
        self, who: Borrower, vendors: Sandbox, run_steps: RunSteps, kind: str
    ) -> None:
        drawdown = disburse(who, signed(who))
        if kind == "drawdown.paid":
            lanes = [KINDS["accounts.move_in_core"].lane]
            moving = engine.lease(lanes)
            assert moving is not None
            engine.work(moving)
        lost = engine.lease([KINDS[kind].lane, LEDGER])
        assert lost is not None
        assert lost.run.kind == kind
        due_now()
        second = engine.lease([KINDS[kind].lane, LEDGER])  # died before it called
        assert second is not None
        KINDS[kind].handler(second.run)  # called, and then it died
        due_now()
        run_steps()
        engine.work(lost)  # back from the dead: void
        assert again(drawdown).status == "disbursed"
        assert len(credits_of(vendors, who)) == 1
        assert JournalEntry.objects.count() == Loan.objects.count() == 1
        assert who.line().drawn_fen == drawdown.amount_fen
        books_agree()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestLapse:
    @pytest.mark.parametrize(("days", "status"), [(0, "signed"), (1, "signed"), (2, "expired")])
    def test_the_hold_is_given_back_at_the_end_of_the_next_business_date(self, days: int, status: str) -> None:
        who = make_borrower()
        drawdown = signed(who)
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=days))
            disbursement.lapse_signed(drawdown_id=drawdown.pk)
        assert again(drawdown).status == status
        assert who.line().held_fen == (0 if status == "expired" else drawdown.amount_fen)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_twenty_disbursements_at_once_of_one_drawdown_pay_once(self) -> None:
        with in_bank("125"):
            who = make_borrower()
            drawdown = signed(who)
            tokens = [(drawdown.pk, pass_face(who, drawdown, "drawdown")) for _ in range(20)]
        outcomes = _at_once(who, tokens)
        with in_bank("125"):
            assert sorted(outcomes) == ["disbursed"] + ["state_conflict"] * 19
            assert who.account().balance_fen == drawdown.amount_fen
            assert Loan.objects.count() == 1
            books_agree()

    def test_twenty_disbursements_at_once_of_twenty_drawdowns_pay_each_once_within_the_line(self) -> None:
        with in_bank("125"):
            who = make_borrower(limit_fen=20_000_00)
            drawdowns = [signed(who, 1_000_00) for _ in range(20)]
            tokens = [(drawdown.pk, pass_face(who, drawdown, "drawdown")) for drawdown in drawdowns]
        outcomes = _at_once(who, tokens)
        with in_bank("125"):
            assert outcomes == ["disbursed"] * 20
            assert (who.line().drawn_fen, who.line().held_fen) == (20_000_00, 0)
            assert who.account().balance_fen == 20_000_00
            books_agree()


def _at_once(who: Borrower, tokens: list[tuple[uuid.UUID, str]]) -> list[str]:
    def one(drawdown_id: uuid.UUID, token: str) -> str:
        return operations.disburse_drawdown(
            drawdown_id=drawdown_id, customer_id=who.customer_id, face_token=token
        ).status

    return told(at_once(who.bank, [partial(one, *each) for each in tokens]))


@pytest.mark.django_db
def test_at_another_bank_a_drawdown_and_its_token_are_worthless(bank_a: str) -> None:
    who = make_borrower()
    drawdown = signed(who)
    token = pass_face(who, drawdown, "drawdown")
    with in_bank("116"):
        with pytest.raises(Problem):
            operations.disburse_drawdown(drawdown_id=drawdown.pk, customer_id=who.customer_id, face_token=token)
        stranger = make_borrower()
        own = signed(stranger)
        with pytest.raises(FaceTokenMismatch):
            operations.disburse_drawdown(drawdown_id=own.pk, customer_id=stranger.customer_id, face_token=token)
        still_signed(stranger, own)
    still_signed(who, drawdown)
