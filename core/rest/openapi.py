"""How calls are named in the published OpenAPI document."""

from __future__ import annotations

from drf_spectacular.openapi import AutoSchema


class ContractSchema(AutoSchema):
    """Name each operation by method and view: `getAccounts`, `postAccountSubmit`; views are named after resources."""

    def get_operation_id(self) -> str:
        """Return the operation's name, unique because a view's name is."""
        return f"{self.method.lower()}{type(self.view).__name__}"
