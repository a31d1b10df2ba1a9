"""ID cards at Tencent, by its own SDK: recorded answers, every code, the failures of the wire, the sandbox's door."""

from __future__ import annotations

import base64
import json
import logging
import logging.config
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.ocr.v20181119 import errorcodes as ocr_codes

from core.gateway import Invalid, Unavailable, UnknownOutcome, UnknownVendorCode, forget_breakers
from core.ids import new_id
from tests.loopback import Break, Door, Drop, Hang, Reply, closed_address, door, reply
from tests.verification.providers.tencent_door import (
    ID_NUMBER,
    PAYLOADS,
    PICTURE,
    REQUEST_ID,
    config,
    recorded,
    refusal,
)
from verification.numbers import Sex
from verification.providers.id_card import CardWarning, IdCardBack, IdCardFront, Unreadable, UnreadableReason
from verification.providers.tencent import id_card, mapping
from verification.providers.tencent.provider import TencentIdCardReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.running_sandbox import Sandbox

__all__ = ["door"]

# Codes of other actions and other documents of the same services; the two that we call cannot answer them.
CODES_OF_OTHERS = {
    "FailedOperation.IllegalBankCardError",
    "FailedOperation.ImageNoBusinessCard",
    "FailedOperation.ImageNoHandWrite",
    "FailedOperation.InconsistencyBetweenMRZAndVRZ",
    "FailedOperation.InvalidPostalCodeLength",
    "FailedOperation.InvoiceMismatch",
    "FailedOperation.LanguageNotSupport",
    "FailedOperation.LicenseCardSideError",
    "FailedOperation.LicenseMultiCardError",
    "FailedOperation.NoBankCardError",
    "FailedOperation.NoBizLicense",
    "FailedOperation.NoDriverLicenseError",
    "FailedOperation.NoHKIDCard",
    "FailedOperation.NoMASIDCard",
    "FailedOperation.NoPassport",
    "FailedOperation.NoStoreLabel",
    "FailedOperation.NoVehicleLicenseError",
    "FailedOperation.PDFParseFailed",
    "ResourceNotFound.NoAreaCode",
    "ResourceNotFound.NoInvoice",
    "ResourceNotFound.NotSupportCurrentInvoiceQuery",
}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


@pytest.fixture
def reader(door: Door) -> TencentIdCardReader:
    return TencentIdCardReader(config(door.address))


