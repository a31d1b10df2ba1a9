"""The bank's certificate and key, as they are held in memory while contracts are signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from lending.contracts.cms_form import MOST_CERTIFICATES
from lending.contracts.errors import SignerError

_VALID = timedelta(days=5 * 365)
_CA_VALID = timedelta(days=20 * 365)
_CLOCK_SKEW = timedelta(hours=1)


class BankCertificate(NamedTuple):
    """A bank's certificate, its private key (PKCS #8, not encrypted) and the issuing CA, each as PEM."""

    certificate_pem: bytes
    private_key_pem: bytes
    ca_pem: bytes


def create_bank_certificate(legal_name: str, code: str, *, issued_at: datetime | None = None) -> BankCertificate:
    """Make a bank's signing certificate under a CA of its own, for demonstration and tests.

    Both keys are EC P-256. The CA's key is thrown away at once: it signs this certificate and nothing else,
    so no one can issue another. The certificate carries the legal name and the bank's code, may sign
    documents only, and is valid for five years from an hour before `issued_at` (default: now).

    **A real bank brings its own certificate** from a licensed CA (电子签名法 art. 16-18; CFCA and the like),
    in the entity's legal name, and that CA's root as trust root; `BankSigner.load` takes RSA and EC. Nothing
    else changes.
    """
    issued_at = issued_at or datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, legal_name),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Sample CA {code}"),
        ]
    )
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, legal_name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, code),
            x509.NameAttribute(NameOID.COMMON_NAME, legal_name),
        ]
    )
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, issued_at=issued_at, valid=_CA_VALID, is_ca=True)
    certificate = _certificate(subject, ca_name, key, ca_key, issued_at=issued_at, valid=_VALID, is_ca=False)
    return BankCertificate(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        ca.public_bytes(serialization.Encoding.PEM),
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    issued_at: datetime,
    valid: timedelta,
    is_ca: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(issued_at - _CLOCK_SKEW)
        .not_valid_after(issued_at - _CLOCK_SKEW + valid)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSigner:
    """The bank as a signer: certificate, intermediate CAs (both DER) and the key as an object.

    Hold one per bank and process: reading a key costs more than signing with it (an RSA key is checked at
    each load, 20 to 150 ms). The key never shows in a `repr`. Threads may share one: certificates are bytes in
    it and read anew whenever they are asked for, because the library's objects are filled in while they are read.
    """

    certificate_der: bytes = field(repr=False)
    intermediates_der: tuple[bytes, ...] = field(repr=False)
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def load(cls, *, certificate_pem: bytes, private_key_pem: bytes, intermediates_pem: bytes = b"") -> Self:
        """Read a signer from PEM.

        Raises:
            SignerError: not readable, a key of another certificate, or one that may not sign contracts.
        """
        try:
            certificate, *others = (read.dump() for read in read_certificates(certificate_pem))
            key = serialization.load_pem_private_key(private_key_pem, password=None)
            known_to_us = x509.load_der_x509_certificate(certificate)
            may_commit = known_to_us.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment
        except (ValueError, TypeError, x509.ExtensionNotFound) as error:
            raise SignerError(f"签名证书或私钥无法读取：{type(error).__name__}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise SignerError("签名私钥应为 EC 或 RSA")
        if key.public_key() != known_to_us.public_key():
            raise SignerError("签名私钥与证书不符")
        if not may_commit:
            raise SignerError("签名证书的密钥用途不含“不可否认”，不能签署合同")
        intermediates = (*others, *(read.dump() for read in read_certificates(intermediates_pem)))
        if len(intermediates) >= MOST_CERTIFICATES:
            raise SignerError(f"证书链过长，中级证书最多{MOST_CERTIFICATES - 1}张")
        return cls(certificate_der=certificate, intermediates_der=intermediates, key=key)

    @property
    def certificate(self) -> asn1_x509.Certificate:
        """Return the certificate, an object of the caller's own."""
        return asn1_x509.Certificate.load(self.certificate_der)

    @property
    def intermediates(self) -> tuple[asn1_x509.Certificate, ...]:
        """Return the certificates of intermediate CAs, objects of the caller's own."""
        return tuple(map(asn1_x509.Certificate.load, self.intermediates_der))

    @property
    def name(self) -> str:
        """Return the subject's common name: the bank's legal name."""
        return common_name(self.certificate)

    @property
    def rsa_mechanism(self) -> SignedDigestAlgorithm | None:
        """Return how an RSA signature is named in the file, or `None` for an EC key."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})
        return None

    def refuse_unless_valid(self, at: datetime) -> None:
        """Refuse to sign outside the certificate's validity: no one could verify it.

        Raises:
            SignerError: the certificate is not yet, or no longer, valid.
        """
        certificate = self.certificate
        if not certificate.not_valid_before <= at <= certificate.not_valid_after:
            raise SignerError("签名证书不在有效期内")

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message` with SHA-256; an EC key gives the same one each time."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def read_certificates(pem: bytes) -> list[asn1_x509.Certificate]:
    """Read every certificate of a PEM text; an empty text has none. Threads must not share what is returned.

    Raises:
        ValueError: something else stands in it.
    """
    if not pem.strip():
        return []
    return [
        asn1_x509.Certificate.load(der, strict=True)
        for kind, _, der in asn1_pem.unarmor(pem, multiple=True)
        if kind == "CERTIFICATE"
    ]


def common_name(certificate: asn1_x509.Certificate) -> str:
    """Return the subject's common name, or its organisation where it has none."""
    names = certificate.subject.native
    return str(names.get("common_name") or names.get("organization_name") or "")
