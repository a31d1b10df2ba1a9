"""Admission by bureau and government data, rating, limit and price, each at its boundary."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lending.decision.decide import FullDecision, decide_full
from lending.decision.engine import DecisionModel, DecisionOutputError, read_trace
from lending.decision.facts import BureauFacts, FactsError
from lending.decision.standard import standard_content
from tests.lending.decision.applicants import FULL, full, government, paid, policy

THIN = BureauFacts(found=False)


def _decide(facts: dict[str, Any], fields: dict[str, Any] | None = None) -> FullDecision:
    decision = decide_full(full(**facts), policy(**(fields or {})))
    has_terms = decision.limit_fen is not None
    assert (decision.annual_rate is not None) is has_terms
    assert (decision.term_months is not None) is has_terms
    assert has_terms or decision.outcome != "offered"
    assert (decision.reasons == ()) is (decision.outcome == "offered")
    return decision


def _with_expression(node_id: str, key: str, value: str) -> DecisionModel:
    content = standard_content("full")
    node = next(node for node in content["nodes"] if node["id"] == node_id)
    for expression in node["content"]["expressions"]:
        if expression["key"] == key:
            expression["value"] = value
    return DecisionModel.of(bank="125", name="own", content=content)


class TestAdmission:
    def test_a_good_applicant_is_offered_exact_terms(self) -> None:
        decision = _decide({})

        assert (decision.outcome, decision.score, decision.grade) == ("offered", 775, "A")
        assert (decision.limit_fen, decision.term_months) == (120_000_00, 12)
        assert str(decision.annual_rate) == "4.0000"

    @pytest.mark.parametrize(
        ("facts", "fields", "reasons"),
        [
            ({"overdue_now": 1}, {}, ("current_overdue",)),
            ({"overdue_now": 1}, {"reject_current_overdue": False}, ()),
            ({"overdue_12m": 2}, {}, ()),
            ({"overdue_12m": 3}, {}, ("overdue_history",)),
            ({"max_consecutive_24m": 2}, {}, ()),
            ({"max_consecutive_24m": 3}, {}, ("overdue_streak",)),
            ({"total_overdue_24m": 5}, {}, ()),
            ({"total_overdue_24m": 6}, {}, ("overdue_streak",)),
            ({"queries_3m": 6}, {}, ()),
            ({"queries_3m": 7}, {}, ("too_many_queries",)),
            ({"lenders": 5}, {}, ()),
            ({"lenders": 6}, {}, ("too_many_lenders",)),
            ({"monthly_debt_payment_fen": 6_000_00}, {}, ()),
            ({"monthly_debt_payment_fen": 6_000_01}, {}, ("dti_too_high",)),
            ({"monthly_debt_payment_fen": 6_500_00}, {"max_dti_percent": Decimal("65.0")}, ()),
            ({"existing_credit_fen": 199_000_00}, {}, ()),
            ({"existing_credit_fen": 199_000_01}, {}, ("credit_cap_reached",)),
            ({"existing_credit_fen": 250_000_00}, {}, ("credit_cap_reached",)),
            ({"invited_limit_fen": 1_000_00}, {}, ()),
            ({"invited_limit_fen": 999_99}, {}, ("limit_below_minimum",)),
            ({"student": True}, {}, ("student",)),
            ({"government": government(student_enrolled=True)}, {}, ("student",)),
            ({"government": government(student_enrolled=True)}, {"reject_students": False}, ()),
            ({"government": government(student_enrolled=None)}, {}, ()),
            ({"related_party": True}, {}, ("related_party",)),
            ({"region_evidence": None}, {}, ("region_not_served",)),
        ],
    )
    def test_each_rejecting_rule_at_its_boundary(
        self, facts: dict[str, Any], fields: dict[str, Any], reasons: tuple[str, ...]
    ) -> None:
        decision = _decide(facts, fields)

        assert decision.reasons == reasons
        assert decision.outcome == ("rejected" if reasons else "offered")

    def test_all_reasons_are_collected_and_a_rejection_beats_a_review(self) -> None:
        decision = _decide({"overdue_now": 1, "queries_3m": 9, "lenders": 9, "manual_review": True})

        assert decision.reasons == (
            "current_overdue",
            "too_many_queries",
            "too_many_lenders",
            "manual_review",
        )
        assert decision.outcome == "rejected"

    def test_the_score_must_reach_the_cut_off(self) -> None:
        assert _decide({}, {"min_score": 775}).outcome == "offered"
        rejected = _decide({}, {"min_score": 776})
        assert (rejected.reasons, rejected.score, rejected.limit_fen) == (("score_too_low",), 775, None)

    def test_a_score_below_every_grade_is_too_low_and_nothing_else(self) -> None:
        decision = _decide(
            {
                "overdue_12m": 2,
                "queries_3m": 6,
                "lenders": 5,
                "card_utilisation": Decimal(1),
                "history_months": 1,
            },
        )
        assert (decision.score, decision.grade) == (520 - 20 + 0 + 0 - 30 + 0 + 50, None)
        assert decision.reasons == ("score_too_low",)


class TestMissingSources:
    def test_without_a_credit_report_nothing_is_ever_approved(self) -> None:
        for missing_source in ("review", "skip"):
            decision = _decide({"bureau": None}, {"missing_source": missing_source})
            assert (decision.outcome, decision.reasons) == ("review", ("bureau_unavailable",))
            assert (decision.score, decision.grade, decision.limit_fen) == (None, None, None)

    def test_not_even_by_a_model_that_has_no_such_rule(self) -> None:
        model = _with_expression("checks", "checks.bureau_unavailable", "false")
        decision = decide_full(full(bureau=None), policy(), model=model)
        assert (decision.outcome, decision.reasons) == ("review", ("bureau_unavailable",))

    def test_without_a_credit_report_a_certain_rejection_stays_one(self) -> None:
        decision = _decide({"bureau": None, "student": True})
        assert (decision.outcome, decision.reasons) == ("rejected", ("student", "bureau_unavailable"))

    def test_without_government_data_an_approval_becomes_a_review_with_proposed_terms(self) -> None:
        decision = _decide({"government": None})

        assert (decision.outcome, decision.reasons) == ("review", ("government_unavailable",))
        assert (decision.score, decision.grade) == (725, "A")
        assert decision.limit_fen == 57_600_00  # 8,000.00 declared x 60 % x 12, down to the hundred

    def test_without_government_data_its_rules_are_skipped_where_the_policy_says_so(self) -> None:
        assert _decide({"government": None}, {"missing_source": "skip"}).outcome == "offered"

    def test_without_government_data_a_rejection_stays_one(self) -> None:
        decision = _decide({"government": None, "overdue_now": 1})
        assert decision.outcome == "rejected"

    def test_without_any_income_a_person_decides(self) -> None:
        decision = _decide(
            {"declared_monthly_income_fen": None, "government": government(social_security=None)},
        )
        assert (decision.outcome, decision.reasons) == ("review", ("income_unknown",))
        assert decision.limit_fen is None

    def test_an_income_of_nothing_is_known_and_too_little(self) -> None:
        decision = _decide(
            {
                "declared_monthly_income_fen": 0,
                "monthly_debt_payment_fen": 0,
                "government": government(social_security=None),
            },
        )
        assert decision.reasons == ("limit_below_minimum",)

    def test_a_case_kept_for_a_person_says_nothing_of_why(self) -> None:
        decision = _decide({"manual_review": True})
        assert (decision.outcome, decision.reasons) == ("review", ("manual_review",))
        assert decision.limit_fen == 120_000_00

    def test_a_customer_without_cards_has_no_utilisation_and_no_points_for_it(self) -> None:
        assert _decide({"card_utilisation": None}).score == 775 - 25


class TestThinFile:
    def test_no_credit_record_is_a_branch_with_a_substitute_score_and_a_lower_cap(self) -> None:
        decision = _decide({"bureau": THIN})

        assert (decision.outcome, decision.score, decision.grade) == ("offered", 560 + 50, "C")
        assert decision.limit_fen == 20_000_00

    def test_it_is_a_rejection_where_the_product_wants_a_record(self) -> None:
        decision = _decide({"bureau": THIN}, {"allow_thin_file": False})
        assert (decision.outcome, decision.reasons) == ("rejected", ("no_credit_record",))
        assert decision.score is None

    @pytest.mark.parametrize("missing_source", ["review", "skip"])
    def test_without_government_data_there_is_nothing_to_score_and_a_person_decides(self, missing_source: str) -> None:
        decision = _decide({"bureau": THIN, "government": None}, {"missing_source": missing_source})
        assert (decision.outcome, decision.reasons) == ("review", ("government_unavailable",))
        assert decision.score is None

    def test_figures_beside_no_record_are_not_looked_at(self) -> None:
        strange = BureauFacts(found=False, overdue_now=5, queries_3m=99, lenders=99)
        assert _decide({"bureau": strange}) == _decide({"bureau": THIN})


class TestScore:
    @pytest.mark.parametrize(
        ("facts", "points"),
        [
            ({"overdue_12m": 0}, 0),
            ({"overdue_12m": 1}, -40),
            ({"overdue_12m": 2}, -80),
            ({"overdue_12m": 3}, -140),
            ({"queries_3m": 1}, 0),
            ({"queries_3m": 2}, -15),
            ({"queries_3m": 3}, -15),
            ({"queries_3m": 4}, -40),
            ({"queries_3m": 6}, -40),
            ({"queries_3m": 7}, -80),
            ({"lenders": 1}, 0),
            ({"lenders": 2}, -10),
            ({"lenders": 3}, -10),
            ({"lenders": 4}, -30),
            ({"lenders": 6}, -60),
            ({"card_utilisation": Decimal("0.2999")}, 15),
            ({"card_utilisation": Decimal("0.3")}, 0),
            ({"card_utilisation": Decimal("0.6")}, -25),
            ({"card_utilisation": Decimal("0.8")}, -55),
            ({"history_months": 59}, -20),
            ({"history_months": 24}, -20),
            ({"history_months": 23}, -35),
            ({"history_months": 11}, -50),
            ({"government": government(social_security=paid(23))}, -20),
            ({"government": government(social_security=paid(12))}, -20),
            ({"government": government(social_security=paid(11))}, -40),
            ({"government": government(social_security=paid(5))}, -50),
            ({"government": government(housing_fund=paid(12))}, 40),
            ({"government": government(housing_fund=paid(11))}, 20),
            ({"government": government(housing_fund=paid(5))}, 0),
            ({"government": government(social_security=None)}, -50),
        ],
    )
    def test_each_band_at_its_edge(self, facts: dict[str, Any], points: int) -> None:
        assert _decide(facts).score == 775 + points


class TestGrade:
    @pytest.mark.parametrize(
        ("cut_offs", "grade", "rate", "limit_fen"),
        [
            ((775, 700, 650, 540), "A", "4.0000", 120_000_00),
            ((776, 775, 650, 540), "B", "4.8000", 90_000_00),
            ((900, 776, 775, 540), "C", "6.0000", 60_000_00),
            ((900, 850, 776, 775), "D", "7.2000", 30_000_00),
        ],
    )
    def test_decides_spread_and_income_multiple(
        self, cut_offs: tuple[int, ...], grade: str, rate: str, limit_fen: int
    ) -> None:
        names = ("grade_a_min_score", "grade_b_min_score", "grade_c_min_score", "grade_d_min_score")
        fields = dict(zip(names, cut_offs, strict=True)) | {"min_score": cut_offs[-1]}
        decision = _decide({}, fields)

        assert (decision.grade, str(decision.annual_rate), decision.limit_fen) == (grade, rate, limit_fen)


class TestLimit:
    @pytest.mark.parametrize(
        ("facts", "fields", "limit_fen"),
        [
            ({"government": government(social_security=paid(24, 10_008_32))}, {}, 120_000_00),
            ({"government": government(social_security=paid(24, 10_008_34))}, {}, 120_100_00),
            ({"government": government(social_security=paid(24, 50_000_00))}, {}, 200_000_00),
            ({"government": government(housing_fund=paid(0, 12_000_00))}, {}, 144_000_00),
            ({"government": government(tax=paid(0, 11_000_00))}, {}, 132_000_00),
            ({}, {"max_amount_fen": 50_050_00}, 50_000_00),
            ({}, {"max_amount_fen": 50_050_00, "limit_step_fen": 50_00}, 50_050_00),
            ({"existing_credit_fen": 150_000_00}, {}, 50_000_00),
            ({"existing_credit_fen": 150_000_01}, {}, 49_900_00),
            ({"invited_limit_fen": 33_333_33}, {}, 33_300_00),
            ({"invited_limit_fen": 500_000_00}, {}, 120_000_00),
            ({}, {"grade_a_income_multiple": Decimal("10.5")}, 105_000_00),
            ({"bureau": THIN}, {"thin_file_max_amount_fen": 30_000_00}, 30_000_00),
            ({"bureau": THIN}, {"max_amount_fen": 10_000_00}, 10_000_00),
        ],
    )
    def test_is_the_least_of_its_caps_rounded_down(
        self, facts: dict[str, Any], fields: dict[str, Any], limit_fen: int
    ) -> None:
        assert _decide(facts, fields).limit_fen == limit_fen

    def test_an_amount_of_seventeen_digits_stays_exact(self) -> None:
        base_fen = 999_999_999_999_99
        decision = _decide(
            {
                "government": government(social_security=paid(24, base_fen)),
                "invited_limit_fen": 9_999_999_999_99,
            },
            {"max_amount_fen": 10**12, "person_cap_fen": 10**12, "limit_step_fen": 1},
        )
        assert decision.limit_fen == 9_999_999_999_99


class TestPrice:
    @pytest.mark.parametrize(
        ("facts", "fields", "rate"),
        [
            ({"lpr_rate": Decimal("3.0000")}, {"grade_a_spread_bp": 420}, "7.2000"),
            ({"lpr_rate": Decimal("3.0")}, {"grade_a_spread_bp": 0}, "3.0000"),
            ({"lpr_rate": Decimal("3.0")}, {"grade_a_spread_bp": -30}, "3.0000"),
            (
                {"lpr_rate": Decimal("3.0")},
                {"grade_a_spread_bp": -30, "floor_rate": Decimal("2.5")},
                "2.7000",
            ),
            ({"lpr_rate": Decimal("3.45")}, {"grade_a_spread_bp": 1}, "3.4600"),
            ({"lpr_rate": Decimal("3.0")}, {"grade_a_spread_bp": 2400}, "23.6712"),
            ({"lpr_rate": Decimal("3.0")}, {"grade_a_spread_bp": 2400, "year_days": 365}, "24.0000"),
            (
                {"lpr_rate": Decimal("3.0")},
                {"grade_a_spread_bp": 900, "ceiling_rate": Decimal("9.6")},
                "9.6000",
            ),
        ],
    )
    def test_is_lpr_and_spread_within_floor_and_all_in_ceiling(
        self, facts: dict[str, Any], fields: dict[str, Any], rate: str
    ) -> None:
        assert str(_decide(facts, fields).annual_rate) == rate


class TestWhatNoModelMayAnswer:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("limit_yuan", "offer.limit_yuan"),
            ("limit_yuan", "string(round(offer.limit_yuan * 2, 2))"),
            ("limit_yuan", "string(-1)"),
            ("limit_yuan", "string(1.005)"),
            ("limit_yuan", "'many'"),
            ("annual_rate", "offer.annual_rate"),
            ("annual_rate", "'24.0001'"),
            ("annual_rate", "'2.9999'"),
            ("annual_rate", "'4.00001'"),
            ("annual_rate", "'NaN'"),
            ("annual_rate", "'x'"),
            ("term_months", "13"),
            ("term_months", "0"),
            ("term_months", "12.5"),
            ("score", "'775'"),
            ("score", "true"),
            ("scored", "1"),
            ("scored", "false"),
            ("grade", "'S'"),
            ("grade", "'none'"),
            ("reasons", "true"),
            ("reasons", "['student']"),
            ("reasons", "[{code: 'no_such_reason', effect: 'reject'}]"),
            ("reasons", "[{code: 'student', effect: 'review'}]"),
        ],
    )
    def test_is_an_error_and_no_decision(self, key: str, value: str) -> None:
        with pytest.raises(DecisionOutputError):
            decide_full(FULL, policy(), model=_with_expression("result", key, value))

    def test_a_limit_above_what_is_left_of_the_customers_cap_is_an_error(self) -> None:
        model = _with_expression("result", "limit_yuan", "'150000.00'")
        assert decide_full(FULL, policy(), model=model).limit_fen == 150_000_00
        for facts in (full(existing_credit_fen=60_000_00), full(invited_limit_fen=100_000_00)):
            with pytest.raises(DecisionOutputError, match="limit outside"):
                decide_full(facts, policy(), model=model)


class TestTrace:
    def test_shows_each_node_in_order_and_what_it_looked_at_in_little_room(self) -> None:
        decision = _decide({})
        trace = read_trace(decision.trace)

        assert trace["order"][0] == "facts"
        assert trace["order"][-2:] == ["result", "decision"]
        card = trace["data"]["card-utilisation"]
        assert card["reference_map"] == {"bureau.has_cards": True, "bureau.card_utilisation": 0.35}
        assert card["rule"]["_id"] == "card-utilisation-r2"
        assert len(decision.trace) < 2_000

    def test_is_the_same_bytes_for_the_same_decision(self) -> None:
        assert {_decide({}).trace for _ in range(20)} == {_decide({}).trace}


class TestFacts:
    @pytest.mark.parametrize("name", ["overdue_now", "queries_3m", "card_utilisation", "monthly_debt_payment_fen"])
    def test_negative_figures_are_a_defect_of_the_caller(self, name: str) -> None:
        with pytest.raises(FactsError, match=name):
            full(**{name: -1})

    def test_an_lpr_of_tomorrow_is_a_defect_of_the_caller(self) -> None:
        with pytest.raises(FactsError, match="LPR"):
            full(lpr_date=FULL.early.on_date.replace(day=21))
