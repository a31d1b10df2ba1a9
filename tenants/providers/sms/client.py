"""The SMS door of the published contract, on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.gateway import Answer, Repeat, SignedEndpoint
from tenants.providers.sms.mapping import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SmsClient:
    """Speaks `/sms/v1`."""

    endpoint: SignedEndpoint

    def send(self, *, phone: str, template: str, parameters: Mapping[str, str], text: str, request_id: str) -> Answer:
        """POST one message."""
        payload = {"phone": phone, "template": template, "parameters": dict(parameters), "text": text}
        return self.endpoint.service("sms").ask(
            "sms.send",
            repeat=Repeat.QUERYABLE,
            path="/sms/v1/messages",
            payload=payload,
            request_id=request_id,
            refusals=REFUSALS,
        )
