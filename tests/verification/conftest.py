"""People, pictures and stand-ins for vendors that the tests of this room share."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from PIL import Image

from core.clock import now
from core.errors import NotFound, StateConflict
from core.gateway import GatewayError
from core.ids import new_id
from core.steps.models import LIVE, Step
from verification import acts, vendors
from verification.acts import Act, AgreementContext
from verification.identity import Identity
from verification.numbers import Carrier
from verification.operations import (
    enrol_subject,
    give_consent,
    identify_subject,
    receive_upload,
    show_agreements,
)
from verification.providers.carrier import CarrierAnswer, CarrierResult
from verification.providers.face import FaceOutcome, FaceResult, FaceStart
from verification.providers.id_check import IdCheckAnswer, IdCheckResult
from verification.providers.voice import VoiceAnswer, VoiceResult

if TYPE_CHECKING:
    import uuid

PERSON = Identity(
    name="林样例",
    id_number="320583199001010010",
    sex="male",
    ethnicity="汉",
    birth_date=date(1990, 1, 1),
    address="江苏省昆山市样例镇样例路1号",
    authority="昆山市公安局",
    valid_from=date(2016, 5, 1),
    valid_until=date(2036, 5, 1),
)
PHONE = "13912345678"
BUSINESS = "019a0000000070008000000000000001"
OTHER_BUSINESS = "019a0000000070008000000000000002"


def enrolled() -> uuid.UUID:
    subject_id = new_id()
    with transaction.atomic():
        enrol_subject(subject_id=subject_id)
    return subject_id


def identified(identity: Identity = PERSON, phone: str = PHONE) -> uuid.UUID:
    subject_id = enrolled()
    with transaction.atomic():
        identify_subject(subject_id=subject_id, identity=identity, phone=phone)
    return subject_id


def consent(subject_id: uuid.UUID, purpose: str, business_id: str | None = None) -> uuid.UUID:
    shown = show_agreements(purposes=[purpose], customer_id=subject_id, business_id=business_id)[0]
    return give_consent(
        subject_id=subject_id,
        agreement_id=shown.agreement.id,
        business_id=business_id,
        sha256=shown.rendered.sha256,
        read_seconds=7,
    ).id


_shades = itertools.count()


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    """Draw a picture that no other test has drawn."""
    shade = next(_shades)
    content = io.BytesIO()
    Image.new("RGB", size, (shade % 256, shade // 256 % 256, 7)).save(content, kind)
    return content.getvalue()


def upload(subject_id: uuid.UUID, kind: str = "id_card_front") -> uuid.UUID:
    return receive_upload(subject_id=subject_id, kind=kind, content=picture()).id


def due_now() -> None:
    """Let what waits for its next attempt be due at once."""
    Step.objects.filter(state=LIVE).update(run_at=now() - timedelta(seconds=1), lease_until=None)


@dataclass
class FakeVendors:
    """Stand-ins at the vendors' protocols: what they answer next, and what they were asked."""

    lookup: Carrier | GatewayError | None = Carrier.MOBILE
    carrier: CarrierResult | GatewayError = CarrierResult.MATCH
    id_check_answer: IdCheckAnswer | GatewayError = field(
        default_factory=lambda: IdCheckAnswer(result=IdCheckResult.MATCH)
    )
    face_start: FaceStart | GatewayError = field(
        default_factory=lambda: FaceStart(token="BIZ-1", url="https://face/BIZ-1")
    )
    face_result: FaceResult | GatewayError = field(
        default_factory=lambda: FaceResult(
            outcome=FaceOutcome.PASSED, code="0", similarity=Decimal("92.10"), best_frame=b"\xff\xd8\xffframe"
        )
    )
    voice: VoiceAnswer | GatewayError = field(default_factory=lambda: VoiceAnswer(result=VoiceResult.FIRST))
    text: str | GatewayError = "m1"
    calls: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def _answer(self, operation: str, answer: object, **asked: object) -> object:
        self.calls.append((operation, asked))
        if isinstance(answer, GatewayError):
            raise answer
        return answer

    def named(self, operation: str) -> list[dict[str, object]]:
        return [asked for name, asked in self.calls if name == operation]


