"""The carriers and the national ID system: asked by a step, answered once, given up in time (A4-14, A4-15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from core.clock import now
from core.errors import NotFound, StateConflict
from core.evidence.models import EvidenceLeaf
from core.gateway import Unavailable, UnknownOutcome
from core.steps.models import Step
from core.steps.registry import KINDS, Done, Kind, StepRun, Then
from core.tenancy import in_bank
from core.vault import read
from core.vault.models import VaultReference
from tests.verification.conftest import BUSINESS, PERSON, PHONE, FakeVendors, RunSteps, due_now, enrolled, identified
from verification import queries
from verification.models import Check
from verification.numbers import Carrier
from verification.operations import request_carrier_check, request_id_check
from verification.providers.carrier import CarrierResult
from verification.providers.id_check import IdCheckAnswer, IdCheckResult

if TYPE_CHECKING:
    import uuid

    from tests.running_sandbox import Sandbox

THEN = Then("test.then", BUSINESS)


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what is started when a check has ended."""
    seen: list[str] = []

    def follow(run: StepRun) -> Done:
        seen.append(run.subject)
        return Done()

    monkeypatch.setitem(KINDS, "test.then", Kind("test.then", follow))
    return seen


def _carrier(subject_id: uuid.UUID, **changed: Any) -> uuid.UUID:
    asked = {"name": PERSON.name, "id_number": PERSON.id_number, "phone": PHONE, **changed}
    with transaction.atomic():
        return request_carrier_check(
            subject_id=subject_id, purpose="register", business_id=BUSINESS, then=THEN, **asked
        )


