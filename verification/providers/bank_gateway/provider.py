"""Carriers, national ID check and voices by the bank's gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.gateway import Rejected, SignedEndpoint
from verification.providers.bank_gateway import mapping
from verification.providers.bank_gateway.client import IdentityClient

if TYPE_CHECKING:
    from verification.numbers import Carrier
    from verification.providers.carrier import CarrierAnswer
    from verification.providers.id_check import IdCheckAnswer
    from verification.providers.voice import Recording, VoiceAnswer


class GatewayCarrierCheck:
    """`CarrierCheck` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Ask through the bank's gateway."""
        self._client = IdentityClient(endpoint)

    def lookup(self, *, phone: str, request_id: str) -> Carrier | None:
        """Return who serves a number; see `CarrierCheck`."""
        try:
            return mapping.carrier(self._client.look_up_carrier(phone=phone, request_id=request_id))
        except Rejected as error:
            if error.code == mapping.UNKNOWN_NUMBER:
                return None
            raise

    def verify(self, *, route: Carrier, name: str, id_number: str, phone: str, request_id: str) -> CarrierAnswer:
        """Ask one carrier; see `CarrierCheck`."""
        return mapping.carrier_answer(
            self._client.verify_carrier(
                route=route.value, name=name, id_number=id_number, phone=phone, request_id=request_id
            )
        )


class GatewayIdCheck:
    """`IdCheck` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Ask through the bank's gateway."""
        self._client = IdentityClient(endpoint)

    def check(self, *, name: str, id_number: str, request_id: str) -> IdCheckAnswer:
        """Ask the national system; see `IdCheck`."""
        return mapping.id_check_answer(self._client.check_id(name=name, id_number=id_number, request_id=request_id))


class GatewayVoice:
    """`Voice` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Ask through the bank's gateway."""
        self._client = IdentityClient(endpoint)

    def verify(self, *, text: str, recording: Recording, reference: Recording | None, request_id: str) -> VoiceAnswer:
        """Ask about a recording; see `Voice`."""
        return mapping.voice_answer(
            self._client.verify_voice(text=text, recording=recording, reference=reference, request_id=request_id),
            compared=reference is not None,
        )
