"""Entrusted payment (LN-03): who must name a payee, whom we do not pay, what the customer reads, and the passing on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts import vendors as vendors_of_accounts
from accounts.models import Card, DepositAccount, Transfer
from accounts.operations import (
    AccountNotActive,
    InsufficientFunds,
    Line,
    PayeeRefused,
    charge_quota,
    post_entry,
)
from accounts.providers.payments import PaymentRefusal
from accounts.queries import deposits_equal_ledger, holds_equal_accounts, trial_balance
from core.clock import business_date, move_business_date
from core.crypto import blind_index
from core.db.asks import answered
from core.errors import StateConflict
from core.ids import new_id
from core.steps.models import Step
from lending.models import CreditLine, Drawdown, DrawdownProof, EntrustedPayment
from lending.operations import entrusting
from lending.operations.entrusting import (
    EntrustedPaymentNotOffered,
    Payee,
    PayeeNotAccepted,
    PayeeRequired,
    Paying,
    retry_passing_on,
)
from lending.queries.disclosures import latest_table
from lending.queries.terms import PurposeForbidden
from tenants.parameters import ParameterRefused, set_for_bank
from tests.accounts.holders import Network, refusal
from tests.lending.applicants import due_now, make_customer
from tests.lending.borrowers import (
    LIMIT,
    Borrower,
    again,
    disburse,
    draft,
    make_account,
    make_borrower,
    sign,
    signed,
)
from tests.lending.test_disbursement import credits_of, in_core
from tests.lending.test_loans_rest import body, caller, problem
from tests.running_sandbox import Sandbox
from verification.models import Check, ScreeningAlert, Upload
from verification.operations import UploadUnknown, screening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
RunSteps = Callable[..., int]
SHOP = Payee(name="海州建材商行", number="6217000012345678", bank="样例银行海州支行")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Stand in for the payment network."""
    made = Network()
    monkeypatch.setattr(vendors_of_accounts, "payment_network", lambda: made)
    return made


def proof_of(who: Borrower, kind: str = "proof") -> uuid.UUID:
    return Upload.objects.create(subject_id=who.customer_id, kind=kind, object_id=new_id(), size=1).pk


def limits(consumer: int = 1_000, business: int = 1_000) -> None:
    with transaction.atomic():
        for name, value in (("consumer", consumer), ("business", business)):
            set_for_bank(
                name=f"drawdown.self_payment_{name}_yuan", value=value, effective_date=business_date(), actor="test"
            )


