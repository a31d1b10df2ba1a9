"""Call a few of the sandbox's doors without a server: their routes in a bare application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
from starlette.applications import Starlette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import Route


class Doors:
    """A bare application of some routes; `state` is what their handlers find in `request.app.state`."""

    def __init__(self, routes: Sequence[Route], **state: Any) -> None:
        self.app = Starlette(routes=list(routes))
        for name, value in state.items():
            setattr(self.app.state, name, value)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Make one call."""
        return asyncio.run(self._request(method, path, arguments))

    async def _request(self, method: str, path: str, arguments: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, **arguments)
