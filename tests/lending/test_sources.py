"""What was answered outside, as it is kept and as decisions read it; the customer's words for every reason."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from lending.decision.facts import BureauFacts, ContributionFacts
from lending.decision.reasons import REASONS
from lending.operations.applying import ID_CHECK_REFUSALS, VENDOR_UNAVAILABLE
from lending.operations.deciding import CONSENT_MISSING, REFUSED
from lending.operations.offers import NO_ROOM, TOO_LATE
from lending.providers.government import Tax
from lending.reasons import OTHERS, reason_text
from lending.sources import bureau_content, bureau_facts, canonical, government_content, government_facts
from tests.lending.applicants import DATA, REPORT


class TestBureau:
    def test_content_is_plain_json_and_reads_back_as_facts(self) -> None:
        content = bureau_content(REPORT)
        assert json.loads(json.dumps(content)) == content
        assert bureau_facts(content) == BureauFacts(
            found=True,
            queries_3m=1,
            lenders=1,
            monthly_debt_payment_fen=1_000_00,
            card_utilisation=Decimal("0.25"),
            history_months=72,
            score=700,
        )

    def test_somebody_without_a_record_has_nothing_to_be_read(self) -> None:
        assert bureau_facts(bureau_content(replace(REPORT, found=False, score=None))) == BureauFacts(found=False)

    def test_the_same_content_has_the_same_bytes(self) -> None:
        content = bureau_content(REPORT)
        assert canonical(content) == canonical(dict(reversed(list(content.items()))))


class TestGovernment:
    def test_content_is_plain_json_and_reads_back_as_facts(self) -> None:
        content = government_content(DATA)
        assert json.loads(json.dumps(content)) == content
        facts = government_facts(content)
        assert facts.social_security == ContributionFacts(months_paid_24m=24, monthly_base_fen=10_000_00)
        assert (facts.housing_fund, facts.tax, facts.student_enrolled) == (None, None, False)

    def test_a_tax_assessment_is_a_monthly_income_of_its_year_rounded_half_up(self) -> None:
        taxed = replace(DATA, tax=Tax(annual_income_fen=100_000_06, tax_paid_fen=1_000_00))
        tax = government_facts(government_content(taxed)).tax
        assert tax == ContributionFacts(months_paid_24m=12, monthly_base_fen=8_333_34)

    def test_a_register_that_did_not_answer_says_nothing_of_enrolment(self) -> None:
        assert government_facts(government_content(replace(DATA, student=None))).student_enrolled is None


class TestReasonText:
    @pytest.mark.parametrize(
        "code",
        [*REASONS, *ID_CHECK_REFUSALS.values(), VENDOR_UNAVAILABLE, CONSENT_MISSING, REFUSED, NO_ROOM, TOO_LATE],
    )
    def test_exists_for_every_code_that_an_application_can_end_with(self, code: str) -> None:
        assert reason_text(code).endswith("。")

    def test_of_a_decision_is_never_overruled(self) -> None:
        assert not set(OTHERS) & set(REASONS)