class TestLN03:
    @pytest.mark.parametrize(
        ("kind", "limit_yuan", "amount_fen", "needs_payee"),
        [
            ("consumer", 300_000, 300_000_00, False),
            ("consumer", 300_000, 300_000_01, True),
            ("business", 500_000, 500_000_00, False),
            ("business", 500_000, 500_000_01, True),
        ],
    )
    def test_above_the_limit_of_self_payment_payee_and_proof_are_asked_for(
        self, kind: str, limit_yuan: int, amount_fen: int, *, needs_payee: bool
    ) -> None:
        who = make_borrower()
        CreditLine.objects.filter(pk=who.line_id).update(kind=kind, limit_fen=limit_yuan * 200)
        with transaction.atomic():
            if not needs_payee:
                entrusting.check_paying(
                    line=who.line(), account_id=who.account_id, amount_fen=amount_fen, paying=Paying()
                )
                return
            with pytest.raises(PayeeRequired) as refused:
                entrusting.check_paying(
                    line=who.line(), account_id=who.account_id, amount_fen=amount_fen, paying=Paying()
                )
        assert set(refused.value.errors) == {"payee", "proof"}

    @pytest.mark.parametrize(
        ("with_payee", "with_proof", "missing"),
        [(False, True, {"payee"}), (True, False, {"proof"}), (False, False, {"payee", "proof"}), (True, True, None)],
    )
    def test_both_are_asked_for_and_what_is_missing_is_named(
        self, *, with_payee: bool, with_proof: bool, missing: set[str] | None
    ) -> None:
        who = make_borrower()
        limits()
        paying = Paying(payee=SHOP if with_payee else None, proof=(proof_of(who),) if with_proof else ())
        if missing is None:
            draft(who, 2_000_00, paying=paying)
            assert EntrustedPayment.objects.get().payee_name == SHOP.name
            assert DrawdownProof.objects.count() == 1
            return
        with pytest.raises(PayeeRequired) as refused:
            draft(who, 2_000_00, paying=paying)
        assert set(refused.value.errors) == missing
        assert not Drawdown.objects.exists()

    def test_below_the_limit_a_payee_may_be_named_or_not(self) -> None:
        who = make_borrower()
        draft(who, 1_000_00)
        draft(who, 1_000_00, paying=Paying(payee=SHOP))
        assert EntrustedPayment.objects.count() == 1

    def test_a_bank_may_only_lower_the_limit(self) -> None:
        with pytest.raises(ParameterRefused), transaction.atomic():
            set_for_bank(
                name="drawdown.self_payment_consumer_yuan", value=400_000, effective_date=business_date(), actor="t"
            )

    def test_the_borrower_is_no_payee(self) -> None:
        who = make_borrower()
        for payee in (
            Payee(name="别人", number=who.account().number or ""),
            Payee(name="林样例", number="6217000012345678"),
        ):
            with pytest.raises(PayeeNotAccepted):
                draft(who, 1_000_00, paying=Paying(payee=payee))
        assert not Drawdown.objects.exists()

    @pytest.mark.parametrize("name", ["海州置业有限公司", "样例证券营业部", "东海 小额贷款 公司", "批发市场管理处"])
    def test_a_payee_of_a_banned_use_is_refused(self, name: str) -> None:
        who = make_borrower()
        with pytest.raises(PurposeForbidden):
            draft(who, 1_000_00, paying=Paying(payee=Payee(name=name, number="6217000012345678")))
        assert not Drawdown.objects.exists()

    def test_a_proof_is_an_own_upload_of_that_kind(self) -> None:
        who, other = make_borrower(), make_borrower()
        for upload in (proof_of(other), proof_of(who, "licence"), uuid.uuid4()):
            with pytest.raises(UploadUnknown):
                draft(who, 1_000_00, paying=Paying(proof=(upload,)))
        assert not Drawdown.objects.exists()


class TestACC06:
    """Money that is moved on counts against what the account may send: so large a payment needs a Class I account."""

    @pytest.mark.parametrize(
        ("account_class", "amount_fen", "offered"),
        [("II", 10_000_00, True), ("II", 10_000_01, False), ("I", 150_000_00, True)],
    )
    def test_what_the_account_can_never_send_is_refused_before_anything_is_promised(
        self, account_class: str, amount_fen: int, *, offered: bool
    ) -> None:
        who = make_borrower(keeper="core")
        DepositAccount.objects.filter(pk=who.account_id).update(account_class=account_class)
        if offered:
            draft(who, amount_fen, paying=Paying(payee=SHOP))
            return
        with pytest.raises(EntrustedPaymentNotOffered) as refused:
            draft(who, amount_fen, paying=Paying(payee=SHOP))
        assert "10000.00" in refused.value.detail
        assert not Drawdown.objects.exists()

    def test_a_payee_here_whose_name_is_another_is_refused_at_once(self) -> None:
        who, other = make_borrower(), make_borrower()
        with pytest.raises(PayeeRefused):
            draft(who, 1_000_00, paying=Paying(payee=Payee(name="别的人", number=other.account().number or "")))
        assert not Drawdown.objects.exists()

    def test_a_card_of_ones_own_is_no_payee(self) -> None:
        who = make_borrower()
        number = "6217990000000000013"
        Card.objects.create(
            customer_id=who.customer_id, account_id=who.account_id, number=number, last_four=number[-4:],
            number_index=blind_index(number, domain="card.number"), phone="13900000000", status="active",
        )  # fmt: skip
        with pytest.raises((PayeeNotAccepted, PayeeRefused)):
            draft(who, 1_000_00, paying=Paying(payee=Payee(name="别的人", number=number)))
        assert not Drawdown.objects.exists()


