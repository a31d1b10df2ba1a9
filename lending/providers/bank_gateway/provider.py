"""Credit bureau and government data by the bank's gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lending.providers.bank_gateway import mapping
from lending.providers.bank_gateway.client import CreditClient

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.gateway import SignedEndpoint
    from lending.providers.bureau import BureauReport, QueryReason
    from lending.providers.government import GovernmentData, GovernmentItem


class GatewayCreditBureau:
    """`CreditBureau` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Ask through the bank's gateway."""
        self._client = CreditClient(endpoint)

    def report(
        self, *, name: str, id_number: str, authorisation_id: str, reason: QueryReason, request_id: str
    ) -> BureauReport:
        """Query the bureau; see `CreditBureau`."""
        payload = {
            "name": name,
            "id_number": id_number,
            "authorisation_id": authorisation_id,
            "reason": reason.value,
        }
        return mapping.report(self._client.report(payload, request_id))


class GatewayGovernmentSource:
    """`GovernmentSource` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Ask through the bank's gateway."""
        self._client = CreditClient(endpoint)

    def fetch(self, *, name: str, id_number: str, items: Collection[GovernmentItem], request_id: str) -> GovernmentData:
        """Fetch items of a person; see `GovernmentSource`.

        Raises:
            ValueError: nothing is asked for; nothing was sent.
        """
        asked = frozenset(items)
        if not asked:
            raise ValueError("ask for at least one item")
        payload = {"name": name, "id_number": id_number, "items": sorted(item.value for item in asked)}
        return mapping.government_data(self._client.government_data(payload, request_id), asked=asked)
