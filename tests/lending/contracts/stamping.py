"""A time stamp authority for tests: real tokens over loopback HTTP, and every way to fail at it."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from asn1crypto import algos, cms, keys, parser, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

_FROM, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_DER = serialization.Encoding.DER
_PATIENCE_SECONDS = 30


class Authority:
    """One authority and its root; each token carries the root, which no one needs.

    `self_signed` makes it its own root, and lets it call its signature by its other name.
    """

    def __init__(self, *, self_signed: bool = False, fixed_dt: datetime | None = None) -> None:
        root_key, key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
        root = _certificate("Test root", "Test root", root_key.public_key(), root_key, ca=True)
        issuer, issuer_key = ("Test stamps", key) if self_signed else ("Test root", root_key)
        own = _certificate("Test stamps", issuer, key.public_key(), issuer_key, ca=False)
        self.root_pem = (own if self_signed else root).public_bytes(serialization.Encoding.PEM)
        self.self_signed = self_signed
        others = SimpleCertificateStore.from_certs([] if self_signed else [_asn1(root)])
        private = key.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._stamper = DummyTimeStamper(
            _asn1(own), keys.PrivateKeyInfo.load(private), certs_to_embed=others, fixed_dt=fixed_dt
        )
        self.queries = 0

    def answer(self, query: bytes) -> bytes:
        self.queries += 1
        response = self._stamper.request_tsa_response(tsp.TimeStampReq.load(query))
        if self.self_signed:
            (info,) = response["time_stamp_token"]["content"]["signer_infos"]
            info["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
        return bytes(response.dump())


class MistakenAuthority(Authority):
    """An authority that stamps something else than it was asked for."""

    def __init__(self, mistake: str) -> None:
        super().__init__()
        self.mistake = mistake

    def answer(self, query: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(query)
        if self.mistake == "imprint":
            asked["message_imprint"]["hashed_message"] = bytes(32)
        elif self.mistake == "nonce":
            asked["nonce"] = cms.Integer(1)
        return super().answer(asked.dump())


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(_DER))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(subject: str, issuer: str, key: Any, issuer_key: Any, *, ca: bool) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


class StampServer:
    """The authority behind HTTP; the path says how it behaves: /tsa answers, the others fail in their way."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.released = threading.Event()
        self.requests: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, self.headers["Content-Type"]))
                status, kind, body = outer.reply(self.path, query)
                with suppress(ConnectionError):  # who asked may have given up
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def reply(self, path: str, query: bytes) -> tuple[int, str, bytes]:
        kind = "application/timestamp-reply"
        match path:
            case "/silent":
                self.released.wait(_PATIENCE_SECONDS)
                return 503, kind, b""
            case "/broken":
                return 500, kind, b"oops"
            case "/html":
                return 200, "text/html", b"<html>maintenance</html>"
            case "/garbage":
                return 200, kind, b"\x30\x82\xff\xff garbage"
            case "/endless":
                return 200, kind, bytes(200_000)
            case "/refusing":
                refusal = tsp.PKIStatusInfo({"status": "rejection", "fail_info": {"bad_alg"}})
                return 200, kind, parser.emit(0, 1, 16, refusal.dump())  # a sequence with no token in it
        return 200, kind, self.authority.answer(query)

    def url(self, path: str = "/tsa") -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
