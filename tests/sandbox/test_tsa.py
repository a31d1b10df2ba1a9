"""The time stamp authority, checked by an independent implementation of RFC 3161."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import algos, core, pem, tsp, x509
from cryptography import x509 as certificates
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from sandbox import tsa
from sandbox.people import World
from tests.sandbox.in_process import Doors

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

CONTENT = "样例合同".encode()
DIGEST = hashlib.sha256(CONTENT).digest()


def query(algorithm: str = "sha256", digest: bytes = DIGEST, **more: Any) -> tsp.TimeStampReq:
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}), "hashed_message": digest}
    return tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True, **more})


@pytest.fixture(scope="module")
def doors() -> Doors:
    return Doors(tsa.routes(), world=World())


def post(doors: Doors, body: bytes, content_type: str = "application/timestamp-query") -> httpx.Response:
    return doors.request("POST", "/tsa", content=body, headers={"Content-Type": content_type})


def stamped(doors: Doors, request: tsp.TimeStampReq) -> tsp.TimeStampResp:
    answer = post(doors, request.dump())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/timestamp-reply"
    return tsp.TimeStampResp.load(answer.content, strict=True)


def certificate_of(doors: Doors) -> x509.Certificate:
    answer = doors.request("GET", "/tsa/certificate.pem")
    return x509.Certificate.load(pem.unarmor(answer.content)[2])


def info_of(reply: tsp.TimeStampResp) -> tsp.TSTInfo:
    return reply["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


def refusal_in(answer: httpx.Response) -> dict[str, Any]:
    """Give the status of a reply that consists of nothing else."""
    assert answer.headers["content-type"] == "application/timestamp-reply"
    (status,) = core.SequenceOf.load(answer.content, spec=tsp.PKIStatusInfo, strict=True)
    native: dict[str, Any] = status.native
    return native


class TestStamp:
    """POST /tsa."""

    @pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
    def test_a_validator_that_trusts_the_certificate_accepts_the_stamp(self, doors: Doors, algorithm: str) -> None:
        digest = hashlib.new(algorithm, CONTENT).digest()
        reply = stamped(doors, query(algorithm, digest))
        context = ValidationContext(trust_roots=[certificate_of(doors)], allow_fetching=False)
        signed = reply["time_stamp_token"]["content"]
        found = asyncio.run(validate_tst_signed_data(signed, context, lambda _: digest))
        status = TimestampSignatureStatus(**found)
        assert (status.intact, status.valid, status.trusted) == (True, True, True)
        assert abs(status.timestamp - datetime.now(UTC)) < timedelta(minutes=1)

    def test_the_reply_answers_this_request(self, doors: Doors) -> None:
        info = info_of(stamped(doors, query(nonce=8_675_309)))
        assert info["nonce"].native == 8_675_309
        assert info["message_imprint"]["hashed_message"].native == DIGEST
        assert info["policy"].native == tsa.POLICY

    def test_no_nonce_is_answered_without_one(self, doors: Doors) -> None:
        assert info_of(stamped(doors, query()))["nonce"].native is None

    def test_no_two_stamps_have_one_serial_number(self, doors: Doors) -> None:
        serials = {info_of(stamped(doors, query()))["serial_number"].native for _ in range(5)}
        assert len(serials) == 5

    @pytest.mark.parametrize("wanted", [True, False])
    def test_the_certificate_comes_along_when_asked_for(self, doors: Doors, wanted: bool) -> None:  # noqa: FBT001
        reply = stamped(doors, query(cert_req=wanted))
        enclosed = reply["time_stamp_token"]["content"]["certificates"].native
        assert bool(enclosed) == wanted

    @pytest.mark.parametrize(
        ("request_of", "reason"),
        [
            (lambda: query("sha1", b"\1" * 20), "bad_alg"),
            (lambda: query("md5", b"\1" * 16), "bad_alg"),
            (lambda: query("sha256", b"\1" * 31), "bad_data_format"),
            (lambda: query(req_policy="1.2.3.4"), "unaccepted_policy"),
            (
                lambda: query(extensions=[{"extn_id": "1.2.3.4", "extn_value": core.OctetString(b"x")}]),
                "unaccepted_extensions",
            ),
        ],
    )
    def test_what_cannot_be_stamped_is_rejected_in_the_reply(self, doors: Doors, request_of: Any, reason: str) -> None:
        answer = post(doors, request_of().dump())
        assert answer.status_code == 200
        assert refusal_in(answer) == {"status": "rejection", "status_string": None, "fail_info": {reason}}

    @pytest.mark.parametrize("body", [b"", b"nonsense", query().dump()[:-3], query().dump() + b"x"])
    def test_rubbish_is_rejected_in_the_reply(self, doors: Doors, body: bytes) -> None:
        assert refusal_in(post(doors, body))["fail_info"] == {"bad_data_format"}

    def test_another_media_type_is_415(self, doors: Doors) -> None:
        answer = post(doors, query().dump(), "application/octet-stream")
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


class TestIdentity:
    """The key and the certificate."""

    def test_the_certificate_is_for_time_stamps_only(self) -> None:
        certificate = certificates.load_pem_x509_certificate(tsa.TimeStampAuthority().certificate_pem)
        usage = certificate.extensions.get_extension_for_class(certificates.ExtendedKeyUsage)
        assert (usage.critical, list(usage.value)) == (True, [ExtendedKeyUsageOID.TIME_STAMPING])
        constraints = certificate.extensions.get_extension_for_class(certificates.BasicConstraints)
        assert constraints.value.ca is False

    def test_it_outlives_a_restart(self, tmp_path: Path) -> None:
        before, after = tsa.TimeStampAuthority(tmp_path), tsa.TimeStampAuthority(tmp_path)
        assert before.certificate_pem == after.certificate_pem
        assert stat.S_IMODE((tmp_path / "tsa.pem").stat().st_mode) == 0o600

    def test_every_sandbox_has_its_own(self) -> None:
        assert tsa.TimeStampAuthority().certificate_pem != tsa.TimeStampAuthority().certificate_pem
