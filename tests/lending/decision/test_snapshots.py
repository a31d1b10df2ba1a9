"""Snapshots: canonical, strict to read, and the same decision again, bit for bit."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lending.decision.decide import FullDecision, decide_early, decide_full
from lending.decision.engine import DecisionModel
from lending.decision.facts import BureauFacts, ContributionFacts, EarlyFacts, FullFacts, GovernmentFacts
from lending.decision.policy import PolicyFields
from lending.decision.reasons import REASONS
from lending.decision.snapshots import SnapshotError, decision_bytes, read_snapshot, replay, snapshot
from lending.decision.standard import standard_content, standard_model
from tests.lending.decision.applicants import EARLY, FULL, TODAY, full, policy

_COUNTS = st.integers(0, 12)
_FEN = st.integers(0, 80_000_00)
_PAID = st.builds(ContributionFacts, months_paid_24m=st.integers(0, 24), monthly_base_fen=_FEN)

EARLIES = st.builds(
    EarlyFacts,
    on_date=st.just(TODAY),
    birth_date=st.dates(date(1950, 1, 1), date(2012, 12, 31)),
    id_valid_until_date=st.none() | st.dates(TODAY - timedelta(days=90), date(2046, 1, 1)),
    invited=st.booleans(),
    region_evidence=st.sampled_from([None, "id_address", "employer"]),
    student=st.booleans(),
    related_party=st.booleans(),
)
BUREAUS = st.none() | st.builds(
    BureauFacts,
    found=st.booleans(),
    overdue_now=st.sampled_from([0, 0, 0, 1]),
    overdue_12m=st.integers(0, 4),
    max_consecutive_24m=st.integers(0, 4),
    total_overdue_24m=st.integers(0, 8),
    queries_3m=_COUNTS,
    lenders=_COUNTS,
    monthly_debt_payment_fen=st.integers(0, 9_000_00),
    card_utilisation=st.none() | st.decimals("0", "1.5", places=4),
    history_months=st.integers(0, 200),
    score=st.none() | st.integers(0, 1000),
)
GOVERNMENTS = st.none() | st.builds(
    GovernmentFacts,
    social_security=st.none() | _PAID,
    housing_fund=st.none() | _PAID,
    tax=st.none() | _PAID,
    student_enrolled=st.none() | st.booleans(),
)
ANYBODY = st.builds(
    FullFacts,
    early=st.just(EARLY) | EARLIES,
    declared_monthly_income_fen=st.none() | _FEN,
    existing_credit_fen=st.integers(0, 220_000_00),
    invited_limit_fen=st.none() | st.integers(1, 300_000_00),
    bureau=BUREAUS,
    government=GOVERNMENTS,
    lpr_rate=st.decimals("0.5", "9", places=2),
    lpr_date=st.just(date(2025, 5, 20)),
    manual_review=st.sampled_from([False, False, False, True]),
)
RESPECTABLE = st.builds(
    FullFacts,
    early=st.just(EARLY),
    declared_monthly_income_fen=st.just(8_000_00),
    existing_credit_fen=st.integers(0, 150_000_00),
    invited_limit_fen=st.none() | st.integers(20_000_00, 300_000_00),
    bureau=st.builds(
        BureauFacts,
        found=st.sampled_from([True, True, False]),
        overdue_12m=st.integers(0, 2),
        queries_3m=st.integers(0, 6),
        lenders=st.integers(0, 5),
        monthly_debt_payment_fen=st.integers(0, 2_000_00),
        card_utilisation=st.none() | st.decimals("0", "1", places=4),
        history_months=st.integers(0, 200),
    ),
    government=st.builds(
        GovernmentFacts,
        social_security=st.builds(
            ContributionFacts,
            months_paid_24m=st.integers(6, 24),
            monthly_base_fen=st.integers(6_000_00, 40_000_00),
        ),
        housing_fund=st.none() | _PAID,
        tax=st.none() | _PAID,
        student_enrolled=st.none() | st.just(value=False),
    ),
    lpr_rate=st.decimals("2", "5", places=2),
    lpr_date=st.just(date(2025, 5, 20)),
)
POLICIES = st.builds(
    PolicyFields,
    invitation_only=st.sampled_from([False, False, False, True]),
    missing_source=st.sampled_from(["review", "skip"]),
    allow_thin_file=st.booleans(),
    min_score=st.integers(540, 700),
    grade_a_spread_bp=st.integers(-100, 2400),
    max_amount_fen=st.integers(10_000_00, 300_000_00),
    year_days=st.sampled_from([360, 365]),
    max_dti_percent=st.decimals("30", "100", places=2),
)


def _settings(examples: int) -> settings:
    """Make runs repeatable, without a file of earlier failures and without a clock."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )


