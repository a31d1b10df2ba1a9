"""What must hold before a bank's own model is saved, and before it is published: the lint, and the saved cases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal, cast

from core.errors import Problem
from core.tenancy import current_bank
from lending.decision.decide import EarlyDecision, FullDecision, decide_early, decide_full
from lending.decision.engine import DecisionModel, DecisionModelError
from lending.decision.facts import EarlyFacts, FullFacts
from lending.decision.four_sources import four_source_content
from lending.decision.lint import Finding, lint
from lending.decision.snapshots import SnapshotError, read_snapshot, snapshot
from lending.decision.standard import standard_content
from lending.models import BankModelVersion, ModelCase

LONGEST: Final = 1_000_000
PASSED: Final = "passed"
REJECTED: Final = "rejected"
Stage = Literal["early", "full"]

TEMPLATES: Final = {
    "standard-early": ("early", "标准模型（准入初筛）"),
    "standard-full": ("full", "标准模型（授信审批）"),
    "four-sources": ("full", "四源评分卡（两社交、一支付、一征信）"),
}
"""What a model may begin as: the stage and the title of each template."""


class ModelRefused(Problem):
    """A decision model that has an error, or fails one of its saved cases: `findings` say where and why.

    `errors` has the same by node: `准入规则 第 3 行「成立条件」：…`.
    """

    code = "model_refused"
    status = 422
    title = "决策模型有错误，请按提示修改后再保存"

    def __init__(
        self, detail: str = "", *, findings: Sequence[Finding] = (), names: Mapping[str, str] | None = None
    ) -> None:
        """Keep the findings; `names` are the nodes' titles by id."""
        self.findings = tuple(findings)
        self.names = dict(names or {})
        errors: dict[str, list[str]] = {}
        for finding in findings:
            errors.setdefault(finding.node or "model", []).append(told(finding, self.names))
        super().__init__(detail or self.title, errors=errors)


def told(finding: Finding, names: Mapping[str, str]) -> str:
    """Say in one line where a finding is and what is wrong."""
    where = names.get(finding.node, finding.node) or "模型"
    row = f" 第 {finding.row} 行" if finding.row else ""
    column = f"「{finding.column}」" if finding.column else ""
    return f"{where}{row}{column}：{finding.reason}"


def template_content(name: str) -> dict[str, Any]:
    """Return the JSON of a template.

    Raises:
        KeyError: there is no such template.
    """
    stage = cast("Stage", TEMPLATES[name][0])
    return four_source_content() if name == "four-sources" else standard_content(stage)


def accepted(text: str, *, stage: str) -> str:
    """Return a model's canonical JSON, once nothing is wrong with it.

    Raises:
        ModelRefused: the text is no model, or the lint finds something.
    """
    if len(text) > LONGEST:
        raise ModelRefused(f"模型不得超过 {LONGEST // 1000} 千字，请精简后再保存")
    try:
        findings = _findings(text, stage)
        if findings:
            raise ModelRefused(_count(findings), findings=findings, names=node_names(text))
        return DecisionModel.of(bank="", name="", content=json.loads(text)).content
    except (RecursionError, UnicodeError):
        raise ModelRefused("模型无法读取，请检查其格式后再保存") from None


@lru_cache(maxsize=64)
def _findings(text: str, stage: str) -> tuple[Finding, ...]:
    """Lint a model; kept, because what was saved is asked again when it is proposed and when it is approved."""
    return tuple(lint(text, stage=cast("Stage", stage)))


def _count(findings: Sequence[Finding]) -> str:
    return f"决策模型有 {len(findings)} 处错误，未保存，请按提示修改"


def node_names(text: str) -> dict[str, str]:
    """Return the titles of a model's nodes by id; of a text that is no model, nothing."""
    try:
        nodes = json.loads(text)["nodes"]
        return {str(node["id"]): str(node.get("name") or node["id"]) for node in nodes}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How a model did in one saved case; `failure` says why nothing came out, in words of the engine."""

    case: ModelCase
    outcome: str
    reasons: tuple[str, ...]
    limit_fen: int | None
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether what came out is what must."""
        limit_fits = self.case.expected_limit_fen in (None, self.limit_fen)
        return (self.outcome, sorted(self.reasons)) == (
            self.case.expected_outcome, sorted(self.case.expected_reasons),
        ) and limit_fits  # fmt: skip


def run_cases(version: BankModelVersion, cases: Iterable[ModelCase]) -> list[CaseResult]:
    """Run a model over saved cases."""
    content = json.loads(version.content)
    model = DecisionModel.of(bank=current_bank().code, name=version.model.code, content=content)
    return [_run(model, case) for case in cases]


def _run(model: DecisionModel, case: ModelCase) -> CaseResult:
    try:
        made = decided_anew(case.snapshot.encode(), model=model)
    except (SnapshotError, DecisionModelError) as error:
        return CaseResult(case=case, outcome="", reasons=(), limit_fen=None, failure=str(error))
    outcome, limit_fen = outcome_of(made), made.limit_fen if isinstance(made, FullDecision) else None
    return CaseResult(case=case, outcome=outcome, reasons=made.reasons, limit_fen=limit_fen)


def decided_anew(
    taken: bytes, *, model: DecisionModel, changes: Mapping[str, Any] | None = None
) -> EarlyDecision | FullDecision:
    """Decide a snapshot's facts by another model, or under a policy with some fields changed.

    Raises:
        SnapshotError: it is no snapshot.
        PolicyFieldsError: the changed policy contradicts itself.
        DecisionModelError: the model failed.
    """
    read = read_snapshot(taken)
    policy = replace(read.policy, **changes) if changes else read.policy
    if isinstance(read.facts, EarlyFacts):
        return decide_early(read.facts, policy, model=model)
    return decide_full(read.facts, policy, model=model)


def outcome_of(made: EarlyDecision | FullDecision) -> str:
    """Return a decision's outcome in the words of `Decision.outcome`."""
    if isinstance(made, FullDecision):
        return made.outcome
    return PASSED if made.passed else REJECTED


def case_snapshot(facts: EarlyFacts | FullFacts, policy: Any) -> str:
    """Return facts and policy as a case keeps them: a snapshot, which names the standard model as nothing else does."""
    return snapshot(facts, policy).decode()


def publishing_digest(version: BankModelVersion, cases: Iterable[ModelCase]) -> str:
    """Return the SHA-256 of all that a second person agrees to: the content, the note, and the cases that it passes."""
    document = {
        "content": version.content,
        "note": version.change_note,
        "cases": [
            [case.name, case.snapshot, case.expected_outcome, case.expected_reasons, case.expected_limit_fen]
            for case in sorted(cases, key=lambda case: case.pk)
        ],
    }
    return hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
