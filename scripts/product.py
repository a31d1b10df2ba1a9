"""Run the whole product on this machine: database, sandbox, web server, workers, beat; and end all of it."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql

from scripts.stack import Stack

ROOT: Final = Path(__file__).resolve().parent.parent
READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 8.0
SET_PARENT_DEATH_SIGNAL: Final = 1
BIN: Final = Path(sys.executable).parent
Say = Callable[[str], None]


class ProductError(RuntimeError):
    """Raised where a part of the product does not start; names the part, its log and the next step."""


@dataclass(slots=True)
class Product:
    """A running product: where it answers, what its parts and commands find in the environment, and its processes."""

    base_url: str
    sandbox_url: str
    home: Path
    settings: dict[str, str]
    say: Say
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Return the whole environment of a part: this process's own, and what the product sets."""
        return {**os.environ, **self.settings, "DATABASE_LOGIN": "web", "PYTHONWARNINGS": "ignore"}

    def manage(self, *words: str, progress: bool = False) -> str:
        """Run a management command and return what it printed; its progress bar is shown if asked for.

        Raises:
            ProductError: it failed; the text is its own.
        """
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", *words],
            cwd=ROOT, env={**self.environment, "DATABASE_LOGIN": "owner"}, text=True, check=False,
            stdout=subprocess.PIPE, stderr=None if progress else subprocess.PIPE,
        )  # fmt: skip
        if done.returncode != 0:
            raise ProductError(
                f"manage.py {' '.join(words)} failed:\n{done.stdout[-2000:]}{(done.stderr or '')[-4000:]}"
            )
        return done.stdout

    def spawn(self, name: str, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a part as a process that dies with us; its output goes to `logs/<name>.log`."""
        folder = self.home / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                words, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_parent,  # noqa: PLW1509 -- one system call
            )  # fmt: skip
        self.processes[name] = process
        return process

    def stop(self, *names: str, how: int = signal.SIGTERM) -> None:
        """End parts (all of them, where none is named): a signal to each group, then SIGKILL to what is left."""
        chosen = {name: self.processes.pop(name) for name in names or tuple(self.processes)}
        for process in chosen.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
        end = time.monotonic() + STOP_SECONDS
        for process in chosen.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, end - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def await_answer(self, name: str, url: str) -> None:
        """Wait until a part answers 200.

        Raises:
            ProductError: it ended, or did not answer within a minute.
        """
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            process = self.processes[name]
            if process.poll() is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                    return
            time.sleep(0.05)
        log = self.home / "logs" / f"{name}.log"
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise ProductError(f"{name} does not answer at {url}; its log {log} ends with:\n{tail}")

    # The parts.

    def start_sandbox(self) -> None:
        """Start the vendors' doors; they open in a moment (`await_sandbox`)."""
        parts = urlsplit(self.sandbox_url)
        words = [sys.executable, "-m", "sandbox", "--port", str(parts.port), "--host", str(parts.hostname)]
        self.spawn("sandbox", [*words, "--data", str(self.home / "sandbox")])

    def await_sandbox(self) -> None:
        """Wait until the vendors' doors are open."""
        self.await_answer("sandbox", f"{self.sandbox_url}/sandbox/healthz")

    def start_web(self) -> None:
        """Start the web server."""
        parts = urlsplit(self.base_url)
        host = "127.0.0.1" if parts.hostname == "127.0.0.1" else "0.0.0.0"  # noqa: S104 -- asked for by DEMO_HOST
        self.spawn(
            "web",
            [
                str(BIN / "granian"), "--interface", "wsgi", "--host", host, "--port", str(parts.port),
                "--workers", "2", "--blocking-threads", "8", "--log-level", "warning", "config.wsgi:application",
            ],
        )  # fmt: skip

    def await_web(self) -> None:
        """Wait until the web server serves."""
        self.await_answer("web", f"{self.base_url}/readyz")

    def start_workers(self) -> None:
        """Start the workers: threads for what waits on others, one process for reading cards; and beat."""
        celery = [str(BIN / "celery"), "--app", "config.celery", "--quiet"]
        worker = [*celery, "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        self.spawn("worker", [*worker, "-P", "threads", "-c", "8", "-Q", "default,vendor,ledger", "-n", "main@%h"])
        self.spawn("ocr", [*worker, "-P", "prefork", "-c", "1", "-Q", "ocr", "-n", "ocr@%h"])
        schedule = str(self.home / "beat-schedule")
        self.spawn("beat", [*celery, "beat", "--loglevel", "WARNING", "--schedule", schedule, "--pidfile", ""])


def _die_with_parent() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)


def free_port(preferred: int) -> int:
    """Return the preferred port of the loopback where it is free, else any free one."""
    for port in (preferred, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise ProductError("no free port on 127.0.0.1")


def schema_fingerprint() -> str:
    """Hash everything that decides what a database looks like when it is new."""
    digest = hashlib.sha256()
    for pattern in (
        "*/migrations/*.py",
        "*/sql.py",
        "*/*/sql.py",
        "tenants/provisioning/*",
        "*/furnishing*.py",
    ):
        for file in sorted(ROOT.glob(pattern)):
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def ensure_database(stack: Stack, name: str, *, say: Say) -> tuple[str, bool]:
    """Return the URL of a database of the stack and whether it was made anew: it was missing or of another schema."""
    parts = urlsplit(stack.database_url)
    url = urlunsplit(parts._replace(path=f"/{name}"))
    wanted = schema_fingerprint()
    with psycopg.connect(stack.database_url, autocommit=True) as server:
        row = server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if row is not None and row[0] == wanted:
            return url, False
        if row is not None:
            say("the schema has changed: the demo's database is made anew")
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return url, True


def mark_complete(stack: Stack, name: str) -> None:
    """Note in the database that it was filled completely, and with which schema."""
    with psycopg.connect(stack.database_url, autocommit=True) as server:
        server.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(schema_fingerprint()))
        )