class TestWhatTheCustomerReads:
    def test_the_table_says_how_the_money_is_paid_and_no_more_of_the_payee_than_four_digits(
        self,
    ) -> None:
        who = make_borrower()
        told = [
            {line["label"]: line["value"] for line in table.content["lines"]}["支付方式"]
            for row in (draft(who, 1_000_00), draft(who, 1_000_00, paying=Paying(payee=SHOP)))
            if (table := latest_table(row)) is not None
        ]
        assert told[0].startswith("自主支付")
        assert told[1].startswith("受托支付")
        assert "5678" in told[1]
        assert SHOP.name not in told[1]

    def test_the_contract_names_the_payee_in_full(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = draft(who, 1_000_00, paying=Paying(payee=SHOP))
        sign(who, drawdown)
        run_steps()
        row = again(drawdown)
        assert row.status == "signed"
        assert row.agreed is not None
        assert row.agreed["payee"] == {"name": SHOP.name, "number": SHOP.number, "bank_name": SHOP.bank}

    def test_the_call_shows_the_payee_masked_and_the_proofs(self) -> None:
        who = make_borrower()
        upload = proof_of(who)
        payee = {"name": SHOP.name, "number": SHOP.number, "bank": SHOP.bank}
        answer = caller(who).post("drawdowns", body(who, payee=payee, proof=upload.hex))
        assert answer.status_code == 201
        shown = answer.json()
        assert shown["payee"] == {
            "name": "*****行", "number": "****5678", "bank": SHOP.bank, "status": "waiting", "reason_code": None,
        }  # fmt: skip
        assert shown["proof"] == [upload.hex]
        assert caller(who).get(f"drawdowns/{shown['id']}").json() == shown

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"payee": {"name": "林样例", "number": "6217000012345678"}}, (422, "payee_not_accepted")),
            ({"payee": {"name": "样例证券", "number": "6217000012345678"}}, (422, "purpose_forbidden")),
            ({"payee": {"name": "某商行", "number": "12"}}, (400, "invalid_request")),
            ({"payee": {"number": "6217000012345678"}}, (400, "invalid_request")),
            ({"payee": {"name": "\ud800", "number": "6217000012345678"}}, (400, "invalid_request")),
            ({"proof": ["0" * 32]}, (422, "upload_unknown")),
            ({"proof": "0" * 32}, (422, "upload_unknown")),
            ({"proof": ["nonsense"]}, (400, "invalid_request")),
            ({"proof": 1}, (400, "invalid_request")),
            ({"proof": [[]]}, (400, "invalid_request")),
            ({"proof": ["0" * 32] * 11}, (400, "invalid_request")),
        ],
    )
    def test_each_refusal_has_its_code(self, changes: dict[str, Any], expected: tuple[int, str]) -> None:
        who = make_borrower()
        assert problem(caller(who).post("drawdowns", body(who, **changes))) == expected
        assert not Drawdown.objects.exists()

    def test_payee_required_and_not_offered_have_theirs(self) -> None:
        who = make_borrower()
        payee = {"name": "某商行", "number": "6217000012345678"}
        too_much = body(who, amount="10000.01", payee=payee)
        assert problem(caller(who).post("drawdowns", too_much)) == (422, "entrusted_payment_not_offered")
        limits()
        assert problem(caller(who).post("drawdowns", body(who))) == (422, "payee_required")
        here = {"name": "别的人", "number": make_borrower().account().number}
        refused = body(who, amount="1000.00", payee=here)
        assert problem(caller(who).post("drawdowns", refused)) == (422, "payee_refused")
        assert not Drawdown.objects.exists()


def entrusted(who: Borrower) -> Drawdown:
    """Take a drawdown with a payee to `signed`."""
    return signed(who, 1_000_00, paying=Paying(payee=SHOP))