class TestReadFront:
    def test_reads_the_recorded_answer(self, door: Door, reader: TencentIdCardReader) -> None:
        door.then(recorded("id_card_front"))
        card = reader.read_front(PICTURE, request_id=REQUEST_ID)
        assert isinstance(card, IdCardFront)
        assert (card.name, card.ethnicity, card.address) == ("林样例", "汉", "江苏省昆山市样例镇样例路1号")
        assert (card.id_number, card.sex, card.birth_date) == (ID_NUMBER, Sex.MALE, date(1990, 1, 1))
        assert card.warnings == {CardWarning.COPY, CardWarning.REFLECTION}
        assert card.disagreements == frozenset()
        assert "林样例" not in repr(card)

    def test_asks_for_what_is_printed_and_not_for_what_agrees(self, door: Door, reader: TencentIdCardReader) -> None:
        door.then(recorded("id_card_front"))
        reader.read_front(PICTURE, request_id=REQUEST_ID)
        seen = door.seen[0]
        assert (seen.path, seen.headers["x-tc-action"]) == ("/", "IDCardOCR")
        assert seen.headers["x-tc-traceid"] == REQUEST_ID
        asked = seen.json()
        assert (asked["CardSide"], asked["EnableRecognitionRectify"]) == ("FRONT", False)
        assert base64.b64decode(asked["ImageBase64"]) == PICTURE
        assert json.loads(asked["Config"])["ReshootWarn"] is True

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"Sex": "女"}, frozenset({"sex"})),
            ({"Birth": "1991/1/1"}, frozenset({"birth_date"})),
            ({"Sex": "", "Birth": ""}, frozenset()),
            ({"IdNum": "320583199001010018"}, UnreadableReason.ID_NUMBER_INVALID),
            ({"Name": ""}, UnreadableReason.UNCLEAR),
            ({"AdvancedInfo": '{"Quality": 30}'}, UnreadableReason.UNCLEAR),
        ],
    )
    def test_compares_the_print_with_the_number(
        self, door: Door, reader: TencentIdCardReader, changes: dict[str, str], expected: object
    ) -> None:
        members = json.loads(recorded("id_card_front").body)
        members["Response"] |= changes
        door.then(reply(members))
        card = reader.read_front(PICTURE, request_id=REQUEST_ID)
        assert (card.reason if isinstance(card, Unreadable) else card.disagreements) == expected

    @pytest.mark.parametrize("code", id_card.WARNINGS)
    def test_every_warning_is_known(self, door: Door, reader: TencentIdCardReader, code: int) -> None:
        assert self.warned(door, reader, code) == {id_card.WARNINGS[code]}

    def test_and_another_is_loud(self, door: Door, reader: TencentIdCardReader) -> None:
        with pytest.raises(UnknownVendorCode):
            self.warned(door, reader, -9199)

    def warned(self, door: Door, reader: TencentIdCardReader, code: int) -> frozenset[CardWarning]:
        members = json.loads(recorded("id_card_front").body)
        members["Response"]["AdvancedInfo"] = json.dumps({"WarnInfos": [code]})
        door.then(reply(members))
        card = reader.read_front(PICTURE, request_id=REQUEST_ID)
        assert isinstance(card, IdCardFront)
        return card.warnings


class TestReadBack:
    @pytest.mark.parametrize(
        ("validity", "until"),
        [("2016.05.01-2036.05.01", date(2036, 5, 1)), ("2016.05.01-长期", None)],
    )
    def test_reads_authority_and_dates(
        self, door: Door, reader: TencentIdCardReader, validity: str, until: date | None
    ) -> None:
        members = json.loads(recorded("id_card_back").body)
        members["Response"]["ValidDate"] = validity
        door.then(reply(members))
        card = reader.read_back(PICTURE, request_id=REQUEST_ID)
        assert isinstance(card, IdCardBack)
        assert (card.authority, card.valid_from, card.valid_until) == ("昆山市公安局", date(2016, 5, 1), until)
        assert card.warnings == {CardWarning.DATE_INVALID}

    @pytest.mark.parametrize(
        "validity", ["", "2016.05.01", "2016.13.01-2036.05.01", "2036.05.01-2016.05.01", "2016.05.01-2036.02.30"]
    )
    def test_dates_that_cannot_be_are_unclear(self, door: Door, reader: TencentIdCardReader, validity: str) -> None:
        members = json.loads(recorded("id_card_back").body)
        members["Response"]["ValidDate"] = validity
        door.then(reply(members))
        assert reader.read_back(PICTURE, request_id=REQUEST_ID) == Unreadable(reason=UnreadableReason.UNCLEAR)


class TestEveryCode:
    @pytest.mark.parametrize(("code", "reason"), mapping._CARD.items())
    def test_about_the_picture_is_a_reason(
        self, door: Door, reader: TencentIdCardReader, code: str, reason: UnreadableReason
    ) -> None:
        door.then(refusal(code))
        assert reader.read_front(PICTURE, request_id=REQUEST_ID) == Unreadable(reason=reason)

    def test_of_the_sdk_is_mapped_or_belongs_to_another_action(self) -> None:
        codes = {value for name, value in vars(ocr_codes).items() if name.isupper()}
        assert {code for code in codes if mapping.meaning_of(mapping.OCR, code) is None} == CODES_OF_OTHERS

    def test_a_picture_too_large_is_not_sent(self, door: Door, reader: TencentIdCardReader) -> None:
        big = reader.read_front(b"\xff" * (7 * 1024 * 1024 + 1), request_id=REQUEST_ID)
        assert big == Unreadable(reason=UnreadableReason.TOO_LARGE)
        assert door.seen == []


