"""What deciding costs over the engine alone: the exact facts in, the checks of what comes out, the kept path."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import zen

from bench.report import Finding, compared

TURNS: Final = 5
DECISIONS: Final = 2000
MICROSECONDS: Final = 1_000_000


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
    """Decide the same application with and without everything around the engine, in turns."""
    from lending.decision.decide import decide_full
    from lending.decision.exact_json import exact_json
    from lending.decision.facts import full_context
    from lending.decision.policy import PolicyFields
    from lending.decision.standard import standard_model

    facts, policy, model = _facts(), PolicyFields(), standard_model("full")
    content = zen.ZenDecisionContent(model.content)
    engine = zen.ZenEngine({"loader": lambda _: content})
    context = exact_json(full_context(facts, policy))

    def bare() -> None:
        engine.evaluate(model.key, context)

    def with_path() -> None:
        engine.evaluate(model.key, context, {"trace": True})

    def decided() -> None:
        decide_full(facts, policy)

    for one in (bare, with_path, decided):
        _timed(one, DECISIONS // 10)
    turns = [tuple(_timed(one, DECISIONS) for one in (bare, with_path, decided)) for _ in range(TURNS)]
    alone, traced, full = zip(*turns, strict=True)
    note = f"{DECISIONS} decisions a turn, one thread"
    return [
        compared(name="decision, against the engine alone", unit="µs", measured=full, baseline=alone, note=note),
        compared(name="  against the engine with its path", unit="µs", measured=full, baseline=traced),
    ]


def _timed(work: Callable[[], None], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times * MICROSECONDS
