"""What deciding costs over the engine alone: the exact facts in, the checks of what comes out, the kept path."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import zen

from bench.report import Finding, compared

TURNS: Final = 5
DECISIONS: Final = 2000
MICROSECONDS: Final = 1_000_000
MILLISECONDS: Final = 1_000
LONGEST_MS: Final = 5.0
REPLAYED: Final = 10_000


def _facts() -> Any:
    from lending.decision.facts import BureauFacts, ContributionFacts, EarlyFacts, FullFacts, GovernmentFacts

    paid = ContributionFacts(months_paid_24m=24, monthly_base_fen=10_000_00)
    early = EarlyFacts(
        on_date=date(2026, 11, 20), birth_date=date(1991, 5, 6), id_valid_until_date=date(2040, 1, 1), invited=False,
        region_evidence="id_card", student=False, related_party=False,
    )  # fmt: skip
    bureau = BureauFacts(found=True, lenders=1, history_months=60, card_utilisation=Decimal("0.35"), score=700)
    return FullFacts(
        early=early, declared_monthly_income_fen=12_000_00, existing_credit_fen=0, invited_limit_fen=None, bureau=bureau,
        government=GovernmentFacts(social_security=paid, housing_fund=paid, tax=paid, student_enrolled=False),
        lpr_rate=Decimal("3.0000"), lpr_date=date(2026, 10, 20),
    )  # fmt: skip


def measure() -> list[Finding]:
    """Decide the same application with and without everything around the engine, by two models, and replay many."""
    from lending.decision.engine import DecisionModel
    from lending.decision.four_sources import four_source_content
    from lending.decision.standard import standard_model

    four = DecisionModel.of(bank="125", name="four", content=four_source_content())
    return [*_decided("standard", standard_model("full")), *_decided("four sources", four), *_replayed()]


def _decided(title: str, model: Any) -> list[Finding]:
    from lending.decision.decide import decide_full
    from lending.decision.exact_json import exact_json
    from lending.decision.facts import full_context
    from lending.decision.policy import PolicyFields

    facts, policy = _facts(), PolicyFields()
    content = zen.ZenDecisionContent(model.content)
    engine = zen.ZenEngine({"loader": lambda _: content})
    told = full_context(facts, policy)
    context = exact_json(told if title != "standard" else {name: told[name] for name in told if name != "sources"})

    def bare() -> None:
        engine.evaluate(model.key, context)

    def with_path() -> None:
        engine.evaluate(model.key, context, {"trace": True})

    def decided() -> None:
        decide_full(facts, policy, model=model)

    for one in (bare, with_path, decided):
        _timed(one, DECISIONS // 10)
    turns = [tuple(_timed(one, DECISIONS) for one in (bare, with_path, decided)) for _ in range(TURNS)]
    alone, traced, full = zip(*turns, strict=True)
    note = f"{DECISIONS} decisions a turn, one thread"
    started = time.process_time()
    for _ in range(DECISIONS):
        decided()
    each_ms = (time.process_time() - started) / DECISIONS * MILLISECONDS
    spent = "processor time, without storage"
    return [
        Finding(name=f"decision, {title}", unit="ms", measured=each_ms, at_most=LONGEST_MS, note=spent),
        compared(name="  against the engine alone", unit="µs", measured=full, baseline=alone, note=note),
        compared(name="  against the engine with its path", unit="µs", measured=full, baseline=traced),
    ]


def _replayed() -> list[Finding]:
    """Make decisions again from their snapshots, byte for byte; what a replay costs beside storage."""
    from lending.decision.decide import decide_full
    from lending.decision.policy import PolicyFields
    from lending.decision.snapshots import decision_bytes, replay, snapshot

    policy, facts = PolicyFields(), _facts()
    taken = []
    for number in range(REPLAYED):
        one = replace(facts, bureau=replace(facts.bureau, overdue_12m=number % 4, queries_3m=number % 9,
                                            history_months=number % 90))  # fmt: skip
        taken.append((snapshot(one, policy), decision_bytes(decide_full(one, policy))))
    started = time.perf_counter()
    different = sum(decision_bytes(replay(content)) != recorded for content, recorded in taken)
    seconds = time.perf_counter() - started
    note = f"{REPLAYED} decisions from their snapshots in {seconds:.1f} s"
    return [Finding(name="replay, decisions that differ", unit="", measured=float(different), at_most=0.0, note=note)]


def _timed(work: Callable[[], None], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times * MICROSECONDS
