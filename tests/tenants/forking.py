"""Fork with an open pool and count what goes wrong: a program of its own, run by `test_leaks`.

Parent and children read at different banks at the same time, each with a marker of its own in every statement. Prints two
JSON objects, a line each, for the product and for it without its fix: reads, wrong answers, errors, and reads of children on
a backend that the parent's pool owns. Each of the two is a process with a pool of its own; they share what was imported.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import threading
from typing import Any, Final

import django

CHILDREN: Final = 2
CONNECTIONS: Final = 4
READS: Final = 100
SECONDS: Final = 3
SHORT_SECONDS: Final = 1  # where a socket is sure to be somebody else's, nobody need wait long for its answer
READ: Final = "SELECT %s, current_schema(), pg_backend_pid()"


class OutOfTime(BaseException):
    """Raised by the alarm where an answer never comes: with shared sockets it may be somebody else's by now."""


def _alarm(_signal: int, _frame: object) -> None:
    raise OutOfTime


def read_on(bank: str, owned_by_parent: set[int], *, until_wrong: bool) -> dict[str, int]:
    """Read at a bank again and again, and count; where something is sure to go wrong, until it has."""
    from django.db import connection

    from core.tenancy import in_bank

    counted = {"reads": 0, "wrong": 0, "errors": 0, "shared": 0}
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(SHORT_SECONDS if until_wrong else SECONDS)
    try:
        for _ in range(READS):
            if until_wrong and counted["wrong"] + counted["errors"] + counted["shared"]:
                break
            marker = secrets.token_hex(8)
            try:
                with in_bank(bank), connection.cursor() as cursor:
                    cursor.execute(READ, [marker])
                    told, schema, backend = cursor.fetchone()
            except Exception:  # noqa: BLE001 -- whatever goes wrong on a shared socket is what is counted
                counted["errors"] += 1
                connection.connection = None
                continue
            finally:
                connection.close()
            counted["reads"] += 1
            counted["wrong"] += (told, schema) != (marker, f"bank_{bank}")
            counted["shared"] += backend in owned_by_parent
    except OutOfTime:
        counted["errors"] += 1
    signal.alarm(0)
    return counted


def warm_up() -> set[int]:
    """Open every connection of the pool by using all of them at once; return their backends."""
    from django.db import connection

    from core.tenancy import in_bank

    backends: set[int] = set()
    together = threading.Barrier(CONNECTIONS)

    def use() -> None:
        with in_bank("125"), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backends.add(cursor.fetchone()[0])
            together.wait(timeout=5)
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return backends


def without_the_fix() -> None:
    """Let a fork keep the parent's pool, as the stock backend does."""
    from core.db import base

    class Nothing:
        def all(self, **_: Any) -> list[Any]:
            return []

    base.DatabaseWrapper = type("Elsewhere", (), {})  # type: ignore[misc, assignment]
    setattr(base, "connections", Nothing())  # noqa: B010 -- a name that the module only imports


def main() -> None:
    """Import once, and measure in one process after the other."""
    django.setup()
    from django.db import connection

    connection.close()
    for is_open in (False, True):
        pid = os.fork()
        if pid == 0:
            measure(is_open=is_open)
        os.waitpid(pid, 0)


def measure(*, is_open: bool) -> None:
    """Warm the pool, fork, read everywhere at once, print the sums, and end."""
    backends = warm_up()
    if is_open:
        without_the_fix()
    ends = []
    for number in range(CHILDREN):
        receiving, sending = os.pipe()
        if os.fork() == 0:
            counted = read_on(("116", "125")[number % 2], backends, until_wrong=is_open)
            os.write(sending, json.dumps(counted).encode())
            os._exit(0)
        os.close(sending)
        ends.append(receiving)
    counts = {
        "parent": read_on("125", set(), until_wrong=is_open),
        "children": {"reads": 0, "wrong": 0, "errors": 0, "shared": 0},
    }
    for receiving in ends:
        with os.fdopen(receiving, "rb") as pipe:
            for name, count in json.loads(pipe.read() or b"{}").items():
                counts["children"][name] += count
    sys.stdout.write(json.dumps({**counts, "backends": len(backends)}) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
