"""Log in by WeChat and log out."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError

from accounts import parameters
from accounts.models import Customer, Session
from core.clock import now
from core.crypto import blind_index
from core.errors import Problem, Unavailable
from core.gateway.errors import GatewayError, Invalid, Rejected
from core.operations import opens_transaction, within_transaction
from tenants import operations as tenants
from tenants.parameters import value_of
from verification import operations as verification

OPENID = "wechat.openid"
TOKEN_BYTES = 32


class WechatCodeInvalid(Problem):
    """WeChat does not accept the login code: used, expired or not of this mini-program. Call wx.login again."""

    code = "wechat_code_invalid"
    status = 422
    title = "微信登录凭证已失效，请重新进入小程序"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A new session and the customer behind it."""

    token: str
    expires_at: datetime
    customer_id: uuid.UUID
    stage: str


def log_in(*, wechat_code: str, device_id: str, entry_token: str | None) -> Login:
    """Ask WeChat who this is, outside any transaction, and start a session; an unknown openid makes a new customer.

    Raises:
        WechatCodeInvalid: WeChat refuses the code.
        Unavailable: WeChat does not answer in time.
    """
    scan_id = tenants.scan_of_entry_token(entry_token) if entry_token else None
    try:
        openid = tenants.wechat_openid(wechat_code)
    except (Rejected, Invalid) as error:
        raise WechatCodeInvalid from error
    except GatewayError as error:
        raise Unavailable("微信暂时没有应答，请稍后重试") from error
    try:
        return _start_session(openid=openid, device_id=device_id, scan_id=scan_id)
    except IntegrityError:  # the same new person logged in twice at once: the other one made the customer
        return _start_session(openid=openid, device_id=device_id, scan_id=scan_id)


@opens_transaction
def _start_session(*, openid: str, device_id: str, scan_id: uuid.UUID | None) -> Login:
    index = blind_index(openid, domain=OPENID)
    customer = Customer.objects.filter(openid_index=index).first()
    if customer is None:
        customer = Customer.objects.create(
            openid=openid, openid_index=index, first_scan_id=scan_id, last_scan_id=scan_id
        )
        verification.enrol_subject(subject_id=customer.id)
    elif scan_id is not None:
        first = customer.first_scan_id or scan_id
        Customer.objects.filter(pk=customer.pk).update(first_scan_id=first, last_scan_id=scan_id)
    if scan_id is not None:
        tenants.remember_visitor(scan_id=scan_id, visitor_id=customer.pk)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = now() + timedelta(minutes=value_of(parameters.SESSION_MINUTES.name, kind=int))
    Session.objects.create(
        customer=customer,
        token_sha256=hashlib.sha256(token.encode()).digest(),
        device_id=device_id,
        expires_at=expires_at,
    )
    return Login(token=token, expires_at=expires_at, customer_id=customer.id, stage=customer.stage)


@opens_transaction
def log_out(*, session_id: uuid.UUID) -> None:
    """End one session; one that has ended stays ended."""
    Session.objects.filter(pk=session_id, ended_at=None).update(ended_at=now())


@within_transaction
def move_wechat(*, from_customer_id: uuid.UUID, to_customer_id: uuid.UUID) -> None:
    """Give the known customer the new WeChat account: its openid and its sessions; the known one's old sessions end.

    Locks both customers in the order of their ids.
    """
    pair = {row.pk: row for row in Customer.objects.select_for_update().filter(
        pk__in=[from_customer_id, to_customer_id]
    ).order_by("pk")}  # fmt: skip
    newcomer, known = pair[from_customer_id], pair[to_customer_id]
    openid, index = newcomer.openid, newcomer.openid_index
    parked = f"moved:{newcomer.pk.hex}"
    Customer.objects.filter(pk=newcomer.pk).update(openid=parked, openid_index=blind_index(parked, domain=OPENID))
    Customer.objects.filter(pk=known.pk).update(openid=openid, openid_index=index)
    Session.objects.filter(customer=known, ended_at=None).update(ended_at=now())
    Session.objects.filter(customer=newcomer, ended_at=None).update(customer=known)