class TestOnTheWire:
    @pytest.mark.parametrize(
        "act",
        [
            Hang(),
            Drop(),
            Break(),
            Reply(status=500),
            Reply(status=503),
            Reply(body=b"<html>"),
            Reply(body=b"[]"),
            Reply(body=b'{"Response": []}'),
            Reply(body=b"{}"),
        ],
        ids=["silent", "dropped", "broken off", "500", "503", "html", "list", "no object", "empty"],
    )
    def test_after_sending_the_outcome_is_unknown(self, door: Door, reader: TencentIdCardReader, act: Any) -> None:
        door.otherwise = act
        with pytest.raises(UnknownOutcome):
            reader.read_front(PICTURE, request_id=REQUEST_ID)
        assert len(door.seen) == 1

    def test_nobody_listening_is_certainly_not_processed(self) -> None:
        reader = TencentIdCardReader(config(closed_address().removeprefix("http://")))
        with pytest.raises(Unavailable):
            reader.read_front(PICTURE, request_id=REQUEST_ID)

    def test_an_unknown_host_is_certainly_not_processed(self) -> None:
        with pytest.raises(Unavailable):
            TencentIdCardReader(config("no-such-host.invalid")).read_front(PICTURE, request_id=REQUEST_ID)

    def test_an_error_under_another_content_type_is_an_error_all_the_same(
        self, door: Door, reader: TencentIdCardReader
    ) -> None:
        body = (PAYLOADS / "error_image_blur.json").read_bytes()
        door.then(Reply(body=body, content_type="application/json; charset=utf-8"))
        assert reader.read_front(PICTURE, request_id=REQUEST_ID) == Unreadable(reason=UnreadableReason.UNCLEAR)

    def test_a_proxy_of_the_environment_is_ignored(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", closed_address())
        door.then(recorded("id_card_front"))
        reader = TencentIdCardReader(config(door.address, region="ap-shanghai"))
        assert isinstance(reader.read_front(PICTURE, request_id=REQUEST_ID), IdCardFront)

    def test_pictures_and_signatures_stay_out_of_the_log(
        self, door: Door, reader: TencentIdCardReader, caplog: pytest.LogCaptureFixture
    ) -> None:
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})  # as a server may at any time
        caplog.set_level(logging.DEBUG)
        door.then(recorded("id_card_front"))
        reader.read_front(PICTURE, request_id=REQUEST_ID)
        for hidden in (base64.b64encode(PICTURE).decode(), "TC3-HMAC-SHA256", "林样例", ID_NUMBER):
            assert hidden not in caplog.text


class TestOnTheSandbox:
    def test_a_card_is_read_from_both_sides(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        facts = sandbox.json("GET", f"/sandbox/people/{person['person']}")
        reader = TencentIdCardReader(config(sandbox.address, read_seconds=5))
        front = reader.read_front(sandbox.picture(person, "id_card_front"), request_id=new_id().hex)
        back = reader.read_back(sandbox.picture(person, "id_card_back"), request_id=new_id().hex)
        assert isinstance(front, IdCardFront)
        assert isinstance(back, IdCardBack)
        assert (front.name, front.id_number, front.address) == (
            person["name"],
            person["id_number"],
            facts["address"],
        )
        assert back.authority == facts["authority"]
        wrong = reader.read_back(sandbox.picture(person, "id_card_front"), request_id=new_id().hex)
        assert wrong == Unreadable(reason=UnreadableReason.WRONG_SIDE)

    def test_a_wrong_key_is_our_fault(self, sandbox: Sandbox) -> None:
        reader = TencentIdCardReader(config(sandbox.address, secret_key="wrong", read_seconds=5))
        with pytest.raises(Invalid):
            reader.read_front(PICTURE, request_id=new_id().hex)
