"""What can be asked of the verification room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model, QuerySet

from core.crypto import blind_index, normalise_id_number, normalise_phone
from core.db.asks import Ask, Rows, alone
from core.db.rows import Shape
from core.errors import NotFound
from core.ids import parse_id
from verification.identity import Identity
from verification.models import (
    AgreementText,
    Check,
    Consent,
    FaceCheck,
    IdCardReading,
    ScreeningAlert,
    Subject,
    Upload,
    VoiceCheck,
)
from verification.models.check import WATCHLIST
from verification.models.consent import PURPOSES
from verification.models.upload import FACE, ID_CARD_BACK, ID_CARD_FRONT, LICENCE
from verification.same_name import same_name
from verification.standing import Standing, held_businesses, holding_alert, screening_standing

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Sequence
    from datetime import date

__all__ = [
    "CheckView",
    "FaceCheckView",
    "Identity",
    "Picture",
    "ReadingView",
    "Standing",
    "access_consent",
    "access_face_check",
    "access_voice_check",
    "asking_identity",
    "check",
    "checks_of",
    "consents_of",
    "current_agreements",
    "face_check",
    "find_subject_by_id_number",
    "held_businesses",
    "holding_alert",
    "id_card_reading",
    "id_cards_ending",
    "id_cards_over",
    "identities",
    "identity",
    "last_check",
    "open_alerts_of",
    "others_with_phone",
    "own_uploads",
    "phone_of",
    "pictures_of",
    "same_name",
    "screening_standing",
    "told_checks",
]
M = TypeVar("M", bound=Model)
ID_NUMBER_DOMAIN = "verification.subject.id_number"
PHONE_DOMAIN = "verification.subject.phone"
SUBJECT = Shape(
    Subject,
    only=[
        "id", "name", "id_number", "sex", "ethnicity", "birth_date", "address", "authority", "valid_from_date",
        "valid_until_date",
    ],
)  # fmt: skip
IDENTIFIED = f"""
SELECT {SUBJECT.columns("s")} FROM verification_subject s WHERE s.id = %s AND s.identified_at IS NOT NULL
"""  # noqa: S608 -- put together from constants; values are parameters

AGREEMENT = Shape(AgreementText)
IN_FORCE = f"""
SELECT DISTINCT ON (t.purpose) {AGREEMENT.columns("t")} FROM verification_agreement_text t
WHERE t.purpose = ANY(%s) ORDER BY t.purpose, t.version DESC
"""  # noqa: S608 -- put together from constants; values are parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """How a check came out: `outcome` is empty while it is asked and where nobody answered (`vendor_unavailable`)."""

    id: uuid.UUID
    subject_id: uuid.UUID | None
    kind: str
    purpose: str
    status: str
    outcome: str
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """What reading an ID card has given so far: the fields, or why there are none."""

    id: uuid.UUID
    status: str
    identity: Identity | None = field(repr=False)
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCheckView:
    """How far a face check is."""

    id: uuid.UUID
    subject_id: uuid.UUID
    action: str
    business_id: str
    status: str
    reason_code: str


def identity(subject_id: uuid.UUID) -> Identity | None:
    """Return who a subject is, or None while nobody is known behind it."""
    return alone(asking_identity(subject_id))


def asking_identity(subject_id: uuid.UUID) -> Ask[Identity | None]:
    """Ask who a subject is together with other things."""

    def read(rows: Rows) -> Identity | None:
        row = None if rows.first is None else SUBJECT.read(rows.first)
        if row is None or row.birth_date is None or row.valid_from_date is None:
            return None
        return _identity(row, row.birth_date, row.valid_from_date)

    return Ask(IDENTIFIED, [subject_id], read)


def _identity(row: Subject, birth_date: date, valid_from: date) -> Identity:
    return Identity(
        name=row.name or "",
        id_number=row.id_number or "",
        sex=row.sex,
        ethnicity=row.ethnicity,
        birth_date=birth_date,
        address=row.address or "",
        authority=row.authority,
        valid_from=valid_from,
        valid_until=row.valid_until_date,
    )


def identities(subject_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Identity]:
    """Return who these subjects are, in one statement; one behind whom nobody is known is left out."""
    rows = Subject.objects.filter(pk__in=subject_ids, identified_at__isnull=False)
    return {
        row.pk: _identity(row, row.birth_date, row.valid_from_date)
        for row in rows
        if row.birth_date is not None and row.valid_from_date is not None
    }


def phone_of(subject_id: uuid.UUID) -> str | None:
    """Return the phone number that the carrier has confirmed for a subject, or None."""
    row = Subject.objects.filter(pk=subject_id, identified_at__isnull=False).only("phone").first()
    return None if row is None else row.phone


def others_with_phone(phone: str, subject_id: uuid.UUID) -> int:
    """Return how many other persons of the current bank are known by this phone number (ACC-10)."""
    wanted = blind_index(normalise_phone(phone), domain=PHONE_DOMAIN)
    rows = Subject.objects.filter(phone_index=wanted, identified_at__isnull=False)
    return rows.exclude(pk=subject_id).count()


def id_cards_ending(*, first: date, last: date) -> list[tuple[uuid.UUID, date]]:
    """Return whose ID card ends between two days, both included, and when (ACC-13)."""
    rows = Subject.objects.filter(identified_at__isnull=False, valid_until_date__range=(first, last))
    return [(pk, ends) for pk, ends in rows.values_list("pk", "valid_until_date") if ends is not None]


def id_cards_over(*, before: date, among: Sequence[uuid.UUID] | None = None) -> list[uuid.UUID]:
    """Return whose ID card had ended before a day, of all persons or of those named (ACC-13)."""
    rows = Subject.objects.filter(identified_at__isnull=False, valid_until_date__lt=before)
    return list((rows if among is None else rows.filter(pk__in=among)).values_list("pk", flat=True))


def find_subject_by_id_number(id_number: str) -> uuid.UUID | None:
    """Return the subject that is identified by this ID number at the current bank, or None."""
    wanted = blind_index(normalise_id_number(id_number), domain=ID_NUMBER_DOMAIN)
    return Subject.objects.filter(id_number_index=wanted).values_list("pk", flat=True).first()


def id_card_reading(reading_id: uuid.UUID) -> ReadingView:
    """Return a reading.

    Raises:
        NotFound: there is no such reading.
    """
    row = IdCardReading.objects.filter(pk=reading_id).first()
    if row is None:
        raise NotFound
    found = Identity.from_json(row.fields) if row.fields is not None and row.status == "read" else None
    return ReadingView(id=row.id, status=row.status, identity=found, reason_code=row.reason_code)


def check(check_id: uuid.UUID) -> CheckView:
    """Return a check.

    Raises:
        NotFound: there is no such check.
    """
    row = Check.objects.filter(pk=check_id).defer("asked").first()
    if row is None:
        raise NotFound
    return _view(row)


def last_check(*, kind: str, business_id: str, purpose: str | None = None) -> CheckView:
    """Return the latest check of a kind for a business object (and, where asked, a purpose).

    Raises:
        NotFound: there is none.
    """
    rows = Check.objects.filter(kind=kind, business_id=business_id).defer("asked")
    if purpose is not None:
        rows = rows.filter(purpose=purpose)
    row = rows.order_by("-pk").first()
    if row is None:
        raise NotFound
    return _view(row)


def checks_of(*, business_id: str) -> list[CheckView]:
    """Return all checks for a business object, oldest first."""
    return [_view(row) for row in Check.objects.filter(business_id=business_id).defer("asked").order_by("pk")]


def _view(row: Check) -> CheckView:
    return CheckView(
        id=row.id,
        subject_id=row.subject_id,
        kind=row.kind,
        purpose=row.purpose,
        status=row.status,
        outcome=row.outcome,
        reason_code=row.reason_code,
    )


def face_check(face_check_id: uuid.UUID) -> FaceCheckView:
    """Return a face check.

    Raises:
        NotFound: there is no such face check.
    """
    row = FaceCheck.objects.filter(pk=face_check_id).first()
    if row is None:
        raise NotFound
    return FaceCheckView(
        id=row.id,
        subject_id=row.subject_id,
        action=row.action,
        business_id=row.business_id,
        status=row.status,
        reason_code=row.reason_code,
    )


def access_face_check(customer_id: uuid.UUID, face_check_id: str) -> FaceCheck:
    """Return a customer's own face check by its id on the wire.

    Raises:
        NotFound: there is none of this customer.
    """
    return _own(FaceCheck.objects.all(), customer_id, face_check_id)


def access_voice_check(customer_id: uuid.UUID, voice_check_id: str) -> VoiceCheck:
    """Return a customer's own voice check by its id on the wire.

    Raises:
        NotFound: there is none of this customer.
    """
    return _own(VoiceCheck.objects.all(), customer_id, voice_check_id)


def _own(rows: QuerySet[M], customer_id: uuid.UUID, text: str) -> M:
    found = parse_id(text)
    row = None if found is None else rows.filter(pk=found, subject_id=customer_id).first()
    if row is None:
        raise NotFound
    return row


def consents_of(subject_id: uuid.UUID) -> QuerySet[Consent]:
    """Return a customer's own consents, in force and withdrawn, with the text's version."""
    return Consent.objects.filter(subject_id=subject_id).select_related("agreement")


def access_consent(customer_id: uuid.UUID, consent_id: str) -> Consent:
    """Return a customer's own consent by its id on the wire.

    Raises:
        NotFound: there is none of this customer.
    """
    return _own(consents_of(customer_id), customer_id, consent_id)


def own_uploads(subject_id: uuid.UUID, upload_ids: Collection[uuid.UUID], *, kind: str) -> frozenset[uuid.UUID]:
    """Return those of the uploads that are the customer's own and of this kind."""
    rows = Upload.objects.filter(subject_id=subject_id, kind=kind, pk__in=upload_ids)
    return frozenset(rows.values_list("pk", flat=True))


