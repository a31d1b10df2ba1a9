"""Make the database ready and open banks in it; runs as the owner of the tables, never as the web login."""

from __future__ import annotations

from tenants.provisioning.opening import BankOpening, open_bank, register_furnishing
from tenants.provisioning.prepare import prepare_database

__all__ = ["BankOpening", "open_bank", "prepare_database", "register_furnishing"]
