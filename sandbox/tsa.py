"""Stamp digests with the time (RFC 3161), under a key and a certificate that the sandbox makes itself."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.requests import Request

POLICY: Final = "1.3.6.1.4.1.32473.1.1"
"""Policy of this authority, under the enterprise number that RFC 5612 reserves for examples."""

_QUERY_TYPE: Final = "application/timestamp-query"
_REPLY_TYPE: Final = "application/timestamp-reply"
_KEY_BITS: Final = 2048
_VALID_DAYS: Final = 20 * 365
_DIGEST_BYTES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}


class _Refused(core.Sequence):  # type: ignore[misc]  # the library is not annotated
    """A TimeStampResp without a token, which RFC 3161 makes optional and asn1crypto's own class does not."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo)]


class TimeStampAuthority:
    """One authority: an RSA key, its own certificate, and what it signs.

    With a data directory both are kept there, so that stamps made before a restart still verify.
    """

    def __init__(self, data_dir: Path | None = None) -> None:
        """Find the key and the certificate, or make them."""
        file = data_dir / "tsa.pem" if data_dir else None
        if file and file.exists():
            pem = file.read_bytes()
        else:
            pem = _make_identity()
            if file:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)
                file.write_bytes(pem)
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            message = f"{file}: not an RSA key"
            raise TypeError(message)
        self._key = key
        certificate = x509.load_pem_x509_certificate(pem)
        self.certificate_pem = certificate.public_bytes(serialization.Encoding.PEM)
        self._certificate_der = certificate.public_bytes(serialization.Encoding.DER)

    def reply(self, query: bytes) -> bytes:
        """Answer a TimeStampReq with a TimeStampResp, both DER; what cannot be served is rejected."""
        try:
            request = tsp.TimeStampReq.load(query, strict=True)
            imprint = request["message_imprint"]
            algorithm: str = imprint["hash_algorithm"]["algorithm"].native
            digest: bytes = imprint["hashed_message"].native
            policy: str | None = request["req_policy"].native
            extensions = request["extensions"].native
        except (ValueError, TypeError):
            return _rejection("bad_data_format")
        if algorithm not in _DIGEST_BYTES:
            return _rejection("bad_alg")
        if len(digest) != _DIGEST_BYTES[algorithm]:
            return _rejection("bad_data_format")
        if policy not in (None, POLICY):
            return _rejection("unaccepted_policy")
        if extensions:
            return _rejection("unaccepted_extensions")
        return self._granted(request)

    def _granted(self, request: tsp.TimeStampReq) -> bytes:
        at = datetime.now(UTC)
        facts = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": request["message_imprint"],
            "serial_number": secrets.randbits(64) + 1,
            "gen_time": at,
            "accuracy": {"seconds": 1},
        }
        if request["nonce"].native is not None:
            facts["nonce"] = request["nonce"]
        info = tsp.TSTInfo(facts)
        signed = self._sign(info, at, with_certificate=bool(request["cert_req"].native))
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed})
        answer: bytes = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
        return answer

    def _sign(self, info: tsp.TSTInfo, at: datetime, *, with_certificate: bool) -> cms.SignedData:
        """Sign a TSTInfo; the signing certificate is named by its SHA-256 (ESSCertIDv2, RFC 5816)."""
        content = info.dump()
        certificate = asn1_x509.Certificate.load(self._certificate_der)
        own = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(self._certificate_der).digest()})
        attributes = cms.CMSAttributes(
            [
                _attribute("content_type", "tst_info"),
                _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(at)})),
                _attribute("message_digest", hashlib.sha256(content).digest()),
                _attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [own]})),
            ],
        )
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": {
                            "issuer": certificate.issuer,
                            "serial_number": certificate.serial_number,
                        },
                    },
                ),
                "digest_algorithm": sha256,
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_rsa"},
                "signature": self._key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256()),
            },
        )
        parts = {
            "version": "v3",
            "digest_algorithms": [sha256],
            "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content)},
            "signer_infos": [signer],
        }
        if with_certificate:
            parts["certificates"] = [certificate]
        return cms.SignedData(parts)


def routes() -> list[Route]:
    """Give `POST /tsa` and `GET /tsa/certificate.pem`."""
    return [
        Route("/tsa", _stamp, methods=["POST"]),
        Route("/tsa/certificate.pem", _certificate, methods=["GET"]),
    ]


async def _stamp(request: Request) -> Response:
    """Stamp one digest."""
    query = await request.body()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _QUERY_TYPE:
        return JSONResponse({"code": "unsupported_media_type", "message": f"send {_QUERY_TYPE}"}, 415)
    return Response(_authority(request.app).reply(query), media_type=_REPLY_TYPE)


async def _certificate(request: Request) -> Response:
    """Give the authority's certificate, to be trusted by whoever verifies a stamp."""
    return Response(_authority(request.app).certificate_pem, media_type="application/x-pem-file")


def _authority(app: Starlette) -> TimeStampAuthority:
    """Give the application's authority; unless the application has set one, it is opened beside the world."""
    if not hasattr(app.state, "tsa"):
        app.state.tsa = TimeStampAuthority(app.state.world.data_dir)
    authority: TimeStampAuthority = app.state.tsa
    return authority


def _attribute(kind: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


def _rejection(reason: str) -> bytes:
    answer: bytes = _Refused({"status": {"status": "rejection", "fail_info": {reason}}}).dump()
    return answer


def _make_identity() -> bytes:
    """Make a key and a certificate that is good for time stamps and nothing else; both as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "样例时间戳服务"),
            x509.NameAttribute(NameOID.COMMON_NAME, "样例时间戳签名证书"),
        ],
    )
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