def current_agreements(purposes: Sequence[str] | None = None) -> list[AgreementText]:
    """Return the texts in force, one for each purpose (of those asked for), by purpose."""
    asked = list(dict(PURPOSES) if purposes is None else purposes)
    return alone(Ask(IN_FORCE, [asked], lambda rows: [AGREEMENT.read(row) for row in rows.found]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a customer: what it shows, and under which id the vault keeps it."""

    title: str
    object_id: uuid.UUID


def pictures_of(subject_id: uuid.UUID) -> list[Picture]:
    """Return the newest picture of each kind that a customer has given: both sides of the ID card, the face, a licence."""
    kinds = (ID_CARD_FRONT, ID_CARD_BACK, FACE, LICENCE)
    rows = Upload.objects.filter(subject_id=subject_id, kind__in=kinds).order_by("kind", "-created_at").distinct("kind")
    return [Picture(title=row.get_kind_display(), object_id=row.object_id) for row in rows]


def open_alerts_of(subject_id: uuid.UUID) -> int:
    """Return how many findings on watchlists wait to be judged for a subject; confidential (AML-08)."""
    return ScreeningAlert.objects.filter(subject_id=subject_id, status="open").count()


def told_checks(*, business_id: str, with_lists: bool) -> list[tuple[str, str]]:
    """Return the checks for a business object as staff read them, (what, result), oldest first.

    Those on watchlists only `with_lists`: who is not to learn of a hit is not to learn that one was asked either (AML-08).
    """
    rows = Check.objects.filter(business_id=business_id).defer("asked").order_by("pk")
    shown = rows if with_lists else rows.exclude(kind=WATCHLIST)
    return [(row.get_kind_display(), row.get_outcome_display() or row.get_status_display()) for row in shown]
