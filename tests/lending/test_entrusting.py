"""Entrusted payment (LN-03): who must name a payee, whom we do not pay, what the customer reads, and the passing on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from core.clock import business_date
from core.errors import StateConflict
from core.ids import new_id
from core.steps.models import Step
from lending import passing_on
from lending.models import CreditLine, Drawdown, DrawdownProof, EntrustedPayment
from lending.operations import entrusting
from lending.operations.entrusting import (
    EntrustedPaymentNotOffered,
    Payee,
    PayeeNotAccepted,
    PayeeRequired,
    Paying,
    conclude_passing_on,
    retry_passing_on,
)
from lending.passing_on import Passed
from lending.queries.disclosures import latest_table
from lending.queries.terms import PurposeForbidden
from tenants.parameters import ParameterRefused, set_for_bank
from tests.lending.applicants import due_now, make_customer
from tests.lending.borrowers import (
    LIMIT,
    Borrower,
    again,
    disburse,
    draft,
    make_borrower,
    sign,
    signed,
)
from tests.lending.test_loans_rest import body, caller, problem
from tests.running_sandbox import Sandbox
from verification.models import Check, ScreeningAlert, Upload
from verification.operations import UploadUnknown, screening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
RunSteps = Callable[..., int]
SHOP = Payee(name="海州建材商行", number="6217000012345678", bank="样例银行海州支行")


@pytest.fixture
def open_way(monkeypatch: pytest.MonkeyPatch) -> list[EntrustedPayment]:
    """Let a payee be paid, by a stand-in for the accounts room's transfer; return what was asked of it."""
    asked: list[EntrustedPayment] = []

    def transfer(*, payment: EntrustedPayment) -> Passed:
        asked.append(payment)
        return Passed(id=new_id(), status="pending")

    monkeypatch.setattr(passing_on, "is_offered", lambda: True)
    monkeypatch.setattr(passing_on, "pass_to_payee", transfer)
    return asked


def proof_of(who: Borrower, kind: str = "proof") -> uuid.UUID:
    return Upload.objects.create(subject_id=who.customer_id, kind=kind, object_id=new_id(), size=1).pk


def limits(consumer: int = 1_000, business: int = 1_000) -> None:
    with transaction.atomic():
        for name, value in (("consumer", consumer), ("business", business)):
            set_for_bank(
                name=f"drawdown.self_payment_{name}_yuan", value=value, effective_date=business_date(), actor="test"
            )


@pytest.mark.usefixtures("open_way")
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
                entrusting.check_paying(line=who.line(), amount_fen=amount_fen, paying=Paying())
                return
            with pytest.raises(PayeeRequired) as refused:
                entrusting.check_paying(line=who.line(), amount_fen=amount_fen, paying=Paying())
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


