"""Short-lived grants: a signed token that opens one object for a while, for a page or a phone to show.

The token names the object, the reader, the purpose and the moment it ends, and is signed by a key of the bank
(its index key under a domain of its own), so that it is worthless at another bank. Every opening leaves a
trace, as `read` does.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import uuid
from dataclasses import dataclass
from typing import Final

from core.clock import now
from core.crypto.sealing import blind_index
from core.errors import NotFound
from core.vault.models import VaultObject
from core.vault.objects import open_object

LONGEST_SECONDS: Final = 900
DOMAIN: Final = "core.vault.grant"


@dataclass(frozen=True, slots=True)
class GrantedObject:
    """What a grant opens: the object's content and its content type."""

    id: uuid.UUID
    content: bytes
    content_type: str


def grant(object_id: uuid.UUID, *, seconds: int, purpose: str, actor: str) -> str:
    """Return a token, safe in a URL, that opens the object for `seconds` from now (wall time).

    Whoever holds the token reads in the name of `actor`; it cannot be recalled, hence at most 15 minutes.

    Raises:
        ValueError: `seconds` is not 1 to 900, or actor or purpose are empty.
        NotFound: this bank has no such object.
    """
    if not 0 < seconds <= LONGEST_SECONDS or not purpose or not actor:
        msg = f"a grant needs an actor, a purpose and 1 to {LONGEST_SECONDS} seconds"
        raise ValueError(msg)
    if not VaultObject.objects.filter(pk=object_id).exists():
        raise NotFound
    ends_at = int(now().timestamp()) + seconds
    claims = json.dumps([object_id.hex, actor, purpose, ends_at], ensure_ascii=False, separators=(",", ":"))
    return f"{_encode(claims.encode())}.{_encode(_signature(claims))}"


def open_grant(token: str) -> GrantedObject:
    """Return what the token grants, with a trace in the name of its reader; outside of transactions.

    Raises:
        NotFound: the token is malformed, changed, of another bank or past its end, or the object is gone; one
            answer for all, so that a guesser learns nothing.
        VaultDamaged: the bytes are not those that were put.
    """
    claims = _verified(token)
    if claims is None:
        raise NotFound
    object_id, actor, purpose, ends_at = json.loads(claims)
    if now().timestamp() >= ends_at:
        raise NotFound
    identity = uuid.UUID(hex=object_id)
    content, content_type = open_object(identity, purpose=purpose, actor=actor)
    return GrantedObject(id=identity, content=content, content_type=content_type)


def _verified(token: str) -> str | None:
    """Return the claims of a token that this bank signed, else None."""
    body, _, signature = token.partition(".")
    try:
        claims = _decode(body).decode()
        genuine = claims != "" and hmac.compare_digest(_decode(signature), _signature(claims))
    except (ValueError, binascii.Error):
        return None
    return claims if genuine else None


def _signature(claims: str) -> bytes:
    return blind_index(claims, domain=DOMAIN)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
