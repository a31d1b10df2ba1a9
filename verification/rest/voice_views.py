"""The calls of this room: voice checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import StateConflict, TooManyRequests
from core.idempotency import Answer
from core.rest.endpoint import ContractView, endpoint
from verification import operations, queries
from verification.models.act_check import CHECKING, STARTING
from verification.rest import serializers as wire
from verification.rest.documents import voice_check_document
from verification.rest.views import customer_of, location

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from verification.models import VoiceCheck


def _accepted(request: Request, row: VoiceCheck) -> Answer:
    return Answer(202, voice_check_document(row), location(request, f"voice-checks/{row.pk.hex}"))


class VoiceChecks(ContractView):
    """Voice checks."""

    @endpoint(
        summary="发起声纹核验",
        request=wire.VoiceCheckBody,
        answers={202: wire.VoiceCheckDocument},
        problems=[
            StateConflict,
            operations.ConsentMissing,
            operations.VoiceLocked,
            TooManyRequests,
        ],
        idempotent=True,
        tags=["voice-checks"],
    )
    def post(self, request: Request) -> Response:
        """Start a voice check for an act on a business object, with a text to read aloud."""
        body = self.read(request, wire.VoiceCheckBody)
        return self.settle(
            request,
            lambda: operations.start_voice_check(
                subject_id=customer_of(request), action=body["action"], business_id=body["subject"].hex
            ),
            lambda row: _accepted(request, row),
        )


class OneVoiceCheck(ContractView):
    """One voice check."""

    @endpoint(summary="查看声纹核验", answers={200: wire.VoiceCheckDocument}, by_id=True, tags=["voice-checks"])
    def get(self, request: Request, voice_check_id: str) -> Response:
        """Show how far it is."""
        row = queries.access_voice_check(customer_of(request), voice_check_id)
        waiting = row.status in {STARTING, CHECKING}
        return self.answer(Answer(200, voice_check_document(row), {"Retry-After": "1"} if waiting else {}))


class VoiceCheckComplete(ContractView):
    """The recording of the text."""

    @endpoint(
        summary="提交朗读录音",
        request=wire.VoiceCompleteBody,
        answers={202: wire.VoiceCheckDocument},
        problems=[StateConflict, operations.ConsentMissing, operations.UploadUnknown, operations.VoiceRecordingUsed],
        idempotent=True,
        by_id=True,
        tags=["voice-checks"],
    )
    def post(self, request: Request, voice_check_id: str) -> Response:
        """Have the recording judged."""
        row = queries.access_voice_check(customer_of(request), voice_check_id)
        body = self.read(request, wire.VoiceCompleteBody)
        return self.settle(
            request,
            lambda: operations.complete_voice_check(
                voice_check_id=row.pk, subject_id=customer_of(request), upload_id=body["upload"]
            ),
            lambda done: _accepted(request, done),
        )
