"""Seal what may not be read at rest and find it by keyed hash, with keys of each bank's own (DATA-04)."""

from __future__ import annotations

from core.crypto.keys import create_bank_keys, forget_bank_keys, rewrap, rotate_bank_key
from core.crypto.master import MasterKey, MasterKeyUnavailable, create_master_key, load_master_keys
from core.crypto.normalise import normalise_id_number, normalise_phone
from core.crypto.sealing import SealBroken, blind_index, seal, unseal

__all__ = [
    "MasterKey",
    "MasterKeyUnavailable",
    "SealBroken",
    "blind_index",
    "create_bank_keys",
    "create_master_key",
    "forget_bank_keys",
    "load_master_keys",
    "normalise_id_number",
    "normalise_phone",
    "rewrap",
    "rotate_bank_key",
    "seal",
    "unseal",
]
