"""Agreements and consents: named, hashed, versioned, withdrawn, required (LN-06, LN-07, DATA-05)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from core.errors import InvalidRequest, NotFound
from core.evidence.models import EvidenceLeaf
from core.tenancy import in_bank
from tests.at_once import at_once
from tests.verification.conftest import BUSINESS, OTHER_BUSINESS, PERSON, Business, consent, enrolled, identified
from verification import queries
from verification.agreements import PLACE, PLACES, render
from verification.evidence import canonical, facts_of_consent
from verification.furnishing.texts import STANDARD_TEXTS
from verification.models import AgreementText, Consent
from verification.models.consent import FOR_ONE_BUSINESS, PURPOSES
from verification.operations import (
    AgreementChanged,
    ConsentMissing,
    give_consent,
    require_consents,
    show_agreements,
    withdraw_consent,
)

if TYPE_CHECKING:
    import uuid


def _require(subject_id: uuid.UUID, purposes: list[str], business_id: str = BUSINESS) -> list[uuid.UUID]:
    with transaction.atomic():
        return require_consents(subject_id=subject_id, purposes=purposes, business_id=business_id)


class TestStandardTexts:
    def test_there_is_one_for_every_purpose(self) -> None:
        assert set(STANDARD_TEXTS) == {purpose for purpose, _ in PURPOSES}

    @pytest.mark.parametrize("purpose", list(STANDARD_TEXTS))
    def test_each_names_bank_and_person_and_how_to_withdraw_and_complain(self, purpose: str) -> None:
        text = STANDARD_TEXTS[purpose].text
        places = set(PLACE.findall(text))
        assert places <= PLACES
        assert {"bank", "person", "bank_phone", "complaint_phone"} <= places
        assert "撤回" in text

    @pytest.mark.parametrize("purpose", sorted(FOR_ONE_BUSINESS))
    def test_what_authorises_one_business_names_it(self, purpose: str) -> None:
        assert "{business}" in STANDARD_TEXTS[purpose].text


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestShowAgreements:
    def test_a_new_bank_has_a_text_for_every_purpose_that_names_it(self) -> None:
        shown = show_agreements()
        assert {one.agreement.purpose for one in shown} == {purpose for purpose, _ in PURPOSES}
        for one in shown:
            assert "连云港东方样例农村商业银行股份有限公司" in one.rendered.text
            assert not PLACE.search(one.rendered.text)
            assert one.rendered.sha256 == hashlib.sha256(one.rendered.text.encode()).digest()

    def test_with_a_business_object_the_text_names_person_and_business(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        (shown,) = show_agreements(purposes=["credit_query"], customer_id=subject_id, business_id=BUSINESS)
        assert f"{PERSON.name}（证件号码：3****************0）" in shown.rendered.text
        assert "样例贷授信申请" in shown.rendered.text
        assert PERSON.id_number not in shown.rendered.text

    def test_the_business_object_of_somebody_else_is_not_found(self, business: Business) -> None:
        business.owners[BUSINESS] = identified()
        with pytest.raises(NotFound):
            show_agreements(purposes=["credit_query"], customer_id=enrolled(), business_id=BUSINESS)

    def test_the_same_is_shown_twice_to_the_last_character_and_another_bank_shows_its_own(self) -> None:
        first, second = show_agreements(purposes=["privacy"])[0], show_agreements(purposes=["privacy"])[0]
        assert first.rendered == second.rendered
        with in_bank("116"):
            assert show_agreements(purposes=["privacy"])[0].rendered.sha256 != first.rendered.sha256

    def test_a_text_with_a_place_that_nobody_fills_is_not_shown(self) -> None:
        with pytest.raises(KeyError):
            render(AgreementText(purpose="privacy", version=9, title="t", text="{nobody}"))


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGiveConsent:
    def test_it_is_recorded_with_the_hash_of_what_was_shown(self) -> None:
        subject_id = enrolled()
        consent_id = consent(subject_id, "privacy")
        row = Consent.objects.select_related("agreement").get(pk=consent_id)
        shown = show_agreements(purposes=["privacy"])[0]
        assert (bytes(row.sha256), row.read_seconds, row.purpose) == (shown.rendered.sha256, 7, "privacy")
        leaf = EvidenceLeaf.objects.get(kind="verification.consent")
        assert (leaf.id, leaf.subject) == (row.evidence_leaf, subject_id.hex)
        facts = facts_of_consent(row, version=row.agreement.version)
        assert hashlib.sha256(canonical(facts)).digest() == bytes(leaf.content_sha256)

    def test_another_hash_is_refused(self) -> None:
        agreement = show_agreements(purposes=["privacy"])[0].agreement
        with pytest.raises(AgreementChanged):
            give_consent(
                subject_id=enrolled(), agreement_id=agreement.id, business_id=None, sha256=b"x" * 32, read_seconds=1
            )
        assert not Consent.objects.exists()

    def test_the_text_shown_for_nobody_is_not_the_text_for_this_business(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        unnamed = show_agreements(purposes=["credit_query"])[0]
        with pytest.raises(AgreementChanged):
            give_consent(
                subject_id=subject_id, agreement_id=unnamed.agreement.id, business_id=BUSINESS,
                sha256=unnamed.rendered.sha256, read_seconds=1,
            )  # fmt: skip

    def test_a_former_version_is_refused_once_there_is_a_new_one(self) -> None:
        shown = show_agreements(purposes=["face"])[0]
        AgreementText.objects.create(purpose="face", version=2, title="新版", text="{bank} 新版")
        with pytest.raises(AgreementChanged):
            give_consent(
                subject_id=enrolled(), agreement_id=shown.agreement.id, business_id=None,
                sha256=shown.rendered.sha256, read_seconds=1,
            )  # fmt: skip
        assert show_agreements(purposes=["face"])[0].agreement.version == 2

    def test_the_same_again_is_the_same_consent(self) -> None:
        subject_id = enrolled()
        assert consent(subject_id, "privacy") == consent(subject_id, "privacy")
        assert Consent.objects.count() == 1

    @pytest.mark.parametrize("purpose", sorted(FOR_ONE_BUSINESS))
    def test_what_authorises_one_business_cannot_be_given_for_all(self, purpose: str) -> None:
        subject_id = identified()
        with pytest.raises(InvalidRequest) as caught:
            consent(subject_id, purpose)
        assert "subject" in caught.value.errors

    def test_an_agreement_of_another_bank_is_not_found(self) -> None:
        with in_bank("116"):
            foreign = show_agreements(purposes=["privacy"])[0]
        with pytest.raises(NotFound):
            give_consent(
                subject_id=enrolled(), agreement_id=foreign.agreement.id, business_id=None,
                sha256=foreign.rendered.sha256, read_seconds=1,
            )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRequireConsents:
    def test_it_returns_one_for_each_purpose_in_the_order_asked(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        query, privacy = consent(subject_id, "credit_query", BUSINESS), consent(subject_id, "privacy")
        assert _require(subject_id, ["privacy", "credit_query"]) == [privacy, query]
        assert _require(subject_id, []) == []

    def test_it_names_every_purpose_that_is_missing(self) -> None:
        subject_id = enrolled()
        consent(subject_id, "privacy")
        with pytest.raises(ConsentMissing) as caught:
            _require(subject_id, ["privacy", "face", "credit_query"])
        assert set(caught.value.errors) == {"face", "credit_query"}

    def test_an_authorisation_for_one_business_does_not_serve_another(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        consent(subject_id, "credit_query", BUSINESS)
        with pytest.raises(ConsentMissing):
            _require(subject_id, ["credit_query"], OTHER_BUSINESS)

    def test_an_authorisation_given_to_one_bank_does_not_serve_another(self) -> None:
        subject_id = enrolled()
        consent(subject_id, "privacy")
        with in_bank("116"), pytest.raises(ConsentMissing):
            _require(subject_id, ["privacy"])

    def test_one_of_somebody_else_does_not_serve(self) -> None:
        consent(enrolled(), "privacy")
        with pytest.raises(ConsentMissing):
            _require(enrolled(), ["privacy"])

    def test_after_withdrawal_it_is_missing_and_can_be_given_again(self) -> None:
        subject_id = enrolled()
        first = consent(subject_id, "privacy")
        withdraw_consent(subject_id=subject_id, consent_id=first)
        with pytest.raises(ConsentMissing):
            _require(subject_id, ["privacy"])
        second = consent(subject_id, "privacy")
        assert second != first
        assert _require(subject_id, ["privacy"]) == [second]

    def test_a_purpose_that_does_not_exist_is_a_defect_of_the_caller(self) -> None:
        with pytest.raises(ValueError, match="no such purpose"):
            _require(enrolled(), ["everything"])


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestWithdrawConsent:
    def test_it_is_on_record_and_withdrawing_again_changes_nothing(self) -> None:
        subject_id = enrolled()
        consent_id = consent(subject_id, "marketing")
        first = withdraw_consent(subject_id=subject_id, consent_id=consent_id)
        second = withdraw_consent(subject_id=subject_id, consent_id=consent_id)
        assert first.withdrawn_at == second.withdrawn_at
        leaf = EvidenceLeaf.objects.get(kind="verification.consent_withdrawal")
        assert leaf.id == second.withdrawal_leaf

    def test_one_of_somebody_else_or_of_another_bank_is_not_found(self) -> None:
        consent_id = consent(enrolled(), "marketing")
        with pytest.raises(NotFound):
            withdraw_consent(subject_id=enrolled(), consent_id=consent_id)
        with in_bank("116"), pytest.raises(NotFound):
            withdraw_consent(subject_id=enrolled(), consent_id=consent_id)
        assert Consent.objects.get().withdrawn_at is None

    def test_ones_own_are_listed_withdrawn_ones_too(self) -> None:
        subject_id = enrolled()
        withdraw_consent(subject_id=subject_id, consent_id=consent(subject_id, "marketing"))
        consent(subject_id, "privacy")
        consent(enrolled(), "face")
        assert {row.purpose for row in queries.consents_of(subject_id)} == {"marketing", "privacy"}


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGuards:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE verification_consent SET read_seconds = 99",
            "UPDATE verification_consent SET sha256 = '\\x00'",
            "UPDATE verification_consent SET withdrawn_at = NULL",
            "DELETE FROM verification_consent",
            "UPDATE verification_agreement_text SET text = 'x'",
            "DELETE FROM verification_agreement_text",
        ],
    )
    def test_what_was_agreed_to_cannot_be_changed_by_sql(self, statement: str) -> None:
        consent(enrolled(), "privacy")
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_a_withdrawal_cannot_be_undone_or_moved(self) -> None:
        subject_id = enrolled()
        withdraw_consent(subject_id=subject_id, consent_id=consent(subject_id, "privacy"))
        for value in ("NULL", "now()"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE verification_consent SET withdrawn_at = {value}")

    def test_a_version_exists_once(self) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            AgreementText.objects.create(purpose="privacy", version=1, title="t", text="t")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bank_a")
class TestRaces:
    def test_twenty_simultaneous_consents_are_one(self) -> None:
        subject_id = enrolled()
        given = at_once("125", [lambda: consent(subject_id, "privacy")] * 20)
        assert len(given) == 20
        assert len(set(given)) == 1
        assert Consent.objects.count() == 1
