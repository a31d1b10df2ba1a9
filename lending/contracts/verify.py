"""Judging a file that somebody shows: is it, byte for byte, a contract that this bank signed?

The order matters, because the file may come from anybody. First the bytes are authenticated: what the
signature covers, and whose it is. Only a file that passed is opened as a PDF. So the PDF parser, with its
compressed, nested and self-referring structures, never meets a stranger's file.

What "one byte" means: every byte outside the signature's value is covered by the signature. The value itself
must be written in one way only (`_located`, `cms_form`), so that nothing which no signature covers can be
changed either.

Certificates are judged at the time of the time stamp, not at the time of the question: a contract stays valid
when the certificates that made it expire. Revocation is not looked up: a certificate that was revoked before
the stamp is the bank's to withdraw from its trust roots.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING

from asn1crypto import cms, parser, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko.sign.validation.status import SignatureCoverageLevel, StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleTrustManager

from lending.contracts.certificates import common_name, read_certificates
from lending.contracts.cms_form import (
    LoosePart,
    refuse_loose_parts,
    refuse_many_certificates,
    refuse_unless_der,
    time_stamp_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

# The library logs the names in a stranger's certificates when it refuses them.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

LARGEST_FILE_BYTES = 20 * 1024 * 1024
_LONGEST_VALUE_BYTES = 64 * 1024
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_ENCRYPTION = re.compile(rb"/Encrypt\s*(?:<<|\d{1,10}\s+\d{1,5}\s+R)")
_HEX = re.compile(rb"<((?:[0-9A-F]{2})+)>")


class Defect(StrEnum):
    """What is wrong with a file; the value is stable, `text` is for people."""

    NOT_A_PDF = "not_a_pdf"
    TOO_LARGE = "too_large"
    ENCRYPTED = "encrypted"
    NOT_SIGNED = "not_signed"
    SEVERAL_SIGNATURES = "several_signatures"
    SIGNATURE_DAMAGED = "signature_damaged"
    CHANGED = "changed"
    ADDED_TO = "added_to"
    SIGNER_UNTRUSTED = "signer_untrusted"
    NO_TIMESTAMP = "no_timestamp"
    TIMESTAMP_UNTRUSTED = "timestamp_untrusted"

    @property
    def text(self) -> str:
        """Say it in Chinese."""
        return _TEXTS[self]


_TEXTS = {
    Defect.NOT_A_PDF: "不是PDF文件",
    Defect.TOO_LARGE: "文件过大",
    Defect.ENCRYPTED: "文件已加密，不是本行签发的合同文件",
    Defect.NOT_SIGNED: "文件没有电子签名，或不完整",
    Defect.SEVERAL_SIGNATURES: "文件含有多个签名，不是本行签发的合同文件",
    Defect.SIGNATURE_DAMAGED: "签名数据已损坏或被改动",
    Defect.CHANGED: "签署后文件内容被改动",
    Defect.ADDED_TO: "签署后文件被追加内容",
    Defect.SIGNER_UNTRUSTED: "签名证书不属于本行，或者签署时不在有效期内",
    Defect.NO_TIMESTAMP: "签名没有可信时间戳",
    Defect.TIMESTAMP_UNTRUSTED: "时间戳无效，或不是认可的时间戳机构签发",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What can be said of a file.

    `valid` means: no byte differs from what the bank signed. `signer` (the certificate's legal name) and
    `signed_at` (aware; the time stamp's) are given only where the signature, its certificate and its time
    stamp are sound, which they can be in a file that was changed afterwards. `reason` is the signature's
    stated reason, of a valid file only.
    """

    valid: bool
    signer: str | None = None
    signed_at: datetime | None = None
    covers_whole_document: bool = False
    reason: str | None = None
    problems: tuple[Defect, ...] = ()


@dataclass(frozen=True, slots=True)
class _Located:
    """The signature as it lies in the file: its value (DER), the bytes it covers, and whether that is all."""

    value: bytes
    covered: bytes
    covers_all: bool


class _Unsound(Exception):
    """Stop judging: nothing further can be said."""

    def __init__(self, defect: Defect) -> None:
        self.defect = defect
        super().__init__(defect.value)


def verify_contract(
    pdf: bytes, *, trust_roots: Sequence[bytes], tsa_roots: Sequence[bytes], signer_name: str | None = None
) -> Verification:
    """Judge a file of any origin. Pure: no network, no clock; the same bytes always get the same answer.

    `trust_roots` and `tsa_roots` are PEM texts with the CAs of the bank's certificates and of the time stamp
    authorities, past ones included. `signer_name` is the bank's legal name as its certificate has it: give it
    wherever the CA issues to others too, for otherwise any of its customers could sign a "valid" contract.

    A file of garbage, a truncated, encrypted or huge one is answered, never raised.

    Raises:
        ValueError: a root is no certificate (a set-up error, not the file's).
    """
    roots, stampers = _roots(trust_roots), _roots(tsa_roots)
    try:
        located = _located(pdf)
        return _judged(pdf, located, roots=roots, stampers=stampers, signer_name=signer_name)
    except _Unsound as unsound:
        return Verification(valid=False, problems=(unsound.defect,))
    except Exception:  # noqa: BLE001 -- whatever a hostile signature makes the parsers raise, the answer is "damaged"
        return Verification(valid=False, problems=(Defect.SIGNATURE_DAMAGED,))


