"""The identity services of the published contract, on the wire."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.gateway import Answer, Repeat, SignedEndpoint
from verification.providers.bank_gateway.mapping import LOOKUP_REFUSALS

if TYPE_CHECKING:
    from verification.providers.voice import Recording


@dataclass(frozen=True, slots=True)
class IdentityClient:
    """Speaks `/gateway/v1/carriers`, `/gateway/v1/id-check` and `/gateway/v1/voice`."""

    endpoint: SignedEndpoint

    def verify_carrier(self, *, route: str, name: str, id_number: str, phone: str, request_id: str) -> Answer:
        """POST /carriers/verify."""
        return self.endpoint.service("carriers").ask(
            "carriers.verify",
            repeat=Repeat.PURE,
            path="/gateway/v1/carriers/verify",
            payload={"route": route, "name": name, "id_number": id_number, "phone": phone},
            request_id=request_id,
        )

    def look_up_carrier(self, *, phone: str, request_id: str) -> Answer:
        """POST /carriers/lookup."""
        return self.endpoint.service("carriers").ask(
            "carriers.lookup",
            repeat=Repeat.PURE,
            path="/gateway/v1/carriers/lookup",
            payload={"phone": phone},
            request_id=request_id,
            refusals=LOOKUP_REFUSALS,
        )

    def check_id(self, *, name: str, id_number: str, request_id: str) -> Answer:
        """POST /id-check."""
        return self.endpoint.service("id_check").ask(
            "id_check",
            repeat=Repeat.PURE,
            path="/gateway/v1/id-check",
            payload={"name": name, "id_number": id_number},
            request_id=request_id,
        )

    def verify_voice(self, *, text: str, recording: Recording, reference: Recording | None, request_id: str) -> Answer:
        """POST /voice/verify."""
        return self.endpoint.service("voice").ask(
            "voice.verify",
            repeat=Repeat.PURE,
            path="/gateway/v1/voice/verify",
            payload={
                "text": text,
                "recording": _sound(recording),
                "reference": None if reference is None else _sound(reference),
            },
            request_id=request_id,
        )


def _sound(recording: Recording) -> dict[str, str]:
    return {"form": recording.form.value, "content": base64.b64encode(recording.content).decode()}
