#!/usr/bin/env python3
"""Start, share and stop the PostgreSQL and the Redis-compatible server of this checkout.

From the command line:

    scripts/stack.py start | stop [--force] | status | env | reset
    scripts/stack.py exec [--fresh] -- COMMAND...

From Python:

    with running_stack(root) as stack:
        stack.database_url, stack.redis_url

The servers stay up while anybody uses them, and those started by hand until `stop`. A server that is given by
DATABASE_URL or REDIS_URL is used as it is, and never started or stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # called as a file, not with -m
    sys.path[0] = str(ROOT)

from scripts.local_stack import uses  # noqa: E402 - needs the path above
from scripts.local_stack.errors import StackError  # noqa: E402
from scripts.local_stack.folder import (  # noqa: E402
    RuntimeFolder,
    open_folder,
    read_state,
    remove_base,
    write_private,
)
from scripts.local_stack.postgres import Postgres  # noqa: E402
from scripts.local_stack.redis import Redis  # noqa: E402
from scripts.local_stack.supervise import no_signals, run_to_the_end, signals_as_exit  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Say = Callable[[str], None]

NOT_RUNNING = 3  # as in the exit codes of init scripts
PINNED = "started-by-hand"
ENVIRONMENT_FILE = "stack.env"
FRESH_PREFIX = "fresh-"
SETTLED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stack:
    """Two servers that answer, and where.

    `database_url` is the owner's, a superuser on a local server. A local `redis_url` has databases 0 to 63.
    """

    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return the variables by which the project's settings find the servers."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@dataclass(frozen=True, slots=True)
class _Given:
    """The servers that the environment names; those are not ours to start."""

    database_url: str | None
    redis_url: str | None

    @property
    def is_complete(self) -> bool:
        return bool(self.database_url and self.redis_url)


def default_home(root: Path) -> Path:
    """Return the runtime folder that all commands of a checkout share."""
    return root.resolve() / ".local" / "stack"


@contextlib.contextmanager
def running_stack(
    root: Path = ROOT, *, folder: Path | None = None, quiet: bool = False, use_environment: bool = True
) -> Iterator[Stack]:
    """Use the stack of a checkout, starting it if needed; the last one out stops it.

    Whatever ends the block, the servers are stopped unless somebody else uses them: for as long as it lasts,
    SIGTERM and SIGHUP end the program as SystemExit, if they had their default meaning. DATABASE_URL and
    REDIS_URL are obeyed unless `use_environment` is false.

    Raises:
        StackError: the servers could not be started; its text names the cause and the next step.
    """
    home = (folder or default_home(root)).resolve()
    say = _say_nothing if quiet else _say
    given = _given(os.environ if use_environment else {})
    if given.is_complete:
        yield Stack(database_url=str(given.database_url), redis_url=str(given.redis_url))
        return
    with signals_as_exit():
        use = uses.take_use(home)
        try:
            yield _ensure(home, given=given, say=say)
        finally:
            with no_signals():
                _leave(home, use, say=say)


@contextlib.contextmanager
def fresh_stack(root: Path = ROOT, *, quiet: bool = False) -> Iterator[Stack]:
    """Use a new, empty stack of one's own beside all others; afterwards nothing of it is left.

    Raises:
        StackError: as `running_stack`.
    """
    local = root.resolve() / ".local"
    local.mkdir(exist_ok=True)
    _sweep_fresh(local, say=_say_nothing)
    home = Path(tempfile.mkdtemp(dir=local, prefix=FRESH_PREFIX))
    home.chmod(0o755)  # ours, and new: the servers' user must be able to walk through
    try:
        with running_stack(root, folder=home, quiet=quiet, use_environment=False) as stack:
            yield stack
    finally:
        with no_signals():
            reset(home, say=_say_nothing)
            shutil.rmtree(home, ignore_errors=True)


def start(home: Path, *, say: Say) -> Stack:
    """Start the servers and leave them up until `stop`."""
    use = uses.take_use(home)
    try:
        stack = _ensure(home, given=_given({}), say=say)
        (home / PINNED).touch()
        return stack
    finally:
        with no_signals():
            _leave(home, use, say=say)


def stop(home: Path, *, force: bool, say: Say) -> bool:
    """Stop the servers; return whether there was anything to stop.

    Raises:
        StackError: commands that run at this moment use them, and `force` is not given.
    """
    if not home.is_dir():
        return False
    with uses.exclusive(home, say=say):
        if uses.is_used(home) and not force:
            message = f"The servers are in use{_by_whom(home)}."
            raise StackError(message, hint="end those commands first (Ctrl-C), or stop with --force.")
        (home / PINNED).unlink(missing_ok=True)
        return _stop_servers(home, say=say)


def reset(home: Path, *, force: bool = False, say: Say) -> None:
    """Stop the servers and delete all their data.

    Raises:
        StackError: commands that run at this moment use them, and `force` is not given.
    """
    stop(home, force=force, say=say)
    if not home.is_dir():
        return
    with uses.exclusive(home, say=say):
        if read_state(home) is not None:
            remove_base(open_folder(home, say=say))


def running(home: Path) -> Stack | None:
    """Return the stack that runs in a folder, starting nothing; None when not both servers are up."""
    if not home.is_dir() or read_state(home) is None:
        return None
    servers = _servers(open_folder(home, say=_say_nothing), say=_say_nothing)
    if not all(server.is_running() for server in servers.values()):
        return None
    return Stack(database_url=servers["PostgreSQL"].url, redis_url=servers["Redis"].url)


def _servers(folder: RuntimeFolder, *, say: Say) -> dict[str, Postgres | Redis]:
    return {"PostgreSQL": Postgres(folder=folder, say=say), "Redis": Redis(folder=folder, say=say)}


def _ensure(home: Path, *, given: _Given, say: Say) -> Stack:
    with uses.exclusive(home, say=say):
        urls = {"PostgreSQL": given.database_url, "Redis": given.redis_url}
        for name, server in _servers(open_folder(home, say=say), say=say).items():
            if urls[name] is None:
                began = time.monotonic()
                was_running = server.is_running()
                server.ensure_running()
                urls[name] = server.url
                if not was_running:
                    say(f"{name} started in {time.monotonic() - began:.1f} s.")
        stack = Stack(database_url=str(urls["PostgreSQL"]), redis_url=str(urls["Redis"]))
        lines = [f"{name}={value}\n" for name, value in stack.environment().items()]
        write_private(home / ENVIRONMENT_FILE, "".join(lines))
        return stack


def _leave(home: Path, use: int, *, say: Say) -> None:
    try:
        with uses.exclusive(home, say=say):
            if uses.is_last(use) and not (home / PINNED).exists():
                _stop_servers(home, say=say)
    finally:
        uses.drop_use(use)


def _stop_servers(home: Path, *, say: Say) -> bool:
    (home / ENVIRONMENT_FILE).unlink(missing_ok=True)
    if read_state(home) is None:
        return False
    stopped = []
    for name, server in _servers(open_folder(home, say=say), say=say).items():
        if server.is_running():
            server.stop()
            stopped.append(name)
    if stopped:
        say(f"{' and '.join(stopped)} stopped.")
    return bool(stopped)


def _sweep_fresh(local: Path, *, say: Say) -> None:
    """Remove what killed runs have left: throw-away stacks that nobody uses."""
    for home in local.glob(f"{FRESH_PREFIX}*"):
        if time.time() - home.stat().st_mtime < SETTLED_SECONDS:
            continue  # its maker may not have registered its use yet
        with contextlib.suppress(StackError):  # in use
            reset(home, say=say)
            shutil.rmtree(home, ignore_errors=True)


def _given(environment: Mapping[str, str]) -> _Given:
    return _Given(database_url=environment.get("DATABASE_URL") or None, redis_url=environment.get("REDIS_URL") or None)


def _by_whom(home: Path) -> str:
    pids = uses.users_of(home)
    return f" by the processes {', '.join(map(str, pids))}" if pids else ""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _say_nothing(_: str) -> None:
    """Keep quiet."""


def _print_status(home: Path) -> int:
    if read_state(home) is None:
        print("never started here")
        return NOT_RUNNING
    folder = open_folder(home, say=_say_nothing)
    state = folder.read_state()
    ports = {"PostgreSQL": state.postgres_port, "Redis": state.redis_port}
    up = {name: server.is_running() for name, server in _servers(folder, say=_say_nothing).items()}
    for name, is_up in up.items():
        print(f"{name:<11}{f'running on 127.0.0.1:{ports[name]}' if is_up else 'not running'}")
    print(f"{'data':<11}{folder.base} (user {folder.user.name})")
    if (home / PINNED).exists():
        print(f"{'kept up':<11}until `stop`: started by hand")
    with uses.exclusive(home, say=_say_nothing):
        if uses.is_used(home):
            print(f"{'in use':<11}{_by_whom(home).strip() or 'yes'}")
    return 0 if all(up.values()) else NOT_RUNNING


def _print_environment(home: Path) -> int:
    stack = running(home)
    if stack is None:
        _say("The servers are not running. What to do: `scripts/stack.py start`, or `make demo`.")
        return NOT_RUNNING
    for name, value in stack.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _execute(words: list[str], *, home: Path, fresh: bool, quiet: bool) -> int:
    with fresh_stack(quiet=quiet) if fresh else running_stack(folder=home, quiet=quiet) as stack:
        return run_to_the_end(words, environment={**os.environ, **stack.environment()})


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/stack.py", description="The servers of this checkout.")
    parser.add_argument("--dir", type=Path, default=default_home(ROOT), help="another runtime folder")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("start", help="start the servers and keep them up until `stop`")
    for name, text in (("stop", "stop the servers"), ("reset", "stop the servers and delete their data")):
        action = actions.add_parser(name, help=text)
        action.add_argument("--force", action="store_true", help="even while commands use them")
    actions.add_parser("status", help=f"tell what runs; exit code {NOT_RUNNING} when not both do")
    actions.add_parser("env", help="print DATABASE_URL and REDIS_URL for a shell to evaluate")
    execute = actions.add_parser("exec", help="run a command with the servers up, and pass on its exit code")
    execute.add_argument("--fresh", action="store_true", help="with empty servers, deleted afterwards")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    asked = _parse(arguments)
    home = asked.dir.resolve()
    say = _say_nothing if asked.quiet else _say
    try:
        return _carry_out(asked, home=home, say=say)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _carry_out(asked: argparse.Namespace, *, home: Path, say: Say) -> int:
    match asked.action:
        case "start":
            start(home, say=say)
            return _print_status(home)
        case "stop":
            if not stop(home, force=asked.force, say=say):
                say("Nothing to stop.")
            return 0
        case "reset":
            reset(home, force=asked.force, say=say)
            say("The data of the servers is deleted.")
            return 0
        case "status":
            return _print_status(home)
        case "env":
            return _print_environment(home)
        case _:
            words = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
            if not words:
                message = "No command was given."
                raise StackError(message, hint="scripts/stack.py exec -- COMMAND...")
            return _execute(words, home=home, fresh=asked.fresh, quiet=asked.quiet)


if __name__ == "__main__":
    sys.exit(main())