class TestAML05:
    def test_the_payee_is_screened_before_the_money_and_the_check_is_on_record(
        self,
    ) -> None:
        who = make_borrower()
        drawdown = entrusted(who)
        assert not Check.objects.filter(purpose="disburse_payee").exists()
        disburse(who, drawdown)
        check = Check.objects.get(purpose="disburse_payee")
        assert (check.business_id, check.outcome, check.asked) == (
            drawdown.pk.hex,
            "clear",
            {"party": "counterparty", "name": SHOP.name},
        )
        assert check.evidence_leaf is not None

    @pytest.mark.parametrize("outcome", ["review", "hit"])
    def test_a_listed_payee_ends_the_drawdown_neutrally_and_gives_the_hold_back(
        self, monkeypatch: pytest.MonkeyPatch, outcome: str
    ) -> None:
        monkeypatch.setattr(
            screening,
            "asking_candidates",
            lambda person, *_a, **_k: answered([person.name] * (person.name == SHOP.name)),
        )
        monkeypatch.setattr(screening, "outcome_of", lambda found, **_: outcome if found else "clear")
        monkeypatch.setattr(
            screening,
            "_alert",
            lambda check, _: [ScreeningAlert(check_row=check, subject_id=check.subject_id, outcome=outcome)],
        )
        who = make_borrower()
        done = disburse(who, entrusted(who))
        assert (done.status, done.reason_code) == ("failed", "refused")
        assert (who.line().held_fen, who.line().drawn_fen, who.account().balance_fen) == (0, 0, 0)
        assert ScreeningAlert.objects.filter(subject_id=who.customer_id).count() == 1
        assert not Step.objects.filter(kind=entrusting.TO_PAYEE).exists()


def sound() -> bool:
    return sum(trial_balance().values()) == 0 and deposits_equal_ledger() and holds_equal_accounts()


def paid(drawdown: Drawdown) -> EntrustedPayment:
    return EntrustedPayment.objects.get(drawdown=drawdown)


def run_out(run_steps: RunSteps) -> None:
    """Run what is due and what waits for it."""
    for _ in range(4):
        due_now()
        run_steps()


