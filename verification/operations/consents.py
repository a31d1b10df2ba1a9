"""Give, withdraw and require consents: each its own text, version and hash (LN-06, DATA-05)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from core.clock import now
from core.errors import InvalidRequest, NotFound, Problem
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from verification.acts import describe_business
from verification.agreements import RenderedAgreement, render
from verification.evidence import facts_of_consent, moment, put_on_record
from verification.models import AgreementText, Consent, Subject
from verification.models.consent import FOR_ONE_BUSINESS, PURPOSES
from verification.queries import current_agreements, identity

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence


class AgreementChanged(Problem):
    """The text is no longer the one that was shown; show the present one."""

    code = "agreement_changed"
    status = 409
    title = "协议内容已更新，请重新阅读并确认"


class ConsentMissing(Problem):
    """A consent is required that the customer has not given, or has withdrawn; `errors` names the purposes."""

    code = "consent_missing"
    status = 422
    title = "请先阅读并同意相关协议"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAgreement:
    """A text in force as one customer sees it."""

    agreement: AgreementText
    rendered: RenderedAgreement


def show_agreements(
    *,
    purposes: Sequence[str] | None = None,
    customer_id: uuid.UUID | None = None,
    business_id: str | None = None,
) -> list[ShownAgreement]:
    """Return the texts in force; with a customer and a business object they name this person and this business.

    Raises:
        NotFound: the business object is not the customer's.
    """
    person, business = None, None
    if customer_id is not None and business_id is not None:
        business = describe_business(business_id=business_id, customer_id=customer_id)
        person = identity(customer_id)
    return [
        ShownAgreement(agreement=agreement, rendered=render(agreement, person=person, business=business))
        for agreement in current_agreements(purposes)
    ]


@opens_transaction
def give_consent(
    *,
    subject_id: uuid.UUID,
    agreement_id: uuid.UUID,
    business_id: str | None,
    sha256: bytes,
    read_seconds: int,
) -> Consent:
    """Put on record that the customer agrees to a text as it was shown; the same again is the same consent.

    Raises:
        NotFound: there is no such agreement, or the business object is not the customer's.
        AgreementChanged: the text in force, with today's names in it, is not the one whose hash was sent.
        InvalidRequest: the purpose authorises one business only, and none is named.
    """
    agreement = AgreementText.objects.filter(pk=agreement_id).first()
    if agreement is None:
        raise NotFound
    if business_id is None and agreement.purpose in FOR_ONE_BUSINESS:
        raise InvalidRequest("该授权须针对具体业务", errors={"subject": ["请提供业务编号"]})
    Subject.objects.select_for_update(no_key=True).get(pk=subject_id)
    shown = show_agreements(purposes=[agreement.purpose], customer_id=subject_id, business_id=business_id)
    if not shown or shown[0].agreement.pk != agreement.pk or shown[0].rendered.sha256 != sha256:
        raise AgreementChanged
    standing = Consent.objects.filter(
        subject_id=subject_id,
        agreement=agreement,
        business_id=business_id or "",
        sha256=sha256,
        withdrawn_at__isnull=True,
    ).first()
    return standing or record_consent(
        subject_id=subject_id,
        agreement=agreement,
        business_id=business_id or "",
        sha256=sha256,
        read_seconds=read_seconds,
    )


@within_transaction
def record_consent(
    *, subject_id: uuid.UUID, agreement: AgreementText, business_id: str, sha256: bytes, read_seconds: int
) -> Consent:
    """Put a consent on record, with its leaf of evidence; that this is what was shown is the caller's knowledge."""
    consent = Consent(
        id=new_id(),
        subject_id=subject_id,
        purpose=agreement.purpose,
        agreement=agreement,
        business_id=business_id,
        sha256=sha256,
        read_seconds=read_seconds,
        granted_at=now(),
    )
    facts = facts_of_consent(consent, version=agreement.version)
    consent.evidence_leaf = put_on_record("verification.consent", subject_id, facts)
    consent.save(force_insert=True)
    return consent


@opens_transaction
def withdraw_consent(*, subject_id: uuid.UUID, consent_id: uuid.UUID) -> Consent:
    """Withdraw a consent from now on; one that is withdrawn already stays as it is.

    What rests on it stops, because every use asks for it anew (`require_consents`). What was done under it
    stays lawful, and what the law requires without a consent goes on.

    Raises:
        NotFound: there is no such consent of this customer.
    """
    consent = (
        Consent.objects.select_for_update(of=("self",))
        .select_related("agreement")
        .filter(pk=consent_id, subject_id=subject_id)
        .first()
    )
    if consent is None:
        raise NotFound
    if consent.withdrawn_at is None:
        consent.withdrawn_at = now()
        facts = {
            "format": "consent-withdrawal/1",
            "consent": consent.id.hex,
            "withdrawn_at": moment(consent.withdrawn_at),
        }
        consent.withdrawal_leaf = put_on_record("verification.consent_withdrawal", subject_id, facts)
        consent.save(update_fields=["withdrawn_at", "withdrawal_leaf"])
    return consent


@within_transaction
def require_consents(*, subject_id: uuid.UUID, purposes: Sequence[str], business_id: str) -> list[uuid.UUID]:
    """Return the latest consent in force for each purpose, in the order asked.

    An authorisation for one business counts for that business only (LN-07); the others hold for the person.

    Raises:
        ConsentMissing: one or more are not in force; its errors name them.
        ValueError: there is no such purpose.
    """
    unknown = set(purposes) - set(dict(PURPOSES))
    if unknown:
        msg = f"no such purpose: {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    in_force = Consent.objects.filter(subject_id=subject_id, purpose__in=purposes, withdrawn_at__isnull=True).filter(
        Q(business_id=business_id) | ~Q(purpose__in=FOR_ONE_BUSINESS)
    )
    latest = {consent.purpose: consent.pk for consent in in_force.order_by("pk")}
    missing = [purpose for purpose in purposes if purpose not in latest]
    if missing:
        titles = dict(PURPOSES)
        raise ConsentMissing(errors={purpose: [f"请先同意：{titles[purpose]}"] for purpose in missing})
    return [latest[purpose] for purpose in purposes]
