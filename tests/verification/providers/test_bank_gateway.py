"""Carriers, national ID check and voices through the published contract."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from core.gateway import GatewayError, Invalid, RetryAfter, UnknownOutcome, UnknownVendorCode, forget_breakers
from core.ids import new_id
from tenants.providers.gateway_client import bank_gateway
from tests.loopback import Door, door, reply
from verification.numbers import Carrier
from verification.providers.bank_gateway.provider import GatewayCarrierCheck, GatewayIdCheck, GatewayVoice
from verification.providers.carrier import CarrierAnswer, CarrierResult
from verification.providers.id_check import IdCheckResult
from verification.providers.voice import Recording, VoiceAnswer, VoiceResult
from verification.recordings import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.running_sandbox import Sandbox

__all__ = ["door"]

JPEG = b"\xff\xd8\xff\xe0 a photo"
PERSON = {"name": "林样例", "id_number": "320583199001010010"}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


def carriers(base_url: str) -> GatewayCarrierCheck:
    return GatewayCarrierCheck(bank_gateway(bank="125", base_url=base_url, key="sandbox-gateway-key"))


def id_check(base_url: str) -> GatewayIdCheck:
    return GatewayIdCheck(bank_gateway(bank="125", base_url=base_url, key="sandbox-gateway-key"))


def verify(door: Door, answer: dict[str, Any]) -> CarrierAnswer:
    door.then(reply(answer))
    return carriers(door.url).verify(route=Carrier.MOBILE, phone="13900000000", request_id=new_id().hex, **PERSON)


class TestCarrierVerify:
    @pytest.mark.parametrize("result", CarrierResult)
    @pytest.mark.parametrize("carrier", Carrier)
    def test_every_answer(self, door: Door, result: CarrierResult, carrier: Carrier) -> None:
        answer = verify(door, {"result": result.value, "carrier": carrier.value})
        assert (answer.result, answer.carrier) == (result, carrier)
        assert door.seen[0].path == "/gateway/v1/carriers/verify"
        assert door.seen[0].json() == {"route": "mobile", "phone": "13900000000", **PERSON}

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ({"result": "maybe", "carrier": "mobile"}, UnknownVendorCode),
            ({"result": "match", "carrier": "pigeon"}, UnknownVendorCode),
            ({"result": None, "carrier": "mobile"}, UnknownOutcome),
            ({}, UnknownOutcome),
        ],
    )
    def test_nothing_is_guessed(self, door: Door, answer: dict[str, Any], kind: type[GatewayError]) -> None:
        with pytest.raises(kind):
            verify(door, answer)


class TestCarrierLookup:
    def test_an_unknown_number_is_an_answer(self, door: Door) -> None:
        door.then(reply({"code": "unknown_number", "message": "m"}, status=404))
        assert carriers(door.url).lookup(phone="13900000000", request_id=new_id().hex) is None

    def test_a_wrong_path_is_not(self, door: Door) -> None:
        door.then(reply({"detail": "Not Found"}, status=404))
        with pytest.raises(UnknownVendorCode):
            carriers(door.url).lookup(phone="13900000000", request_id=new_id().hex)


class TestIdCheck:
    def check(self, door: Door, answer: dict[str, Any]) -> Any:
        door.then(reply(answer))
        return id_check(door.url).check(request_id=new_id().hex, **PERSON)

    def test_a_match_brings_the_photo(self, door: Door) -> None:
        answer = self.check(door, {"result": "match", "photo": base64.b64encode(JPEG).decode()})
        assert (answer.result, answer.photo) == (IdCheckResult.MATCH, JPEG)
        assert "photo" not in repr(answer)

    def test_a_match_may_have_none(self, door: Door) -> None:
        assert self.check(door, {"result": "match", "photo": None}).photo is None

    def test_a_photo_of_somebody_who_does_not_match_is_dropped(self, door: Door) -> None:
        answer = self.check(door, {"result": "name_mismatch", "photo": base64.b64encode(JPEG).decode()})
        assert (answer.result, answer.photo) == (IdCheckResult.NAME_MISMATCH, None)

    @pytest.mark.parametrize("photo", ["not base64!", base64.b64encode(b"<html>").decode(), 3])
    def test_a_photo_that_is_none_is_garbage(self, door: Door, photo: object) -> None:
        with pytest.raises(UnknownOutcome):
            self.check(door, {"result": "match", "photo": photo})


def voices(base_url: str) -> GatewayVoice:
    return GatewayVoice(bank_gateway(bank="125", base_url=base_url, key="sandbox-gateway-key"))


SAID = Recording(form=Form.MP3, content=b"said")
KEPT = Recording(form=Form.WAV, content=b"kept")


class TestVoice:
    def judge(self, door: Door, answer: dict[str, Any], reference: Recording | None = KEPT) -> VoiceAnswer:
        door.then(reply(answer))
        return voices(door.url).verify(text="三七零九", recording=SAID, reference=reference, request_id=new_id().hex)

    @pytest.mark.parametrize("result", [VoiceResult.MATCH, VoiceResult.MISMATCH])
    def test_a_comparison_has_its_figure(self, door: Door, result: VoiceResult) -> None:
        answer = self.judge(door, {"result": result.value, "similarity": "96.40"})
        assert answer == VoiceAnswer(result=result, similarity=Decimal("96.40"))
        assert door.seen[0].path == "/gateway/v1/voice/verify"
        assert door.seen[0].json() == {
            "text": "三七零九",
            "recording": {"form": "mp3", "content": base64.b64encode(b"said").decode()},
            "reference": {"form": "wav", "content": base64.b64encode(b"kept").decode()},
        }

    @pytest.mark.parametrize("result", [VoiceResult.TEXT_MISMATCH, VoiceResult.NOT_LIVE, VoiceResult.UNCLEAR])
    @pytest.mark.parametrize("reference", [KEPT, None])
    def test_what_was_not_compared_has_none(self, door: Door, result: VoiceResult, reference: Recording | None) -> None:
        answer = self.judge(door, {"result": result.value, "similarity": None}, reference)
        assert answer == VoiceAnswer(result=result)

    def test_a_first_recording_goes_without_a_reference(self, door: Door) -> None:
        answer = self.judge(door, {"result": "first", "similarity": None}, None)
        assert answer == VoiceAnswer(result=VoiceResult.FIRST)
        assert door.seen[0].json()["reference"] is None

    @pytest.mark.parametrize(
        ("answer", "reference", "kind"),
        [
            ({"result": "maybe", "similarity": None}, KEPT, UnknownVendorCode),
            ({"result": None, "similarity": None}, KEPT, UnknownOutcome),
            ({}, KEPT, UnknownOutcome),
            ({"result": "match", "similarity": None}, KEPT, UnknownOutcome),
            ({"result": "match", "similarity": "high"}, KEPT, UnknownOutcome),
            ({"result": "match", "similarity": "100.01"}, KEPT, UnknownOutcome),
            ({"result": "match", "similarity": "-1.00"}, KEPT, UnknownOutcome),
            ({"result": "not_live", "similarity": "96.40"}, KEPT, UnknownOutcome),
            ({"result": "first", "similarity": None}, KEPT, UnknownOutcome),
            ({"result": "match", "similarity": "96.40"}, None, UnknownOutcome),
            ({"result": "mismatch", "similarity": "6.40"}, None, UnknownOutcome),
        ],
    )
    def test_nothing_is_guessed(
        self, door: Door, answer: dict[str, Any], reference: Recording | None, kind: type[GatewayError]
    ) -> None:
        with pytest.raises(kind):
            self.judge(door, answer, reference)

    def test_no_voice_is_in_a_repr(self) -> None:
        assert "said" not in repr(SAID)


class TestOnTheSandbox:
    def test_the_three_results_of_the_carriers(self, sandbox: Sandbox) -> None:
        for profile, expected in {"good": CarrierResult.MATCH, "carrier_mismatch": CarrierResult.MISMATCH}.items():
            person = sandbox.person(profile=profile)
            asked = carriers(sandbox.url)
            route = asked.lookup(phone=person["phone"], request_id=new_id().hex)
            assert route is not None
            arguments = {name: person[name] for name in ("name", "id_number", "phone")}
            assert asked.verify(route=route, request_id=new_id().hex, **arguments).result is expected
            other = next(carrier for carrier in Carrier if carrier is not route)
            answer = asked.verify(route=other, request_id=new_id().hex, **arguments)
            assert answer.result is CarrierResult.NOT_FOUND

    @pytest.mark.parametrize(
        ("profile", "result"),
        [
            ("good", IdCheckResult.MATCH),
            ("id_mismatch", IdCheckResult.NAME_MISMATCH),
            ("id_missing", IdCheckResult.NOT_FOUND),
        ],
    )
    def test_the_three_results_of_the_national_check(
        self, sandbox: Sandbox, profile: str, result: IdCheckResult
    ) -> None:
        person = sandbox.person(profile=profile)
        answer = id_check(sandbox.url).check(
            name=person["name"], id_number=person["id_number"], request_id=new_id().hex
        )
        assert answer.result is result
        assert (answer.photo is not None) is (result is IdCheckResult.MATCH)

    def test_the_national_systems_own_error_may_be_tried_again(self, sandbox: Sandbox) -> None:
        sandbox.fault("id_check", status=503)
        with pytest.raises(RetryAfter):
            id_check(sandbox.url).check(request_id=new_id().hex, **PERSON)

    def test_a_malformed_question_is_our_fault(self, sandbox: Sandbox) -> None:
        with pytest.raises(Invalid):
            id_check(sandbox.url).check(name="林样例", id_number="1", request_id=new_id().hex)

    def test_a_missing_phone_is_unknown_to_the_carriers(self, sandbox: Sandbox) -> None:
        assert carriers(sandbox.url).lookup(phone="19999999999", request_id=new_id().hex) is None

    def test_a_voice_is_heard_compared_and_told_apart(self, sandbox: Sandbox) -> None:
        one, other = sandbox.people(2)

        def said(person: dict[str, Any], text: str, **how: str) -> Recording:
            answer = sandbox.http.get(person["voice_url"], params={"text": text, **how})
            return Recording(form=Form.WAV, content=answer.content)

        kept, text = said(one, "零一二三四五六七"), "三七零九二八五一"
        expected = [
            (said(one, text), None, VoiceResult.FIRST),
            (said(one, text), kept, VoiceResult.MATCH),
            (said(other, text), kept, VoiceResult.MISMATCH),
            (said(one, text[::-1]), kept, VoiceResult.TEXT_MISMATCH),
            (said(one, text, live="no"), kept, VoiceResult.NOT_LIVE),
            (KEPT, kept, VoiceResult.UNCLEAR),
        ]
        for recording, reference, result in expected:
            answer = voices(sandbox.url).verify(
                text=text, recording=recording, reference=reference, request_id=new_id().hex
            )
            assert answer.result is result
        log = sandbox.calls(vendor="voice")
        assert [call["person"] for call in log] == [*[one["person"]] * 2, other["person"], *[one["person"]] * 2, None]
        assert {call["operation"] for call in log} == {"verify"}

    def test_a_judge_that_is_down_may_be_tried_again(self, sandbox: Sandbox) -> None:
        sandbox.fault("voice", status=503)
        with pytest.raises(RetryAfter):
            voices(sandbox.url).verify(text="三七", recording=SAID, reference=None, request_id=new_id().hex)
