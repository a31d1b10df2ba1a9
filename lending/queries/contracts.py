"""Judge a contract file that somebody shows: is it, byte for byte, one that this bank signed and put on record?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core import evidence
from core.evidence import InclusionProof
from lending.models import Contract
from lending.signers import trust

UNKNOWN_FILE: Final = "unknown_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What can be said of a file.

    `valid`: the signature, its time stamp and every byte are sound, and this very file is on record. Of a valid file
    the contract's number, the time stamp's time, and the proof that its hash is in the evidence log; no proof yet while
    the leaf waits for its place. Of any other file `reasons` says what is wrong.
    """

    valid: bool
    number: str | None = None
    signed_at: datetime | None = None
    proof: InclusionProof | None = None
    reasons: tuple[str, ...] = ()


def judge_file(content: bytes) -> Judgement:
    """Judge a file of any origin, recomputing everything; outside of transactions."""
    from lending.contracts.verify import verify_contract  # half a second of PDF and CMS that only judging needs

    trusted = trust()
    found = verify_contract(
        content, trust_roots=trusted.bank_roots, tsa_roots=trusted.stamp_roots, signer_name=trusted.legal_name
    )
    if not found.valid:
        return Judgement(valid=False, reasons=tuple(defect.value for defect in found.problems))
    contract = Contract.objects.filter(sha256=hashlib.sha256(content).digest()).first()
    if contract is None:
        return Judgement(valid=False, reasons=(UNKNOWN_FILE,))
    return Judgement(
        valid=True,
        number=contract.number,
        signed_at=found.signed_at,
        proof=evidence.prove(contract.evidence_leaf),
    )
