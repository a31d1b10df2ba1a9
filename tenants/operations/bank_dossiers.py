"""The province asks a bank for the dossier of its identification mechanism; the bank makes and delivers it (A1-3, A3-3)."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import connection, transaction

from core.audit.log import record
from core.clock import now
from core.errors import NotFound
from core.operations import forbid_transaction, opens_transaction
from core.steps.queue import enqueue
from core.tenancy import PUSH, at, current_bank
from tenants.mechanism import Dossier
from tenants.models import Bank, BankDossier

BANK_DOSSIER: Final = "tenants.bank_dossier"
DELIVER: Final = """
UPDATE public.tenants_bank_dossier SET file = %s, sha256 = %s, delivered_at = %s
WHERE id = %s AND bank = %s AND delivered_at IS NULL
"""


@opens_transaction
def ask_dossier(*, code: str, actor: str) -> uuid.UUID:
    """Owe, at the province, that a bank makes its dossier and delivers it; return the request's id.

    Raises:
        NotFound: there is no such bank.
    """
    if not Bank.objects.filter(code=code).exists():
        raise NotFound
    asked = BankDossier.objects.create(bank=code, asked_by=actor)
    enqueue(BANK_DOSSIER, asked.pk)
    record("bank.dossier_asked", actor=actor, subject=code)
    return asked.pk


def deliver(*, request_id: uuid.UUID, dossier: Dossier) -> bool:
    """Deliver the current bank's dossier; return whether it was the first time. Twice is once.

    Raises:
        TransactionForbidden: a transaction is open: it would write two schemas.
    """
    forbid_transaction("delivering a dossier")
    bank = current_bank().code
    with at(PUSH), transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(DELIVER, [dossier.file, dossier.sha256, now(), request_id, bank])
        return bool(cursor.rowcount == 1)


@opens_transaction
def hand_out(*, request_id: uuid.UUID, actor: str) -> bytes:
    """Return the file of a delivered dossier; who took it is on record before a byte is handed out.

    Raises:
        NotFound: there is no such request, or the bank has not delivered yet.
    """
    asked = BankDossier.objects.filter(pk=request_id).exclude(delivered_at=None).first()
    if asked is None:
        raise NotFound
    record("bank.dossier_downloaded", actor=actor, subject=asked.pk.hex, detail={"bank": asked.bank})
    return bytes(asked.file or b"")
