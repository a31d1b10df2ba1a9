"""What a complaint can be about: things of the customer, each known by the room that owns it.

The rooms above register their kinds at start-up, so that this room never imports them; here a subject is a kind and an
opaque id. A kind finds a thing of one customer, and names it in Chinese for staff.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from accounts.models import Card, DepositAccount, Registration
from core.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A thing as staff read it; `is_rejected` says that it was refused and can be looked at again (A1-12)."""

    name: str
    is_rejected: bool = False


Find = Callable[[uuid.UUID, uuid.UUID], Subject | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKind:
    """A kind of thing: its word on the wire, its title for staff, its admin page (`app_model`), and how one is found.

    `find` takes the customer's id and the thing's; it returns None where the thing is none of this customer's.
    """

    word: str
    title: str
    page: str
    find: Find


_KINDS: Final[dict[str, SubjectKind]] = {}


def register_complaint_subject(kind: SubjectKind) -> None:
    """Let complaints be about a kind of thing; called at start-up.

    Raises:
        ValueError: another kind has this word.
    """
    if _KINDS.setdefault(kind.word, kind) is not kind:
        msg = f"complaint subject {kind.word!r} is registered twice"
        raise ValueError(msg)


def subject_kinds() -> list[SubjectKind]:
    """Return the kinds of all rooms, by their words."""
    return [_KINDS[word] for word in sorted(_KINDS)]


def title_of(word: str) -> str:
    """Return a kind's title; its word where no room has registered it."""
    kind = _KINDS.get(word)
    return word if kind is None else kind.title


def page_of(word: str) -> str:
    """Return the admin page of a kind, empty where no room has registered it."""
    kind = _KINDS.get(word)
    return "" if kind is None else kind.page


def subject_of(*, word: str, subject_id: uuid.UUID, customer_id: uuid.UUID) -> Subject:
    """Return a customer's own thing.

    Raises:
        NotFound: no room knows the kind, or the thing is none of this customer's; the two look the same.
    """
    kind = _KINDS.get(word)
    found = None if kind is None else kind.find(customer_id, subject_id)
    if found is None:
        raise NotFound
    return found


def _account(customer_id: uuid.UUID, account_id: uuid.UUID) -> Subject | None:
    row = DepositAccount.objects.filter(pk=account_id, customer_id=customer_id).first()
    if row is None:
        return None
    return Subject(
        name=f"{row.get_account_class_display()}，{row.get_status_display()}", is_rejected=row.status == "rejected"
    )


def _registration(customer_id: uuid.UUID, registration_id: uuid.UUID) -> Subject | None:
    row = Registration.objects.filter(pk=registration_id, customer_id=customer_id).only("status").first()
    if row is None:
        return None
    return Subject(name=row.get_status_display(), is_rejected=row.status == "rejected")


def _card(customer_id: uuid.UUID, card_id: uuid.UUID) -> Subject | None:
    row = Card.objects.filter(pk=card_id, customer_id=customer_id).only("last_four", "status").first()
    if row is None:
        return None
    return Subject(name=f"尾号 {row.last_four}，{row.get_status_display()}", is_rejected=row.status == "rejected")


register_complaint_subject(SubjectKind(word="account", title="存款账户", page="accounts_depositaccount", find=_account))
register_complaint_subject(
    SubjectKind(word="registration", title="注册", page="accounts_registration", find=_registration)
)
register_complaint_subject(SubjectKind(word="card", title="银行卡", page="accounts_card", find=_card))
