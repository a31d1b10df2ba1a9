"""The socket under a request: HTTP/1.1 as uvicorn speaks it, with a way to hang up on the caller."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Receive, Scope, Send

_HANG_UP: Final = "sandbox.hang_up"


class HangUpProtocol(H11Protocol):
    """Serve HTTP and hand each request the means to close its TCP connection (an ASGI extension)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wrap the application so that this connection's requests know their transport."""
        super().connection_made(transport)
        serve: ASGIApp = self.app

        async def with_hang_up(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), _HANG_UP: transport.abort}
            await serve(scope, receive, send)

        self.app = with_hang_up


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the caller's TCP connection without a byte of an answer.

    Returns only when the connection is gone, so that the server does not add an answer of its own.
    """
    scope["extensions"][_HANG_UP]()
    while (await receive())["type"] != "http.disconnect":
        pass


def server(app: ASGIApp) -> uvicorn.Server:
    """Return the server that listens for an application; `run(sockets=[...])` starts it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=HangUpProtocol,
            loop="asyncio",
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            # Longer than any client keeps an idle connection, so that the server never closes one just as
            # the client sends on it: only faults lose calls here.
            timeout_keep_alive=600,
            timeout_graceful_shutdown=1,
        ),
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    The protocol is named because asyncio switches Nagle's algorithm off only on sockets that name it: without
    it every answer, written as head and body, would wait 40 ms for the client's delayed acknowledgement.

    Raises: OSError when the address cannot be had.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the base URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"
