"""A customer who has something to do at every call with refusals of its own: drafts, cards, accounts, loans, registrations."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from accounts.models import Card, Customer, DepositAccount, Registration, Suspension
from core.clock import business_date, now
from core.crypto import blind_index
from core.ids import new_id
from lending.models import Application, Drawdown, Loan, ProductVersion
from tenants.parameters import set_for_bank
from tests.accounts.holders import bind, make_account
from tests.lending.applicants import consent_to, face_token, make_token
from tests.lending.borrowers import Borrower, confirm, draft, lend, make_borrower, repay, signed
from tests.lending.test_borrowing_rest import Caller
from verification import queries as verified
from verification.models import PhoneCode, Upload, VoiceCheck
from verification.operations import enrol_subject, give_consent, show_agreements
from verification.operations.act_tokens import issue_act_token
from verification.operations.factors import VOICE
from verification.operations.phone_codes import digits_of

READ: Final = {
    "name": "林样例", "id_number": "320706199001010019", "sex": "male", "ethnicity": "汉", "birth_date": "1990-01-01",
    "address": "江苏省连云港市海州区样例路1号", "authority": "连云港市公安局", "valid_from": "2018-05-01",
    "valid_until": "2038-05-01",
}  # fmt: skip
"""What was read from a newcomer's ID card."""
Business = Application | Card | DepositAccount | Drawdown | Registration


@dataclass(frozen=True)
class Acting:
    """One customer (`who`) with all of it, and a newcomer whom the bank does not know yet."""

    who: Borrower
    newcomer_id: uuid.UUID
    things: Mapping[str, Any]

    def ids(self) -> dict[str, str]:
        """Name every thing's id as paths and bodies do."""
        return {name: thing.pk.hex for name, thing in self.things.items()}

    def phone(self) -> str:
        """Return the customer's own number."""
        return verified.phone_of(self.who.customer_id) or ""

    def caller(self, *, newcomer: bool = False) -> Caller:
        """Call as the customer, or as the newcomer."""
        return Caller(token=make_token(self.newcomer_id if newcomer else self.who.customer_id))

    def code(self, action: str, *, newcomer: bool = False, **sent: Any) -> dict[str, str]:
        """Have a one-time code sent to the customer's number: for an act, and for what else is named."""
        phone = sent.pop("phone", self.phone())
        row = PhoneCode.objects.create(
            subject_id=self.newcomer_id if newcomer else self.who.customer_id, phone=phone, action=action,
            phone_index=blind_index(phone, domain="verification.phone"), salt=secrets.token_bytes(16),
            expires_at=now() + timedelta(minutes=5), **sent,
        )  # fmt: skip
        return {"id": row.pk.hex, "code": digits_of(row)}

    def face(self, thing: str, action: str) -> str:
        """Pass a face check for an act on a thing and return its token."""
        return face_token(self.things[thing], action)

    def voice(self, thing: str, action: str) -> str:
        """Pass a voice check for an act on a thing and return its token."""
        business: Business = self.things[thing]
        check = VoiceCheck.objects.create(
            subject_id=business.customer_id, action=action, business_id=business.pk.hex, status="passed",
            provider="gateway", text="一二三四五六七八", text_expires_at=now(), finished_at=now(),
            upload_id=self.upload("voice"),
        )  # fmt: skip
        with transaction.atomic():
            issue_act_token(factor=VOICE, check=check)
        return str(check.token.token)

    def upload(self, kind: str) -> uuid.UUID:
        """Have a file of the customer's; nobody looks into it."""
        return Upload.objects.create(subject_id=self.who.customer_id, kind=kind, object_id=new_id(), size=1).pk

    def agree(self, purpose: str) -> None:
        """Agree to checks of a face or a voice."""
        shown = show_agreements(purposes=[purpose], customer_id=None, business_id=None)[0]
        give_consent(
            subject_id=self.who.customer_id, agreement_id=shown.agreement.pk, business_id=None,
            sha256=shown.rendered.sha256, read_seconds=9,
        )  # fmt: skip


def set_today(name: str, value: int) -> None:
    """Set a parameter of the current bank from today on."""
    with transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=business_date(), actor="test")


def begin() -> Acting:
    """Make the customer, the newcomer and all that they have, at the current bank."""
    who, newcomer_id = make_borrower(), _make_newcomer()
    customer_id, account = who.customer_id, who.account()
    loan, settled = lend(who), lend(who, 1_000_00)
    repayment = repay(who, loan, kind="early_partial", amount_fen=1_000_00)
    repay(who, settled, kind="early_full")
    drafted = draft(who, 1_000_00)
    confirm(drafted)
    dormant = make_account(customer_id)
    Suspension.objects.create(account=dormant, reason="dormant", from_date=business_date())
    card, further = bind(account), bind(account)
    Card.objects.filter(pk=further.pk).update(status="step_up", further=True, checked_at=now(), account=None)
    voice = VoiceCheck.objects.create(
        subject_id=customer_id, action="bind_card", business_id=further.pk.hex, status="started", provider="gateway",
        text="一二三四五六七八", text_expires_at=now() + timedelta(minutes=2),
    )  # fmt: skip
    return Acting(
        who,
        newcomer_id,
        {
            "line": who.line(), "account": account, "card": card, "further": further, "voice_check": voice,
            "dormant": dormant, "empty": make_account(customer_id), "opening": make_account(customer_id, status="face"),
            "class_three": make_account(customer_id, account_class="III"), "other": make_account(),
            "draft": drafted, "signed": signed(who, 1_000_00), "loan": Loan.objects.get(pk=loan.pk), "settled": settled,
            "repayment": repayment, "application": _applying(customer_id),
            "registration": _registering(newcomer_id, "phone"), "moving": _registering(newcomer_id, "relink", customer_id),
        },
    )  # fmt: skip


def _make_newcomer() -> uuid.UUID:
    openid = f"openid-{secrets.token_hex(8)}"
    customer = Customer.objects.create(openid=openid, openid_index=blind_index(openid, domain="wechat.openid"))
    with transaction.atomic():
        enrol_subject(subject_id=customer.pk)
    return customer.pk


def _applying(customer_id: uuid.UUID) -> Application:
    version = ProductVersion.objects.filter(product__code="XF03", published_at__isnull=False).latest("number")
    application = Application.objects.create(
        customer_id=customer_id, product_version=version, purpose="consumption", facts={}, status="face"
    )
    consent_to(application)
    return application


def _registering(newcomer_id: uuid.UUID, status: str, known_id: uuid.UUID | None = None) -> Registration:
    return Registration.objects.create(
        customer_id=newcomer_id, status=status, identity=READ, relink_customer_id=known_id
    )
