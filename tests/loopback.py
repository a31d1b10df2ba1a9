"""A door on the loopback interface that answers as a test tells it: the failures that vendors have on the wire."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

LONGEST_HANG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer with this."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Hang:
    """Read the request and say nothing until the test is over."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Read the request and close the connection without a byte."""


@dataclass(frozen=True, slots=True)
class Break:
    """Promise more bytes than are sent, then close."""


@dataclass(frozen=True, slots=True)
class Drip:
    """Send one byte at a time, each soon after the other, without an end."""

    pause_seconds: float = 0.02


Act = Reply | Hang | Drop | Break | Drip


def reply(members: object, *, status: int = 200, **headers: str) -> Reply:
    """Answer JSON; header names with underscores for dashes."""
    body = json.dumps(members, ensure_ascii=False).encode()
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    port: int

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Door:
    """The door: `script` holds what to do with the next requests, `otherwise` with all after that."""

    def __init__(self) -> None:
        self.script: deque[Act] = deque()
        self.otherwise: Act = reply({})
        self.seen: list[Seen] = []
        self.over = threading.Event()
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one packet

            def do_GET(self) -> None:
                door._serve(self)

            do_POST = do_GET  # noqa: N815 -- the base class calls it by this name

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def address(self) -> str:
        """Return host and port."""
        return self.url.removeprefix("http://")

    def then(self, *acts: Act) -> None:
        """Add to the script."""
        self.script.extend(acts)

    def close(self) -> None:
        """Let everybody go and close the door."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        address = urlsplit(handler.path)
        port = handler.client_address[1]
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append(Seen(handler.command, address.path, parse_qs(address.query), headers, body, port))
        act = self.script.popleft() if self.script else self.otherwise
        match act:
            case Reply():
                _answer(handler, act)
            case Hang():
                self.over.wait(LONGEST_HANG_SECONDS)
                handler.close_connection = True
            case Drop():
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
            case Break():
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                handler.close_connection = True
            case Drip():
                self._drip(handler, act.pause_seconds)

    def _drip(self, handler: BaseHTTPRequestHandler, pause_seconds: float) -> None:
        handler.close_connection = True
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not self.over.wait(pause_seconds):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            return  # the caller has gone


def _answer(handler: BaseHTTPRequestHandler, act: Reply) -> None:
    handler.send_response(act.status)
    handler.send_header("Content-Type", act.content_type)
    handler.send_header("Content-Length", str(len(act.body)))
    for name, value in act.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(act.body)


def closed_address() -> str:
    """Return an address of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def door() -> Iterator[Door]:
    """Open a door for the test."""
    opened = Door()
    yield opened
    opened.close()
