"""The Redis-compatible server: start it, stop it. It holds bells and caches, never the truth."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.local_stack.errors import StackError, hint_for
from scripts.local_stack.folder import RuntimeFolder, find_programs, write_private
from scripts.local_stack.processes import choose_port, end, run_as, servers_in, size_of, tail, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START_SECONDS = 60
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
daemonize yes
dir "{folder}"
pidfile "{folder}/server.pid"
logfile "{folder}/server.log"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
databases 64
"""


@dataclass(frozen=True, slots=True)
class Redis:
    """The Redis-compatible server of one runtime folder. Call its methods under the stack's lock."""

    folder: RuntimeFolder
    say: Callable[[str], None]

    @property
    def url(self) -> str:
        """Return the URL of the running server, database 0 of 64."""
        state = self.folder.read_state()
        return f"redis://:{state.redis_password}@127.0.0.1:{state.redis_port}/0"

    def is_running(self) -> bool:
        """Tell whether a server is alive on the folder; it may still be loading."""
        return bool(self._processes())

    def ensure_running(self) -> None:
        """Have a server that answers our password.

        Raises:
            StackError: it does not start or does not answer; the text holds the end of the log.
        """
        self.folder.make_server_folder(self.folder.redis)
        if not self.is_running():
            self._start(find_programs(self.folder, say=self.say).redis_server)
        if not wait_until(self._answers, seconds=START_SECONDS):
            message = f"The Redis-compatible server in {self.folder.redis} does not answer."
            raise StackError(message, log=tail(self._log), hint="run `make stop`, then the same command again.")

    def stop(self) -> None:
        """Stop the server, if it runs, after it has written its append-only file."""
        end(self._processes(), first=signal.SIGTERM, patience_seconds=10)

    @property
    def _log(self) -> Path:
        return self.folder.redis / "server.log"

    def _processes(self) -> list[int]:
        folder = self.folder.redis
        return servers_in(self.folder.user, folder, name="valkey-server", pid_file=folder / "server.pid")

    def _start(self, program: Path) -> None:
        taken: set[int] = set()
        for _ in range(5):
            port = choose_port(self.folder.read_state().redis_port, avoid=frozenset(taken))
            self.folder.remember(redis_port=port)
            logged = size_of(self._log)
            configuration = self._write_configuration(port)
            done = run_as(self.folder.user, [program, configuration], cwd=self.folder.redis)
            if done.code == 0 and self._comes_up(logged):
                return
            complaint = done.output + tail(self._log, since_byte=logged)
            if "Address already in use" not in complaint:
                message = f"The Redis-compatible server in {self.folder.redis} does not start."
                raise StackError(message, log=complaint, hint=hint_for(complaint) or "`make clean` starts afresh.")
            taken.add(port)
        message = "The Redis-compatible server found every port taken that looked free a moment before."
        raise StackError(message, hint="run the same command again.")

    def _comes_up(self, logged: int) -> bool:
        """Wait for it: it goes to the background before it binds its port: its exit code says little."""

        def has_failed() -> bool:
            return not self.is_running() and bool(tail(self._log, since_byte=logged))

        wait_until(lambda: self._answers() or has_failed(), seconds=START_SECONDS)
        return self._answers()

    def _write_configuration(self, port: int) -> Path:
        path = self.folder.redis / "server.conf"
        password = self.folder.read_state().redis_password
        write_private(path, CONFIGURATION.format(port=port, password=password, folder=self.folder.redis))
        if self.folder.user.is_someone_else:
            os.chown(path, self.folder.user.uid, self.folder.user.gid)
        return path

    def _answers(self) -> bool:
        state = self.folder.read_state()
        if state.redis_port is None:
            return False
        try:
            with socket.create_connection(("127.0.0.1", state.redis_port), timeout=2) as connection:
                connection.sendall(f"AUTH {state.redis_password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:  # noqa: PLR2004 - one line for each of the two commands
                    received = connection.recv(256)
                    if not received:
                        return False
                    answer += received
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"