def _stays_within(decision: FullDecision, facts: FullFacts, fields_: PolicyFields) -> bool:
    if decision.limit_fen is None or decision.annual_rate is None:
        return decision.outcome != "offered"
    return (
        fields_.min_amount_fen <= decision.limit_fen <= fields_.max_amount_fen
        and decision.limit_fen + facts.existing_credit_fen <= fields_.person_cap_fen
        and fields_.floor_rate <= decision.annual_rate <= fields_.effective_ceiling_rate
    )


class TestReplay:
    def test_makes_the_same_full_decision_bit_for_bit(self) -> None:
        outcomes = set()

        @_settings(200)
        @given(facts=RESPECTABLE | ANYBODY, fields_=POLICIES)
        def run(facts: FullFacts, fields_: PolicyFields) -> None:
            decision = decide_full(facts, fields_)
            again = replay(snapshot(facts, fields_))

            assert again == decision
            assert decision_bytes(again) == decision_bytes(decision)
            assert _stays_within(decision, facts, fields_)
            assert (decision.outcome == "offered") is (decision.reasons == ())
            assert facts.bureau is not None or decision.outcome != "offered"
            outcomes.add(decision.outcome)

        run()
        assert outcomes == {"offered", "rejected", "review"}

    @_settings(50)
    @given(facts=EARLIES, fields_=POLICIES)
    def test_makes_the_same_early_decision_bit_for_bit(self, facts: EarlyFacts, fields_: PolicyFields) -> None:
        decision = decide_early(facts, fields_)
        assert replay(snapshot(facts, fields_)) == decision
        assert set(decision.reasons) <= set(REASONS)

    def test_with_a_banks_own_model_needs_that_model(self) -> None:
        content = standard_content("full")
        rating = next(node for node in content["nodes"] if node["id"] == "rating")["content"]["expressions"]
        rating[-1]["value"] = rating[-1]["value"].replace("520", "500")
        own = DecisionModel.of(bank="125", name="own", content=content)
        taken = snapshot(FULL, policy(), model=own)

        again = replay(taken, model=own)
        assert (again, again.model_version) == (decide_full(FULL, policy(), model=own), own.version)
        with pytest.raises(SnapshotError, match=own.version):
            replay(taken)


class TestSnapshot:
    def test_is_canonical_json_that_names_the_model(self) -> None:
        taken = snapshot(FULL, policy())
        document = json.loads(taken)

        assert taken == snapshot(full(), policy())
        assert document["model_version"] == standard_model("full").version
        assert document["facts"]["lpr_rate"] == "3.00"
        assert document["facts"]["bureau"]["card_utilisation"] == "0.35"
        assert document["policy"]["max_amount_fen"] == 200_000_00

    def test_comes_back_as_what_it_was(self) -> None:
        for facts in (EARLY, FULL, full(bureau=None, government=None, invited_limit_fen=5)):
            taken = read_snapshot(snapshot(facts, policy(floor_rate=Decimal("3.10"))))
            assert (taken.facts, str(taken.policy.floor_rate)) == (facts, "3.10")

    @pytest.mark.parametrize(
        "damage",
        [
            lambda document: document.update(form=2),
            lambda document: document.update(stage="late"),
            lambda document: document.pop("policy"),
            lambda document: document["facts"].pop("government"),
            lambda document: document["facts"].update(sex="F"),
            lambda document: document["facts"]["early"].update(birth_date="1990-13-01"),
            lambda document: document["facts"]["bureau"].update(lenders=-1),
            lambda document: document["policy"].update(min_age=5),
            lambda document: document["facts"].update(lpr_rate="three"),
            lambda document: document.update(facts=[]),
        ],
    )
    def test_that_is_damaged_is_refused(self, damage: Any) -> None:
        document = json.loads(snapshot(FULL, policy()))
        damage(document)
        with pytest.raises(SnapshotError):
            replay(json.dumps(document).encode())

    @pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff"])
    def test_that_is_none_is_refused(self, content: bytes) -> None:
        with pytest.raises(SnapshotError):
            read_snapshot(content)


class TestDecisionBytes:
    def test_hold_every_field_exactly(self) -> None:
        decision = decide_full(FULL, policy())
        document = json.loads(decision_bytes(decision))

        assert set(document) == {item.name for item in fields(decision)}
        assert (document["annual_rate"], document["limit_fen"]) == ("4.0000", 120_000_00)
        assert json.loads(document["trace"])["order"][0] == "facts"
