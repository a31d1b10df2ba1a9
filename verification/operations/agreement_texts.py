"""Publish a new version of an agreement's text at this bank; what was agreed to before stays as it was."""

from __future__ import annotations

from typing import Final

from django.db import connection

from core.audit.log import record
from core.errors import Problem
from core.operations import opens_transaction
from core.tenancy import current_bank
from verification.agreements import PLACE, PLACES
from verification.models import AgreementText
from verification.models.consent import FOR_ONE_BUSINESS, PURPOSES

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
NEEDED: Final = frozenset({"bank", "person"})


class AgreementTextRefused(Problem):
    """A new agreement text does not name whom it must name, or has a place that nobody fills."""

    code = "agreement_text_refused"
    status = 422
    title = "协议文本不符合要求"


@opens_transaction
def publish_agreement_text(*, purpose: str, title: str, text: str, actor: str) -> AgreementText:
    """Publish a text as the purpose's next version; it is the one in force from the commit on.

    Raises:
        AgreementTextRefused: there is no such purpose, the text does not name bank and person (and, where it
            authorises one business, that business), or it has an unknown place.
    """
    _check(purpose, title, text)
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f"{current_bank().schema}.agreement_text.{purpose}"])
    last = AgreementText.objects.filter(purpose=purpose).order_by("-version").first()
    published = AgreementText.objects.create(
        purpose=purpose, version=(last.version if last else 0) + 1, title=title.strip(), text=text
    )
    record(
        "agreement_text.published",
        actor=actor,
        subject=published.id.hex,
        detail={"purpose": purpose, "version": published.version},
    )
    return published


def _check(purpose: str, title: str, text: str) -> None:
    if purpose not in dict(PURPOSES):
        raise AgreementTextRefused(f"没有用途 {purpose}")
    if not title.strip():
        raise AgreementTextRefused("请填写标题")
    places = set(PLACE.findall(text))
    if unknown := places - PLACES:
        raise AgreementTextRefused(f"不能识别的占位：{'、'.join(sorted(unknown))}")
    needed = NEEDED | ({"business"} if purpose in FOR_ONE_BUSINESS else set())
    if missing := needed - places:
        raise AgreementTextRefused(f"文本须包含占位：{'、'.join(f'{{{place}}}' for place in sorted(missing))}")
