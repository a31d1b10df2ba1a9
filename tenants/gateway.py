"""The way to a bank's own gateway, as the settings say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tenants.providers.gateway_client import bank_gateway

if TYPE_CHECKING:
    from core.gateway import SignedEndpoint

GATEWAY_PATH: Final = "/gateway/v1"
BANK: Final = "{bank}"


def gateway_of(bank: str) -> SignedEndpoint:
    """Return the signed way to a bank's gateway; connections and breakers are kept per process behind it.

    Raises:
        ImproperlyConfigured: the file of the bank's own key cannot serve as one.
    """
    return bank_gateway(
        bank=bank,
        base_url=settings.GATEWAY_URL.removesuffix("/").removesuffix(GATEWAY_PATH),
        key=_key_of(bank),
        read_seconds=settings.VENDOR_READ_SECONDS,
    )


def _key_of(bank: str) -> str:
    """Return the bank's own key, read anew at each call so that a new one needs no restart, else the common one."""
    pattern = str(settings.GATEWAY_BANK_KEY_FILE)
    if not pattern:
        return str(settings.GATEWAY_KEY)
    if BANK not in pattern:
        msg = f"GATEWAY_BANK_KEY_FILE names one file for all banks: write {BANK} where the bank's code stands"
        raise ImproperlyConfigured(msg)
    file = Path(pattern.replace(BANK, bank))
    try:
        key = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return str(settings.GATEWAY_KEY)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the gateway key of bank {bank} cannot be read ({type(error).__name__}): look at the rights of {file}"
        raise ImproperlyConfigured(msg) from error
    if not key:
        msg = f"the gateway key of bank {bank} is empty: write it into {file}, or remove the file for the common key"
        raise ImproperlyConfigured(msg)
    return key
