"""Delete what was kept under a retention class when its time is over and nothing else needs it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction

from core.operations import forbid_transaction
from core.vault.models import VaultObject, VaultReference
from core.vault.store import object_store

if TYPE_CHECKING:
    import uuid

BATCH: Final = 200


def expire(retention: str, *, before: datetime) -> int:
    """Remove the references of a retention class that are older than `before`, and the objects that nobody needs then.

    Returns how many references were removed. Runs outside of transactions and opens its own, a batch at a time: it
    may stop anywhere and be called again. An object that another reference still needs stays. A file is removed after
    its row's deletion is committed; a crash between the two leaves an orphan for `sweep_orphans`.

    Raises:
        TransactionForbidden: a transaction is open.
    """
    forbid_transaction("removing from the vault")
    removed = 0
    while True:
        count, keys = _remove_batch(retention, before)
        for key in keys:
            object_store().delete(key)
        if not count:
            return removed
        removed += count


def _remove_batch(retention: str, before: datetime) -> tuple[int, list[str]]:
    """Remove a batch of references and the rows of objects that are needed no more; return the keys of their files."""
    with transaction.atomic(durable=True):  # no operation: housekeeping of the mechanism, it settles no request
        ended = VaultReference.objects.filter(retention=retention, created_at__lt=before)
        batch = list(ended.select_for_update(skip_locked=True).order_by("created_at")[:BATCH])
        objects = {reference.object_id for reference in batch}
        VaultReference.objects.filter(pk__in=[reference.pk for reference in batch]).delete()
        return len(batch), _remove_unneeded(objects)


def _remove_unneeded(objects: set[uuid.UUID]) -> list[str]:
    """Delete the rows of those objects that no reference names.

    `attach` and `refer` lock an object's row before they add a reference, so of the two sides one comes first: the
    reference is seen here, or the object is seen to be gone there.
    """
    locked = list(VaultObject.objects.select_for_update().filter(pk__in=objects).order_by("pk"))
    needed = set(VaultReference.objects.filter(object_id__in=objects).values_list("object_id", flat=True))
    unneeded = [row for row in locked if row.pk not in needed]
    VaultObject.objects.filter(pk__in=[row.pk for row in unneeded]).delete()
    return [row.stored_key for row in unneeded]
