"""Text messages over the SMS door of the published contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenants.providers.sms import mapping
from tenants.providers.sms.client import SmsClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.gateway import SignedEndpoint


class GatewayTextMessages:
    """`TextMessages` of one bank."""

    name = "sms"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Send through the bank's gateway (`tenants.providers.gateway_client.bank_gateway`)."""
        self._client = SmsClient(endpoint)

    def send(self, *, phone: str, template: str, parameters: Mapping[str, str], text: str, request_id: str) -> str:
        """Send one text; see `TextMessages.send`."""
        answer = self._client.send(
            phone=phone, template=template, parameters=parameters, text=text, request_id=request_id
        )
        return mapping.message_id(answer)
