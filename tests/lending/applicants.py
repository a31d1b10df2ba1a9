"""Customers who apply, with stand-ins for those whom the bank asks about them."""

from __future__ import annotations

import hashlib
import itertools
import secrets
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.db import transaction
from django.db.models import Model

from accounts.models import Customer, Session
from core.clock import SHANGHAI, now
from core.crypto import blind_index
from core.evidence import new_leaf
from core.gateway import GatewayError
from core.steps.engine import run_due
from core.steps.models import LIVE, Step
from core.steps.registry import LANES
from lending import operations
from lending import vendors as of_lending
from lending.models import Application, ProductVersion
from lending.operations import reviewing
from lending.operations.products import publish, take_draft
from lending.providers.bureau import BureauReport
from lending.providers.government import GovernmentData, GovernmentItem, SocialSecurity, Student
from tests.accounts.holders import write
from verification import vendors as of_verification
from verification.evidence import canonical, facts_of_consent
from verification.identity import Identity
from verification.models import Consent, FaceCheck
from verification.operations import enrol_subject, identify_subject, show_agreements
from verification.operations.act_tokens import issue_act_token
from verification.operations.factors import FACE
from verification.providers.id_check import IdCheckAnswer, IdCheckResult

REPORT: Final = BureauReport(
    report_id="BR1",
    found=True,
    queried_at=datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI),
    overdue_now=0,
    overdue_12m=0,
    max_consecutive_24m=0,
    total_overdue_24m=0,
    queries_3m=1,
    lenders=1,
    monthly_debt_payment_fen=1_000_00,
    card_utilisation=Decimal("0.25"),
    history_months=72,
    score=700,
)
"""Somebody of grade A."""

DATA: Final = GovernmentData(
    asked=frozenset(GovernmentItem),
    social_security=SocialSecurity(
        months_paid_24m=24, monthly_base_fen=10_000_00, employer_name="样例公司", region_code="320706"
    ),
    student=Student(enrolled=False),
)
INCOME: Final = {"income": {"monthly": "12000.00"}}
_numbers = itertools.count(1)


def make_customer(
    *, region: str = "320706", occupation: str = "职员", name: str = "林样例", **identity: Any
) -> uuid.UUID:
    """Make a registered customer of the current bank whom nobody else is."""
    number = next(_numbers)
    openid = f"openid-{number}-{secrets.token_hex(4)}"
    customer = Customer(
        stage="registered",
        openid=openid,
        openid_index=blind_index(openid, domain="wechat.openid"),
        occupation=occupation,
        residence_address="江苏省连云港市海州区样例路1号",
        tax_residency="cn_only",
    )
    write(customer)
    who = Identity(
        name=name,
        id_number=f"{region}19900101{number:04d}",
        sex="male",
        ethnicity="汉",
        birth_date=date(1990, 1, 1),
        address="江苏省连云港市海州区样例路1号",
        authority="连云港市公安局",
        valid_from=date(2018, 5, 1),
        valid_until=date(2038, 5, 1),
    )
    with transaction.atomic():
        enrol_subject(subject_id=customer.pk)
        identify_subject(subject_id=customer.pk, identity=replace(who, **identity), phone=f"139{number:08d}")
    return customer.pk


def make_token(customer_id: uuid.UUID) -> str:
    """Log the customer in and return the bearer token."""
    token = secrets.token_urlsafe(32)
    Session.objects.create(
        customer_id=customer_id,
        token_sha256=hashlib.sha256(token.encode()).digest(),
        device_id="device",
        expires_at=now() + timedelta(hours=1),
    )
    return token


def consent_to(application: Application, *purposes: str) -> None:
    """Give the authorisations that the application's product asks for, or the ones that are named.

    They are put on record as `give_consent` does it, but shown once and written together.
    """
    shown = show_agreements(
        purposes=purposes or application.product_version.required_consents,
        customer_id=application.customer_id,
        business_id=application.pk.hex,
    )
    given = set(
        Consent.objects.filter(business_id=application.pk.hex, withdrawn_at=None).values_list("agreement_id", flat=True)
    )
    rows: list[Model] = []
    for one in (one for one in shown if one.agreement.pk not in given):
        consent = Consent(
            subject_id=application.customer_id, purpose=one.agreement.purpose, agreement=one.agreement,
            business_id=application.pk.hex, sha256=one.rendered.sha256, read_seconds=9, granted_at=now(),
        )  # fmt: skip
        facts = canonical(facts_of_consent(consent, version=one.agreement.version))
        leaf = new_leaf("verification.consent", application.customer_id.hex, hashlib.sha256(facts).digest())
        consent.evidence_leaf = leaf.pk
        rows += [leaf, consent]
    write(*rows)


