"""The protected acts of this room: what a face check, a voice check or a one-time code may be asked for."""

from __future__ import annotations

import uuid
from typing import Final

from accounts.models.deposit_account import CLASSES
from accounts.queries import access_account, access_card, access_registration
from core.db.asks import fetch_one
from core.errors import NotFound, StateConflict
from core.ids import parse_id
from core.tenancy import current_bank
from tenants import directory
from verification.operations import Act, AgreementContext, register_act, show_business

CLASS_OF: Final = "SELECT account_class FROM accounts_deposit_account WHERE id = %s AND customer_id = %s"


def _bank_name() -> str:
    card = directory.card_of(current_bank().code)
    if card is None:
        raise NotFound
    return card.name


def _check_account(subject: str, customer_id: uuid.UUID) -> None:
    if access_account(customer_id, subject).status != "face":
        raise StateConflict("该账户申请当前不需要人脸核验，请刷新后查看进度")


def _describe_account(subject: str, customer_id: uuid.UUID) -> AgreementContext:
    found = parse_id(subject)
    row = None if found is None else fetch_one(CLASS_OF, [found, customer_id])
    if row is None:
        raise NotFound
    return AgreementContext(business=f"在{_bank_name()}开立{dict(CLASSES)[row[0]]}")


def _check_card(subject: str, customer_id: uuid.UUID) -> None:
    if access_card(customer_id, subject).status != "step_up":
        raise StateConflict("该银行卡当前不需要人脸和声纹核验，请刷新后查看进度")


def _check_relink(subject: str, customer_id: uuid.UUID) -> None:
    if access_registration(customer_id, subject).status != "relink":
        raise StateConflict("该注册申请当前不需要人脸核验，请刷新后查看进度")


def _check_registration(subject: str, customer_id: uuid.UUID) -> None:
    access_registration(customer_id, subject)


def _relink_identity(subject: str, customer_id: uuid.UUID) -> uuid.UUID:
    known = access_registration(customer_id, subject).relink_customer_id
    if known is None:
        raise StateConflict
    return known


def _check_standing(subject: str, customer_id: uuid.UUID) -> None:
    if access_account(customer_id, subject).status != "active":
        raise StateConflict("该账户当前不可用，请更换账户或联系开户网点")


register_act(Act(action="open_account", check=_check_account, describe=_describe_account, is_new_business=True))
register_act(Act(action="bind_card", check=_check_card))
register_act(Act(action="relink", check=_check_relink, identity_of=_relink_identity, is_new_business=True))
register_act(Act(action="register", check=_check_registration, is_new_business=True))
register_act(Act(action="top_up", check=_check_standing))
register_act(Act(action="transfer", check=_check_standing))
register_act(Act(action="reverify", check=_check_standing))
register_act(Act(action="close_account", check=_check_standing))

show_business("receipt", title="外部来款：付款人", page="accounts_receipt")
show_business("refund", title="退款：收款人", page="accounts_refund")
show_business("transfer", title="转账", page="accounts_transfer")
