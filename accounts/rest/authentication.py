"""Resolve the bearer token to the customer of the current bank. Imported by DRF's settings, so it imports no view."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Final

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from core.clock import now
from core.db.asks import fetch_one
from core.errors import Unauthenticated
from core.tenancy import PROVINCE_CODE, current_place

LIVE: Final = """
SELECT customer_id, id, device_id FROM accounts_session
WHERE token_sha256 = %s AND ended_at IS NULL AND expires_at > %s
"""
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,100}\Z")


@dataclass(frozen=True, slots=True)
class CustomerCaller:
    """The customer behind a token."""

    customer_id: uuid.UUID
    session_id: uuid.UUID
    device_id: str
    is_authenticated: bool = True
    is_active: bool = True


class BearerAuthentication(BaseAuthentication):
    """Accept a live token of the current bank; anything else is 401."""

    def authenticate(self, request: Request) -> tuple[CustomerCaller, str]:
        """Return the caller.

        Raises:
            Unauthenticated: no token, or none that is live at this bank.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        place = current_place()
        if scheme.lower() != "bearer" or not TOKEN.match(token) or place is None or place.code in {None, PROVINCE_CODE}:
            raise Unauthenticated
        digest = hashlib.sha256(token.encode()).digest()
        found = fetch_one(LIVE, [digest, now()])  # at every call: the ORM would take longer than all else of it
        if found is None:
            raise Unauthenticated
        return CustomerCaller(*found), token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme."""
        del request
        return "Bearer"
