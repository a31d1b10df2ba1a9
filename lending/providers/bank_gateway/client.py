"""Credit bureau and government data of the published contract, on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.gateway import Answer, Repeat, SignedEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CreditClient:
    """Speaks `/gateway/v1/bureau` and `/gateway/v1/government`."""

    endpoint: SignedEndpoint

    def report(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /bureau/report."""
        return self.endpoint.service("bureau").ask(
            "bureau.report",
            repeat=Repeat.PURE,
            path="/gateway/v1/bureau/report",
            payload=payload,
            request_id=request_id,
        )

    def government_data(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /government/data."""
        return self.endpoint.service("government").ask(
            "government.data",
            repeat=Repeat.PURE,
            path="/gateway/v1/government/data",
            payload=payload,
            request_id=request_id,
        )