def write_out(stack: Stack) -> None:
    """Have PostgreSQL write its memory to disk beside what goes on, so that the end need not wait for it."""

    def checkpoint() -> None:
        with contextlib.suppress(psycopg.Error), psycopg.connect(stack.database_url, autocommit=True) as server:
            server.execute("CHECKPOINT")

    threading.Thread(target=checkpoint, name="checkpoint", daemon=True).start()


def _secret_file(path: Path) -> Path:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return path


@contextlib.contextmanager
def product(
    stack: Stack,
    *,
    database_url: str,
    home: Path,
    say: Say,
    host: str = "127.0.0.1",
    read_seconds: float = 10.0,
) -> Iterator[Product]:
    """Give a product whose parts are not started yet, and end every part that was, whatever happens."""
    home.mkdir(parents=True, exist_ok=True)
    web, sandbox = free_port(8000), free_port(8900)
    sandbox_url = f"http://127.0.0.1:{sandbox}"
    settings = {
        **stack.environment(),
        "DATABASE_URL": database_url,
        "LOCAL_DIR": str(home),
        "SECRET_KEY_FILE": str(_secret_file(home / "secret.key")),
        "MASTER_KEY_FILE": str(home / "master.key"),
        "SANDBOX_URL": sandbox_url,
        "SIMULATION": "1",
        "VENDOR_READ_SECONDS": str(read_seconds),
        "ALLOWED_HOSTS": ",".join({"127.0.0.1", "localhost", host}),
        "CSRF_TRUSTED_ORIGINS": f"http://{host}:{web}",
        "BELL_PREFIX": f"bell-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}",
    }
    running = Product(f"http://{host}:{web}", sandbox_url, home, settings, say)
    try:
        yield running
    finally:
        running.stop()


def write_demo_file(running: Product, banks: list[dict[str, str]], staff: list[dict[str, str]]) -> Path:
    """Write `.local/demo.json`: where the demo answers, its banks, its staff's logins, and what `manage.py` needs for it."""
    path = ROOT / ".local" / "demo.json"
    document = {
        "base_url": running.base_url,
        "sandbox_url": running.sandbox_url,
        "banks": banks,
        "staff": staff,
        "environment": running.settings,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")
    return path
