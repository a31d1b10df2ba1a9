"""The servers of a checkout: shared, safe against kills at any moment, and gone with their last user."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis

from scripts import stack
from scripts.local_stack import postgres, processes
from scripts.local_stack.folder import PRIVATE_PARENT, RuntimeFolder, open_folder, read_state
from scripts.local_stack.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(stack.__file__)
WAIT_SECONDS = 60
SHOW_URL = "import os; print(os.environ['DATABASE_URL'], flush=True)"
HOLD = f"{SHOW_URL}; input()"


def quiet(_: str) -> None:
    """Say nothing."""


def clean_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--dir", str(home), *words],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


def _hear_interrupts() -> None:
    """Undo what a shell does to jobs in the background: they would not hear Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def execute(home: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python code with the stack, as `exec` does it, in the background."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--dir", str(home), "exec", "--", sys.executable, "-c", code],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_interrupts,  # noqa: PLW1509 -- no threads here
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], WAIT_SECONDS)
    assert ready, "the command printed nothing"
    return process.stdout.readline().strip()


def let_end(process: subprocess.Popen[str]) -> int:
    process.communicate("\n", timeout=WAIT_SECONDS)
    return process.returncode


def postmaster(home: Path) -> int | None:
    state = read_state(home)
    assert state is not None
    return processes.read_pid(Path(state.base) / "postgres" / "data" / "postmaster.pid")


