"""The state machines of the lending room; the words are those of the contract."""

from __future__ import annotations

from lending.states import applications
from lending.states.applications import APPLICATION, LINE

MACHINES = (*applications.MACHINES,)
__all__ = ["APPLICATION", "LINE", "MACHINES"]
