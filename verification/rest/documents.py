"""Write this room's objects as they stand on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.clock import now
from core.rest.fields import on_the_wire
from verification.models import ActToken, Consent, FaceCheck, VoiceCheck
from verification.models.act_check import PASSED, STARTED, ActCheck
from verification.operations.checks import VENDOR_UNAVAILABLE

if TYPE_CHECKING:
    from django.db.models import QuerySet

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
    token = _live_token(face_check, ActToken.objects.filter(face_check=face_check))
    return {
        **_check(face_check),
        "start": {"token": face_check.start_token, "url": face_check.start_url} if started else None,
        "face_token": token.token if token else None,
        "expires_at": on_the_wire(token.expires_at) if token else None,
    }


def voice_check_document(voice_check: VoiceCheck) -> dict[str, Any]:
    """Write a voice check; the text while it may be read, the token until it is used or has expired."""
    started = voice_check.status == STARTED
    token = _live_token(voice_check, ActToken.objects.filter(voice_check=voice_check))
    return {
        **_check(voice_check),
        "text": voice_check.text if started else None,
        "text_expires_at": on_the_wire(voice_check.text_expires_at) if started else None,
        "voice_token": token.token if token else None,
        "expires_at": on_the_wire(token.expires_at) if token else None,
    }


def _check(row: ActCheck) -> dict[str, Any]:
    return {
        "id": row.id.hex,
        "action": row.action,
        "subject": row.business_id,
        "status": row.status,
        "provider": row.provider,
        "reason_code": row.reason_code or None,
        "retryable": row.reason_code == VENDOR_UNAVAILABLE,
    }


def _live_token(row: ActCheck, tokens: QuerySet[ActToken]) -> ActToken | None:
    if row.status != PASSED:
        return None
    return tokens.filter(used_at__isnull=True, expires_at__gt=now()).first()
