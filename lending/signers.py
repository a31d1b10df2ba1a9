"""With what this bank signs, and whom it trusts when a contract is shown to it."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

from core.gateway import Repeat, Vendor, call
from core.gateway.errors import GatewayError
from core.tenancy import current_bank
from lending.contracts.certificates import BankSigner
from lending.contracts.errors import TimestampFailure, TimestampUnavailable
from lending.models import BankCertificate
from tenants import directory

TSA: Final = "tsa"
MOST_KEPT: Final = 500
_kept: dict[tuple[str, uuid.UUID], BankSigner] = {}
_lock = threading.Lock()


class NoSigningCertificate(RuntimeError):
    """The bank has no certificate in use: opening it furnishes one, replacing it is an operator's act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose signatures count at this bank: its own certificates' CAs, and the time stamp authorities."""

    bank_roots: tuple[bytes, ...]
    stamp_roots: tuple[bytes, ...]
    legal_name: str


def current_signer() -> tuple[uuid.UUID, BankSigner]:
    """Return the certificate in use and its signer, read once per process.

    Raises:
        NoSigningCertificate: see there.
    """
    row = BankCertificate.objects.filter(in_use=True).first()
    if row is None:
        raise NoSigningCertificate
    key = (current_bank().code, row.pk)
    signer = _kept.get(key)
    if signer is None:
        signer = BankSigner.load(
            certificate_pem=row.certificate_pem.encode(), private_key_pem=row.private_key_pem.encode()
        )
        with _lock:
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            _kept[key] = signer
    return row.pk, signer


def trust() -> Trust:
    """Return whom the current bank trusts; certificates that are no longer in use count for what they signed."""
    roots = BankCertificate.objects.order_by("pk").values_list("ca_pem", flat=True)
    card = directory.card_of(current_bank().code)
    return Trust(
        bank_roots=tuple(pem.encode() for pem in roots),
        stamp_roots=stamp_roots(),
        legal_name="" if card is None else card.name,
    )


def stamp_roots() -> tuple[bytes, ...]:
    """Return the roots of the time stamp authorities, from the file that the settings name.

    Without such a file, and only where the business date may be simulated, the sandbox's own authority is trusted; its
    certificate is asked for once per process. Outside of transactions.

    Raises:
        RuntimeError: no roots are configured.
    """
    file = settings.TSA_ROOTS_FILE
    if file:
        return (Path(file).read_bytes(),)
    if not settings.SIMULATION:
        msg = "TSA_ROOTS_FILE is not set: name a PEM file with the roots of the time stamp authorities"
        raise RuntimeError(msg)
    return (_sandbox_root(settings.TSA_URL),)


@cache
def _sandbox_root(tsa_url: str) -> bytes:
    return call(_authority(tsa_url), "certificate", repeat=Repeat.PURE, method="GET", path="/certificate.pem").content


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTimestamps:
    """Carry time stamp queries through the one way out (RFC 3161, 3.4). PURE: each repeat is another stamp.

    The signature library asks from inside an event loop, where no bank is current: so whose queries these are is fixed
    when this is made (`timestamps_for`).
    """

    vendor: Vendor
    request_id: str

    def answer(self, query: bytes) -> bytes:
        """Post a query and return the answer, unread.

        Raises:
            TimestampUnavailable: no answer came; nothing of it is of use.
        """
        headers = {
            "Content-Type": "application/timestamp-query",
            "Accept": "application/timestamp-reply",
            "X-Bank": self.vendor.scope,
        }
        try:
            reply = call(
                self.vendor, "stamp", repeat=Repeat.PURE, method="POST", path="", content=query, headers=headers,
                request_id=self.request_id,
            )  # fmt: skip
        except GatewayError as error:
            raise TimestampUnavailable(TimestampFailure.UNREACHABLE, error.kind) from error
        return reply.content


def timestamps_for(request_id: str) -> GatewayTimestamps:
    """Return who carries the current bank's time stamp queries."""
    return GatewayTimestamps(vendor=_authority(settings.TSA_URL), request_id=request_id)


def _authority(url: str) -> Vendor:
    return Vendor(
        name=TSA,
        base_url=url,
        scope=current_bank().code,
        read_seconds=settings.VENDOR_READ_SECONDS,
        max_answer_bytes=256 * 1024,
    )
