"""Write this room's objects as they stand on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.clock import now
from core.rest.fields import on_the_wire
from verification.models import Consent, FaceCheck, FaceToken
from verification.models.face import PASSED, STARTED
from verification.operations.checks import VENDOR_UNAVAILABLE

if TYPE_CHECKING:
    from verification.operations.consents import ShownAgreement


def agreement_document(shown: ShownAgreement) -> dict[str, Any]:
    """Write a text in force."""
    return {
        "id": shown.agreement.id.hex,
        "purpose": shown.agreement.purpose,
        "version": shown.agreement.version,
        "title": shown.agreement.title,
        "text": shown.rendered.text,
        "sha256": shown.rendered.sha256.hex(),
    }


def consent_document(consent: Consent) -> dict[str, Any]:
    """Write a consent."""
    return {
        "id": consent.id.hex,
        "purpose": consent.purpose,
        "agreement_id": consent.agreement_id.hex,
        "version": consent.agreement.version,
        "title": consent.agreement.title,
        "subject": consent.business_id or None,
        "granted_at": on_the_wire(consent.granted_at),
        "withdrawn_at": on_the_wire(consent.withdrawn_at),
    }


def face_check_document(face_check: FaceCheck) -> dict[str, Any]:
    """Write a face check; its token is shown to its owner as often as asked, until it is used or has expired."""
    started = face_check.status == STARTED
    token = _live_token(face_check)
    return {
        "id": face_check.id.hex,
        "action": face_check.action,
        "subject": face_check.business_id,
        "status": face_check.status,
        "provider": face_check.provider,
        "start": {"token": face_check.start_token, "url": face_check.start_url} if started else None,
        "face_token": token.token if token else None,
        "expires_at": on_the_wire(token.expires_at) if token else None,
        "reason_code": face_check.reason_code or None,
        "retryable": face_check.reason_code == VENDOR_UNAVAILABLE,
    }


def _live_token(face_check: FaceCheck) -> FaceToken | None:
    if face_check.status != PASSED:
        return None
    return FaceToken.objects.filter(face_check=face_check, used_at__isnull=True, expires_at__gt=now()).first()
