"""What a reviewer may decide: the verdict, what refuses it, and how many people it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Problem, StateConflict
from lending.models import ReviewCase, ReviewTask
from lending.models.review import APPLICATION, GRANTED, WARNING
from lending.review_parameters import two_people_from_fen
from lending.review_reasons import NEEDS_WORDS, REASONS


class ReviewReasonMissing(Problem):
    """A review is decided with a reason from the list of its outcome; `other` takes words of one's own."""

    code = "review_reason_missing"
    status = 422
    title = "请选择审核理由；选择“其他”的须填写说明"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a reviewer decides: the outcome, why, and the limit in fen where it is not the proposed one."""

    outcome: str
    codes: tuple[str, ...]
    note: str = ""
    limit_fen: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any], note: str) -> Verdict:
        """Read a verdict from what was proposed to a second person."""
        return cls(
            outcome=values["outcome"], codes=tuple(values["codes"]), limit_fen=values.get("limit_fen"), note=note
        )  # fmt: skip

    @property
    def values(self) -> dict[str, Any]:
        """Return what a second person is asked to agree to; the note goes as the reason."""
        return {"outcome": self.outcome, "codes": list(self.codes), "limit_fen": self.limit_fen}


def takes_two(case: ReviewCase) -> bool:
    """Tell whether a case is decided by two people: by its amount."""
    return case.amount_fen is not None and case.amount_fen >= two_people_from_fen()


def refuse_verdict(case: ReviewCase, verdict: Verdict) -> None:
    """Refuse what cannot be decided so.

    Raises:
        StateConflict: the case is decided, is none to grant or refuse, has checks that are open, or the limit is not within
            what was proposed.
        ReviewReasonMissing: see there.
    """
    if case.closed_at is not None or case.kind == WARNING:
        raise StateConflict("该事项已处理，或须在“早期预警”中关闭")
    known = REASONS.get((case.kind, verdict.outcome), {})
    if not verdict.codes or not set(verdict.codes) <= set(known):
        raise ReviewReasonMissing
    if NEEDS_WORDS & set(verdict.codes) and not verdict.note.strip():
        raise ReviewReasonMissing
    if verdict.limit_fen is not None and not (
        case.kind == APPLICATION and verdict.outcome == GRANTED and 0 < verdict.limit_fen <= (case.amount_fen or 0)
    ):
        raise StateConflict("核定额度须不低于产品起点金额，且不高于模型测算的额度")
    if verdict.outcome == GRANTED and ReviewTask.objects.filter(case=case, finished_at=None).exists():
        raise StateConflict("有未完成的补充核查，请完成或取消后再通过")
