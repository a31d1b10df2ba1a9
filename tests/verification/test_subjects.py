"""One human at one bank: enrolled, identified once, found by ID number."""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import NotFound
from core.ids import new_id
from core.operations import TransactionRequired
from core.tenancy import in_bank
from tests.at_once import at_once, told
from tests.verification.conftest import PERSON, PHONE, enrolled, identified
from verification import queries
from verification.identity import Identity
from verification.models import Subject
from verification.operations import IdentityTaken, enrol_subject, identify_subject


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestEnrolSubject:
    def test_nothing_is_known_of_a_new_one_and_enrolling_again_changes_nothing(self) -> None:
        subject_id = identified()
        with transaction.atomic():
            enrol_subject(subject_id=subject_id)
        assert queries.identity(subject_id) == PERSON
        assert queries.identity(enrolled()) is None
        assert queries.identity(uuid.uuid4()) is None

    def test_it_runs_within_its_callers_transaction(self) -> None:
        with pytest.raises(TransactionRequired):
            enrol_subject(subject_id=new_id())


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestIdentifySubject:
    def test_who_somebody_is_can_be_read_again(self) -> None:
        subject_id = identified()
        assert queries.identity(subject_id) == PERSON
        assert queries.phone_of(subject_id) == PHONE

    def test_a_card_without_an_end_stays_one(self) -> None:
        endless = replace(PERSON, valid_until=None)
        assert queries.identity(identified(endless)) == endless

    def test_number_and_phone_are_brought_to_their_normal_form(self) -> None:
        subject_id = identified(replace(PERSON, id_number="32130220010630001x"), phone="+86 139 1234 5678")
        found = queries.identity(subject_id)
        assert found is not None
        assert (found.id_number, queries.phone_of(subject_id)) == ("32130220010630001X", PHONE)

    def test_a_second_one_with_the_same_number_is_refused(self) -> None:
        first = identified()
        second = enrolled()
        with pytest.raises(IdentityTaken), transaction.atomic():
            identify_subject(subject_id=second, identity=PERSON, phone=PHONE)
        assert queries.identity(second) is None
        assert queries.find_subject_by_id_number(PERSON.id_number) == first

    def test_after_the_refusal_the_callers_transaction_goes_on(self) -> None:
        identified()
        second = enrolled()
        with transaction.atomic():
            with pytest.raises(IdentityTaken):
                identify_subject(subject_id=second, identity=PERSON, phone=PHONE)
            enrol_subject(subject_id=new_id())
        assert Subject.objects.count() == 3

    def test_who_is_not_enrolled_is_not_found(self) -> None:
        with pytest.raises(NotFound), transaction.atomic():
            identify_subject(subject_id=new_id(), identity=PERSON, phone=PHONE)

    def test_values_are_sealed_at_rest_and_hidden_in_repr(self) -> None:
        identified()
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(s)::text FROM verification_subject s")
            stored = cursor.fetchone()[0]
        for value in (PERSON.name, PERSON.id_number, PERSON.address, PHONE):
            assert value not in stored
        assert PERSON.name not in repr(PERSON)
        assert PERSON.id_number not in repr(PERSON)

    def test_the_database_itself_refuses_an_identified_subject_without_a_name(self) -> None:
        subject_id = identified()
        with pytest.raises(IntegrityError, match="identified_is_known"), transaction.atomic():
            Subject.objects.filter(pk=subject_id).update(name=None)

    def test_an_identity_survives_being_kept_as_json(self) -> None:
        for person in (PERSON, replace(PERSON, valid_until=None)):
            assert Identity.from_json(person.to_json()) == person


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestFindByIdNumber:
    def test_any_spelling_of_the_number_finds_its_owner(self) -> None:
        subject_id = identified(replace(PERSON, id_number="32130220010630001X"))
        for spelling in ("32130220010630001X", "32130220010630001x", " 321302 20010630 001X "):
            assert queries.find_subject_by_id_number(spelling) == subject_id

    def test_the_same_human_at_another_bank_is_another_subject(self) -> None:
        identified()
        with in_bank("116"):
            assert queries.find_subject_by_id_number(PERSON.id_number) is None
            other = identified()
            assert queries.find_subject_by_id_number(PERSON.id_number) == other


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bank_a")
class TestRaces:
    def test_of_ten_that_claim_one_number_at_once_one_is_identified(self) -> None:
        subjects = [enrolled() for _ in range(10)]

        def claim(subject_id: uuid.UUID) -> str:
            try:
                with transaction.atomic():
                    identify_subject(subject_id=subject_id, identity=PERSON, phone=PHONE)
            except IdentityTaken:
                return "taken"
            return "identified"

        outcomes = at_once("125", [partial(claim, subject_id) for subject_id in subjects])
        assert told(outcomes) == ["identified"] + ["taken"] * 9
        assert Subject.objects.filter(identified_at__isnull=False).count() == 1
