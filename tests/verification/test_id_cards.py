"""ID cards: what is accepted, and how a reading goes by either reader (A4-13, ACC-12)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from core.clock import now
from core.evidence.models import EvidenceLeaf
from core.gateway import Unavailable
from core.states.models import StateChange
from core.steps.models import Step
from core.steps.registry import Then
from core.tenancy import in_bank
from tenants.parameters import set_for_bank
from tests.verification.conftest import RunSteps, due_now, enrolled, upload
from verification import queries
from verification import vendors as our_vendors
from verification.id_card_rules import Rules, judge
from verification.identity import Identity
from verification.models import IdCardReading
from verification.numbers import Sex
from verification.operations import UploadUnknown, receive_upload, request_id_card_reading
from verification.providers.id_card import CardWarning, IdCardBack, IdCardFront, Unreadable, UnreadableReason

if TYPE_CHECKING:
    from tests.running_sandbox import Sandbox

THEN = Then("verification.check_id", "0" * 32)
FRONT = IdCardFront(
    name="林样例",
    sex=Sex.MALE,
    ethnicity="汉",
    birth_date=date(1990, 1, 1),
    address="江苏省昆山市样例路1号",
    id_number="320583199001010010",
)
BACK = IdCardBack(authority="昆山市公安局", valid_from=date(2016, 5, 1), valid_until=date(2036, 5, 1))
RULES = Rules(
    today=date(2026, 11, 22),
    least_age=18,
    least_confidence_percent=60,
    refused_warnings=frozenset({"copy", "reshot"}),
)


class TestJudge:
    def test_a_plausible_card_is_an_identity(self) -> None:
        assert judge(FRONT, BACK, rules=RULES) == Identity(
            name="林样例",
            id_number="320583199001010010",
            sex="male",
            ethnicity="汉",
            birth_date=date(1990, 1, 1),
            address="江苏省昆山市样例路1号",
            authority="昆山市公安局",
            valid_from=date(2016, 5, 1),
            valid_until=date(2036, 5, 1),
        )

    @pytest.mark.parametrize("reason", list(UnreadableReason))
    def test_an_unreadable_side_asks_for_another_picture(self, reason: UnreadableReason) -> None:
        expected = "id_number_invalid" if reason is UnreadableReason.ID_NUMBER_INVALID else "image_unclear"
        assert judge(Unreadable(reason=reason), BACK, rules=RULES) == expected
        assert judge(FRONT, Unreadable(reason=reason), rules=RULES) == expected

    @pytest.mark.parametrize(
        ("front", "back", "code"),
        [
            ({"id_number": "320583199001010018"}, {}, "id_number_invalid"),
            ({"id_number": "999999199001010010"}, {}, "id_number_invalid"),
            ({"disagreements": frozenset({"sex"})}, {}, "image_unclear"),
            ({"warnings": frozenset({CardWarning.COPY})}, {}, "image_unclear"),
            ({}, {"warnings": frozenset({CardWarning.RESHOT})}, "image_unclear"),
            ({"confidences": {"name": 0.59}}, {}, "image_unclear"),
            ({}, {"confidences": {"authority": 0.2}}, "image_unclear"),
            ({}, {"valid_until": date(2026, 11, 21), "valid_from": date(2006, 11, 21)}, "id_card_expired"),
            ({}, {"valid_until": date(2026, 5, 1)}, "id_card_expired"),
            ({}, {"valid_from": date(2026, 12, 1), "valid_until": date(2046, 12, 1)}, "image_unclear"),
            ({}, {"valid_until": date(2037, 5, 1)}, "image_unclear"),
            ({}, {"valid_until": None}, "image_unclear"),
        ],
    )
    def test_the_first_fault_decides(self, front: dict[str, Any], back: dict[str, Any], code: str) -> None:
        assert judge(replace(FRONT, **front), replace(BACK, **back), rules=RULES) == code

    def test_without_the_back_there_is_no_card(self) -> None:
        assert judge(FRONT, None, rules=RULES) == "image_unclear"

    def test_a_minor_is_too_young_until_the_birthday(self) -> None:
        young = replace(FRONT, id_number="32130220090630001X", birth_date=date(2009, 6, 30))
        back = replace(BACK, valid_from=date(2024, 1, 10), valid_until=date(2029, 1, 10))
        assert judge(young, back, rules=RULES) == "too_young"
        assert judge(young, back, rules=replace(RULES, today=date(2027, 6, 29))) == "too_young"
        assert isinstance(judge(young, back, rules=replace(RULES, today=date(2027, 6, 30))), Identity)

    def test_warnings_that_a_bank_tolerates_and_sure_fields_pass(self) -> None:
        front = replace(FRONT, warnings=frozenset({CardWarning.REFLECTION}), confidences={"name": 0.6})
        assert isinstance(judge(front, BACK, rules=RULES), Identity)

    def test_a_card_without_an_end_passes_for_who_was_46_at_issue(self) -> None:
        elder = replace(FRONT, id_number="320981196012300510", birth_date=date(1960, 12, 30))
        back = replace(BACK, valid_from=date(2010, 1, 1), valid_until=None)
        assert isinstance(judge(elder, back, rules=RULES), Identity)


def _request(subject_id: uuid.UUID, front: uuid.UUID, back: uuid.UUID) -> uuid.UUID:
    with transaction.atomic():
        return request_id_card_reading(subject_id=subject_id, front_upload_id=front, back_upload_id=back, then=THEN)


def _at_tencent() -> None:
    with transaction.atomic():
        set_for_bank(name="id_card.provider", value="tencent", effective_date=date(2020, 1, 1), actor="test")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRequestReading:
    def test_pictures_of_somebody_else_of_another_side_or_of_nobody_are_refused(self) -> None:
        mine, other = enrolled(), enrolled()
        front, back = upload(mine), upload(mine, "id_card_back")
        for wrong_front, wrong_back, named in (
            (upload(other), back, {"id_card_front"}),
            (front, upload(mine, "face"), {"id_card_back"}),
            (back, front, {"id_card_front", "id_card_back"}),
            (uuid.uuid4(), back, {"id_card_front"}),
        ):
            with pytest.raises(UploadUnknown) as caught:
                _request(mine, wrong_front, wrong_back)
            assert set(caught.value.errors) == named
        assert not IdCardReading.objects.exists()
        assert not Step.objects.exists()

    def test_an_upload_of_another_bank_is_refused(self) -> None:
        mine = enrolled()
        back = upload(mine, "id_card_back")
        with in_bank("116"):
            foreign = upload(enrolled())
        with pytest.raises(UploadUnknown):
            _request(mine, foreign, back)

    def test_the_bank_chooses_who_reads(self) -> None:
        mine = enrolled()
        _request(mine, upload(mine), upload(mine, "id_card_back"))
        _at_tencent()
        _request(mine, upload(mine), upload(mine, "id_card_back"))
        assert sorted(Step.objects.values_list("kind", "lane")) == [
            ("verification.read_id_card_at_tencent", "vendor"),
            ("verification.read_id_card_locally", "ocr"),
        ]


class FakeReader:
    """A reader at the protocol: what it answers for each side, and how often it was asked."""

    name = "fake"

    def __init__(self, front: IdCardFront | Unreadable, back: IdCardBack | Unreadable | Exception) -> None:
        self.front, self.back = front, back
        self.asked: list[str] = []

    def read_front(self, image: bytes, *, request_id: str) -> IdCardFront | Unreadable:
        self.asked.append("front")
        return self.front

    def read_back(self, image: bytes, *, request_id: str) -> IdCardBack | Unreadable:
        self.asked.append("back")
        if isinstance(self.back, Exception):
            raise self.back
        return self.back


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestReadingStep:
    def _start(self, reader: FakeReader, monkeypatch: pytest.MonkeyPatch) -> uuid.UUID:
        monkeypatch.setattr(our_vendors, "tencent_reader", lambda: reader)
        _at_tencent()
        mine = enrolled()
        return _request(mine, upload(mine), upload(mine, "id_card_back"))

    def test_a_front_that_was_read_is_not_paid_for_again(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader = FakeReader(FRONT, Unavailable("tencent", "ocr"))
        reading_id = self._start(reader, monkeypatch)
        run_steps()
        assert queries.id_card_reading(reading_id).status == "reading"
        reader.back = BACK
        due_now()
        run_steps()
        assert reader.asked == ["front", "back", "back"]
        view = queries.id_card_reading(reading_id)
        assert view.status == "read"
        assert view.identity is not None
        assert view.identity.valid_until == date(2036, 5, 1)
        row = IdCardReading.objects.get()
        assert (row.paid_calls, row.front) == (3, None)

    def test_a_bad_front_ends_it_before_the_back_is_paid_for(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader = FakeReader(Unreadable(reason=UnreadableReason.UNCLEAR), BACK)
        reading_id = self._start(reader, monkeypatch)
        run_steps()
        view = queries.id_card_reading(reading_id)
        assert (view.status, view.reason_code, view.identity) == ("refused", "image_unclear", None)
        assert reader.asked == ["front"]

    def test_a_reader_that_does_not_answer_is_given_up_after_the_banks_patience(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reading_id = self._start(FakeReader(FRONT, Unavailable("tencent", "ocr")), monkeypatch)
        run_steps()
        IdCardReading.objects.update(created_at=now() - timedelta(seconds=121))
        due_now()
        run_steps()
        view = queries.id_card_reading(reading_id)
        assert (view.status, view.reason_code) == ("refused", "vendor_unavailable")
        assert IdCardReading.objects.get().front is None

    def test_a_reading_is_on_record_and_its_moves_are_kept(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reading_id = self._start(FakeReader(FRONT, BACK), monkeypatch)
        run_steps()
        row = IdCardReading.objects.get()
        assert EvidenceLeaf.objects.get(kind="verification.id_card").id == row.evidence_leaf
        move = StateChange.objects.get(subject_id=reading_id)
        assert (move.machine, move.from_state, move.to_state) == ("id_card_reading", "reading", "read")


def _uploads(vendors: Sandbox, person: dict[str, Any], subject_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    front, back = (
        receive_upload(subject_id=subject_id, kind=kind, content=vendors.picture(person, kind)).id
        for kind in ("id_card_front", "id_card_back")
    )
    return front, back


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestReadersOfTheSandboxsCards:
    def test_tencent_reads_a_card_over_the_wire(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        _at_tencent()
        person = vendors.person(profile="good")
        mine = enrolled()
        reading_id = _request(mine, *_uploads(vendors, person, mine))
        run_steps()
        view = queries.id_card_reading(reading_id)
        assert view.identity is not None
        assert (view.identity.name, view.identity.id_number) == (person["name"], person["id_number"])
        assert len(vendors.calls(vendor="tencent_ocr")) == 2

    @pytest.mark.parametrize(
        ("profile", "age", "code"),
        [("expired", 40, "id_card_expired"), ("wrong_check_digit", 40, "id_number_invalid"), ("good", 17, "too_young")],
    )
    def test_a_card_that_will_not_do_says_why(
        self, vendors: Sandbox, run_steps: RunSteps, profile: str, age: int, code: str
    ) -> None:
        _at_tencent()
        person = vendors.person(profile=profile, age=age)
        mine = enrolled()
        reading_id = _request(mine, *_uploads(vendors, person, mine))
        run_steps()
        assert queries.id_card_reading(reading_id).reason_code == code

    @pytest.mark.slow
    def test_the_local_engine_reads_a_card_and_nothing_leaves_the_house(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        person = vendors.person(profile="good")
        mine = enrolled()
        reading_id = _request(mine, *_uploads(vendors, person, mine))
        vendors.json("DELETE", "/sandbox/calls")
        run_steps()
        view = queries.id_card_reading(reading_id)
        assert view.identity is not None, view.reason_code
        assert view.identity.id_number == person["id_number"]
        assert vendors.calls(vendor="tencent_ocr") == []
        assert IdCardReading.objects.get().paid_calls == 0
