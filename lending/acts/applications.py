"""The protected act of applying: what a face check may be asked for, and how authorisations name the business."""

from __future__ import annotations

import uuid

from core.errors import StateConflict
from core.tenancy import current_bank
from lending.models.application import FACE
from lending.operations.applying import ACT
from lending.queries.applications import access_application
from tenants import directory
from verification.operations import Act, AgreementContext, register_act


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
    application = access_application(customer_id, application_id)
    card = directory.card_of(current_bank().code)
    lender = "" if card is None else card.name
    version = application.product_version
    return AgreementContext(
        business=f"向{lender}申请“{version.name}”授信（申请编号：{application.pk.hex}，用途：{application.get_purpose_display()}）"
    )


register_act(Act(action=ACT, check=check, describe=describe, is_new_business=True))
