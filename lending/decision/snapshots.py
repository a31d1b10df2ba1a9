"""Snapshots: what a decision was made of, as canonical bytes, and the way back to the same decision.

Bytes in, bytes out: the same facts always give the same snapshot, and a snapshot always gives the same
decision, bit for bit, path included. It names the model by version; the model's content is kept once per
version by whoever stores it. A snapshot shows a customer's figures (class C2).
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from lending.decision.decide import EarlyDecision, FullDecision, decide_early, decide_full
from lending.decision.engine import DecisionModel, read_trace
from lending.decision.exact_json import exact_json
from lending.decision.facts import EarlyFacts, FullFacts
from lending.decision.policy import PolicyFields
from lending.decision.standard import standard_model

FORM: Final = 1
"""The form of a snapshot; a reader of another form refuses it."""


class SnapshotError(ValueError):
    """Bytes that are no snapshot of ours, or one that names a model which is not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot, read."""

    facts: EarlyFacts | FullFacts
    policy: PolicyFields
    model_version: str


def snapshot(facts: EarlyFacts | FullFacts, policy: PolicyFields, *, model: DecisionModel | None = None) -> bytes:
    """Return everything that a decision depends on, as canonical JSON."""
    stage: Literal["early", "full"] = "early" if isinstance(facts, EarlyFacts) else "full"
    model = model or standard_model(stage)
    document = {
        "form": FORM,
        "stage": stage,
        "model_version": model.version,
        "facts": _plain(facts),
        "policy": _plain(policy),
    }
    return exact_json(document).encode()


def read_snapshot(content: bytes) -> Snapshot:
    """Return what a snapshot says.

    Raises:
        SnapshotError: it is none, or of another form.
    """
    try:
        document = json.loads(content)
        if document["form"] != FORM:
            msg = f"snapshot of form {document['form']}, this reader knows {FORM}"
            raise SnapshotError(msg)
        kind = {"early": EarlyFacts, "full": FullFacts}[document["stage"]]
        return Snapshot(
            facts=_restored(kind, document["facts"]),
            policy=_restored(PolicyFields, document["policy"]),
            model_version=document["model_version"],
        )
    except (KeyError, TypeError, AttributeError, ValueError, InvalidOperation) as error:
        if isinstance(error, SnapshotError):
            raise
        msg = f"this is no snapshot of a decision ({type(error).__name__})"
        raise SnapshotError(msg) from None


def replay(content: bytes, *, model: DecisionModel | None = None) -> EarlyDecision | FullDecision:
    """Make the decision of a snapshot again, with the model that it names.

    Raises:
        SnapshotError: it is no snapshot, or it names another model than the one given (or the present
        standard one). DecisionModelError: the model failed.
    """
    taken = read_snapshot(content)
    early = isinstance(taken.facts, EarlyFacts)
    model = model or standard_model("early" if early else "full")
    if model.version != taken.model_version:
        msg = f"the decision was made by model {taken.model_version}, not by {model.version}"
        raise SnapshotError(msg)
    if isinstance(taken.facts, EarlyFacts):
        return decide_early(taken.facts, taken.policy, model=model)
    return decide_full(taken.facts, taken.policy, model=model)


def decision_bytes(decision: EarlyDecision | FullDecision) -> bytes:
    """Return a decision as canonical JSON, its path unpacked: what goes into the evidence log by hash."""
    plain = {item.name: getattr(decision, item.name) for item in fields(decision)}
    plain["trace"] = json.dumps(read_trace(decision.trace), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return exact_json({name: _plain(value) for name, value in plain.items()}).encode()


def _plain(value: Any) -> Any:
    """Return a value in terms of JSON; decimals and dates as text, for they come back as what they were."""
    if is_dataclass(value) and not isinstance(value, type):
        plain = {item.name: getattr(value, item.name) for item in fields(value)}
        later = {item.name for item in fields(value) if item.metadata.get("later")}
        return {name: _plain(told) for name, told in plain.items() if told is not None or name not in later}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _restored(kind: Any, value: Any) -> Any:
    """Return a value of a declared type: the opposite of `_plain`; a field more or less is an error."""
    if get_origin(kind) in (Union, types.UnionType):
        if value is None:
            return None
        kind = next(choice for choice in get_args(kind) if choice is not type(None))
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        later = {item.name for item in fields(kind) if item.metadata.get("later")}
        if not isinstance(value, Mapping) or set(value) | later != set(hints):
            msg = f"{kind.__name__} has other fields"
            raise SnapshotError(msg)
        return kind(**{name: _restored(hints[name], value[name]) for name in value})
    if kind is Decimal:
        return Decimal(value)
    return date.fromisoformat(value) if kind is date else value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
