"""Hold the banks' core systems and the payment network from call to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.gateway.core_bank import CoreBank
from sandbox.gateway.purses import Purses

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette


class GatewayState:
    """What the gateway keeps; with a data directory it survives a restart."""

    def __init__(self, data_dir: Path | None = None) -> None:
        """Open the core systems and, in their database, the payment network."""
        self.core = CoreBank(data_dir / "core.sqlite3" if data_dir else None)
        self.purses = Purses(self.core.db)

    def close(self) -> None:
        """Close the core systems."""
        self.core.close()


def gateway_of(app: Starlette) -> GatewayState:
    """Give the application's gateway; unless the application has set one, it is opened beside the world."""
    if not hasattr(app.state, "gateway"):
        app.state.gateway = GatewayState(app.state.world.data_dir)
    gateway: GatewayState = app.state.gateway
    return gateway
