"""Setting a contract or a seal: typst source and data in, PDF bytes out.

**PDF/A-4** (ISO 19005-4, on PDF 2.0) rather than PDF/A-2b. Both embed the font and both turn a missing glyph
into a compile error, which plain PDF does not. A-4 wins twice: it also refuses private-use characters (old
systems wrote rare names with them; every reader would show something else), and the signature's own marks
(`/Version /2.0`, the ISO 32002 extension for elliptic curves) belong to PDF 2.0, while in an A-2b file they
are foreign.

What holds for every call:

- The same source and data make the same bytes: dates come from the data, never from the clock.
- Data are strings in `sys.inputs.data`; text of people is set, never run. A template can read the files
  beside our own templates and nothing else; packages from the network are refused.
- The only font is the packaged Noto Sans CJK; there is no fallback and nothing of the machine's own fonts is
  used.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import manimgx_fonts_cjk
import typst

from lending.contracts.agreement import agreement_view, voucher_view
from lending.contracts.data import as_view
from lending.contracts.errors import GlyphMissing, TemplateError

if TYPE_CHECKING:
    from datetime import datetime

    from lending.contracts.agreement import AgreementData
    from lending.contracts.data import ContractData

TEMPLATES = Path(__file__).parent / "templates"
STANDARD_TEMPLATE = TEMPLATES / "loan_contract.typ"
STANDARD_AGREEMENT = TEMPLATES / "line_agreement.typ"
VOUCHER = TEMPLATES / "voucher.typ"
SEAL_PURPOSE = "合同专用章"

_PDF_STANDARD = "a-4"
_EPOCH = 0
_PACKAGE = re.compile(r'"@')
_MISSING_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
_compiling_process: dict[str, int] = {}
_PLACE = re.compile(r"__typst_py_bytes__\.typ:(\d+):")


def standard_template() -> str:
    """Return the source of the standard loan contract, which a bank may take as its own and change."""
    return STANDARD_TEMPLATE.read_text(encoding="utf-8")


def standard_agreement() -> str:
    """Return the source of the standard agreement of a line, which a bank may take as its own and change."""
    return STANDARD_AGREEMENT.read_text(encoding="utf-8")


def voucher_template() -> str:
    """Return the source of the voucher (借据), one for all banks."""
    return VOUCHER.read_text(encoding="utf-8")


def render_contract(template_source: str, data: ContractData) -> bytes:
    """Set the contract and return it as PDF/A-4, complete but for seal and signature.

    Deterministic and free of outside effects; about 20 ms after the first call of a process (the first loads
    the font).

    Raises:
        GlyphMissing: a character of the data, or of the template, cannot be shown.
        TemplateError: the template does not compile.
    """
    return _compile(template_source, as_view(data), made_at=data.made_at)


def render_agreement(template_source: str, data: AgreementData) -> bytes:
    """Set the agreement of a line, as `render_contract` sets a contract.

    Raises:
        GlyphMissing, TemplateError: see there.
    """
    return _compile(template_source, agreement_view(data), made_at=data.made_at)


def render_voucher(template_source: str, data: ContractData) -> bytes:
    """Set the voucher of a drawdown under an agreement, as `render_contract` sets a contract.

    Raises:
        GlyphMissing, TemplateError: see there.
        ContractDataError: the data name no agreement.
    """
    return _compile(template_source, voucher_view(data), made_at=data.made_at)


def render_paper(template: str, view: dict[str, object], *, made_at: datetime) -> bytes:
    """Set one of our own papers (a receipt, a certificate; `lending.papers`) and return it as PDF/A-4.

    `template` is the name of a file beside the contract's template, `view` plain JSON. Deterministic, as
    `render_contract` is; complete but for seal and signature.

    Raises:
        GlyphMissing: a character of the view cannot be shown.
        TemplateError: the template and the view do not fit.
    """
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    return _compile(source, view, made_at=made_at)


@lru_cache(maxsize=128)
def render_seal(legal_name: str, purpose: str = SEAL_PURPOSE) -> bytes:
    """Draw the bank's round red seal and return it as a one-page PDF, 42 mm square and transparent.

    Vector, deterministic, and kept in memory per name: there is one seal per bank.

    Raises:
        GlyphMissing: a character of the name cannot be shown.
    """
    source = (TEMPLATES / "seal.typ").read_text(encoding="utf-8")
    return _compile(source, {"legal_name": legal_name, "purpose": purpose}, made_at=None, tagged=False)


@cache
def _fonts() -> typst.Fonts:
    """Load the packaged font once per process; a load at each call would cost half as much again."""
    folder = str(Path(manimgx_fonts_cjk.__file__).parent)
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def _refuse_after_fork() -> None:
    """Refuse to compile in the child of a process that has compiled.

    The compiler's threads are not there, and it would wait for them for ever. Workers fork first and render
    then; this says so to whoever does it the other way.

    Raises:
        RuntimeError: see above.
    """
    if _compiling_process.setdefault("id", os.getpid()) != os.getpid():
        msg = "this process was forked from one that had rendered: render only after forking"
        raise RuntimeError(msg)


def _compile(source: str, view: dict[str, object], *, made_at: datetime | None, tagged: bool = True) -> bytes:
    _refuse_after_fork()
    _refuse_packages(source)
    try:
        pdf: bytes = typst.compile(  # type: ignore[call-overload]  # its stub wants the root in bytes, too
            source.encode(),
            root=str(TEMPLATES),
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(view, ensure_ascii=False)},
            pdf_standards=_PDF_STANDARD,
            timestamp=_EPOCH if made_at is None else int(made_at.timestamp()),
            pdf_tags=tagged,
        )
    except typst.TypstError as error:
        raise _explained(error) from None
    return pdf


def _refuse_packages(source: str) -> None:
    """Refuse `@preview/...`, which the compiler would fetch from the network and run.

    Templates are written and approved in-house: this guards against habit, not against malice.
    """
    found = _PACKAGE.search(source)
    if found:
        line = source.count("\n", 0, found.start()) + 1
        raise TemplateError(line=line, reason="packages from the network are not available")


def _explained(error: typst.TypstError) -> GlyphMissing | TemplateError:
    """Map the compiler's error: missing glyphs are all collected, of anything else the first is told."""
    missing = [_ESCAPED.sub(lambda m: chr(int(m[1], 16)), text) for text in _MISSING_GLYPH.findall(error.diagnostic)]
    if missing:
        return GlyphMissing("".join(dict.fromkeys("".join(missing))))
    place = _PLACE.search(error.diagnostic)
    return TemplateError(line=int(place[1]) if place else None, reason=error.message)
