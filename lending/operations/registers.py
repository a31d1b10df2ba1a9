"""The bank's own registers: who is invited to a product, and whom it may not lend to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db import connection

from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction
from lending.models import Invitation, Product, RelatedParty
from lending.queries.products import invited_index, related_index
from verification.numbers import check_digit_agrees, normalise_id_number

AT_ONCE: Final = 2_000
NUMBER: Final = Invitation._meta.get_field("id_number")  # noqa: SLF001 -- Django's documented model API
INVITE: Final = """
INSERT INTO lending_invitation (product_id, created_by, created_at, id, id_number, id_number_index, limit_fen, village,
    manager, valid_until_date)
SELECT %s, %s, %s, n.* FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[], %s::bigint[], %s::text[], %s::text[], %s::date[]) n
ON CONFLICT (product_id, id_number_index) DO UPDATE SET limit_fen = EXCLUDED.limit_fen, village = EXCLUDED.village,
    manager = EXCLUDED.manager, valid_until_date = EXCLUDED.valid_until_date, created_by = EXCLUDED.created_by
"""
LONGEST_VILLAGE: Final = 60


class RegisterRefused(Problem):
    """An entry of a register is ill-formed; the detail says which and why, and nothing was entered."""

    code = "register_refused"
    status = 422
    title = "名单内容有误，未能保存"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """One person to be invited, perhaps with a limit in fen promised in advance, a village, a manager's login, a last day."""

    id_number: str = field(repr=False)
    limit_fen: int | None = None
    village: str = ""
    manager: str = ""
    valid_until_date: date | None = None


@opens_transaction
def invite(*, product_id: uuid.UUID, people: Sequence[Invited], valid_until_date: date | None, actor: str) -> int:
    """Invite people to a product, all or none; return how many. Who has no last day of their own gets `valid_until_date`.

    Who is invited already gets what is said of them now, and of two entries for one person the later counts.

    Raises:
        NotFound: there is no such product.
        RegisterRefused: a number is none; the detail counts from the first entry.
    """
    product = Product.objects.filter(pk=product_id).first()
    if product is None:
        raise NotFound
    rows: dict[bytes, tuple[Any, ...]] = {}
    for place, person in enumerate(people, start=1):
        number = _checked(person.id_number, place)
        index = invited_index(number)
        until = person.valid_until_date or valid_until_date
        sealed = NUMBER.get_db_prep_value(number, connection)
        rows[index] = (new_id(), sealed, index, person.limit_fen, person.village, person.manager, until)
    entered = list(rows.values())
    with connection.cursor() as cursor:
        for begin in range(0, len(entered), AT_ONCE):
            columns = zip(*entered[begin : begin + AT_ONCE], strict=True)
            cursor.execute(INVITE, [product.pk, actor, now(), *(list(column) for column in columns)])
    record("product.invited", actor=actor, subject=product.code, detail={"people": len(people)})
    return len(people)


@opens_transaction
def withdraw_invitation(*, invitation_id: uuid.UUID, actor: str) -> None:
    """Take an invitation back: the row goes, with the person's number in it.

    Raises:
        NotFound: there is no such invitation.
    """
    row = Invitation.objects.select_for_update(no_key=True).filter(pk=invitation_id).first()
    if row is None:
        raise NotFound
    row.delete()
    record("product.invitation_withdrawn", actor=actor, subject=invitation_id.hex)


@opens_transaction
def register_related_party(*, name: str, id_number: str, relation: str, note: str, actor: str) -> uuid.UUID:
    """Enter a related party of the bank: from now on no credit loan, with no override (LN-18).

    Raises:
        RegisterRefused: the number is none.
        StateConflict: the person is in the register.
    """
    number = _checked(id_number, 1)
    index = related_index(number)
    if RelatedParty.objects.filter(id_number_index=index, removed_at=None).exists():
        raise StateConflict("该人员已在关系人名单中")
    row = RelatedParty.objects.create(
        name=name, id_number=number, id_number_index=index, relation=relation, note=note, created_by=actor
    )
    record("related_party.registered", actor=actor, subject=row.pk.hex, detail={"relation": relation})
    return row.pk


@opens_transaction
def remove_related_party(*, related_party_id: uuid.UUID, reason: str, actor: str) -> None:
    """Take somebody off the register, who is no related party any more; the entry stays as history.

    Raises:
        NotFound: there is no such entry in force.
    """
    rows = RelatedParty.objects.filter(pk=related_party_id, removed_at=None)
    if not rows.update(removed_at=now(), removed_by=actor):
        raise NotFound
    record("related_party.removed", actor=actor, subject=related_party_id.hex, detail={"reason": reason})


def _checked(text: str, place: int) -> str:
    number = normalise_id_number(text)
    if not check_digit_agrees(number):
        raise RegisterRefused(f"第 {place} 条的身份证号码有误，请检查")
    return number
