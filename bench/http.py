"""Send requests to the web server over kept connections: `python -m bench.http --address 127.0.0.1:8000`.

Reads lines `VERB FIRST COUNT` from standard input and answers each with the seconds that it took. `draw` pays that many
borrowers out, from that number on, each once; `read` has as many cards read, each its owner's: a view that authenticates
and does one SELECT; `loan` and `schedule` have the loan of `--loan`, which is borrower FIRST's, read so many times. A client
is a process of its own that does little else than wait.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time

from bench.borrowers import bearer_of, face_token_of, id_of

OK = (b"HTTP/1.1 200", b"HTTP/1.1 202")


def draw_request(prefix: str, number: int) -> bytes:
    """Return the request that pays a borrower out."""
    drawdown = id_of("drawdown", number).hex
    body = json.dumps({"face_token": face_token_of(number)}).encode()
    head = (
        f"POST {prefix}/drawdowns/{drawdown}/disburse HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {bearer_of(number)}\r\nIdempotency-Key: draw-{drawdown}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def read_request(prefix: str, number: int) -> bytes:
    """Return the request that reads a borrower's card."""
    return get_request(f"{prefix}/cards/{id_of('card', number).hex}", bearer_of(number))


def get_request(path: str, bearer: str) -> bytes:
    """Return a request for a path under a login."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {bearer}\r\n\r\n".encode()


class Wire:
    """One kept connection, which sends a request and reads the answer, and looks at no more than its status."""

    def __init__(self, address: str) -> None:
        """Connect."""
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Return the answer.

        Raises:
            RuntimeError: it is neither 200 nor 202.
        """
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more(answer)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more(answer)
        if not head.startswith(OK):
            raise RuntimeError(f"{head.decode()}\n{body.decode(errors='replace')}")
        return body

    def _more(self, so_far: bytes) -> bytes:
        more = self._socket.recv(65536)
        if not more:
            raise RuntimeError(f"the server hung up after {so_far!r}")
        return more


def main() -> None:
    """Answer lines until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.http", description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--bank", required=True)
    parser.add_argument("--loan", default="")
    asked = parser.parse_args()
    wire, prefix = Wire(asked.address), f"/b/{asked.bank}/api/v1"
    paths = {"loan": f"{prefix}/loans/{asked.loan}", "schedule": f"{prefix}/loans/{asked.loan}/schedule"}
    print("ready", flush=True)
    for line in sys.stdin:
        verb, (first, count) = line.split()[0], map(int, line.split()[1:])
        if verb in paths:
            requests = [get_request(paths[verb], bearer_of(first))] * count
        else:
            make = draw_request if verb == "draw" else read_request
            requests = [make(prefix, number) for number in range(first, first + count)]
        started = time.perf_counter()
        for request in requests:
            wire.ask(request)
        print(f"{time.perf_counter() - started:.6f}", flush=True)


if __name__ == "__main__":
    main()
