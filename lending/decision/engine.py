"""The rules engine: one ZEN engine in each process, models kept compiled, errors without backtraces.

Measured: an engine with a loader that returns compiled content answers some 20,000 small decisions a second;
a `ZenDecision` held by the caller recompiles every expression and is seven times slower, so none is ever
held.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import zen

from lending.decision.exact_json import exact_json
from lending.decision.features import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT_MODELS = 256
"""Compiled models a process keeps, some tens of kilobytes each; the one used longest ago goes first."""

_BACKTRACE = re.compile(r"\n\s*(?:Stack backtrace|Caused by)\b.*", re.DOTALL)
_SCHEMA_COMPLAINT = re.compile(r"^(?P<pointer>(?:/[^\s:]*)?): (?P<rest>.*)$", re.DOTALL)
_REQUIRED = re.compile(r'^"(?P<name>[^"]*)" is a required property$')


class DecisionModelError(Exception):
    """A model that did not answer, or not as it must. No decision was made, and none may be assumed.

    `node` is the id of the node at fault, empty where it is the model as a whole; `reason` never holds a
    value of a customer, so both may be logged.
    """

    def __init__(self, node: str, reason: str) -> None:
        """Keep node and reason apart."""
        super().__init__(f"{node}: {reason}" if node else reason)
        self.node = node
        self.reason = reason


class DecisionInputError(DecisionModelError):
    """The model's input schema refused the facts: something it needs is missing or of another type."""


class DecisionOutputError(DecisionModelError):
    """The model answered no decision: a value missing, of another type, or out of its bounds."""


@dataclass(frozen=True, slots=True)
class DecisionModel:
    """A decision model of one bank: canonical JSON, and a version that is derived from it."""

    bank: str
    name: str
    content: str
    version: str

    @classmethod
    def of(cls, *, bank: str, name: str, content: Mapping[str, Any]) -> DecisionModel:
        """Make a model from its JSON; the same content always has the same version, another never."""
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return cls(bank, name, text, f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}")

    @property
    def key(self) -> str:
        """The engine's name for it; a new version is a new key, so nothing is ever refreshed."""
        return f"{self.bank}:{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model answered, and the way there: gzipped JSON, see `read_trace`."""

    result: Mapping[str, Any]
    trace: bytes


class _Compiled:
    """A compiled model. A thread that evaluates it holds it: leaving the cache never pulls it away."""

    __slots__ = ("__weakref__", "content", "key")

    def __init__(self, model: DecisionModel) -> None:
        self.key = model.key
        try:
            self.content = zen.ZenDecisionContent(model.content)
        except RuntimeError as error:
            raise typed_error(error) from None


@lru_cache(maxsize=KEPT_MODELS)
def declared_groups(content: str) -> frozenset[str] | None:
    """Return the groups of facts that a model's entry declares, None where it takes any.

    What came to be known after a model was written is not told to it, so that it decides for ever as it did.
    """
    try:
        nodes = json.loads(content)["nodes"]
        schema = json.loads(next(node["content"]["schema"] for node in nodes if node["type"] == "inputNode"))
        closed = schema.get("additionalProperties") is False
        return frozenset(schema["properties"]) if closed else None
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration):
        return None


class _Process:
    """The engine of this process and the models that it keeps compiled."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, _Compiled] = OrderedDict()
        self._alive: WeakValueDictionary[str, _Compiled] = WeakValueDictionary()
        self._engine = zen.ZenEngine({"loader": self._load})

    def _load(self, key: str) -> zen.ZenDecisionContent:
        return self._alive[key].content

    def compiled(self, model: DecisionModel) -> _Compiled:
        with self._lock:
            found = self._alive.get(model.key)
        found = found or _Compiled(model)
        with self._lock:
            found = self._alive.setdefault(model.key, found)
            self._kept[model.key] = found
            self._kept.move_to_end(model.key)
            while len(self._kept) > KEPT_MODELS:
                self._kept.popitem(last=False)
        return found

    def run(self, model: DecisionModel, context: str) -> Mapping[str, Any]:
        compiled = self.compiled(model)
        answer: Mapping[str, Any] = self._engine.evaluate(compiled.key, context, {"trace": True})
        return answer

    def kept(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._kept)


class _Slot:
    """Where the process keeps its engine; a forked child starts with an empty one."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._lock = Lock()
        self._process: _Process | None = None

    def get(self) -> _Process:
        with self._lock:
            if self._process is None:
                self._process = _Process()
            return self._process


_slot = _Slot()
os.register_at_fork(after_in_child=_slot.forget)


def evaluate(model: DecisionModel, context: Mapping[str, Any]) -> Evaluation:
    """Run a model over a context; decimals go in exactly, as text.

    The result is as the engine hands it over: a number with decimals in it is a float and must not be read as
    an amount.

    Raises:
        DecisionInputError: the model's input schema refuses the context.
        DecisionModelError: the model is broken, or failed on the way.
        TypeError: the context holds a float.
    """
    groups = declared_groups(model.content)
    told = context if groups is None else {name: value for name, value in context.items() if _is_told(name, groups)}
    text = exact_json(told)
    try:
        answer = _slot.get().run(model, text)
    except RuntimeError as error:
        raise typed_error(error) from None
    result = answer["result"]
    if not isinstance(result, dict):
        raise DecisionOutputError("", "the model answers no object")
    return Evaluation(result, compact_trace(answer["trace"]))


def _is_told(name: str, groups: frozenset[str]) -> bool:
    return name != SOURCES or name in groups


def kept_models() -> tuple[str, ...]:
    """Return the keys of the models that this process keeps compiled, the one used longest ago first."""
    return _slot.get().kept()


def compact_trace(trace: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Keep of a trace what cannot be computed again: the order of the nodes and what each of them looked at.

    The full trace repeats the whole input at every node. The same path gives the same bytes: keys are sorted,
    timings and the time of day are left out.
    """
    order = sorted(trace, key=lambda node: trace[node]["order"])
    seen = {node: trace[node]["traceData"] for node in order if trace[node]["traceData"] is not None}
    text = json.dumps({"order": order, "data": seen}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def read_trace(trace: bytes) -> dict[str, Any]:
    """Return a compact trace as ``{"order": [node], "data": {node: what it looked at}}``."""
    document: dict[str, Any] = json.loads(gzip.decompress(trace))
    return document


def typed_error(error: RuntimeError) -> DecisionModelError:
    """Turn an error of the engine into ours: node and reason, no backtrace, no customer's values."""
    full = str(error)
    text = _BACKTRACE.sub("", full).strip()
    try:
        document = json.loads(text.partition("\n")[0])
    except ValueError:
        cause = re.search(r"Caused by:\s*(?P<cause>[^\n]+)", full)
        return DecisionModelError("", f"{text} ({cause['cause'].strip()})" if cause else text)
    if not isinstance(document, dict):
        return DecisionModelError("", text)
    source = document.get("source")
    if isinstance(source, dict):
        document |= source
        source = None
    node = str(document.get("nodeId") or "")
    complaint = _SCHEMA_COMPLAINT.match(source) if isinstance(source, str) else None
    if node and complaint is not None:
        return DecisionInputError(node, _without_values(complaint))
    return DecisionModelError(node, source if isinstance(source, str) else str(document.get("type") or text))


def _without_values(complaint: re.Match[str]) -> str:
    pointer = complaint["pointer"] or "/"
    missing = _REQUIRED.match(complaint["rest"])
    return f"{pointer}: {missing['name']} is missing" if missing else f"{pointer}: does not fit the schema"
