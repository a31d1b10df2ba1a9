"""The same request gets the same answer, and has its effect once.

REST puts a claim on the thread; the opening operation that it calls next settles it: the key's row is the first that
the
transaction writes, the rendered answer the last, and both commit with the effect. A second request with the same key
waits at the unique index until the first has ended, then replays its answer, or, where the first was rolled back, runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar, cast

from django.db import connection, transaction

from core.clock import now
from core.errors import Problem
from core.idempotency.models import IdempotencyRecord
from core.ids import new_id
from core.operations import settled_by

R = TypeVar("R")
LIFETIME: Final = timedelta(days=30)
KEY_MAX_LENGTH: Final = 128


class IdempotencyKeyRequired(Problem):
    """The call changes something and came without an Idempotency-Key header."""

    code = "idempotency_key_required"
    status = 400
    title = "请求不完整，请返回后重新提交"
    replayable = False


class IdempotencyKeyReused(Problem):
    """The key was used before with another method, path or body."""

    code = "idempotency_key_reused"
    status = 409
    title = "重复的请求标识，请重新提交"
    replayable = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes on the wire: status, the few headers that matter, and the JSON body."""

    status: int
    body: Any
    headers: Mapping[str, str]
    replayed: bool = False


@dataclass(slots=True)
class Claim:
    """A request that waits to be settled by the next opening operation of this thread."""

    caller: str
    key: str
    request_sha256: bytes
    render: Callable[[Any], Answer]
    trace_id: str = ""
    answer: Answer | None = None


class Replayed(Exception):
    """Carries a stored answer past the operation that must not run again."""

    def __init__(self, answer: Answer) -> None:
        """Keep the answer."""
        super().__init__(answer.status)
        self.answer = answer


def request_digest(method: str, path: str, body: bytes) -> bytes:
    """Hash method, path and body, each preceded by its length, so that no two requests share a text."""
    parts = (method.encode(), path.encode(), body)
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


@contextmanager
def claimed(claim: Claim) -> Iterator[Claim]:
    """Let the next opening operation inside the block settle `claim`."""
    with settled_by(lambda operation: settle(claim, operation)):
        yield claim


def settle(claim: Claim, operation: Callable[[], R]) -> R:
    """Run `operation` in one transaction with the claim's row and its answer.

    A business refusal (a replayable `Problem`) undoes what the operation wrote, keeps its answer and is raised again
    after the commit. Anything else that is raised undoes everything, the key included.

    Raises:
        Replayed: the same request was answered before.
        IdempotencyKeyReused: another request was answered under this key.
    """
    refused: Problem | None = None
    result: Any = None
    with transaction.atomic(durable=True):
        record_id = _insert(claim)
        try:
            with transaction.atomic():
                result = operation()
        except Problem as problem:
            if not problem.replayable:
                raise
            refused = problem
            claim.answer = Answer(problem.status, problem.document(trace_id=claim.trace_id), {})
        else:
            claim.answer = claim.render(result)
        answer = claim.answer
        IdempotencyRecord.objects.filter(pk=record_id).update(
            status=answer.status, headers=dict(answer.headers), body=json.dumps(answer.body, ensure_ascii=False)
        )
    if refused is not None:
        raise refused
    return cast("R", result)


def _insert(claim: Claim) -> Any:
    """Write the key's row, waiting for a simultaneous twin; raise its answer if it got one."""
    record_id = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotency (id, caller, key, request_sha256, headers, body, created_at)"
            " VALUES (%s, %s, %s, %s, '{}', 'null', %s) ON CONFLICT (caller, key) DO NOTHING",
            [record_id, claim.caller, claim.key, claim.request_sha256, now()],
        )
        if cursor.rowcount == 1:
            return record_id
    stored = IdempotencyRecord.objects.get(caller=claim.caller, key=claim.key)
    if bytes(stored.request_sha256) != claim.request_sha256:
        raise IdempotencyKeyReused
    raise Replayed(Answer(stored.status or 500, json.loads(stored.body), stored.headers, replayed=True))


def remove_old(*, limit: int = 10_000) -> int:
    """Remove up to `limit` answers that are older than 30 days; return how many went."""
    old = IdempotencyRecord.objects.filter(created_at__lt=now() - LIFETIME).values("pk")[:limit]
    return IdempotencyRecord.objects.filter(pk__in=old).delete()[0]