def _roots(pems: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    return tuple(certificate for pem in pems for certificate in read_certificates(pem))


def _located(pdf: bytes) -> _Located:
    """Find the one signature by its byte range, reading nothing of the PDF's structure.

    The gap must hold the value and nothing else: upper-case hex digits, the value once, noughts to the end.
    """
    if len(pdf) > LARGEST_FILE_BYTES:
        raise _Unsound(Defect.TOO_LARGE)
    if not pdf.startswith(b"%PDF-"):
        raise _Unsound(Defect.NOT_A_PDF)
    if _ENCRYPTION.search(pdf):
        raise _Unsound(Defect.ENCRYPTED)
    ranges = _BYTE_RANGE.findall(pdf)
    if not ranges:
        raise _Unsound(Defect.NOT_SIGNED)
    if pdf.count(b"/ByteRange") > 1:
        raise _Unsound(Defect.SEVERAL_SIGNATURES)
    gap_start, gap_end, rest = (int(number) for number in ranges[0])
    end = gap_end + rest
    if not gap_start < gap_end <= end <= len(pdf):
        raise _Unsound(Defect.NOT_SIGNED)
    if gap_end - gap_start > _LONGEST_VALUE_BYTES:
        raise _Unsound(Defect.SIGNATURE_DAMAGED)
    digits = _HEX.fullmatch(pdf[gap_start:gap_end])
    if digits is None:
        raise _Unsound(Defect.SIGNATURE_DAMAGED)
    return _Located(
        value=_unpadded(bytes.fromhex(digits[1].decode())),
        covered=pdf[:gap_start] + pdf[gap_end:end],
        covers_all=end == len(pdf),
    )


def _unpadded(padded: bytes) -> bytes:
    """Cut the value from the room reserved for it, and refuse anything but noughts behind it."""
    _, _, _, header, content, trailer = parser.parse(padded[:_LONGEST_VALUE_BYTES])
    length = len(header) + len(content) + len(trailer)
    if padded[length:].strip(b"\0"):
        raise _Unsound(Defect.SIGNATURE_DAMAGED)
    return padded[:length]


def _judged(
    pdf: bytes,
    located: _Located,
    *,
    roots: tuple[x509.Certificate, ...],
    stampers: tuple[x509.Certificate, ...],
    signer_name: str | None,
) -> Verification:
    """Judge signature, certificate and time stamp; then, of an authentic file only, its structure."""
    refuse_unless_der(located.value)
    signed = cms.ContentInfo.load(located.value, strict=True)["content"]
    stamp = time_stamp_of(signed)
    if stamp is None:
        raise _Unsound(Defect.NO_TIMESTAMP)
    refuse_many_certificates(signed)
    refuse_many_certificates(stamp)
    signed_at: datetime = stamp["encap_content_info"]["content"].parsed["gen_time"].native
    status = asyncio.run(
        async_validate_detached_cms(
            located.covered,
            signed,
            signer_validation_context=_context(roots, at=signed_at),
            ts_validation_context=_context(stampers, at=signed_at),
        )
    )
    problems = _signature_problems(status, signer_name)
    if not problems and not _in_one_form(signed, stamp, status, (*roots, *stampers)):
        problems.append(Defect.SIGNATURE_DAMAGED)
    sound = not problems
    if not status.intact:
        problems.insert(0, Defect.CHANGED)
    if not located.covers_all:
        problems.insert(0, Defect.ADDED_TO)
    embedded = None if problems else _embedded(pdf, located)
    return Verification(
        valid=embedded is not None,
        signer=common_name(status.signing_cert) if sound else None,
        signed_at=signed_at if sound else None,
        covers_whole_document=located.covers_all,
        reason=None if embedded is None else str(embedded.sig_object.get("/Reason", "")) or None,
        problems=tuple(problems) or (() if embedded else (Defect.SIGNATURE_DAMAGED,)),
    )


def _context(roots: tuple[x509.Certificate, ...], *, at: datetime) -> ValidationContext:
    """Trust these roots alone, as of a moment, asking no one."""
    return ValidationContext(
        trust_manager=SimpleTrustManager.build(roots),
        moment=at,
        best_signature_time=at,
        allow_fetching=False,
    )


def _signature_problems(status: StandardCMSSignatureStatus, signer_name: str | None) -> list[Defect]:
    """Name what is wrong with the signature itself, whatever became of the document."""
    stamp = status.timestamp_validity
    if not status.valid:
        return [Defect.SIGNATURE_DAMAGED]
    problems = []
    chained = status.trust_problem_indic is None and status.validation_path is not None
    if not chained or signer_name not in (None, common_name(status.signing_cert)):
        problems.append(Defect.SIGNER_UNTRUSTED)
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        problems.append(Defect.TIMESTAMP_UNTRUSTED)
    return problems


def _in_one_form(
    signed: cms.SignedData,
    stamp: cms.SignedData,
    status: StandardCMSSignatureStatus,
    roots: tuple[x509.Certificate, ...],
) -> bool:
    """Tell whether signature and time stamp are written in the only way that `sign_contract` writes them."""
    try:
        for value, judged in ((signed, status), (stamp, status.timestamp_validity)):
            if judged is None or judged.validation_path is None:
                return False
            known = (*judged.validation_path.iter_certs(include_root=True), *roots)
            refuse_loose_parts(value, signer=judged.signing_cert, known=known)
    except LoosePart:
        return False
    return True


def _embedded(pdf: bytes, located: _Located) -> EmbeddedPdfSignature | None:
    """Open an authentic file and return its one signature, if it is the one that was judged."""
    reader = PdfFileReader(BytesIO(pdf))
    signatures = reader.embedded_signatures
    if len(signatures) != 1 or not signatures[0].pkcs7_content.startswith(located.value):
        return None
    whole = signatures[0].evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
    return signatures[0] if whole else None