class _Carriers:
    name = "fake"

    def __init__(self, fake: FakeVendors) -> None:
        self.fake = fake

    def lookup(self, **asked: object) -> object:
        return self.fake._answer("lookup", self.fake.lookup, **asked)

    def verify(self, **asked: object) -> object:
        answer = self.fake.carrier
        if isinstance(answer, CarrierResult):
            answer = CarrierAnswer(result=answer, carrier=asked["route"])  # type: ignore[arg-type, assignment]
        return self.fake._answer("verify", answer, **asked)


class _IdCheck:
    name = "fake"

    def __init__(self, fake: FakeVendors) -> None:
        self.fake = fake

    def check(self, **asked: object) -> object:
        return self.fake._answer("id_check", self.fake.id_check_answer, **asked)


class _Faces:
    name = "fake"

    def __init__(self, fake: FakeVendors) -> None:
        self.fake = fake

    def start(self, **asked: object) -> object:
        return self.fake._answer("face_start", self.fake.face_start, **asked)

    def result(self, **asked: object) -> object:
        return self.fake._answer("face_result", self.fake.face_result, **asked)


class _Voices:
    name = "fake"

    def __init__(self, fake: FakeVendors) -> None:
        self.fake = fake

    def verify(self, **asked: object) -> object:
        return self.fake._answer("voice", self.fake.voice, **asked)


class _Texts:
    name = "fake"

    def __init__(self, fake: FakeVendors) -> None:
        self.fake = fake

    def send(self, **asked: object) -> object:
        return self.fake._answer("text", self.fake.text, **asked)


@pytest.fixture
def fake_vendors(monkeypatch: pytest.MonkeyPatch) -> FakeVendors:
    """Put stand-ins in the place of every vendor."""
    fake = FakeVendors()
    monkeypatch.setattr(vendors, "carriers", lambda: _Carriers(fake))
    monkeypatch.setattr(vendors, "id_check", lambda: _IdCheck(fake))
    monkeypatch.setattr(vendors, "faces", lambda: _Faces(fake), raising=False)
    monkeypatch.setattr(vendors, "voices", lambda: _Voices(fake))
    monkeypatch.setattr(vendors, "text_messages", lambda: _Texts(fake))
    return fake


@dataclass
class Business:
    """The business objects of the room above, as its acts tell: whose they are and whether they call for a check."""

    owners: dict[str, uuid.UUID] = field(default_factory=dict)
    ready: bool = True
    identities: dict[str, uuid.UUID] = field(default_factory=dict)

    def check(self, business_id: str, customer_id: uuid.UUID) -> None:
        if self.owners.get(business_id) != customer_id:
            raise NotFound
        if not self.ready:
            raise StateConflict

    def describe(self, business_id: str, customer_id: uuid.UUID) -> AgreementContext:
        if self.owners.get(business_id) != customer_id:
            raise NotFound
        return AgreementContext(business=f"样例贷授信申请（编号{business_id[-4:]}）")

    def identity_of(self, business_id: str, customer_id: uuid.UUID) -> uuid.UUID:
        return self.identities.get(business_id, customer_id)


@pytest.fixture
def business(monkeypatch: pytest.MonkeyPatch) -> Business:
    """Offer every act on business objects that the test names; the real rooms' acts step aside."""
    objects = Business()
    offered = {
        action: Act(action=action, check=objects.check, describe=objects.describe, identity_of=objects.identity_of)
        for action in (
            "register",
            "relink",
            "apply",
            "open_account",
            "bind_card",
            "sign",
            "drawdown",
            "transfer",
        )
    }
    monkeypatch.setattr(acts, "_ACTS", offered)
    return objects


RunSteps = Callable[..., int]
