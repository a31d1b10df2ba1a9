"""What every new bank starts with from this room: the staff roles."""

from __future__ import annotations

from tenants.provisioning import BankOpening, register_furnishing
from tenants.staff import ensure_roles


def furnish(opening: BankOpening) -> None:
    """Put the staff roles with their rights into a new bank; logins are made by `make_staff` or by the bank itself."""
    del opening
    ensure_roles()


register_furnishing("tenants.staff_roles", furnish)
