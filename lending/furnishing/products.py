"""The products that every new bank begins with (C2), by the province's templates; each bank changes them as it likes."""

from __future__ import annotations

from datetime import date
from typing import Final

from lending.operations.products import add_product, publish
from lending.product_templates import columns_of
from tenants.provisioning import BankOpening, register_furnishing
from tenants.queries import product_template

CITY_DIGITS: Final = 4
ACTOR: Final = "system"
EVER: Final = date(2000, 1, 1)
"""Before any business date: what a bank begins with is in force on its first day, whichever that is."""
STANDARD: Final = ("XF01", "XF03")


def furnish(opening: BankOpening) -> None:
    """Publish the standard products at the bank that is being opened, for its own city (LN-04)."""
    for code in STANDARD:
        columns = columns_of(product_template(code))
        draft = add_product(
            code=code,
            name=columns.pop("name"),
            service_regions=[opening.region_code[:CITY_DIGITS]],
            actor=ACTOR,
            fields={**columns, "change_note": "开业预置"},
        )
        publish(version_id=draft.pk, actor=ACTOR, since=EVER)


register_furnishing("lending.products", furnish)