class TestWithoutAWay:
    def test_a_payee_is_refused_before_anything_is_promised(self) -> None:
        who = make_borrower()
        with pytest.raises(EntrustedPaymentNotOffered):
            draft(who, 1_000_00, paying=Paying(payee=SHOP))
        assert not Drawdown.objects.exists()

    def test_passing_on_that_is_reached_all_the_same_raises_and_its_step_parks(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = signed(who, 1_000_00)
        EntrustedPayment.objects.create(drawdown=drawdown, payee_name="某商行", payee_number="6217000012345678")
        disburse(who, drawdown)
        for _ in range(6):
            due_now()
            run_steps()
        step = Step.objects.get(kind=entrusting.TO_PAYEE)
        assert step.state == "parked"
        assert EntrustedPayment.objects.get().status == "waiting"
        assert who.account().balance_fen == 1_000_00


class TestWhatTheCustomerReads:
    def test_the_table_says_how_the_money_is_paid_and_no_more_of_the_payee_than_four_digits(
        self, open_way: list[EntrustedPayment]
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
        assert open_way == []

    def test_the_contract_names_the_payee_in_full(
        self, open_way: list[EntrustedPayment], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = draft(who, 1_000_00, paying=Paying(payee=SHOP))
        sign(who, drawdown)
        run_steps()
        row = again(drawdown)
        assert row.status == "signed"
        assert row.agreed is not None
        assert row.agreed["payee"] == {"name": SHOP.name, "number": SHOP.number, "bank_name": SHOP.bank}
        assert open_way == []

    def test_the_call_shows_the_payee_masked_and_the_proofs(self, open_way: list[EntrustedPayment]) -> None:
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
        assert open_way == []

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
    def test_each_refusal_has_its_code(
        self, open_way: list[EntrustedPayment], changes: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        who = make_borrower()
        assert problem(caller(who).post("drawdowns", body(who, **changes))) == expected
        assert not Drawdown.objects.exists()
        assert open_way == []

    def test_payee_required_and_not_offered_have_theirs(self) -> None:
        who = make_borrower()
        payee = {"name": "某商行", "number": "6217000012345678"}
        assert problem(caller(who).post("drawdowns", body(who, payee=payee))) == (422, "entrusted_payment_not_offered")
        limits()
        assert problem(caller(who).post("drawdowns", body(who))) == (422, "payee_required")
        assert not Drawdown.objects.exists()


def entrusted(who: Borrower) -> Drawdown:
    """Take a drawdown with a payee to `signed`."""
    return signed(who, 1_000_00, paying=Paying(payee=SHOP))


class TestAML05:
    def test_the_payee_is_screened_before_the_money_and_the_check_is_on_record(
        self, open_way: list[EntrustedPayment]
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
        assert open_way == []

    @pytest.mark.parametrize("outcome", ["review", "hit"])
    def test_a_listed_payee_ends_the_drawdown_neutrally_and_gives_the_hold_back(
        self, open_way: list[EntrustedPayment], monkeypatch: pytest.MonkeyPatch, outcome: str
    ) -> None:
        monkeypatch.setattr(
            screening, "find_candidates", lambda person, *_a, **_k: [person.name] * (person.name == SHOP.name)
        )
        monkeypatch.setattr(screening, "outcome_of", lambda found, **_: outcome if found else "clear")
        monkeypatch.setattr(
            screening,
            "_alert",
            lambda check, _: ScreeningAlert.objects.create(
                check_row=check, subject_id=check.subject_id, outcome=outcome
            ),
        )
        who = make_borrower()
        done = disburse(who, entrusted(who))
        assert (done.status, done.reason_code) == ("failed", "refused")
        assert (who.line().held_fen, who.line().drawn_fen, who.account().balance_fen) == (0, 0, 0)
        assert ScreeningAlert.objects.filter(subject_id=who.customer_id).count() == 1
        assert not Step.objects.filter(kind=entrusting.TO_PAYEE).exists()
        assert open_way == []


class TestPassingOn:
    def test_is_owed_by_the_disbursement_and_asks_for_the_transfer_once(
        self, open_way: list[EntrustedPayment], run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = disburse(who, entrusted(who))
        assert drawdown.status == "disbursed"
        assert who.account().balance_fen == 1_000_00
        run_steps()
        row = EntrustedPayment.objects.get()
        assert (row.status, len(open_way), open_way[0].drawdown_id) == ("passing", 1, drawdown.pk)
        assert row.transfer_id is not None
        with transaction.atomic():
            conclude_passing_on(drawdown_id=drawdown.pk, code="")
        row.refresh_from_db()
        assert (row.status, row.paid_at is not None) == ("paid", True)
        with transaction.atomic():
            conclude_passing_on(drawdown_id=drawdown.pk, code="account_not_found")
            entrusting.pass_on(drawdown_id=drawdown.pk)
        row.refresh_from_db()
        assert (row.status, len(open_way)) == ("paid", 1)

    def test_without_a_payee_nothing_is_owed(self) -> None:
        who = make_borrower()
        disburse(who, signed(who, 1_000_00))
        assert not Step.objects.filter(kind=entrusting.TO_PAYEE).exists()

    def test_one_that_failed_is_tried_again_by_staff_only(
        self, open_way: list[EntrustedPayment], run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = disburse(who, entrusted(who))
        run_steps()
        row = EntrustedPayment.objects.get()
        with pytest.raises(StateConflict):
            retry_passing_on(entrusted_id=row.pk, actor="ops")
        with transaction.atomic():
            conclude_passing_on(drawdown_id=drawdown.pk, code="account_not_found")
        row.refresh_from_db()
        assert (row.status, row.reason_code) == ("failed", "account_not_found")
        run_steps()
        assert len(open_way) == 1
        retry_passing_on(entrusted_id=row.pk, actor="ops")
        run_steps()
        row.refresh_from_db()
        assert (row.status, len(open_way)) == ("passing", 2)


def test_a_stranger_never_learns_of_a_payee(open_way: list[EntrustedPayment]) -> None:
    who = make_borrower(limit_fen=LIMIT)
    row = draft(who, 1_000_00, paying=Paying(payee=SHOP))
    assert problem(caller(make_customer()).get(f"drawdowns/{row.pk.hex}")) == (404, "not_found")
    assert open_way == []
