"""PostgreSQL 18: make a cluster, start it, stop it. The wheel is only the source of the programs."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.local_stack.errors import StackError, hint_for
from scripts.local_stack.folder import RuntimeFolder, find_programs, write_private
from scripts.local_stack.processes import (
    Finished,
    choose_port,
    end,
    is_alive,
    read_pid,
    run_as,
    servers_in,
    size_of,
    tail,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = "owner"
DATABASE = "lending"
START_SECONDS = 60
STOP_SECONDS = 180  # 58 new banks are 25,000 files to be written out; killed, it would write them at the next start
QUIET_STOP_SECONDS = 3
FAST_SHUTDOWN = signal.SIGINT
IMMEDIATE_SHUTDOWN = signal.SIGQUIT
# A socket's path is at most 103 bytes long on some systems; PostgreSQL adds a name of 17 to the folder's.
LONGEST_SOCKET_FOLDER = 85
PORT_LINE = 3
READY_LINE = 7
SETTINGS = {
    "shared_buffers": "512MB",
    "max_connections": "200",
    # A bank is a schema of many tables: one statement over all of them takes many locks.
    "max_locks_per_transaction": "512",
    "synchronous_commit": "on",
    "fsync": "on",
    "wal_compression": "on",  # pglz: the wheel is built without lz4
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "listen_addresses": "127.0.0.1",
    # The passwords are long and random: to make each guess slow protects nothing, and every connection would pay for it.
    "scram_iterations": "1",
    # After a crash one call to Linux, instead of opening each of those files.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform.startswith("linux") else {}),
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """The PostgreSQL of one runtime folder. Call its methods under the stack's lock."""

    folder: RuntimeFolder
    say: Callable[[str], None]

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.folder.postgres / "data"

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.folder.postgres / "server.log"

    @property
    def url(self) -> str:
        """Return the owner's (a superuser's) URL of the running server."""
        state = self.folder.read_state()
        return f"postgresql://{OWNER}:{state.postgres_password}@127.0.0.1:{state.postgres_port}/{DATABASE}"

    def is_running(self) -> bool:
        """Tell whether a postmaster is alive on the data folder; it may still be starting."""
        return read_pid(self._pid_file) in self._processes()

    def ensure_running(self) -> None:
        """Have a server that answers: made, recovered or started as needed.

        Raises:
            StackError: it could not be made or started; the text holds the end of the log.
        """
        if not self.is_running():
            programs = find_programs(self.folder, say=self.say).postgres_bin
            self._ensure_cluster(programs)
            self._clear_the_dead()
            if not self.is_running():
                self._start(programs)
        if not wait_until(self._is_ready, seconds=START_SECONDS):
            message = f"PostgreSQL in {self.data} did not become ready within {START_SECONDS} s."
            raise StackError(message, log=tail(self.log), hint="run the same command again, or `make clean`.")
        self.folder.remember(postgres_port=self._port_in_use())

    def stop(self) -> None:
        """Stop the server, if it runs, and leave no process behind. Needs no program, only signals."""
        postmaster = read_pid(self._pid_file)
        if postmaster in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster, FAST_SHUTDOWN)
            if not wait_until(lambda: not is_alive(postmaster), seconds=QUIET_STOP_SECONDS):
                self.say("PostgreSQL is writing to disk what it holds in memory, then it stops.")
            end([postmaster], first=FAST_SHUTDOWN, patience_seconds=STOP_SECONDS)
        end(self._processes(), first=IMMEDIATE_SHUTDOWN, patience_seconds=5)

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def _processes(self) -> list[int]:
        return servers_in(self.folder.user, self.data, name="postgres", pid_file=self._pid_file)

    def _run(self, program: Path, *words: str, stdin: str = "") -> Finished:
        return run_as(self.folder.user, [program, *words], cwd=self.folder.postgres, stdin=stdin)

    def _ensure_cluster(self, programs: Path) -> None:
        self.folder.make_server_folder(self.folder.postgres)
        with contextlib.suppress(FileNotFoundError):
            made_by = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
            if made_by == self._run(programs / "postgres", "--version").output.split()[-1].partition(".")[0]:
                return
            aside = Path(tempfile.mkdtemp(dir=self.folder.postgres, prefix=f"data-{made_by}-")) / "data"
            self.say(f"The database was made by PostgreSQL {made_by}; it is set aside in {aside}.")
            self.data.rename(aside)
        for half_made in self.folder.postgres.glob("new-*"):
            self.say("Found a half-made database of an interrupted start; making it anew.")
            shutil.rmtree(half_made, ignore_errors=True)
        self._make_cluster(programs)

    def _make_cluster(self, programs: Path) -> None:
        """Make the cluster in a folder aside and rename it when whole: a half-made one is never started."""
        scratch = Path(tempfile.mkdtemp(dir=self.folder.postgres, prefix="new-"))
        password_file = scratch / "password"
        write_private(password_file, self.folder.read_state().postgres_password)
        if self.folder.user.is_someone_else:
            for path in (scratch, password_file):
                os.chown(path, self.folder.user.uid, self.folder.user.gid)
        new = scratch / "data"
        words = [
            f"--pgdata={new}",
            f"--username={OWNER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            f"--set=scram_iterations={SETTINGS['scram_iterations']}",  # of the owner's password, which is kept now
        ]
        locale = ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = self._run(programs / "initdb", *words, *locale, "--no-sync")
        if made.code == 0:
            sql = f"CREATE DATABASE {DATABASE};\n"
            made = self._run(programs / "postgres", "--single", "-F", "-D", str(new), "postgres", stdin=sql)
        if made.code == 0:
            made = self._run(programs / "initdb", "--sync-only", f"--pgdata={new}")  # once, for all of it
        if made.code != 0 or not (new / "PG_VERSION").exists():
            shutil.rmtree(scratch, ignore_errors=True)
            last_words = "\n".join(made.output.splitlines()[-12:])
            message = f"A PostgreSQL database could not be made in {self.folder.postgres}."
            raise StackError(message, log=last_words, hint=hint_for(made.output))
        new.rename(self.data)
        shutil.rmtree(scratch)

    def _clear_the_dead(self) -> None:
        """Wait for the children of a killed postmaster to go, then drop its pid file and socket.

        They end by themselves when they miss it, within moments; while one of them lives no other server may
        start on the same data. PostgreSQL itself would be fooled by a zombie or by a reused process id.
        """
        gone = wait_until(lambda: self.is_running() or not self._processes(), seconds=5)
        if not gone:
            end(self._processes(), first=IMMEDIATE_SHUTDOWN, patience_seconds=5)
        if not self.is_running() and not self._processes() and self._pid_file.exists():
            self.say("PostgreSQL was killed the last time; it recovers from its log.")
            for left in (*self._socket_folder().glob(".s.PGSQL.*"), self._pid_file):
                left.unlink(missing_ok=True)

    def _start(self, programs: Path) -> None:
        taken: set[int] = set()
        for _ in range(5):
            port = choose_port(self.folder.read_state().postgres_port, avoid=frozenset(taken))
            logged = size_of(self.log)
            words = ["-D", str(self.data), "-l", str(self.log), "-o", self._options(port)]
            self._run(programs / "pg_ctl", *words, "-w", "-t", str(START_SECONDS), "start")
            if self.is_running():
                return
            complaint = tail(self.log, since_byte=logged)
            if "Address already in use" not in complaint:
                message = f"PostgreSQL in {self.data} does not start."
                raise StackError(message, log=complaint, hint=hint_for(complaint) or "`make clean` starts afresh.")
            taken.add(port)  # somebody was quicker
        message = "PostgreSQL found every port taken that looked free a moment before."
        raise StackError(message, hint="run the same command again.")

    def _options(self, port: int) -> str:
        socket_folder = f'"{self._socket_folder()}"'  # PostgreSQL's own quotes: the setting is a list
        settings = {**SETTINGS, "port": str(port), "unix_socket_directories": socket_folder}
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())

    def _socket_folder(self) -> Path:
        folder = self.folder.postgres
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
            return folder
        link = folder / "socket-folder"
        if not link.is_dir():
            link.unlink(missing_ok=True)
            short = Path(tempfile.mkdtemp(prefix="pg-"))
            if self.folder.user.is_someone_else:
                os.chown(short, self.folder.user.uid, self.folder.user.gid)
            link.symlink_to(short)
        return link.readlink()

    def _port_in_use(self) -> int:
        return int(self._pid_file.read_text(encoding="utf-8").splitlines()[PORT_LINE])

    def _is_ready(self) -> bool:
        """Read the last line that the postmaster keeps in its pid file; at `ready` it lets clients in."""
        try:
            lines = self._pid_file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"
