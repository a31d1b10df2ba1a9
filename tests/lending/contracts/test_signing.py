"""The bank's certificate, its signature and the time stamp."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from lending.contracts.certificates import common_name
from lending.contracts.errors import SignerError, SigningError, TimestampFailure, TimestampUnavailable
from lending.contracts.render import render_contract
from lending.contracts.signing import (
    BankCertificate,
    BankSigner,
    TimestampSource,
    create_bank_certificate,
    sign_contract,
)
from lending.contracts.trial import trial_data
from lending.contracts.verify import verify_contract
from tests.at_once import at_once
from tests.lending.contracts.conftest import LEGAL_NAME
from tests.lending.contracts.http_timestamps import HttpTimestampSource
from tests.lending.contracts.reading import open_pdf, page_texts
from tests.lending.contracts.stamping import Authority, MistakenAuthority, StampServer

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSEALED = """#set document(title: "x")
#set text(font: "Noto Sans CJK SC")
合同
"""


def pem(certificate: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate)


def sign(pdf: bytes, *, signer: BankSigner, timestamp: TimestampSource, seal_pdf: bytes | None = None) -> bytes:
    return sign_contract(
        pdf,
        signer=signer,
        seal_pdf=seal_pdf,
        timestamp=timestamp,
        field_name="Lender",
        reason="合同签署",
        location="江苏",
    )


class TestCreateBankCertificate:
    def test_it_names_the_bank_and_may_only_sign_documents(self, bank: BankCertificate) -> None:
        certificate = pem(bank.certificate_pem)
        names = {attribute.rfc4514_attribute_name: attribute.value for attribute in certificate.subject}
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert names == {"C": "CN", "O": LEGAL_NAME, "OU": "125", "CN": LEGAL_NAME}
        assert usage.digital_signature
        assert usage.content_commitment
        assert not usage.key_cert_sign
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    def test_it_is_issued_by_the_ca_that_comes_along(self, bank: BankCertificate) -> None:
        ca = pem(bank.ca_pem)
        pem(bank.certificate_pem).verify_directly_issued_by(ca)
        assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    def test_every_bank_has_a_ca_and_keys_of_its_own(self, bank: BankCertificate) -> None:
        other = create_bank_certificate("另一样例银行", "126")
        with pytest.raises(ValueError, match=r"[Ii]ssuer"):
            pem(other.certificate_pem).verify_directly_issued_by(pem(bank.ca_pem))

    def test_it_is_good_for_five_years(self) -> None:
        issued_at = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = pem(create_bank_certificate("样例银行", "125", issued_at=issued_at).certificate_pem)
        assert certificate.not_valid_before_utc <= issued_at
        assert certificate.not_valid_after_utc - issued_at > timedelta(days=5 * 365 - 1)


class TestBankSigner:
    def test_the_key_shows_in_no_repr(self, signer: BankSigner) -> None:
        assert "Key" not in repr(signer)
        assert repr(signer) == "BankSigner()"

    def test_it_is_named_as_its_certificate(self, signer: BankSigner) -> None:
        assert signer.name == LEGAL_NAME

    @pytest.mark.usefixtures("restless_threads")
    def test_threads_may_share_one(self, bank: BankCertificate) -> None:
        shared = BankSigner.load(
            certificate_pem=bank.certificate_pem + bank.ca_pem, private_key_pem=bank.private_key_pem
        )
        seen = at_once(None, [lambda: (shared.name, *map(common_name, shared.intermediates))] * 8)
        assert seen == [(LEGAL_NAME, "Sample CA 125")] * 8

    def test_the_same_message_gets_the_same_signature(self, signer: BankSigner) -> None:
        assert signer.sign(b"message") == signer.sign(b"message")

    def test_a_key_of_another_certificate_is_refused(self, bank: BankCertificate) -> None:
        other = create_bank_certificate("另一样例银行", "126")
        with pytest.raises(SignerError, match="不符"):
            BankSigner.load(certificate_pem=bank.certificate_pem, private_key_pem=other.private_key_pem)

    def test_a_certificate_that_may_not_sign_documents_is_refused(self, bank: BankCertificate) -> None:
        with pytest.raises(SignerError):
            BankSigner.load(certificate_pem=bank.ca_pem, private_key_pem=bank.private_key_pem)

    def test_a_chain_too_long_for_any_verifier_is_refused(self, bank: BankCertificate) -> None:
        with pytest.raises(SignerError, match="过长"):
            BankSigner.load(
                certificate_pem=bank.certificate_pem,
                private_key_pem=bank.private_key_pem,
                intermediates_pem=bank.ca_pem * 5,
            )

    @pytest.mark.parametrize("broken", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END"])
    def test_what_cannot_be_read_is_refused(self, bank: BankCertificate, broken: bytes) -> None:
        with pytest.raises(SignerError):
            BankSigner.load(certificate_pem=broken, private_key_pem=bank.private_key_pem)
        with pytest.raises(SignerError):
            BankSigner.load(certificate_pem=bank.certificate_pem, private_key_pem=broken)


class TestSignContract:
    def test_a_signed_contract_is_valid(self, signed_pdf: bytes, bank: BankCertificate, authority: Authority) -> None:
        verification = verify_contract(
            signed_pdf, trust_roots=[bank.ca_pem], tsa_roots=[authority.root_pem], signer_name=LEGAL_NAME
        )
        assert verification.valid
        assert verification.problems == ()
        assert verification.covers_whole_document
        assert (verification.signer, verification.reason) == (LEGAL_NAME, "0002026XF0000000001")
        assert verification.signed_at is not None
        assert abs(datetime.now(UTC) - verification.signed_at) < timedelta(minutes=10)

    def test_the_rendered_bytes_stay_in_front(self, contract_pdf: bytes, signed_pdf: bytes) -> None:
        assert signed_pdf.startswith(contract_pdf)

    def test_the_pdf_a_markers_remain(self, signed_pdf: bytes) -> None:
        after = open_pdf(signed_pdf)
        assert signed_pdf.startswith(b"%PDF-2.0")
        metadata = after.root["/Metadata"].data
        assert re.search(rb'pdfaid:part(="4"|>4<)', metadata)
        assert re.search(rb'pdfaid:rev(="2020"|>2020<)', metadata)
        assert "0002026XF0000000001" in metadata.decode()
        assert len(after.root["/OutputIntents"]) == 1
        assert "/Encrypt" not in after.trailer
        assert after.root["/AcroForm"]["/SigFlags"] == 3

    def test_the_seal_is_drawn_where_the_template_says(self, signed_pdf: bytes, contract_pdf: bytes) -> None:
        reader = open_pdf(signed_pdf)
        (signature,) = reader.embedded_signatures
        left, bottom, right, top = (float(edge) for edge in signature.sig_field["/Rect"])
        names = reader.root["/Names"]["/Dests"]["/Names"]
        place = names[list(names).index("seal") + 1]
        assert (right - left, top - bottom) == pytest.approx((119, 119), abs=1.1)
        assert ((left + right) / 2, (bottom + top) / 2) == pytest.approx((float(place[2]), float(place[3])), abs=1)
        assert signature.sig_field["/F"] & 4, "it is printed"
        assert "/Seal" in signature.sig_field["/AP"]["/N"]["/Resources"]["/XObject"]
        page = next(n for n, text in enumerate(page_texts(contract_pdf)) if "贷款人（电子印章）" in text)
        on_page = reader.find_page_for_modification(page)[0].get_object()
        assert [note.get_object()["/T"] for note in on_page["/Annots"]] == ["Lender"]

    def test_it_is_a_pades_signature_that_tells_nothing_in_clear_but_what_was_given(self, signed_pdf: bytes) -> None:
        (signature,) = open_pdf(signed_pdf).embedded_signatures
        assert signature.field_name == "Lender"
        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        assert signature.sig_object["/Location"] == "江苏"
        assert signature.sig_object["/Name"] == LEGAL_NAME

    def test_one_contract_asks_for_one_time_stamp(self, contract_pdf: bytes, signer: BankSigner) -> None:
        authority = Authority(self_signed=True)
        sign(contract_pdf, signer=signer, timestamp=authority)
        assert authority.queries == 1

    def test_it_signs_without_a_seal_too(self, signer: BankSigner, bank: BankCertificate, authority: Authority) -> None:
        plain = render_contract(UNSEALED, trial_data())
        signed = sign(plain, signer=signer, timestamp=authority)
        assert verify_contract(signed, trust_roots=[bank.ca_pem], tsa_roots=[authority.root_pem]).valid

    def test_an_rsa_certificate_with_an_intermediate_ca_does_as_well(
        self, contract_pdf: bytes, seal_pdf: bytes, authority: Authority
    ) -> None:
        bank, intermediate = rsa_bank()
        signer = BankSigner.load(
            certificate_pem=bank.certificate_pem,
            private_key_pem=bank.private_key_pem,
            intermediates_pem=intermediate,
        )
        signed = sign(contract_pdf, signer=signer, timestamp=authority, seal_pdf=seal_pdf)
        verification = verify_contract(signed, trust_roots=[bank.ca_pem], tsa_roots=[authority.root_pem])
        assert verification.valid
        assert verification.signer == "样例RSA银行"

    def test_a_seal_without_a_place_is_refused(self, signer: BankSigner, seal_pdf: bytes, authority: Authority) -> None:
        plain = render_contract(UNSEALED, trial_data())
        with pytest.raises(SigningError, match="<seal>"):
            sign(plain, signer=signer, timestamp=authority, seal_pdf=seal_pdf)

    def test_a_signed_contract_is_not_signed_again(
        self, signed_pdf: bytes, signer: BankSigner, authority: Authority
    ) -> None:
        with pytest.raises(SigningError, match="已经签名"):
            sign(signed_pdf, signer=signer, timestamp=authority)

    @pytest.mark.parametrize("garbage", [b"", b"hello", b"%PDF-2.0\n", b"%PDF-1.7\nstartxref\n5\n%%EOF"])
    def test_what_is_no_pdf_is_refused(self, garbage: bytes, signer: BankSigner, authority: Authority) -> None:
        with pytest.raises(SigningError):
            sign(garbage, signer=signer, timestamp=authority)

    @pytest.mark.parametrize("days", [-6 * 365, 2])
    def test_a_certificate_out_of_its_time_does_not_sign(
        self, days: int, contract_pdf: bytes, authority: Authority
    ) -> None:
        made = create_bank_certificate("样例银行", "125", issued_at=datetime.now(UTC) + timedelta(days=days))
        signer = BankSigner.load(certificate_pem=made.certificate_pem, private_key_pem=made.private_key_pem)
        asked = authority.queries
        with pytest.raises(SignerError, match="有效期"):
            sign(contract_pdf, signer=signer, timestamp=authority)
        assert authority.queries == asked


def rsa_bank() -> tuple[BankCertificate, bytes]:
    """Make what a licensed CA gives: an RSA certificate under an intermediate CA."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)] + [rsa.generate_private_key(65537, 2048)]
    labels, certificates = ["样例根CA", "样例中级CA", "样例RSA银行"], []
    for level, (label, key) in enumerate(zip(labels, keys, strict=True)):
        issuer = max(level - 1, 0)
        usage = [level == 2, level == 2, False, False, False, level < 2, level < 2, False, False]
        certificates.append(
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, labels[issuer])]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=level < 2, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(*usage), critical=True)
            .sign(keys[issuer], hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
    root, intermediate, own = certificates
    private = keys[2].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return BankCertificate(own, private, root), intermediate


class Drops(httpx.SyncByteStream):
    """A body of single bytes."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"x"] * self.count)


class TestHttpTimestampSource:
    def test_it_posts_a_query_of_the_right_kind(self, stamp_server: StampServer, signed_pdf: bytes) -> None:
        assert ("/tsa", "application/timestamp-query") in stamp_server.requests

    @pytest.mark.parametrize(
        ("path", "failure"),
        [
            ("/broken", TimestampFailure.HTTP_STATUS),
            ("/html", TimestampFailure.HTTP_STATUS),
            ("/garbage", TimestampFailure.GARBAGE),
            ("/endless", TimestampFailure.GARBAGE),
            ("/refusing", TimestampFailure.REFUSED),
        ],
    )
    def test_a_failing_authority_is_told_apart(
        self,
        path: str,
        failure: TimestampFailure,
        contract_pdf: bytes,
        signer: BankSigner,
        stamp_server: StampServer,
        http: httpx.Client,
    ) -> None:
        source = HttpTimestampSource(url=stamp_server.url(path), timeout_seconds=10, client=http)
        with pytest.raises(TimestampUnavailable) as caught:
            sign(contract_pdf, signer=signer, timestamp=source)
        assert caught.value.failure is failure

    def test_a_silent_authority_is_given_up_in_time(
        self, contract_pdf: bytes, signer: BankSigner, stamp_server: StampServer, http: httpx.Client
    ) -> None:
        source = HttpTimestampSource(url=stamp_server.url("/silent"), timeout_seconds=0.1, client=http)
        began = time.monotonic()
        with pytest.raises(TimestampUnavailable) as caught:
            sign(contract_pdf, signer=signer, timestamp=source)
        assert caught.value.failure is TimestampFailure.TIMEOUT
        assert time.monotonic() - began < 5

    def test_an_authority_that_is_not_there_is_unreachable(
        self, contract_pdf: bytes, signer: BankSigner, http: httpx.Client
    ) -> None:
        source = HttpTimestampSource(url="http://127.0.0.1:9/tsa", timeout_seconds=5, client=http)
        with pytest.raises(TimestampUnavailable) as caught:
            sign(contract_pdf, signer=signer, timestamp=source)
        assert caught.value.failure is TimestampFailure.UNREACHABLE

    def test_a_body_that_drips_is_given_up_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seconds = iter(range(1000))
        monkeypatch.setattr("tests.lending.contracts.http_timestamps.time.monotonic", lambda: next(seconds))
        headers = {"Content-Type": "application/timestamp-reply"}
        drops = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=Drops(1000)))
        with httpx.Client(transport=drops) as client:
            source = HttpTimestampSource(url="http://tsa.test/", timeout_seconds=5, client=client)
            with pytest.raises(TimestampUnavailable) as caught:
                source.answer(b"query")
        assert caught.value.failure is TimestampFailure.TIMEOUT
        assert next(seconds) < 10, "it did not wait for the last drop"

    @pytest.mark.parametrize("mistake", ["imprint", "nonce"])
    def test_a_stamp_of_something_else_is_not_taken(
        self, mistake: str, contract_pdf: bytes, signer: BankSigner
    ) -> None:
        with pytest.raises(TimestampUnavailable) as caught:
            sign(contract_pdf, signer=signer, timestamp=MistakenAuthority(mistake))
        assert caught.value.failure is TimestampFailure.MISMATCH

    def test_after_a_failure_the_same_contract_can_be_signed(
        self,
        contract_pdf: bytes,
        signer: BankSigner,
        stamp_server: StampServer,
        http: httpx.Client,
        timestamp: HttpTimestampSource,
        bank: BankCertificate,
        authority: Authority,
    ) -> None:
        broken = HttpTimestampSource(url=stamp_server.url("/broken"), timeout_seconds=10, client=http)
        with pytest.raises(TimestampUnavailable):
            sign(contract_pdf, signer=signer, timestamp=broken)
        signed = sign(contract_pdf, signer=signer, timestamp=timestamp)
        assert verify_contract(signed, trust_roots=[bank.ca_pem], tsa_roots=[authority.root_pem]).valid
