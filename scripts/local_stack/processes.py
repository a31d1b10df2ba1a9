"""Processes: run a tool as the servers' user, and find out which servers are really alive."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.local_stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROC = Path("/proc")
# Below the range from which Linux takes the ports of outgoing connections: a remembered port stays free.
PORTS = range(15400, 32000)


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """The operating-system user that the servers run as. PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    @property
    def is_someone_else(self) -> bool:
        """Tell whether rights must be dropped to become this user."""
        return self.uid != os.geteuid()


@dataclass(frozen=True, slots=True)
class Finished:
    """What a tool that has ended left behind: its exit code and all it printed."""

    code: int
    output: str


def run_as(
    user: ServiceUser,
    command: Sequence[str | Path],
    *,
    cwd: Path,
    timeout_seconds: float = 120,
    stdin: str = "",
) -> Finished:
    """Run a tool as the given user and return what it said; a failing exit code is the caller's to judge.

    The tool gets its own session, so that Ctrl-C at the terminal does not tear a start or a stop apart, and
    none of the caller's PG* variables, which would point it at another server.

    Raises:
        StackError: the tool could not be run as that user, or did not end in time.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    environment |= {"LC_ALL": "C", "HOME": str(cwd)}
    drop = user.is_someone_else
    # Files, not pipes: a daemon that inherits a pipe would keep us waiting for its end.
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as told:
        told.write(stdin)
        told.seek(0)
        try:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=cwd,
                env=environment,
                stdin=told,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                timeout=timeout_seconds,
                check=False,
                user=user.uid if drop else None,
                group=user.gid if drop else None,
                extra_groups=[] if drop else None,
            )
        except subprocess.TimeoutExpired as error:
            message = f"{Path(command[0]).name} did not finish within {timeout_seconds:.0f} s in {cwd}."
            raise StackError(message, hint="the machine may be very busy: run the same command again.") from error
        except OSError as error:
            message = f"{command[0]} cannot be run as the user {user.name}: {error}."
            raise StackError(message, hint="run as an ordinary user instead of root, or the reverse.") from error
        said.seek(0)
        return Finished(code=done.returncode, output=said.read())


def servers_in(user: ServiceUser, folder: Path, *, name: str, pid_file: Path) -> list[int]:
    """Return the process ids of the live servers of this program that work in this folder.

    A server's working directory is its data folder, which tells it apart from whatever has taken the id in a
    stale pid file. Zombies are dead: they hold no memory and no port. Where we may not see where another user's
    process works, which in a container is so even for root, the look is taken as the servers' user. Without /proc
    the pid file is believed.
    """
    if not has_proc():
        pid = read_pid(pid_file)
        return [pid] if pid and is_alive(pid) else []
    found, unseen = [], []
    for pid in (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()):
        if _program_of(pid) == name:
            try:
                if (PROC / str(pid) / "cwd").samefile(folder):
                    found.append(pid)
            except PermissionError:
                unseen.append(str(pid))
            except OSError:
                continue  # it has ended, or there is no such folder
    if unseen and user.is_someone_else:
        look = 'folder=$1; shift; for p; do if [ "/proc/$p/cwd" -ef "$folder" ]; then echo "$p"; fi; done'
        found += map(int, run_as(user, ["/bin/sh", "-c", look, "sh", folder, *unseen], cwd=Path("/")).output.split())
    return [pid for pid in found if is_alive(pid)]


def has_proc() -> bool:
    """Tell whether this system shows its processes as files."""
    return (PROC / "self" / "stat").exists()


def _program_of(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def read_pid(pid_file: Path) -> int | None:
    """Return the process id on the first line of a pid file, or None when there is none to read."""
    try:
        return abs(int(pid_file.read_text(encoding="utf-8").split(maxsplit=1)[0]))
    except (OSError, ValueError, IndexError):
        return None


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    stat = PROC / str(pid) / "stat"
    if has_proc():
        try:
            return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] not in "ZX"
        except (OSError, IndexError):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def parent_of(pid: int) -> int | None:
    """Return the parent's process id, or None when the process is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def descendants_of(ancestor: int) -> list[int]:
    """Return every live process below this one; empty without /proc."""
    if not has_proc():
        return []
    parents = {pid: parent_of(pid) for pid in (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())}
    found: list[int] = []
    level = [ancestor]
    while level:
        level = [pid for pid, parent in parents.items() if parent in level]
        found += level
    return [pid for pid in found if is_alive(pid)]


def end(pids: Sequence[int], *, first: signal.Signals, patience_seconds: float) -> None:
    """Send a signal, wait for all to go, and kill those that are still there after the patience is over."""
    for wanted, seconds in ((first, patience_seconds), (signal.SIGKILL, 5.0)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, wanted)
        if wait_until(lambda: not any(is_alive(pid) for pid in pids), seconds=seconds):
            return


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again until the condition holds; return False when the time is over."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def choose_port(preferred: int | None, *, avoid: frozenset[int] = frozenset()) -> int:
    """Return the remembered port when it is still free, otherwise a free one at random.

    Raises:
        StackError: no free port was found, which means that loopback itself is closed to us.
    """
    candidates = [*([preferred] if preferred else []), *random.SystemRandom().sample(PORTS, 50)]
    for port in candidates:
        if port not in avoid and is_free(port):
            return port
    message = f"None of {len(candidates)} ports of 127.0.0.1 could be bound."
    raise StackError(message, hint="check that this process may open sockets on the loopback interface.")


def is_free(port: int) -> bool:
    """Tell whether nobody listens on this port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def tail(log: Path, *, since_byte: int = 0, lines: int = 12) -> str:
    """Return the last lines that a log got since it had the given size; empty when it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(since_byte)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def size_of(log: Path, *, forget_beyond_bytes: int = 5_000_000) -> int:
    """Return a log's size, after dropping one that has grown beyond use."""
    try:
        size = log.stat().st_size
    except FileNotFoundError:
        return 0
    if size > forget_beyond_bytes:
        log.unlink()
        return 0
    return size