def _title(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")


def is_up(home: Path) -> bool:
    return stack.running(home) is not None


def answer(url: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute("SELECT current_setting('fsync')").fetchone()
    assert row is not None
    return row[0]


@pytest.fixture(scope="module")
def module_home() -> Iterator[Path]:
    """Give one runtime folder to all tests of a worker: making a database takes two seconds."""
    parent = Path(tempfile.mkdtemp(prefix="stack-test-"))
    parent.chmod(0o755)  # ours; the servers' user walks through it
    home = parent / "home"
    yield home
    stack.reset(home, force=True, say=quiet)
    shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture
def home(module_home: Path) -> Iterator[Path]:
    """Give a runtime folder with nothing running, before and after."""
    yield module_home
    stack.stop(module_home, force=True, say=quiet)


@pytest.fixture(scope="class")
def home_in_use(module_home: Path) -> Iterator[Path]:
    """Give a runtime folder whose servers are started by hand, to all tests of a class that leave them up."""
    stack.start(module_home, say=quiet)
    yield module_home
    stack.stop(module_home, force=True, say=quiet)


def have_run_once(home: Path) -> None:
    """Have a database and a remembered port in the folder: an earlier test's, or made by a start of its own."""
    state = read_state(home)
    if state is None or state.postgres_port is None:
        with stack.running_stack(folder=home, quiet=True, use_environment=False):
            pass


class TestStartAndStop:
    def test_both_servers_answer_until_they_are_stopped(self, home: Path) -> None:
        started = run(home, "start")
        assert started.returncode == 0, started.stderr
        printed = run(home, "env").stdout.replace("export ", "").split()
        urls = dict(line.split("=", 1) for line in printed)
        assert answer(urls["DATABASE_URL"]) == "on"
        client = redis.Redis.from_url(urls["REDIS_URL"])
        with contextlib.closing(client):
            assert client.config_get("appendonly", "maxmemory-policy") == {
                "appendonly": "yes",
                "maxmemory-policy": "noeviction",
            }
        assert run(home, "status").returncode == 0

        assert run(home, "stop").returncode == 0
        assert run(home, "status").returncode == stack.NOT_RUNNING
        assert run(home, "env").returncode == stack.NOT_RUNNING
        with pytest.raises(psycopg.OperationalError):
            answer(urls["DATABASE_URL"])

    def test_the_remembered_port_is_left_when_somebody_has_taken_it(self, home: Path) -> None:
        have_run_once(home)
        state = read_state(home)
        assert state is not None
        assert state.postgres_port is not None
        with (
            socket.create_server(("127.0.0.1", state.postgres_port)),
            stack.running_stack(folder=home, quiet=True, use_environment=False) as up,
        ):
            assert f":{state.postgres_port}/" not in up.database_url
            assert answer(up.database_url) == "on"

    def test_a_given_server_is_used_and_nothing_is_started(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/one")
        monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
        with stack.running_stack(folder=home, quiet=True) as up:
            assert up == stack.Stack(database_url="postgresql://elsewhere/one", redis_url="redis://elsewhere/0")
            assert stack.running(home) is None


class TestSharing:
    def test_two_commands_at_once_share_one_stack_and_the_last_one_out_stops_it(self, home: Path) -> None:
        with execute(home, HOLD) as one, execute(home, HOLD) as other:
            url = first_line(one)
            assert first_line(other) == url
            assert "in use" in run(home, "status").stdout
            refused = run(home, "stop")
            assert refused.returncode == 1
            assert "in use by the processes" in refused.stderr

            assert let_end(one) == 0
            assert answer(url) == "on"
            assert let_end(other) == 0
        assert not is_up(home)


class TestServersStartedByHand:
    """They stay up, one start for all of these."""

    def test_outlive_the_commands_that_use_them(self, home_in_use: Path) -> None:
        with execute(home_in_use, SHOW_URL) as command:
            assert let_end(command) == 0
        assert is_up(home_in_use)

    def test_a_wrong_password_is_refused(self, home_in_use: Path) -> None:
        up, state = stack.running(home_in_use), read_state(home_in_use)
        assert up is not None
        assert state is not None
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            answer(up.database_url.replace(state.postgres_password, "guess"))
        assert (home_in_use / "state.json").stat().st_mode & 0o777 == 0o600

    def test_give_a_command_its_own_exit_code(self, home_in_use: Path) -> None:
        assert run(home_in_use, "exec", "--", "sh", "-c", "exit 5").returncode == 5
        missing = run(home_in_use, "exec", "--", "no-such-command")
        assert missing.returncode == 1
        assert "no-such-command cannot be run" in missing.stderr

    @pytest.mark.skipif(not processes.has_proc(), reason="needs /proc to find processes")
    def test_see_what_a_command_leaves_in_the_background_end_with_it(self, home_in_use: Path) -> None:
        left = run(home_in_use, "exec", "--", "sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!")
        assert left.returncode == 0
        assert not processes.is_alive(int(left.stdout))


class TestSurvivingKills:
    def test_a_killed_starter_leaves_servers_that_the_next_one_uses_and_stops(self, home: Path) -> None:
        with execute(home, HOLD) as starter:
            url = first_line(starter)
            before = postmaster(home)
            starter.kill()
        assert answer(url) == "on"
        with execute(home, HOLD) as next_one:
            assert first_line(next_one) == url
            assert postmaster(home) == before
            assert let_end(next_one) == 0
        assert not is_up(home)

    def test_a_killed_postmaster_is_replaced_and_its_work_recovered(self, home: Path) -> None:
        with stack.running_stack(folder=home, quiet=True, use_environment=False) as up:
            with psycopg.connect(up.database_url, autocommit=True) as connection:
                connection.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 1 AS one")
            victim = postmaster(home)
            assert victim is not None
            os.kill(victim, signal.SIGKILL)
            with stack.running_stack(folder=home, quiet=True, use_environment=False) as again:
                assert postmaster(home) != victim
                with psycopg.connect(again.database_url) as connection:
                    assert connection.execute("SELECT one FROM kept").fetchone() == (1,)

    def test_a_server_that_takes_long_to_write_its_memory_to_disk_is_waited_for(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres, "QUIET_STOP_SECONDS", 0.3)  # how soon the wait is told of is not what it proves
        stack.start(home, say=quiet)
        server = postmaster(home)
        assert server is not None
        checkpointer = next(pid for pid in processes.descendants_of(server) if "checkpointer" in _title(pid))
        said: list[str] = []
        stopping = threading.Thread(target=lambda: stack.stop(home, force=True, say=said.append))
        os.kill(checkpointer, signal.SIGSTOP)
        try:
            stopping.start()
            assert processes.wait_until(lambda: any("writing to disk" in text for text in said), seconds=WAIT_SECONDS)
            assert processes.is_alive(server)
        finally:
            os.kill(checkpointer, signal.SIGCONT)
        stopping.join(WAIT_SECONDS)
        assert not processes.is_alive(server)
        assert said[-1] == "PostgreSQL and Redis stopped."
        said.clear()
        stack.start(home, say=said.append)
        assert not any("killed" in text for text in said)

    def test_a_stale_pid_file_that_names_a_living_stranger_is_not_believed(self, home: Path) -> None:
        have_run_once(home)
        folder = open_folder(home, say=quiet)
        drop = folder.user.uid if folder.user.is_someone_else else None
        with subprocess.Popen(["sleep", "60"], user=drop) as stranger:
            pid_file = folder.postgres / "data" / "postmaster.pid"
            pid_file.write_text(f"{stranger.pid}\n{folder.postgres / 'data'}\n1\n5432\n\n127.0.0.1\n1 1\nready\n")
            assert not is_up(home)
            with stack.running_stack(folder=home, quiet=True, use_environment=False) as up:
                assert answer(up.database_url) == "on"
            assert stranger.poll() is None
            stranger.kill()

    def test_a_half_made_database_is_made_anew(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        user = processes.ServiceUser(name="anybody", uid=os.geteuid(), gid=os.getegid())
        half_made = tmp_path / "postgres" / "new-interrupted" / "data"
        half_made.mkdir(parents=True)
        made: list[Path] = []
        monkeypatch.setattr(Postgres, "_make_cluster", lambda server, _: made.append(server.data))
        said: list[str] = []
        server = Postgres(folder=RuntimeFolder(home=tmp_path, base=tmp_path, user=user), say=said.append)

        server._ensure_cluster(Path("/usr/bin"))

        assert made == [server.data]
        assert not half_made.exists()
        assert ["half-made" in text for text in said] == [True]


class TestEndingCommands:
    def test_an_interrupt_ends_the_command_and_stops_the_servers(self, home: Path) -> None:
        with execute(home, HOLD) as command:
            url = first_line(command)
            command.send_signal(signal.SIGINT)
            # not communicate(): it closes the command's input, and that would end it too
            assert command.wait(timeout=WAIT_SECONDS) == 128 + signal.SIGINT
        with pytest.raises(psycopg.OperationalError):
            answer(url)


class TestClosedFolders:
    def test_a_closed_parent_stays_closed_and_the_servers_work(self) -> None:
        parent = Path(tempfile.mkdtemp(prefix="closed-"))  # mode 700, as a home directory may be
        home = parent / "checkout" / ".local" / "stack"
        said: list[str] = []
        try:
            up = stack.start(home, say=said.append)
            assert answer(up.database_url) == "on"
            assert parent.stat().st_mode & 0o777 == 0o700
            state = read_state(home)
            assert state is not None
            if os.geteuid() == 0:
                assert Path(state.base).parent == PRIVATE_PARENT
                assert any("No permissions are changed" in text for text in said)
            else:
                assert Path(state.base) == home
        finally:
            stack.reset(home, force=True, say=quiet)
            shutil.rmtree(parent)
        assert not Path(state.base).exists()