class TestPassingOn:
    def test_the_money_lands_is_set_aside_and_leaves_for_the_payee_once(
        self, network: Network, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = disburse(who, entrusted(who))
        account = who.account()
        assert drawdown.status == "disbursed"
        assert (account.balance_fen, account.held_fen) == (1_000_00, 1_000_00)
        assert network.sent == []
        run_out(run_steps)
        row = paid(drawdown)
        assert (row.status, row.paid_at is not None, row.hold_id) == ("paid", True, None)
        assert [amount_fen for _, amount_fen in network.sent] == [1_000_00]
        assert (network.payees[0].account_number, network.payees[0].name) == (SHOP.number, SHOP.name)
        account = who.account()
        assert (account.balance_fen, account.held_fen) == (0, 0)
        with transaction.atomic():
            entrusting.pass_on(drawdown_id=drawdown.pk)
            entrusting.conclude_passing_on(drawdown_id=drawdown.pk, code="x")
        assert (paid(drawdown).status, Transfer.objects.count(), len(network.sent)) == ("paid", 1, 1)
        assert sound()

    def test_the_borrower_cannot_spend_it_meanwhile(self, network: Network) -> None:
        who = make_borrower()
        disburse(who, entrusted(who))
        with pytest.raises(InsufficientFunds), transaction.atomic():
            post_entry(
                business_ref="spent", kind="test",
                lines=[Line(gl_code="2011", amount_fen=1, account_id=who.account_id), Line(gl_code="3101", amount_fen=-1)],
            )  # fmt: skip
        assert network.sent == []

    def test_a_payee_with_an_account_here_has_it_at_once(self, network: Network, run_steps: RunSteps) -> None:
        who = make_borrower()
        shop = make_customer(name="王样例")
        theirs = make_account(shop)
        DepositAccount.objects.filter(pk=theirs.pk).update(face_to_face=True)
        payee = Payee(name="王样例", number=theirs.number or "")
        drawdown = disburse(who, signed(who, 1_000_00, paying=Paying(payee=payee)))
        run_steps()
        assert paid(drawdown).status == "paid"
        theirs.refresh_from_db()
        assert (theirs.balance_fen, who.account().balance_fen, network.sent) == (1_000_00, 0, [])
        assert sound()

    def test_without_a_payee_nothing_is_owed_or_set_aside(self) -> None:
        who = make_borrower()
        disburse(who, signed(who, 1_000_00))
        assert not Step.objects.filter(kind=entrusting.TO_PAYEE).exists()
        assert who.account().held_fen == 0

    def test_what_the_network_refuses_is_set_aside_again_and_tried_again_by_staff_only(
        self, network: Network, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        network.answers = [refusal(PaymentRefusal.PAYEE_NOT_FOUND)]
        drawdown = disburse(who, entrusted(who))
        with pytest.raises(StateConflict):
            retry_passing_on(entrusted_id=paid(drawdown).pk, actor="ops")
        run_out(run_steps)
        row = paid(drawdown)
        assert (row.status, row.reason_code != "") == ("failed", True)
        assert (who.account().balance_fen, who.account().held_fen) == (1_000_00, 1_000_00)
        assert sound()
        run_out(run_steps)
        assert len(network.sent) == 1
        retry_passing_on(entrusted_id=row.pk, actor="ops")
        run_out(run_steps)
        assert (paid(drawdown).status, len(network.sent)) == ("paid", 2)
        assert (who.account().balance_fen, who.account().held_fen) == (0, 0)
        assert sound()

    def test_a_quota_that_is_used_up_today_keeps_the_money_set_aside_till_tomorrow(
        self, network: Network, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        with transaction.atomic():
            charge_quota(
                account_id=who.account_id, account_class="II", direction="out", amount_fen=9_500_00, business_ref="x"
            )
        drawdown = disburse(who, entrusted(who))
        run_out(run_steps)
        row = paid(drawdown)
        assert (row.status, row.reason_code, who.account().held_fen) == ("failed", "quota_exceeded", 1_000_00)
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=1))
        retry_passing_on(entrusted_id=row.pk, actor="ops")
        run_out(run_steps)
        assert (paid(drawdown).status, who.account().held_fen, len(network.sent)) == ("paid", 0, 1)
        assert sound()

    def test_an_account_that_nothing_may_leave_gets_no_such_money(self, network: Network) -> None:
        who = make_borrower()
        drawdown = entrusted(who)
        DepositAccount.objects.filter(pk=who.account_id).update(debits_stopped=True)
        with pytest.raises(AccountNotActive):
            disburse(who, drawdown)
        assert again(drawdown).status == "signed"
        assert (who.account().balance_fen, who.line().drawn_fen, network.sent) == (0, 0, [])


class TestOverTheWire:
    def test_where_the_core_keeps_the_account_its_debit_comes_first(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who, person = in_core(make_borrower(keeper="core")), vendors.person(region="320706", age=40)
        payee = Payee(name=person["name"], number=person["card_number"])
        drawdown = disburse(who, signed(who, 1_000_00, paying=Paying(payee=payee)))
        assert drawdown.status == "disbursing"
        run_out(run_steps)
        assert again(drawdown).status == "disbursed"
        run_out(run_steps)
        row = paid(drawdown)
        assert (row.status, row.reason_code, row.hold_id) == ("paid", "", None)
        assert len(credits_of(vendors, who)) == 2  # in with the loan, out to the payee
        assert sum(trial_balance().values()) == 0


def test_a_stranger_never_learns_of_a_payee() -> None:
    who = make_borrower(limit_fen=LIMIT)
    row = draft(who, 1_000_00, paying=Paying(payee=SHOP))
    assert problem(caller(make_customer()).get(f"drawdowns/{row.pk.hex}")) == (404, "not_found")
