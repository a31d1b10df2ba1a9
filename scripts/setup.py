#!/usr/bin/env python3
"""Make `.local/venv` with exactly what requirements.lock names, and the visual editor. Uses the standard library only.

Safe to run at any time: it ends at once when the environment is whole and the lock file unchanged, waits for
another run instead of fighting it, and makes an environment anew that an interrupted run has left half-made.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # called as a file, not with -m
    sys.path[0] = str(ROOT)

from scripts import editor  # noqa: E402 - needs the path above
from scripts.progress import Progress  # noqa: E402

LOCAL = ROOT / ".local"
VENV = LOCAL / "venv"
LOCK_FILE = ROOT / "requirements.lock"
# Written last: an environment without it is half-made, whatever it looks like.
MARKER = VENV / "complete.json"
SUPPORTED = ((3, 11), (3, 13))
INTERRUPTED = 130
BROUGHT_BY_VENV = 2  # pip, and setuptools up to Python 3.11
# What a mirror or a proxy needs stays; what would send packages elsewhere than into the new environment goes.
UNWANTED_SETTINGS = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIREMENT", "PYTHONPATH", "PYTHONHOME")
CAUSES = (
    (r"No space left on device", "the disk is full", "free about 2 GB and run `make setup` again"),
    (
        (
            r"Temporary failure in name resolution|Name or service not known|NewConnectionError|ReadTimeout"
            r"|Network is unreachable|Connection refused|Max retries exceeded|ConnectTimeoutError|ProxyError"
        ),
        "the package index cannot be reached",
        "check the network or the proxy, or name a mirror in PIP_INDEX_URL; then run `make setup` again",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "the package index shows a certificate that is not trusted here",
        "name your network's certificate file in PIP_CERT and run `make setup` again",
    ),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES",
        "a package differs from the one that was locked",
        "empty pip's cache (`pip cache purge`) and try again; if it stays, do not trust that index",
    ),
    (
        r"No matching distribution found|Could not find a version",
        "the package index has no ready-made package for this Python and machine",
        "use Python 3.11 to 3.13 on Linux (glibc 2.28 or newer) or macOS, or another index (PIP_INDEX_URL)",
    ),
    (r"Permission denied", "files here belong to another user", "run as the owner of this checkout"),
)


class SetupError(Exception):
    """Say what went wrong and what to do next."""


def main(arguments: Sequence[str] = ()) -> int:
    """Have a whole environment and the visual editor, and return the exit code.

    Without the editor the set-up succeeds all the same, unless it is asked for by `--editor`.
    """
    os.umask(0o022)  # the servers' user must be able to read their programs, also under root's closed umask
    workshop = editor.Workshop(LOCAL, VENV)
    is_asked_for = "--editor" in arguments
    try:
        if _is_up_to_date() and not editor.is_due(workshop, again=is_asked_for):
            return 0
        if not _is_up_to_date():
            _refuse_an_unsupported_python()
        with _only_one() as lock:
            if not _is_up_to_date():  # the run that we waited for may have made it
                _make(lock)
            if editor.is_due(workshop, again=is_asked_for) and not editor.have(workshop, lock):
                return 1 if is_asked_for else 0
    except SetupError as error:
        print(f"Setting up failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. `make setup` starts the environment anew.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _is_up_to_date() -> bool:
    return _why_not() is None


def _why_not() -> str | None:
    """Return why the environment has to be made, for the person who waits; None when it is whole."""
    if not VENV.exists():
        return "Making a Python environment in .local/venv."
    try:
        made_of = json.loads(MARKER.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "The environment in .local/venv is half-made (interrupted?); making it anew."
    if made_of != _ingredients():
        changed = "lock file" if made_of.get("lock") != _ingredients()["lock"] else "chosen Python"
        return f"The {changed} has changed; making the environment in .local/venv anew."
    if not (VENV / "bin" / "python").exists():
        return "The Python that .local/venv was made with is gone; making it anew."
    return None


def _ingredients() -> dict[str, str]:
    """Return what the environment is made of; the Python counts only when asked for by name."""
    made = {"lock": hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()}
    with contextlib.suppress(OSError, ValueError):
        made["python"] = json.loads(MARKER.read_text(encoding="utf-8"))["python"]
    if os.environ.get("PYTHON") or "python" not in made:
        made["python"] = _python_version()
    return made


def _python_version() -> str:
    return _dotted(sys.version_info[:2])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _refuse_an_unsupported_python() -> None:
    oldest, newest = SUPPORTED
    if not oldest <= sys.version_info[:2] <= newest:
        message = (
            f"Python {_python_version()} is not supported; {_dotted(oldest)} to {_dotted(newest)} are.\n"
            "What to do: name another one, for example `make setup PYTHON=python3.12`."
        )
        raise SetupError(message)
    try:
        import ensurepip
        import venv
    except ImportError:
        message = (
            f"Python {_python_version()} ({sys.executable}) comes without its modules venv and ensurepip.\n"
            f"What to do: install them (Debian, Ubuntu: apt install python{_python_version()}-venv), or name "
            "another Python: `make setup PYTHON=/path/to/python3`."
        )
        raise SetupError(message) from None
    del ensurepip, venv


@contextlib.contextmanager
def _only_one() -> Iterator[int]:
    """Let one run at a time work on the environment; the lock goes with the process, however it ends.

    Yields its handle. Tools inherit it: one that goes on after we were killed keeps the next run waiting.
    """
    try:
        LOCAL.mkdir(exist_ok=True)
        handle = os.open(LOCAL / "setup.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = (
            f"{LOCAL} cannot be written: {error.strerror}.\n"
            "What to do: run as the owner of this checkout; another user who ran it here can `make clean`."
        )
        raise SetupError(message) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Waiting for another run that is making the environment.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _make(lock: int) -> None:
    _say(_why_not() or "")
    if VENV.exists():
        _refuse_while_in_use()
        MARKER.unlink(missing_ok=True)
        _remove(VENV)
    _run_quietly([sys.executable, "-m", "venv", str(VENV)], lock=lock)
    total = _install(lock)
    made = {**_ingredients(), "python": _python_version()}
    scratch = MARKER.with_suffix(".new")
    scratch.write_text(json.dumps(made), encoding="utf-8")
    scratch.replace(MARKER)
    _say(f"{total} packages for Python {_python_version()} are in .local/venv.")


def _refuse_while_in_use() -> None:
    """Keep the environment while a command of this checkout (a demo, a test run) works with it."""
    uses = LOCAL / "stack" / "uses"
    with contextlib.suppress(FileNotFoundError, PermissionError), uses.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = (
                "The environment must be made anew, but a command of this checkout runs with the old one.\n"
                "What to do: end it (Ctrl-C in `make demo`), then run this again."
            )
            raise SetupError(message) from None


def _install(lock: int) -> int:
    """Install what the lock file names, showing progress; return the number of packages."""
    total = len(re.findall(r"^[A-Za-z0-9][\w.-]*==", LOCK_FILE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    progress = Progress("Installing", total=2 * total)
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    command += ["--only-binary=:all:", "--progress-bar=off", "--no-input", "--disable-pip-version-check"]
    command += ["--no-compile"]  # done below, on all cores
    process = subprocess.Popen(
        [*command, "--requirement", str(LOCK_FILE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        pass_fds=(lock,),
    )
    said: list[str] = []
    collected = 0
    with _arrivals_shown(progress):
        for line in process.stdout or ():
            said.append(line)
            if line.startswith("Collecting "):
                collected += 1
                progress.show(collected, line.split()[1].partition("==")[0])
            elif line.startswith("Ignoring "):  # for another system or Python
                total -= 1
                progress.total = 2 * total
        code = process.wait()
    if code != 0:
        progress.finish("Installing stopped")
        raise _explain("pip", "".join(said))
    progress.show(progress.total, "compiling")
    # Not left to the first import: a library's warnings on being compiled would then reach the tests.
    libraries = next(VENV.glob("lib/python*/site-packages"))
    compiling = [str(VENV / "bin" / "python"), "-W", "ignore", "-m", "compileall", "-qq", "-j", "0"]
    subprocess.run([*compiling, str(libraries)], stdout=subprocess.DEVNULL, check=False)  # some are templates
    progress.finish("Installed")
    return total


@contextlib.contextmanager
def _arrivals_shown(progress: Progress) -> Iterator[None]:
    """Move the bar while pip installs, about which it says nothing: count what has arrived."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.3):
            arrived = sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))
            total = progress.total // 2
            if arrived > BROUGHT_BY_VENV:
                progress.show(total + arrived, f"{min(arrived, total)} of {total} packages")

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _run_quietly(command: list[str], *, lock: int) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment(), pass_fds=(lock,))
    if done.returncode != 0:
        raise _explain("venv", done.stdout + done.stderr)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in UNWANTED_SETTINGS}


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        message = f"{folder} cannot be removed: {error}.\nWhat to do: run as the owner of this checkout."
        raise SetupError(message) from error


def _explain(tool: str, output: str) -> SetupError:
    """Turn what a tool said into a cause and a next step; its own last words go along."""
    last_words = "\n".join(f"    {line}" for line in output.strip().splitlines()[-12:])
    for pattern, cause, step in CAUSES:
        if re.search(pattern, output):
            return SetupError(f"{cause}.\nThe last lines of {tool}:\n{last_words}\nWhat to do: {step}.")
    return SetupError(f"{tool} failed.\nIts last lines:\n{last_words}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
