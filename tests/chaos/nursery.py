"""Fork real workers and sweepers quickly, each a process of its own that a test may kill.

A worker's imports take seconds and its fork takes milliseconds, so this program imports once and forks on demand. It reads
one JSON order a line from standard input and answers each with a JSON line; when its input ends, or it dies, so do its
children. Nothing here touches the database, the broker or a thread before the fork.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, Final

SET_PARENT_DEATH_SIGNAL: Final = 1


def _die_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)


def _import_everything() -> None:
    import django

    django.setup()
    import celery.apps.worker
    import celery.bin.celery
    import celery.concurrency.thread
    import celery.worker.components
    import celery.worker.consumer
    import celery.worker.strategy  # noqa: F401
    import kombu.transport.redis  # noqa: F401
    import psycopg_pool  # noqa: F401

    import lending.contracts.signing
    import lending.contracts.verify  # noqa: F401
    import tests.chaos.roles  # noqa: F401


def _become(order: dict[str, Any]) -> None:
    """Run a role in a forked child until it is killed."""
    os.setsid()
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in ((0, nothing), (1, log), (2, log)):
        os.dup2(file, number)
    from tests.chaos import roles

    getattr(roles, order["role"])(**order.get("arguments", {}))


def main() -> None:
    """Import, say so, and obey until the input ends."""
    _die_with_parent()
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead at once: a killed pid is really gone
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    answers.write(json.dumps({"ready": os.getpid()}) + "\n")
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                _become(order)
            except BaseException:  # noqa: BLE001 -- whatever it was belongs into the log, and the child must not go on here
                with Path(order["log"]).open("a", encoding="utf-8") as log:
                    traceback.print_exc(file=log)
            finally:
                os._exit(0)
        answers.write(json.dumps({"pid": pid}) + "\n")


if __name__ == "__main__":
    main()
