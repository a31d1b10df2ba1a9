"""Entries: make a code that customers scan, resolve a scan, and remember which scan brought whom."""

from __future__ import annotations

import secrets
import string
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core import signing

from core.actors import customer_actor
from core.audit.log import record
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from core.steps.queue import enqueue
from core.tenancy import current_bank, in_bank
from tenants import directory
from tenants.models import Entry, Scan
from tenants.switches import standing

FETCH_CODE: Final = "entry.fetch_code"
SCENE_LETTERS: Final = string.ascii_lowercase + string.digits
OPAQUE_LENGTH: Final = 16
SCENE_MAX: Final = 32
TOKEN_LIFETIME: Final = timedelta(days=1)
SALT: Final = "tenants.entry_token"


class EntryUnknown(Problem):
    """No open code of a serving bank has this scene."""

    code = "entry_unknown"
    status = 404
    title = "二维码已失效，请联系银行工作人员"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Where a scan leads: the bank, and on whose behalf the code was made."""

    bank: str
    branch: str
    staff: str
    product: str
    campaign: str
    entry_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What a customer hands on: the scene, and what it speaks for."""

    scene: str
    product: str
    campaign: str


def _new_scene() -> str:
    return f"{current_bank().code}-{''.join(secrets.choice(SCENE_LETTERS) for _ in range(OPAQUE_LENGTH))}"


@opens_transaction
def make_entry(*, branch: str, staff: str, product: str, campaign: str, actor: str) -> uuid.UUID:
    """Make a code of the current bank; a step fetches its image from WeChat. Return the entry's id."""
    entry = Entry.objects.create(
        scene=_new_scene(),
        branch=branch,
        staff=staff,
        product=product,
        campaign=campaign,
        created_by=actor,
    )
    enqueue(FETCH_CODE, entry.id)
    record("entry.made", actor=actor, subject=entry.scene)
    return entry.id


@within_transaction
def entry_to_share(*, sharer_id: uuid.UUID, came_by: uuid.UUID | None) -> Shared:
    """Return the code that a visitor hands on, the same each time; it is made at the first, like the code that brought them.

    Raises:
        StateConflict: the bank has closed it.
    """
    like = None if came_by is None else Entry.objects.filter(scans__pk=came_by).first()
    like = like or Entry()
    made = Entry(
        scene=_new_scene(), branch=like.branch, staff=like.staff, product=like.product, campaign=like.campaign,
        sharer_id=sharer_id, created_by=customer_actor(sharer_id),
    )  # fmt: skip
    Entry.objects.bulk_create([made], ignore_conflicts=True)
    own = Entry.objects.get(sharer_id=sharer_id)
    if own.pk == made.pk:
        record("entry.made", actor=own.created_by, subject=own.scene)
    if not own.is_open:
        raise StateConflict("您的分享已停用，请联系银行工作人员")
    return Shared(scene=own.scene, product=own.product, campaign=own.campaign)


@within_transaction
def keep_image(*, entry_id: uuid.UUID, content: bytes, content_type: str) -> None:
    """Keep the image of a code."""
    Entry.objects.filter(pk=entry_id).update(image=content, image_type=content_type[:30])


@opens_transaction
def fetch_image_again(*, entry_id: uuid.UUID, actor: str) -> None:
    """Ask WeChat for a code's image once more."""
    enqueue(FETCH_CODE, entry_id)
    record("entry.image_asked", actor=actor, subject=entry_id.hex)


@opens_transaction
def close_entry(*, entry_id: uuid.UUID, actor: str) -> None:
    """Stop a code: who scans it is told that it is no longer valid. Scans made before keep their customers.

    Raises:
        NotFound: there is no such code.
    """
    _switch(entry_id, is_open=False, action="entry.closed", actor=actor)


@opens_transaction
def reopen_entry(*, entry_id: uuid.UUID, actor: str) -> None:
    """Let a closed code lead customers here again.

    Raises:
        NotFound: there is no such code.
    """
    _switch(entry_id, is_open=True, action="entry.reopened", actor=actor)


def _switch(entry_id: uuid.UUID, *, is_open: bool, action: str, actor: str) -> None:
    entry = Entry.objects.select_for_update().filter(pk=entry_id).only("scene").first()
    if entry is None:
        raise NotFound
    Entry.objects.filter(pk=entry_id).update(is_open=is_open)
    record(action, actor=actor, subject=entry.scene)


def resolve_scene(scene: str) -> Arrival:
    """Find the bank by the scene's beginning, record the scan there, and say where it leads.

    Raises:
        EntryUnknown: no open code of a bank that serves customers has this scene.
    """
    code, dash, _ = scene.partition("-")
    card = directory.card_of(code) if dash and len(scene) <= SCENE_MAX else None
    if card is None:
        raise EntryUnknown
    with in_bank(code):
        return _record_scan(scene=scene)


@opens_transaction
def _record_scan(*, scene: str) -> Arrival:
    entry = Entry.objects.filter(scene=scene, is_open=True).first()
    if entry is None or not standing().admits(entry.scene, entry.product):
        raise EntryUnknown
    scan = Scan.objects.create(entry=entry)
    bank = current_bank().code
    return Arrival(
        bank=bank,
        branch=entry.branch,
        staff=entry.staff,
        product=entry.product,
        campaign=entry.campaign,
        entry_token=signing.dumps({"bank": bank, "scan": scan.pk.hex}, salt=SALT),
    )


def scan_of_entry_token(token: str) -> uuid.UUID | None:
    """Return the scan that a token stands for; None where it is old, forged or of another bank."""
    try:
        told = signing.loads(token, salt=SALT, max_age=TOKEN_LIFETIME)
    except signing.BadSignature:
        return None
    return uuid.UUID(hex=told["scan"]) if told["bank"] == current_bank().code else None


@within_transaction
def remember_visitor(*, scan_id: uuid.UUID, visitor_id: uuid.UUID) -> None:
    """Keep who logged in with a scan; the first to do so stays."""
    Scan.objects.filter(pk=scan_id, visitor_id=None).update(visitor_id=visitor_id)
