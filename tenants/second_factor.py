"""The second factor of staff: a time-based code (RFC 6238) from an app, or a recovery code that works once.

Six digits, a step of 30 seconds, HMAC-SHA-1: what every authenticator app speaks. The arithmetic is that of the
`cryptography` package; what is ours is that a code is taken once and at most one step early or late.
"""

from __future__ import annotations

import base64
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from core.crypto import blind_index
from tenants.models import StaffAccess
from tenants.parameters import Parameter, declare, value_of

STEP_SECONDS: Final = 30
DIGITS: Final = 6
WINDOW: Final = (0, -1, 1)
SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
RECOVERY_DOMAIN: Final = "tenants.staff_access.recovery"
GROUP: Final = 4
NOISE: Final = re.compile(r"[\s-]+")

REQUIRED: Final = declare(
    Parameter(
        "staff.two_factor_required", True, "员工登录必须使用动态码", "", "SEC-01，工程取值", "higher"
    )  # off in the samples only, whose logins are printed
)
MOST_TRIES: Final = declare(
    Parameter("staff.most_tries", 5, "员工连续登录失败多少次即锁定", "次", "SEC-01，工程取值", "lower", low=3, high=10)
)
LOCK_MINUTES: Final = declare(
    Parameter(
        "staff.lock_minutes",
        15,
        "员工登录失败过多后的锁定时长",
        "分钟",
        "SEC-01，工程取值",
        "higher",
        low=5,
        high=1_440,
    )
)


def is_required() -> bool:
    """Tell whether every login of the current place needs a second factor."""
    return value_of(REQUIRED.name, kind=bool)


def has_factor(user: Any) -> bool:
    """Tell whether a login has a second factor that has been confirmed."""
    return StaffAccess.objects.filter(user_id=user.pk, confirmed_at__isnull=False).exists()


def most_tries() -> int:
    """Return after how many failures in a row a login is locked."""
    return value_of(MOST_TRIES.name, kind=int)


def lock_time() -> timedelta:
    """Return for how long a login is locked."""
    return timedelta(minutes=value_of(LOCK_MINUTES.name, kind=int))


def new_secret() -> str:
    """Make a shared secret, in base 32 as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def in_groups(text: str) -> str:
    """Write a secret or a code in groups of four, so that a person can type it."""
    return " ".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def address_of(secret: str, *, login: str, issuer: str) -> str:
    """Return the `otpauth` address that an app reads from a picture."""
    return _totp(secret).get_provisioning_uri(login, issuer)


def step_of(moment: datetime) -> int:
    """Return the number of the time step that a moment lies in."""
    return int(moment.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """Return the time step whose code this is: the present one or a neighbour, later than `after`; None where none is."""
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    totp, present = _totp(secret), step_of(at)
    for offset in WINDOW:
        step = present + offset
        try:
            totp.verify(code.encode("ascii"), step * STEP_SECONDS)
        except InvalidToken:
            continue
        return step if step > after else None
    return None


def code_at(secret: str, moment: datetime) -> str:
    """Return the code of a moment."""
    return _totp(secret).generate(step_of(moment) * STEP_SECONDS).decode("ascii")


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 -- RFC 6238: as HMAC it is sound


def new_recovery_codes() -> list[str]:
    """Make codes for the day on which the phone is lost, 80 bits each."""
    return [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode("ascii") for _ in range(RECOVERY_CODES)]


def recovery_hash(code: str) -> str:
    """Hash a recovery code under the bank's key, however it was typed."""
    typed = NOISE.sub("", code).upper()
    return blind_index(typed or "-", domain=RECOVERY_DOMAIN).hex()


def plain(code: str) -> str:
    """Return a typed code without spaces and dashes."""
    return NOISE.sub("", code)
