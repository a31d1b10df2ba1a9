"""Signing: face, code, hold, contract, time stamp, evidence; exactly one contract whatever dies (SIGN-01, SIGN-02)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Suspension
from accounts.operations import AccountNotActive
from core import evidence, vault
from core.clock import business_date, move_business_date, now
from core.errors import Problem, StateConflict
from core.steps import engine
from core.steps.models import Step
from core.steps.registry import KINDS, VENDOR
from core.tenancy import in_bank
from lending import operations, queries
from lending.contracting import bundle_digest
from lending.models import BankCertificate, Contract, ContractCounter, Drawdown
from lending.operations import signing
from tests.lending.applicants import due_now
from tests.lending.borrowers import (
    Borrower,
    again,
    close_product,
    confirm,
    draft,
    make_borrower,
    pass_face,
    phone_code,
    proof,
    sign,
    sign_at_once,
)
from tests.running_sandbox import Sandbox
from verification.models import ActToken, Consent, PhoneCode
from verification.operations import (
    ConsentMissing,
    FaceTokenExpired,
    FaceTokenMismatch,
    FaceTokenUsed,
    PhoneCodeWrong,
)

RunSteps = Callable[..., int]


def sign_with(who: Borrower, drawdown: Drawdown, **changes: Any) -> Drawdown:
    return operations.sign_drawdown(
        drawdown_id=drawdown.pk, customer_id=who.customer_id, proof=proof(who, drawdown, **changes)
    )


def nothing_held(who: Borrower, drawdown: Drawdown) -> None:
    assert again(drawdown).status == "draft"
    assert again(drawdown).contract_number is None
    assert who.line().held_fen == 0
    assert not Step.objects.filter(kind="drawdown.sign").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestSign:
    def test_signing_holds_the_amount_and_makes_one_contract_on_record(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = draft(who, 10_000_00)
        moved = sign(who, drawdown)
        assert moved.status == "signing"
        assert who.line().held_fen == 10_000_00
        run_steps()
        signed = again(drawdown)
        contract = Contract.objects.get(drawdown=drawdown)
        assert signed.status == "signed"
        assert signed.disburse_by_date == business_date() + timedelta(days=1)
        assert contract.number == signed.contract_number
        assert contract.number == f"125{business_date().year}XF0100000001"
        assert who.line().held_fen == 10_000_00
        content = vault.read(contract.object_id, purpose="test", actor="test")
        assert hashlib.sha256(content).digest() == bytes(contract.sha256)
        judged = queries.judge_file(content)
        assert judged.valid
        assert judged.number == contract.number
        assert judged.signed_at == contract.signed_at
        assert [call["vendor"] for call in vendors.calls()] == ["tsa"]

    def test_the_leaf_proves_the_file_and_the_bundle_says_how_it_was_signed(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = draft(who)
        table = confirm(drawdown)
        sign_with(who, drawdown)
        run_steps()
        contract = Contract.objects.get(drawdown=drawdown)
        for leaf, digest in (
            (contract.evidence_leaf, bytes(contract.sha256)),
            (contract.bundle_leaf, bundle_digest(contract.bundle)),
        ):
            found = evidence.prove(leaf)
            assert found is not None
            assert found.data.content_sha256 == digest
            assert found.data.subject == contract.pk.hex
        bundle = contract.bundle
        assert bundle["disclosure_sha256"] == bytes(table.sha256).hex()
        assert bundle["device"] == "device"
        assert bundle["sha256"] == bytes(contract.sha256).hex()
        assert len(bundle["consents"]) == Consent.objects.filter(subject_id=who.customer_id).count()
        assert ActToken.objects.get(face_check_id=uuid.UUID(bundle["face_check"])).used_at is not None
        assert PhoneCode.objects.get(pk=uuid.UUID(bundle["phone_code"])).used_at is not None

    def test_numbers_run_on_within_the_year(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        who = make_borrower()
        for _ in range(2):
            sign(who, draft(who, 1_000_00))
        run_steps()
        numbers = sorted(Contract.objects.values_list("number", flat=True))
        assert [number[-8:] for number in numbers] == ["00000001", "00000002"]
        assert ContractCounter.objects.get().last == 2

    def test_without_a_confirmed_table_it_is_too_early(self) -> None:
        who = make_borrower()
        drawdown = draft(who)
        with pytest.raises(StateConflict):
            sign_with(who, drawdown)
        nothing_held(who, drawdown)

    def test_s10_a_table_that_lapsed_after_its_confirmation_must_be_confirmed_anew(self) -> None:
        who = make_borrower()
        drawdown = draft(who)
        confirm(drawdown)
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=1))
        with pytest.raises(operations.DisclosureChanged):
            sign_with(who, drawdown)
        nothing_held(who, drawdown)
        operations.refresh_draft(drawdown_id=drawdown.pk)
        with pytest.raises(operations.DisclosureChanged):
            sign_with(who, drawdown)
        confirm(drawdown)
        assert sign_with(who, drawdown).status == "signing"

    def test_more_than_the_line_has_left_by_now_is_refused_with_nothing_used(self) -> None:
        who = make_borrower(limit_fen=10_000_00)
        first, second = draft(who, 6_000_00), draft(who, 6_000_00)
        sign(who, first)
        confirm(second)
        given = proof(who, second)
        with pytest.raises(operations.LineExceeded):
            operations.sign_drawdown(drawdown_id=second.pk, customer_id=who.customer_id, proof=given)
        assert again(second).status == "draft"
        assert who.line().held_fen == 6_000_00
        assert ActToken.objects.get(business_id=second.pk.hex).used_at is None
        assert ContractCounter.objects.get().last == 1

    def test_a_frozen_line_a_closed_product_and_a_withdrawn_consent_stop_it(self) -> None:
        who = make_borrower()
        drawdown = draft(who)
        confirm(drawdown)
        Consent.objects.filter(subject_id=who.customer_id, purpose="e_sign").update(
            withdrawn_at=now() + timedelta(seconds=1), withdrawal_leaf=uuid.uuid4()
        )
        with pytest.raises(ConsentMissing):
            sign_with(who, drawdown)
        close_product()
        with pytest.raises(operations.ProductClosed):
            sign_with(who, drawdown)
        nothing_held(who, drawdown)

    def test_a_suspended_account_stops_it_with_nothing_held(self) -> None:
        who = make_borrower()
        drawdown = draft(who)
        Suspension.objects.create(account_id=who.account_id, reason="dormant", from_date=business_date())
        with pytest.raises(AccountNotActive):
            sign(who, drawdown)
        assert who.line().held_fen == 0

    def test_a_second_signature_is_refused(self, vendors: Sandbox) -> None:
        who = make_borrower()
        drawdown = draft(who)
        sign(who, drawdown)
        with pytest.raises(StateConflict):
            sign_with(who, drawdown)
        assert who.line().held_fen == drawdown.amount_fen


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestProof:
    def test_s08_a_token_of_another_act_object_or_person_is_refused(self) -> None:
        who, other = make_borrower(), make_borrower()
        drawdown, second = draft(who), draft(who)
        confirm(drawdown)
        for token in (
            pass_face(who, drawdown, "drawdown"),
            pass_face(who, second, "sign"),
            pass_face(other, draft(other), "sign"),
            "nonsense",
        ):
            with pytest.raises(FaceTokenMismatch):
                sign_with(who, drawdown, face_token=token)
        nothing_held(who, drawdown)

    def test_a_used_or_old_token_is_refused(self) -> None:
        who = make_borrower()
        drawdown = draft(who)
        confirm(drawdown)
        token = pass_face(who, drawdown, "sign")
        ActToken.objects.update(created_at=now() - timedelta(hours=1), expires_at=now() - timedelta(minutes=1))
        with pytest.raises(FaceTokenExpired):
            sign_with(who, drawdown, face_token=token)
        ActToken.objects.update(expires_at=now() + timedelta(minutes=1), used_at=now())
        with pytest.raises(FaceTokenUsed):
            sign_with(who, drawdown, face_token=token)
        nothing_held(who, drawdown)

    def test_a_wrong_code_or_one_for_another_drawdown_is_refused(self) -> None:
        who = make_borrower()
        drawdown, other = draft(who), draft(who)
        confirm(drawdown)
        code_id, code = phone_code(who, drawdown.pk.hex)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        with pytest.raises(PhoneCodeWrong):
            sign_with(who, drawdown, code_id=code_id, code=wrong)
        code_id, code = phone_code(who, other.pk.hex)
        with pytest.raises(PhoneCodeWrong):
            sign_with(who, drawdown, code_id=code_id, code=code)
        nothing_held(who, drawdown)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestFailure:
    def test_while_the_authority_is_down_it_waits_and_then_fails_and_gives_the_hold_back(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = draft(who)
        sign(who, drawdown)
        vendors.fault("tsa", status=503)
        run_steps()
        assert again(drawdown).status == "signing"
        assert who.line().held_fen == drawdown.amount_fen
        Step.objects.filter(kind="drawdown.sign").update(created_at=now() - timedelta(hours=1))
        due_now()
        run_steps()
        failed = again(drawdown)
        assert (failed.status, failed.reason_code, failed.retryable) == ("failed", "vendor_unavailable", True)
        assert who.line().held_fen == 0
        assert not Contract.objects.exists()

    def test_an_authority_that_answers_again_in_time_leaves_no_trace_of_its_absence(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who = make_borrower()
        drawdown = draft(who)
        sign(who, drawdown)
        vendors.fault("tsa", garbage=True)
        run_steps()
        vendors.faults()
        due_now()
        run_steps()
        assert again(drawdown).status == "signed"
        assert Contract.objects.get().number[-8:] == "00000001"

    def test_an_authority_that_is_not_trusted_never_makes_a_contract(
        self, vendors: Sandbox, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from lending import signers

        own_root = BankCertificate.objects.get().ca_pem.encode()
        monkeypatch.setattr(signers, "stamp_roots", lambda: (own_root,))
        who = make_borrower()
        drawdown = draft(who)
        sign(who, drawdown)
        run_steps()
        assert again(drawdown).status == "signing"
        assert not Contract.objects.exists()

    def test_a_name_that_the_font_lacks_fails_at_once(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        from verification.models import Subject

        who = make_borrower()
        row = Subject.objects.get(pk=who.customer_id)
        row.name = "林\ue000"
        row.save(update_fields=["name"])
        drawdown = draft(who)
        sign(who, drawdown)
        run_steps()
        failed = again(drawdown)
        assert (failed.status, failed.reason_code, failed.retryable) == ("failed", "contract_not_possible", False)
        assert who.line().held_fen == 0


@pytest.mark.django_db
class TestCrashes:
    """Between (a) the intent, (b) the outside call and (c) the outcome."""

    @pytest.fixture
    def signing_one(self, bank_a: str, vendors: Sandbox) -> tuple[Borrower, Drawdown]:
        who = make_borrower()
        drawdown = draft(who)
        sign(who, drawdown)
        return who, drawdown

    def test_a_worker_that_dies_before_it_calls_loses_nothing(
        self, signing_one: tuple[Borrower, Drawdown], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who, drawdown = signing_one
        assert engine.lease([VENDOR]) is not None  # and then it is gone
        due_now()
        run_steps()
        assert again(drawdown).status == "signed"
        assert len(vendors.calls()) == 1
        assert who.line().held_fen == drawdown.amount_fen

    def test_a_worker_that_dies_after_the_call_makes_no_second_contract(
        self,
        signing_one: tuple[Borrower, Drawdown],
        vendors: Sandbox,
        run_steps: RunSteps,
    ) -> None:
        who, drawdown = signing_one
        lost = engine.lease([VENDOR])
        assert lost is not None
        KINDS["drawdown.sign"].handler(lost.run)  # called, staged, and then it is gone
        due_now()
        run_steps()
        contract = Contract.objects.get()
        assert again(drawdown).status == "signed"
        assert contract.number[-8:] == "00000001"
        assert len(vendors.calls()) == 2  # pure: asked twice, one answer kept
        content = vault.read(contract.object_id, purpose="test", actor="test")
        assert queries.judge_file(content).valid
        assert who.line().held_fen == drawdown.amount_fen

    def test_of_two_attempts_at_once_only_the_later_one_counts(
        self, signing_one: tuple[Borrower, Drawdown], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        _, drawdown = signing_one
        slow = engine.lease([VENDOR])
        due_now()
        quick = engine.lease([VENDOR])
        assert slow is not None
        assert quick is not None
        engine.work(quick)
        engine.work(slow)  # its outcome is void
        assert again(drawdown).status == "signed"
        assert Contract.objects.count() == 1

    def test_an_outcome_that_cannot_be_stored_is_made_again(
        self,
        signing_one: tuple[Borrower, Drawdown],
        run_steps: RunSteps,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        _, drawdown = signing_one
        finish = signing.finish_signing

        def die(**given: Any) -> None:
            finish(**given)
            raise ConnectionError("the database went away before the commit")

        monkeypatch.setattr(signing, "finish_signing", die)
        run_steps()
        assert not Contract.objects.exists()
        assert again(drawdown).status == "signing"
        monkeypatch.undo()
        due_now()
        run_steps()
        assert again(drawdown).status == "signed"
        assert Contract.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_twenty_signatures_at_once_never_exceed_the_line(self) -> None:
        with in_bank("125"):
            who = make_borrower(limit_fen=10_000_00)
            drafts = [draft(who, 1_500_00) for _ in range(20)]
            given = []
            for drawdown in drafts:
                confirm(drawdown)
                given.append((drawdown.pk, proof(who, drawdown)))
        outcomes = sign_at_once(who, given)
        with in_bank("125"):
            assert outcomes == ["line_exceeded"] * 14 + ["signing"] * 6
            assert who.line().held_fen == 9_000_00
            numbers = Drawdown.objects.exclude(contract_number=None).values_list("contract_number", flat=True)
            assert sorted(int(number[-8:]) for number in numbers if number) == [1, 2, 3, 4, 5, 6]


@pytest.mark.django_db
def test_at_another_bank_a_drawdown_and_its_proof_are_worthless(bank_a: str) -> None:
    who = make_borrower()
    drawdown = draft(who)
    confirm(drawdown)
    given = proof(who, drawdown)
    with in_bank("116"):
        with pytest.raises(Problem):
            operations.sign_drawdown(drawdown_id=drawdown.pk, customer_id=who.customer_id, proof=given)
        stranger = make_borrower()
        own = draft(stranger)
        confirm(own)
        with pytest.raises(FaceTokenMismatch):
            operations.sign_drawdown(drawdown_id=own.pk, customer_id=stranger.customer_id, proof=given)
        nothing_held(stranger, own)
    nothing_held(who, drawdown)