def face_token(application: Application, action: str = "apply") -> str:
    """Pass a face check for the application and return its token."""
    check = FaceCheck(
        subject_id=application.customer_id,
        expected_id=application.customer_id,
        action=action,
        business_id=application.pk.hex,
        status="passed",
        provider="tencent",
        finished_at=now(),
    )
    write(check)
    with transaction.atomic():
        issue_act_token(factor=FACE, check=check)
    return str(check.token.token)


def change_product(code: str, **fields: Any) -> ProductVersion:
    """Publish a changed version of a product at the current bank and return it."""
    from lending.models import Product

    with transaction.atomic():
        draft = take_draft(product_id=Product.objects.get(code=code).pk, actor="pm")
        ProductVersion.objects.filter(pk=draft.pk).update(**fields)
        publish(version_id=draft.pk, actor="pm")
    return ProductVersion.objects.get(pk=draft.pk)


def due_now() -> None:
    """Let what waits for its next attempt be due at once."""
    Step.objects.filter(state=LIVE).update(run_at=now() - timedelta(seconds=1), lease_until=None)


@dataclass
class Outside:
    """Stand-ins at the vendors' protocols: what they answer next, and what they were asked."""

    id_check: IdCheckAnswer | GatewayError = field(default_factory=lambda: IdCheckAnswer(result=IdCheckResult.MATCH))
    bureau: BureauReport | GatewayError = REPORT
    government: GovernmentData | GatewayError = DATA
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, vendor: str, answer: Any, asked: dict[str, Any]) -> Any:
        """Answer, or fail as the test says."""
        self.calls.append((vendor, asked))
        if isinstance(answer, GatewayError):
            raise answer
        return answer

    def named(self, vendor: str) -> list[dict[str, Any]]:
        """Return what a vendor was asked."""
        return [asked for name, asked in self.calls if name == vendor]


class FakeIdCheck:
    name = "fake"

    def __init__(self, outside: Outside) -> None:
        self.outside = outside

    def check(self, **asked: Any) -> Any:
        return self.outside.answer("id_check", self.outside.id_check, asked)


class FakeBureau:
    name = "fake"

    def __init__(self, outside: Outside) -> None:
        self.outside = outside

    def report(self, **asked: Any) -> Any:
        return self.outside.answer("bureau", self.outside.bureau, asked)


class FakeGovernment:
    name = "fake"

    def __init__(self, outside: Outside) -> None:
        self.outside = outside

    def fetch(self, *, items: Collection[GovernmentItem], **asked: Any) -> Any:
        return self.outside.answer("government", self.outside.government, {"items": items, **asked})


@contextmanager
def stand_ins() -> Iterator[Outside]:
    """Put stand-ins in the place of everybody whom the bank asks about an applicant."""
    asked = Outside()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(of_verification, "id_check", lambda: FakeIdCheck(asked))
        patched.setattr(of_lending, "credit_bureau", lambda: FakeBureau(asked))
        patched.setattr(of_lending, "government", lambda: FakeGovernment(asked))
        yield asked


def decided_now(customer_id: uuid.UUID | None = None, **changes: Any) -> Application:
    """Take somebody through an application to its decision."""
    application = start(customer_id or make_customer(), **changes)
    run_due(lanes=list(LANES), seconds=60.0)
    submit(again(application))
    run_due(lanes=list(LANES), seconds=60.0)
    return again(application)


def start(customer_id: uuid.UUID, product: str = "XF01", **changes: Any) -> Application:
    """Apply."""
    asked = {"purpose": "consumption", "facts": INCOME, **changes}
    return operations.start_application(customer_id=customer_id, product_code=product, **asked)


def submit(application: Application) -> Application:
    """Authorise, pass the face check and submit."""
    consent_to(application)
    return operations.submit_application(
        application_id=application.pk, customer_id=application.customer_id, face_token=face_token(application)
    )


def again(application: Application) -> Application:
    """Read an application anew."""
    return Application.objects.get(pk=application.pk)


def judge(application: Application, verdict: str) -> Application:
    """Grant or refuse as the review queue does; its own rules (whose case, reasons, two people) are another test's."""
    with transaction.atomic():
        if verdict == "grant":
            return reviewing.grant(application_id=application.pk, actor="li", reason="经核实")
        return reviewing.refuse(application_id=application.pk, actor="li", reason="经核实")
