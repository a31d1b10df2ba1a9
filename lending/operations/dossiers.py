"""Export how the bank tells who somebody is, and keep what was exported (A1-3, A3-3)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from core import evidence, vault
from core.audit.log import record
from core.clock import business_date, now
from core.files import PDF
from core.ids import new_id
from core.operations import opens_transaction
from core.steps.queue import enqueue
from lending.contracts.render import render_paper
from lending.dossier import dossier_view
from lending.models import MechanismDossier
from lending.reporting import SEQUENCE

DOSSIER: Final = "lending.dossier"
KEPT: Final = "contract"  # the vault's retention class: as long as contracts
TEMPLATE: Final = "dossier.typ"


def issue_dossier(*, actor: str, dossier_id: uuid.UUID | None = None) -> MechanismDossier:
    """Set the dossier from what is in force now, and put file, hash and leaf on record; an id that is there is that one."""
    made = MechanismDossier.objects.filter(pk=dossier_id).first() if dossier_id else None
    if made is not None:
        return made
    moment = now()
    parts = {name: getattr(moment, name) for name in ("year", "month", "day", "hour", "minute", "second")}
    content = render_paper(TEMPLATE, {**dossier_view(), "made_at": parts}, made_at=moment)
    staged = vault.stage(content, content_type=PDF)
    return _enter(dossier_id=dossier_id or new_id(), staged=staged, moment=moment, actor=actor)


@opens_transaction
def _enter(*, dossier_id: uuid.UUID, staged: vault.StagedObject, moment: datetime, actor: str) -> MechanismDossier:
    stored = vault.attach(staged, kind="dossier", owner=vault.Owner(kind=DOSSIER, id=dossier_id), retention=KEPT)
    leaf = evidence.append(DOSSIER, dossier_id.hex, stored.sha256)
    enqueue(SEQUENCE, dossier_id)
    record("dossier.made", actor=actor, subject=dossier_id.hex)
    return MechanismDossier.objects.create(
        id=dossier_id, issued_date=business_date(), made_by=actor, created_at=moment, object_id=stored.id,
        sha256=stored.sha256, evidence_leaf=leaf,
    )  # fmt: skip


def read_dossier(*, dossier: MechanismDossier, actor: str) -> bytes:
    """Return a dossier's file; who read it is on record before a byte is handed out."""
    return vault.read(dossier.object_id, purpose="dossier_download", actor=actor)
