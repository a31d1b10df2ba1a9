"""Judge a file that somebody shows: is it, byte for byte, one that this bank signed and put on record?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core import evidence
from core.evidence import InclusionProof
from lending.contracts.verify import verify_contract
from lending.models import Contract, LineAgreement, LoanPaper
from lending.signers import trust

UNKNOWN_FILE: Final = "unknown_file"
CONTRACT: Final = "contract"
VOUCHER: Final = "voucher"
AGREEMENT: Final = "agreement"
DOCUMENTS: Final = (CONTRACT, VOUCHER, AGREEMENT)


def kind_of(row: Contract | LineAgreement) -> str:
    """Tell what was signed: a contract for one drawdown, a voucher under an agreement, or the agreement of a line."""
    if isinstance(row, LineAgreement):
        return AGREEMENT
    return CONTRACT if row.agreement_id is None else VOUCHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What can be said of a file.

    `valid`: the signature, its time stamp and every byte are sound, and this very file is on record. Of a valid file
    what it is (one of `DOCUMENTS`, or a kind of `LoanPaper`), its number, the time stamp's time, and the proof that its
    hash is in the evidence log; no proof yet while the leaf waits for its place. Of any other file `reasons` says why not.
    """

    valid: bool
    document: str | None = None
    number: str | None = None
    signed_at: datetime | None = None
    proof: InclusionProof | None = None
    reasons: tuple[str, ...] = ()


def _on_record(sha256: bytes) -> Contract | LineAgreement | LoanPaper | None:
    return (
        Contract.objects.filter(sha256=sha256).first()
        or LineAgreement.objects.filter(sha256=sha256).first()
        or LoanPaper.objects.filter(sha256=sha256).first()
    )


def judge_file(content: bytes) -> Judgement:
    """Judge a file of any origin, recomputing everything; outside of transactions."""
    trusted = trust()
    found = verify_contract(
        content, trust_roots=trusted.bank_roots, tsa_roots=trusted.stamp_roots, signer_name=trusted.legal_name
    )
    if not found.valid:
        return Judgement(valid=False, reasons=tuple(defect.value for defect in found.problems))
    sha256 = hashlib.sha256(content).digest()
    row = _on_record(sha256)
    if row is None or row.evidence_leaf is None:
        return Judgement(valid=False, reasons=(UNKNOWN_FILE,))
    return Judgement(
        valid=True,
        document=row.kind if isinstance(row, LoanPaper) else kind_of(row),
        number=row.number,
        signed_at=found.signed_at,
        proof=evidence.prove(row.evidence_leaf),
    )
