"""Who needs the stack: held as locks on a file, which the kernel drops with the process, however it dies.

A use is a shared lock on `uses`. A start or a stop happens under an exclusive lock on `lock`. Whoever leaves
takes `lock`, tries to turn the own use into an exclusive one without waiting, and stops the servers if that
succeeds. A newcomer takes the shared lock first: it is either seen by the one who leaves, or waits until the
stop is over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.local_stack.errors import StackError
from scripts.local_stack.folder import make_reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOCKS_OF_THE_SYSTEM = Path("/proc/locks")
HOLDER_FIELD = 4
INODE_FIELD = 5


@contextlib.contextmanager
def exclusive(home: Path, *, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the stack's lock; say so when another command holds it."""
    handle = _open(home, "lock")
    try:
        if not _try(handle, fcntl.LOCK_EX):
            say("Waiting for another command that is starting or stopping the servers.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def take_use(home: Path) -> int:
    """Register a use of the stack and return its handle; waits while somebody stops the servers."""
    handle = _open(home, "uses")
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def is_last(handle: int) -> bool:
    """Turn a use into an exclusive one, under the stack's lock; False means that others use the stack too."""
    return _try(handle, fcntl.LOCK_EX)


def drop_use(handle: int) -> None:
    """Give a use back, also for processes that have inherited its handle."""
    fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def is_used(home: Path) -> bool:
    """Tell whether any command uses the stack; call under the stack's lock, lest one who leaves be misled."""
    if not (home / "uses").exists():
        return False
    handle = _open(home, "uses")
    try:
        return not _try(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)


def users_of(home: Path) -> list[int]:
    """Return the process ids of those who use the stack, as far as the system shows them."""
    try:
        inode = (home / "uses").stat().st_ino
        with LOCKS_OF_THE_SYSTEM.open(encoding="utf-8") as file:
            rows = [line.split() for line in file if "FLOCK" in line and "->" not in line]
    except OSError:
        return []
    holders = {int(row[HOLDER_FIELD]) for row in rows if row[INODE_FIELD].endswith(f":{inode}")}
    return sorted(holders - {os.getpid()})


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(home: Path, name: str) -> int:
    make_reachable(home)
    try:
        return os.open(home / name, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        message = f"{home / name} belongs to another user, who has run this project here before."
        raise StackError(message, hint="run as that user, or let them run `make clean` first.") from error
