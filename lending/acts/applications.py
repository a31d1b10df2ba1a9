"""The protected act of applying: what a face check may be asked for, and how authorisations name the business."""

from __future__ import annotations

import uuid
from typing import Final

from core.db.asks import fetch_one
from core.errors import NotFound, StateConflict
from core.ids import parse_id
from core.tenancy import current_bank
from lending.models.application import FACE
from lending.operations.applying import ACT
from lending.purposes import PURPOSES
from lending.queries.applications import access_application
from tenants import directory
from verification.operations import Act, AgreementContext, register_act

NAMED: Final = """
SELECT v.name, a.purpose FROM lending_application a JOIN lending_product_version v ON v.id = a.product_version_id
WHERE a.id = %s AND a.customer_id = %s
"""


def check(application_id: str, customer_id: uuid.UUID) -> None:
    """Say that the application waits for the customer's face.

    Raises:
        NotFound: it is not this customer's.
        StateConflict: it does not wait for a face.
    """
    if access_application(customer_id, application_id).status != FACE:
        raise StateConflict("该申请当前不需要人脸核验，请刷新后查看进度")


def describe(application_id: str, customer_id: uuid.UUID) -> AgreementContext:
    """Name the bank, the product and the application in an authorisation's text (LN-06, LN-07).

    Raises:
        NotFound: it is not this customer's.
    """
    found = parse_id(application_id)
    row = None if found is None else fetch_one(NAMED, [found, customer_id])
    if found is None or row is None:
        raise NotFound
    card = directory.card_of(current_bank().code)
    lender, (product, purpose) = "" if card is None else card.name, row
    return AgreementContext(
        business=f"向{lender}申请“{product}”授信（申请编号：{found.hex}，用途：{PURPOSES[purpose]}）"
    )  # fmt: skip


register_act(Act(action=ACT, check=check, describe=describe, is_new_business=True))