def _id(subject_id: uuid.UUID) -> uuid.UUID:
    with transaction.atomic():
        return request_id_check(subject_id=subject_id, purpose="apply", business_id=BUSINESS, then=THEN)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestCarrierCheck:
    @pytest.mark.parametrize(
        ("result", "reason"),
        [("match", ""), ("mismatch", "carrier_mismatch"), ("not_found", "carrier_not_found")],
    )
    def test_each_answer_has_its_outcome_and_reason(
        self, fake_vendors: FakeVendors, run_steps: RunSteps, followed: list[str], result: str, reason: str
    ) -> None:
        fake_vendors.carrier = CarrierResult(result)
        check_id = _carrier(enrolled())
        assert queries.check(check_id).status == "asked"
        run_steps()
        view = queries.check(check_id)
        assert (view.status, view.outcome, view.reason_code) == ("answered", result, reason)
        assert followed == [BUSINESS]

    def test_the_looked_up_carrier_is_asked_not_the_one_of_the_segment(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.lookup = Carrier.UNICOM
        _carrier(enrolled())
        run_steps()
        (asked,) = fake_vendors.named("verify")
        assert (asked["route"], asked["phone"], asked["name"]) == (Carrier.UNICOM, PHONE, PERSON.name)

    def test_where_the_lookup_knows_nothing_the_segment_says_whom_to_ask(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.lookup = None
        _carrier(enrolled(), phone="18900001111")
        run_steps()
        assert fake_vendors.named("verify")[0]["route"] is Carrier.TELECOM

    def test_a_number_of_nobodys_segment_is_not_found_and_nobody_is_paid(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.lookup = None
        check_id = _carrier(enrolled(), phone="14000001111")
        run_steps()
        assert queries.check(check_id).reason_code == "carrier_not_found"
        assert fake_vendors.named("verify") == []

    @pytest.mark.parametrize("error", [Unavailable("g", "c"), UnknownOutcome("g", "c")])
    def test_a_vendor_that_fails_is_asked_again_and_looked_up_only_once(
        self, fake_vendors: FakeVendors, run_steps: RunSteps, followed: list[str], error: Any
    ) -> None:
        fake_vendors.carrier = error
        check_id = _carrier(enrolled())
        run_steps()
        assert queries.check(check_id).status == "asked"
        fake_vendors.carrier = CarrierResult.MATCH
        due_now()
        run_steps()
        assert queries.check(check_id).outcome == "match"
        assert len(fake_vendors.named("lookup")) == 1
        first, second = fake_vendors.named("verify")
        assert first["request_id"] == second["request_id"]
        assert Check.objects.get().paid_calls == 3
        assert followed == [BUSINESS]

    def test_after_the_banks_patience_it_ends_as_unavailable(
        self, fake_vendors: FakeVendors, run_steps: RunSteps, followed: list[str]
    ) -> None:
        fake_vendors.carrier = Unavailable("g", "c")
        check_id = _carrier(enrolled())
        run_steps()
        Check.objects.update(asked_at=now() - timedelta(seconds=121))
        due_now()
        run_steps()
        view = queries.check(check_id)
        assert (view.status, view.outcome, view.reason_code) == ("unanswered", "", "vendor_unavailable")
        assert Step.objects.get(kind="verification.check_carrier").state == "failed"
        assert followed == [BUSINESS]
        assert not EvidenceLeaf.objects.exists()

    def test_what_was_asked_is_sealed_and_the_result_is_on_record(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        from django.db import connection

        subject_id = enrolled()
        check_id = _carrier(subject_id)
        run_steps()
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(c)::text FROM verification_check c")
            stored = cursor.fetchone()[0]
        assert not any(value in stored for value in (PERSON.name, PERSON.id_number, PHONE))
        leaf = EvidenceLeaf.objects.get()
        check = Check.objects.get(pk=check_id)
        assert (leaf.id, leaf.subject, leaf.kind) == (check.evidence_leaf, subject_id.hex, "verification.check")

    def test_a_row_proves_itself_against_its_leaf_and_a_changed_one_does_not(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        import hashlib

        from verification.evidence import canonical, facts_of_check

        check_id = _carrier(enrolled())
        run_steps()
        check = Check.objects.get(pk=check_id)
        recorded = bytes(EvidenceLeaf.objects.get().content_sha256)
        assert hashlib.sha256(canonical(facts_of_check(check))).digest() == recorded
        check.outcome = "mismatch"
        assert hashlib.sha256(canonical(facts_of_check(check))).digest() != recorded


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestIdCheck:
    @pytest.mark.parametrize(
        ("result", "reason"), [("match", ""), ("name_mismatch", "id_mismatch"), ("not_found", "id_not_found")]
    )
    def test_each_of_the_three_results_has_its_own_code(
        self, fake_vendors: FakeVendors, run_steps: RunSteps, followed: list[str], result: str, reason: str
    ) -> None:
        fake_vendors.id_check_answer = IdCheckAnswer(result=IdCheckResult(result))
        check_id = _id(identified())
        run_steps()
        view = queries.check(check_id)
        assert (view.outcome, view.reason_code) == (result, reason)
        assert fake_vendors.named("id_check")[0]["name"] == PERSON.name
        assert followed == [BUSINESS]

    def test_a_system_error_is_a_fourth_thing_and_may_be_tried_again(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.id_check_answer = Unavailable("g", "id")
        check_id = _id(identified())
        run_steps()
        assert queries.check(check_id).status == "asked"
        Check.objects.update(asked_at=now() - timedelta(seconds=121))
        due_now()
        run_steps()
        assert queries.check(check_id).reason_code == "vendor_unavailable"
        again = _id(identified(replace(PERSON, id_number="321181198511152328")))
        fake_vendors.id_check_answer = IdCheckAnswer(result=IdCheckResult.MATCH)
        run_steps()
        assert queries.check(again).outcome == "match"

    def test_the_returned_portrait_is_kept_in_the_vault(self, fake_vendors: FakeVendors, run_steps: RunSteps) -> None:
        fake_vendors.id_check_answer = IdCheckAnswer(result=IdCheckResult.MATCH, photo=b"\xff\xd8\xffportrait")
        check_id = _id(identified())
        run_steps()
        check = Check.objects.get(pk=check_id)
        assert check.photo_id is not None
        assert read(check.photo_id, purpose="test", actor="test") == b"\xff\xd8\xffportrait"
        reference = VaultReference.objects.get(owner_id=check_id)
        assert (reference.purpose, reference.retention) == ("id_photo", "identification")

    def test_nobody_known_cannot_be_asked_about(self) -> None:
        subject_id = enrolled()
        with pytest.raises(StateConflict):
            _id(subject_id)
        assert not Check.objects.exists()

    def test_a_check_of_another_bank_is_not_found(self, fake_vendors: FakeVendors) -> None:
        check_id = _id(identified())
        with in_bank("116"), pytest.raises(NotFound):
            queries.check(check_id)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestOverTheWire:
    @pytest.mark.parametrize(("profile", "outcome"), [("good", "match"), ("carrier_mismatch", "mismatch")])
    def test_the_carriers_answer_about_people(
        self, vendors: Sandbox, run_steps: RunSteps, profile: str, outcome: str
    ) -> None:
        person = vendors.person(profile=profile)
        check_id = _carrier(enrolled(), name=person["name"], id_number=person["id_number"], phone=person["phone"])
        run_steps()
        assert queries.check(check_id).outcome == outcome
        step = Step.objects.get(kind="verification.check_carrier")
        calls = vendors.calls(vendor="carriers")
        assert [call["operation"] for call in calls] == ["lookup", "verify"]
        assert {call["request_id"] for call in calls} == {step.id.hex}
        assert {call["bank"] for call in calls} == {"125"}

    def test_a_phone_of_somebody_else_is_a_mismatch_and_one_of_nobody_is_not_found(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        mine, other = vendors.people(2, profile="good")
        known = {"name": mine["name"], "id_number": mine["id_number"]}
        first = _carrier(enrolled(), phone=other["phone"], **known)
        second = _carrier(enrolled(), phone="19800000000", **known)
        run_steps()
        assert queries.check(first).outcome == "mismatch"
        assert queries.check(second).outcome == "not_found"

    @pytest.mark.parametrize(
        ("profile", "outcome"),
        [("good", "match"), ("id_mismatch", "name_mismatch"), ("id_missing", "not_found")],
    )
    def test_the_national_system_answers_about_people(
        self, vendors: Sandbox, run_steps: RunSteps, profile: str, outcome: str
    ) -> None:
        person = vendors.person(profile=profile)
        subject_id = identified(replace(PERSON, name=person["name"], id_number=person["id_number"]))
        check_id = _id(subject_id)
        run_steps()
        assert queries.check(check_id).outcome == outcome
        assert (Check.objects.get(pk=check_id).photo_id is not None) == (outcome == "match")

    def test_a_vendor_that_drops_the_answer_is_asked_once_more_and_no_oftener(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        person = vendors.person(profile="good")
        subject_id = identified(replace(PERSON, name=person["name"], id_number=person["id_number"]))
        vendors.fault("id_check", drop_after=True, count=1)
        check_id = _id(subject_id)
        run_steps()
        assert queries.check(check_id).status == "asked"
        vendors.faults()
        due_now()
        run_steps()
        assert queries.check(check_id).outcome == "match"
        assert len(vendors.calls(vendor="id_check")) == 2
        assert Check.objects.get(pk=check_id).paid_calls == 2
