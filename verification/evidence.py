"""Put this room's facts on record: identity results and consents, by the hash of their canonical form.

The canonical form is JSON with sorted keys and no blanks, UTF-8. It can be made again from the row at any
time, so the row proves itself against its leaf.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from core import evidence
from core.clock import SHANGHAI
from core.operations import within_transaction
from core.tenancy import current_bank

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime

    from core.evidence.models import EvidenceLeaf
    from verification.models import Check, Consent, IdCardReading

CHECK: Final = "verification.check"


def canonical(facts: Mapping[str, Any]) -> bytes:
    """Write facts in the canonical form; the bank's code is one of them."""
    whole = {"bank": current_bank().code, **facts}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@within_transaction
def put_on_record(kind: str, subject_id: uuid.UUID, facts: Mapping[str, Any]) -> uuid.UUID:
    """Append a leaf for facts about a subject and return its id."""
    return evidence.append(kind, subject_id.hex, hashlib.sha256(canonical(facts)).digest())


def leaf_of_check(check: Check) -> EvidenceLeaf:
    """Make the leaf of an answered check, to be inserted along with it."""
    content = canonical(facts_of_check(check))
    return evidence.new_leaf(CHECK, _subject(check) or check.business_id, hashlib.sha256(content).digest())


def _subject(check: Check) -> str:
    """Name whom a check is about; nobody where it has no subject."""
    return "" if check.subject_id is None else check.subject_id.hex


def facts_of_check(check: Check) -> dict[str, Any]:
    """Return what a check's leaf commits to: what was asked, by whom it was answered, and how."""
    return {
        "format": "check/1",
        "id": check.id.hex,
        "subject": _subject(check),
        "kind": check.kind,
        "purpose": check.purpose,
        "business_id": check.business_id,
        "outcome": check.outcome,
        "provider": check.provider,
        "asked": check.asked,
        "detail": check.detail,
        "answered_at": moment(check.answered_at),
    }


def facts_of_reading(reading: IdCardReading) -> dict[str, Any]:
    """Return what a reading's leaf commits to: the pictures, the fields, the reader."""
    return {
        "format": "id-card-reading/1",
        "id": reading.id.hex,
        "subject": reading.subject_id.hex,
        "uploads": [reading.front_upload_id.hex, reading.back_upload_id.hex],
        "provider": reading.provider,
        "fields": reading.fields,
        "finished_at": moment(reading.finished_at),
    }


def facts_of_consent(consent: Consent, *, version: int) -> dict[str, Any]:
    """Return what a consent's leaf commits to: who agreed to which text for which business, and when."""
    return {
        "format": "consent/1",
        "id": consent.id.hex,
        "subject": consent.subject_id.hex,
        "purpose": consent.purpose,
        "agreement": consent.agreement_id.hex,
        "version": version,
        "business_id": consent.business_id,
        "sha256": bytes(consent.sha256).hex(),
        "read_seconds": consent.read_seconds,
        "granted_at": moment(consent.granted_at),
    }


def moment(at: datetime | None) -> str | None:
    """Write a time to the microsecond, always with the same offset."""
    return None if at is None else at.astimezone(SHANGHAI).isoformat(timespec="microseconds")
