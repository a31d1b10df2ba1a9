"""The bank's signature on a contract: PAdES B-T with the visible seal.

The level is B-T (ETSI EN 319 142-1): the bank's certificate, and an RFC 3161 time stamp over the signature,
so that the signature can be proved after the certificate has expired (电子签名法 art. 13; SIGN-01, SIGN-03).

Asking for the time stamp is the only outside call, and it happens inside `sign_contract`: never call that
within a transaction. The call is PURE: repeated, it makes another signature of the same contract, equally
good. What is kept and told to the customer is the one whose outcome was committed.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign import general as pyhanko_general
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lending.contracts.certificates import BankCertificate, BankSigner, create_bank_certificate
from lending.contracts.errors import SigningError
from lending.contracts.timestamps import TimestampSource, TokenRequest

if TYPE_CHECKING:
    from pyhanko.pdf_utils.generic import IndirectObject

__all__ = [
    "SEAL_ANCHOR",
    "BankCertificate",
    "BankSigner",
    "TimestampSource",
    "create_bank_certificate",
    "refuse_without_seal_anchor",
    "sign_contract",
]

SEAL_ANCHOR = "seal"
"""The label that marks the middle of the seal in a template: `#heading(outlined: false)[] <seal>`."""

_DIGEST = "sha256"
# Room for signature and token in the file, as hex digits: 12 kB. A token with its authority's chain has up to
# 8 kB. Fixed, because measuring it would cost a second time stamp for each contract.
_RESERVED_HEX_DIGITS = 24 * 1024


def sign_contract(
    pdf: bytes,
    *,
    signer: BankSigner,
    seal_pdf: bytes | None,
    timestamp: TimestampSource,
    field_name: str,
    reason: str,
    location: str,
) -> bytes:
    """Seal, sign and time-stamp a rendered contract, and return the file to keep.

    The result is the input followed by one increment, so the rendered bytes stay readable in it. `seal_pdf`
    (see `render_seal`) is laid over the template's <seal> label in its own size; `None` signs invisibly.
    `reason` and `location` stand in the signature and are covered by it; `reason` may hold the contract
    number.

    Calls the time stamp authority once (PURE); must not run within a transaction.

    Raises:
        TimestampUnavailable: no usable time stamp; nothing was signed, try again.
        SignerError: the certificate is not valid today.
        SigningError: the file is no PDF, is signed already, or marks no place for the seal.
    """
    signer.refuse_unless_valid(datetime.now(UTC))
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        if writer.prev.embedded_signatures:
            raise SigningError("文件已经签名")
        seal = None if seal_pdf is None else _Seal(seal_pdf)
        pdf_signer = PdfSigner(
            PdfSignatureMetadata(
                field_name=field_name,
                md_algorithm=_DIGEST,
                subfilter=SigSeedSubFilter.PADES,
                reason=reason,
                location=location,
                name=signer.name,
            ),
            signer=_Hand(signer),
            timestamper=TokenRequest(timestamp),
            new_field_spec=_field(writer.prev, field_name, seal),
            stamp_style=None if seal is None else seal.style(),
        )
        signed = asyncio.run(pdf_signer.async_sign_pdf(writer, bytes_reserved=_RESERVED_HEX_DIGITS))
    except (PdfError, pyhanko_general.SigningError, ValueError) as error:
        raise SigningError(f"无法签署该文件：{type(error).__name__}: {error}") from error
    return bytes(signed.getvalue())


class _Hand(Signer):
    """The signature library's signer with the key kept as an object; its own reads it at every signature."""

    def __init__(self, signer: BankSigner) -> None:
        # Roots are left out: whoever verifies has them, and what no one checks should not be in the file.
        super().__init__(
            signing_cert=signer.certificate,
            cert_registry=SimpleCertificateStore.from_certs(signer.intermediates),
            embed_roots=False,
            # The one form of an RSA signature's name (see `cms_form`); for EC the library has only one.
            signature_mechanism=signer.rsa_mechanism,
        )
        self._signer = signer

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 -- the library's signature
        if dry_run or digest_algorithm != _DIGEST:
            msg = f"asked for {digest_algorithm}, dry run {dry_run}"
            raise SigningError(msg)
        return self._signer.sign(data)


class _Seal(PdfContent):
    """A seal drawn as a PDF page, taken into the contract as a form, glyphs and all."""

    def __init__(self, seal_pdf: bytes) -> None:
        super().__init__()
        self._reader = PdfFileReader(BytesIO(seal_pdf))
        *_, width, height = (float(edge) for edge in self._page_box())
        self.width, self.height = width, height

    def _page_box(self) -> list[float]:
        page = self._reader.find_page_for_modification(0)[0].get_object()
        return list(page["/MediaBox"])

    def style(self) -> StaticStampStyle:
        """Return an appearance that is the seal alone, filling its field, with no border and no veil."""
        edge_to_edge = SimpleBoxLayoutRule(
            x_align=AxisAlignment.ALIGN_MID, y_align=AxisAlignment.ALIGN_MID, margins=Margins.uniform(0)
        )
        return StaticStampStyle(background=self, background_layout=edge_to_edge, background_opacity=1.0, border_width=0)

    def render(self) -> bytes:
        """Write the page into the contract and return the operators that show it."""
        self.resources.xobject["/Seal"] = self._ensure_writer.import_page_as_xobject(self._reader)
        self.box = BoxConstraints(width=self.width, height=self.height)
        return b"/Seal Do"


def _field(contract: PdfFileReader, field_name: str, seal: _Seal | None) -> SigFieldSpec:
    """Return the signature field: without extent, or as large as the seal and centred on its label."""
    if seal is None:
        return SigFieldSpec(field_name, on_page=-1)
    page, x, y = _seal_anchor(contract)
    left, bottom = x - seal.width / 2, y - seal.height / 2
    box = (round(left), round(bottom), round(left + seal.width), round(bottom + seal.height))
    return SigFieldSpec(field_name, on_page=page, box=box, readable_field_name="贷款人电子印章")


def refuse_without_seal_anchor(pdf: bytes) -> None:
    """Refuse a rendered contract that marks no place for the seal; for templates, before they are published.

    Raises:
        SigningError: see above.
    """
    _seal_anchor(PdfFileReader(BytesIO(pdf)))


def _seal_anchor(contract: PdfFileReader) -> tuple[int, float, float]:
    """Return page (0 = first) and point of the <seal> label.

    The typesetter writes a labelled heading as a named destination.

    Raises:
        SigningError: the template has no such label.
    """
    try:
        names = contract.root["/Names"]["/Dests"]["/Names"]
    except KeyError:
        names = []
    for place in range(0, len(names), 2):
        if names[place] != SEAL_ANCHOR:
            continue
        destination = names[place + 1]
        _, _, x, y, _ = destination
        return _page_number(contract, destination.raw_get(0)), float(x), float(y)
    raise SigningError("合同模板没有标出印章位置（<seal>）")


def _page_number(contract: PdfFileReader, page: IndirectObject) -> int:
    count = int(contract.root["/Pages"]["/Count"])
    for number in range(count):
        if contract.find_page_for_modification(number)[0].reference == page.reference:
            return number
    raise SigningError("印章位置所在页不存在")
