"""The same request gets the same answer, and has its effect once.

REST puts a claim on the thread; the opening operation that it calls next settles it: the key's row is the first that
the
transaction writes, the rendered answer the last, and both commit with the effect. A second request with the same key
waits at the unique index until the first has ended, then replays its answer, or, where the first was rolled back, runs.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.db import transaction

from core.clock import now
from core.db.asks import Ask, Rows, owe, send_owed
from core.errors import Problem
from core.idempotency.models import IdempotencyRecord
from core.ids import new_id
from core.operations import settled_by

R = TypeVar("R")
LIFETIME: Final = timedelta(days=30)
KEY_MAX_LENGTH: Final = 128
CLAIM: Final = """
INSERT INTO core_idempotency (id, caller, key, request_sha256, headers, body, created_at)
VALUES (%s, %s, %s, %s, '{}', 'null', %s) ON CONFLICT (caller, key) DO NOTHING
"""
ANSWER: Final = "UPDATE core_idempotency SET status = %s, headers = %s, body = %s WHERE id = %s"


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


class Taken(Exception):
    """Raised in the transaction of a request whose key was answered before; `settle` then replays."""


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

    The key's row goes with the first statement of the operation and the answer with the last and the commit. A business
    refusal (a replayable `Problem`) undoes all of that; its answer is then kept in a transaction of its own, and it is
    raised again. Anything else that is raised undoes everything, the key included, and nothing is kept.

    Raises:
        Replayed: the same request was answered before.
        IdempotencyKeyReused: another request was answered under this key.
    """
    refused: Problem | None = None
    try:
        with transaction.atomic(durable=True):
            record_id = _claim(claim)
            try:
                result = operation()
                claim.answer = claim.render(result)
                _answer(record_id, claim.answer)
                send_owed(and_commit=True)
            except Problem as problem:
                refused = problem
                raise
    except Taken:
        raise _replay(claim) from None
    except Problem:
        if refused is None or not refused.replayable:
            raise
        claim.answer = Answer(refused.status, refused.document(trace_id=claim.trace_id), {})
        _keep(claim, claim.answer)
        raise
    return result


def _keep(claim: Claim, answer: Answer) -> None:
    """Keep a refusal; where a twin that waited for the key was answered meanwhile, its answer holds for both."""
    try:
        with transaction.atomic(durable=True):
            _answer(_claim(claim), answer)
            send_owed(and_commit=True)
    except Taken:
        raise _replay(claim) from None


def _claim(claim: Claim) -> uuid.UUID:
    """Owe the key's row, which waits for a simultaneous twin; `Taken` is raised where it got an answer."""
    record_id = new_id()
    values = [record_id, claim.caller, claim.key, claim.request_sha256, now()]
    owe(Ask(CLAIM, values, lambda _: None, at_once=_refuse_taken))
    return record_id


def _refuse_taken(rows: Rows) -> None:
    if rows.count != 1:
        raise Taken


def _answer(record_id: uuid.UUID, answer: Answer) -> None:
    headers, body = json.dumps(dict(answer.headers)), json.dumps(answer.body, ensure_ascii=False)
    owe(Ask(ANSWER, [answer.status, headers, body, record_id], lambda _: None))


def _replay(claim: Claim) -> Exception:
    """Return the answer that was given under the key, or the refusal of another request under it."""
    stored = IdempotencyRecord.objects.get(caller=claim.caller, key=claim.key)
    if bytes(stored.request_sha256) != claim.request_sha256:
        return IdempotencyKeyReused()
    return Replayed(Answer(stored.status or 500, json.loads(stored.body), stored.headers, replayed=True))


def remove_old(*, limit: int = 10_000) -> int:
    """Remove up to `limit` answers that are older than 30 days; return how many went."""
    old = IdempotencyRecord.objects.filter(created_at__lt=now() - LIFETIME).values("pk")[:limit]
    return IdempotencyRecord.objects.filter(pk__in=old).delete()[0]
