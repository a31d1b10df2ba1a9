"""A bank's own models: the four-source scorecard with each source missing, and what is locked against any model."""

from __future__ import annotations

import json
from datetime import date
from itertools import product
from typing import Any

import pytest

from lending.decision.decide import FullDecision, decide_full
from lending.decision.engine import DecisionModel, read_trace
from lending.decision.facts import FullFacts, SourceFacts
from lending.decision.four_sources import four_source_content
from lending.decision.lint import lint
from lending.decision.snapshots import decision_bytes, read_snapshot, replay, snapshot
from lending.decision.standard import standard_content, standard_model
from tests.lending.decision.applicants import BUREAU, full, policy
from tests.lending.models.making import lenient

FOUR = DecisionModel.of(bank="125", name="four", content=four_source_content())
HOSTILE = DecisionModel.of(bank="125", name="hostile", content=lenient())
ALL = SourceFacts(social_a_score=700, social_b_score=820, payment_score=510)
POINTS = {"social_a": (680, 20), "social_b": (760, 15), "payment": (600, 25), "bureau": (725, 40)}
"""Points and weight of each source for these scores and this report, by the template's tables."""


def _facts(there: frozenset[str], **changes: Any) -> FullFacts:
    """Return an applicant of whom only some sources are there."""
    scores = {f"{name}_score": getattr(ALL, f"{name}_score") for name in there - {"bureau"}}
    report = BUREAU if "bureau" in there else None
    return full(sources=SourceFacts(**scores), bureau=report, **changes)


def _decide(facts: FullFacts) -> FullDecision:
    return decide_full(facts, policy(), model=FOUR)


class TestFourSources:
    """A4-10: two social scores, one payment score, the credit report, and a combiner; a missing source is never zero."""

    def test_template_passes_the_lint(self) -> None:
        assert lint(four_source_content()) == []

    def test_weighs_all_four(self) -> None:
        decision = _decide(_facts(frozenset(POINTS)))
        assert (decision.outcome, decision.reasons) == ("offered", ())
        assert decision.score == (680 * 20 + 760 * 15 + 600 * 25 + 725 * 40) // 100

    @pytest.mark.parametrize(
        "there", [frozenset(name for name, on in zip(POINTS, chosen, strict=True) if on)
                  for chosen in product([False, True], repeat=4) if not all(chosen)]
    )  # fmt: skip
    def test_skips_each_that_is_missing_and_leaves_the_rest_to_a_person(self, there: frozenset[str]) -> None:
        decision = _decide(_facts(there))
        weight = sum(POINTS[name][1] for name in there)
        expected = sum(POINTS[name][0] * POINTS[name][1] for name in there) // weight if there else None
        assert decision.outcome == "review"
        assert "source_unavailable" in decision.reasons
        assert decision.score == expected

    def test_still_rejects_where_a_source_is_missing(self) -> None:
        decision = _decide(_facts(frozenset(POINTS) - {"payment"}, overdue_now=1))
        assert (decision.outcome, decision.reasons) == ("rejected", ("current_overdue", "source_unavailable"))

    def test_keeps_what_each_sub_model_gave_in_the_path(self) -> None:
        told = read_trace(_decide(_facts(frozenset(POINTS))).trace)["data"]
        assert told["sub-bureau"]["sub.bureau.points"]["result"] == POINTS["bureau"][0]
        assert told["sub-payment"]["reference_map"]["sources.payment_score"] == ALL.payment_score
        assert told["combiner"]["combined.weight"]["result"] == 100

    def test_replays_bit_for_bit(self) -> None:
        for there in (frozenset(POINTS), frozenset({"bureau"}), frozenset()):
            facts = _facts(there)
            decision = _decide(facts)
            again = replay(snapshot(facts, policy(), model=FOUR), model=FOUR)
            assert decision_bytes(again) == decision_bytes(decision)


class TestLaterFacts:
    def test_are_not_told_to_a_model_that_does_not_declare_them(self) -> None:
        with_sources, without = full(sources=ALL), full()
        assert decide_full(with_sources, policy()) == decide_full(without, policy())

    def test_leave_earlier_snapshots_as_they_were(self) -> None:
        document = json.loads(snapshot(full(), policy()))
        assert "sources" not in document["facts"]
        assert read_snapshot(snapshot(full(sources=ALL), policy())).facts == full(sources=ALL)

    def test_leave_the_standard_model_as_it_was(self) -> None:
        assert standard_model("full").version == "standard-full-b37f57f6b1edc7d4"
        assert standard_model("early").version == "standard-early-7956288fbad3343b"


class TestLocked:
    """LN-18, LN-04, ACC-12, ACC-13, AML-07: what the law refuses is refused whatever a bank's own model says."""

    def test_the_hostile_model_passes_the_lint_and_offers_to_the_overdue(self) -> None:
        assert lint(lenient()) == []
        assert decide_full(full(overdue_now=9), policy(), model=HOSTILE).outcome == "offered"

    @pytest.mark.parametrize(
        ("changes", "code", "outcome"),
        [
            ({"related_party": True}, "related_party", "rejected"),
            ({"region_evidence": None}, "region_not_served", "rejected"),
            ({"birth_date": date(2010, 1, 1)}, "too_young", "rejected"),
            ({"id_valid_until_date": date(2026, 11, 19)}, "id_expired", "rejected"),
            ({"bureau": None}, "bureau_unavailable", "review"),
            ({"manual_review": True}, "manual_review", "review"),
        ],
    )
    def test_holds_against_it(self, changes: dict[str, Any], code: str, outcome: str) -> None:
        decision = decide_full(full(**changes), policy(), model=HOSTILE)
        assert (decision.outcome, decision.reasons) == (outcome, (code,))

    def test_a_whole_number_that_a_division_left_is_one(self) -> None:
        content = standard_content("full")
        rating = next(node for node in content["nodes"] if node["id"] == "rating")["content"]["expressions"]
        rating[-1]["value"] = f"floor(({rating[-1]['value']}) * 10 / 10)"
        decision = decide_full(full(), policy(), model=DecisionModel.of(bank="125", name="own", content=content))
        assert decision.score == decide_full(full(), policy()).score
        assert isinstance(decision.score, int)
