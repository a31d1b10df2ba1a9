"""Applying: the version in force, the rules that need no bureau, the national ID check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.clock import business_date, now
from core.errors import InvalidRequest, NotFound, StateConflict, TooManyRequests
from core.evidence.models import EvidenceLeaf
from core.gateway import RetryAfter
from core.steps.models import Step
from core.tenancy import PROVINCE, at, in_bank
from lending import operations, queries
from lending.models import Application, CreditLine, Decision, Invitation, Product, RelatedParty
from lending.queries.products import invited_index, related_index
from tenants import directory
from tenants.models import Bank
from tests.lending.applicants import (
    INCOME,
    Outside,
    again,
    change_product,
    due_now,
    make_customer,
    start,
)
from verification import queries as verified
from verification.models import Check
from verification.providers.id_check import IdCheckAnswer, IdCheckResult

RunSteps = Callable[..., int]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ELSEWHERE = {"region": "510104"}


def _id_number(customer_id: Any) -> str:
    identity = verified.identity(customer_id)
    assert identity is not None
    return identity.id_number


class TestStartApplication:
    def test_begins_under_the_version_in_force_and_owes_the_id_check(self, outside: Outside) -> None:
        application = start(make_customer())
        assert application.status == "checking"
        assert application.product_version == queries.version_in_force("XF01")
        assert Step.objects.filter(kind="verification.check_id").count() == 1
        assert outside.calls == []

    def test_records_that_the_rules_were_passed(self, outside: Outside) -> None:
        application = start(make_customer())
        decision = Decision.objects.get(application=application)
        assert (decision.stage, decision.outcome, decision.reason_codes) == ("early", "passed", [])
        assert EvidenceLeaf.objects.filter(subject=application.pk.hex, kind="lending.decision").count() == 1

    def test_is_refused_to_somebody_who_is_not_registered(self, outside: Outside) -> None:
        from accounts.models import Customer

        customer_id = make_customer()
        Customer.objects.filter(pk=customer_id).update(stage="new")
        with pytest.raises(StateConflict):
            start(customer_id)

    def test_of_an_unknown_product_is_not_found(self, outside: Outside) -> None:
        with pytest.raises(NotFound):
            start(make_customer(), "XF99")

    def test_of_a_product_that_has_only_a_draft_is_not_found(self, outside: Outside) -> None:
        with transaction.atomic():
            operations.add_product(code="XF09", name="新产品", service_regions=["3207"], actor="pm")
        with pytest.raises(NotFound):
            start(make_customer(), "XF09")

    def test_of_a_closed_product_is_refused(self, outside: Outside) -> None:
        Product.objects.filter(code="XF01").update(is_open=False)
        with pytest.raises(operations.ProductClosed):
            start(make_customer())
        assert Application.objects.count() == 0

    def test_at_a_bank_that_is_suspended_is_refused(self, outside: Outside) -> None:
        customer_id = make_customer()
        with at(PROVINCE):
            Bank.objects.filter(code="125").update(stage="suspended")
        directory.forget()
        with pytest.raises(operations.ProductClosed):
            start(customer_id)

    @pytest.mark.parametrize("purpose", ["house_purchase", "securities", "relending", "turnover", "拿去炒股"])
    def test_for_a_purpose_that_the_product_does_not_serve_is_refused(self, outside: Outside, purpose: str) -> None:
        with pytest.raises(queries.PurposeForbidden):
            start(make_customer(), purpose=purpose)

    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({}, "facts.income"),
            ({"income": {}}, "facts.income.monthly"),
            ({"income": {"monthly": "12,000"}}, "facts.income.monthly"),
            ({**INCOME, "marital_status": "married"}, "facts.marital_status"),
            ({**INCOME, "employer": {"name": "样例公司", "region_code": "32"}}, "facts.employer.region_code"),
        ],
    )
    def test_with_facts_that_the_product_does_not_ask_for_is_unreadable(
        self, outside: Outside, facts: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            start(make_customer(), facts=facts)
        assert list(refusal.value.errors) == [field]
        assert Application.objects.count() == 0

    def test_too_often_within_a_day_is_refused(self, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lending.parameters.applications_per_day", lambda: 2)
        customer_id = make_customer()
        for _ in range(2):
            start(customer_id)
        with pytest.raises(TooManyRequests):
            start(customer_id)

    def test_with_a_line_of_the_product_standing_is_refused(
        self, decided: Callable[..., Application], outside: Outside
    ) -> None:
        application = decided()
        operations.accept_offer(application_id=application.pk, customer_id=application.customer_id)
        with pytest.raises(StateConflict):
            start(application.customer_id)
        CreditLine.objects.update(valid_until_date=business_date() - timedelta(days=1), starts_date=date(2020, 1, 1))
        assert start(application.customer_id).status == "checking"


class TestEarlyRefusal:
    """Who is refused by the rules costs no outside call at all."""

    def _refused(self, outside: Outside, run_steps: RunSteps, application: Application, *codes: str) -> None:
        run_steps()
        assert (application.status, application.reason_codes) == ("rejected", list(codes))
        assert application.decided_at is not None
        assert outside.calls == []
        assert Check.objects.count() == 0
        decision = Decision.objects.get(application=application)
        assert (decision.stage, decision.outcome, decision.reason_codes) == ("early", "rejected", list(codes))

    def test_of_somebody_without_a_tie_to_the_region(self, outside: Outside, run_steps: RunSteps) -> None:
        application = start(make_customer(**ELSEWHERE))
        self._refused(outside, run_steps, application, "region_not_served")

    @pytest.mark.parametrize(
        "facts",
        [
            {"employer": {"name": "连云港样例公司", "region_code": "320706", "evidence": "社保缴费证明"}},
            {"residence": {"region_code": "320722", "since": "2020-01-01", "evidence": "居住证"}},
        ],
    )
    def test_not_of_somebody_who_shows_a_tie(self, outside: Outside, facts: dict[str, Any]) -> None:
        application = start(make_customer(**ELSEWHERE), facts={**INCOME, **facts})
        assert application.status == "checking"

    def test_of_somebody_who_claims_a_tie_without_evidence(self, outside: Outside, run_steps: RunSteps) -> None:
        facts = {**INCOME, "employer": {"name": "连云港样例公司", "region_code": "320706"}}
        application = start(make_customer(**ELSEWHERE), facts=facts)
        self._refused(outside, run_steps, application, "region_not_served")

    def test_of_somebody_too_young(self, outside: Outside, run_steps: RunSteps) -> None:
        born = date(business_date().year - 20, 1, 1)
        self._refused(outside, run_steps, start(make_customer(birth_date=born)), "too_young")

    def test_of_somebody_too_old(self, outside: Outside, run_steps: RunSteps) -> None:
        born = date(business_date().year - 62, 1, 1)
        self._refused(outside, run_steps, start(make_customer(birth_date=born)), "too_old")

    @pytest.mark.parametrize("occupation", ["学生", "在校大学生", "全日制研究生"])
    def test_of_a_student(self, outside: Outside, run_steps: RunSteps, occupation: str) -> None:
        self._refused(outside, run_steps, start(make_customer(occupation=occupation)), "student")

    @pytest.mark.parametrize(("days", "code"), [(-1, "id_expired"), (29, "id_expiring_soon")])
    def test_of_an_id_card_that_ends(self, outside: Outside, run_steps: RunSteps, days: int, code: str) -> None:
        ends = business_date() + timedelta(days=days)
        self._refused(outside, run_steps, start(make_customer(valid_until=ends)), code)

    def test_of_a_related_party_of_the_bank(self, outside: Outside, run_steps: RunSteps) -> None:
        customer_id = make_customer()
        number = _id_number(customer_id)
        row = RelatedParty.objects.create(
            name="林样例", id_number=number, id_number_index=related_index(number), relation="director"
        )
        self._refused(outside, run_steps, start(customer_id), "related_party")
        RelatedParty.objects.filter(pk=row.pk).update(removed_at=now())
        assert start(customer_id).status == "checking"

    def test_of_somebody_whom_the_bank_has_not_invited(self, outside: Outside, run_steps: RunSteps) -> None:
        change_product("XF03", invitation_only=True)
        self._refused(outside, run_steps, start(make_customer(), "XF03"), "not_invited")

    def test_not_of_somebody_whom_the_bank_has_invited_until_the_invitation_ends(self, outside: Outside) -> None:
        version = change_product("XF03", invitation_only=True)
        customer_id = make_customer()
        number = _id_number(customer_id)
        row = Invitation.objects.create(
            product_id=version.product_id, id_number=number, id_number_index=invited_index(number),
            valid_until_date=business_date(),
        )  # fmt: skip
        assert start(customer_id, "XF03").status == "checking"
        Invitation.objects.filter(pk=row.pk).update(valid_until_date=business_date() - timedelta(days=1))
        assert start(customer_id, "XF03").reason_codes == ["not_invited"]

    def test_names_every_reason(self, outside: Outside, run_steps: RunSteps) -> None:
        application = start(make_customer(**ELSEWHERE, occupation="学生"))
        self._refused(outside, run_steps, application, "region_not_served", "student")


class TestIdCheck:
    def test_that_agrees_leads_to_the_face(self, outside: Outside, run_steps: RunSteps) -> None:
        application = start(make_customer())
        run_steps()
        assert again(application).status == "face"
        check = Check.objects.get(business_id=application.pk.hex)
        assert (check.kind, check.purpose, check.outcome) == ("id_check", "apply", "match")

    @pytest.mark.parametrize(
        ("result", "code"),
        [(IdCheckResult.NAME_MISMATCH, "id_mismatch"), (IdCheckResult.NOT_FOUND, "id_not_found")],
    )
    def test_that_does_not_agree_refuses_each_result_by_its_own_code(
        self, outside: Outside, run_steps: RunSteps, result: IdCheckResult, code: str
    ) -> None:
        outside.id_check = IdCheckAnswer(result=result)
        application = start(make_customer())
        run_steps()
        application = again(application)
        assert (application.status, application.reason_codes, application.retryable) == ("rejected", [code], False)
        assert outside.named("bureau") == []

    def test_that_gives_no_answer_in_time_can_be_tried_again(
        self, outside: Outside, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outside.id_check = RetryAfter("id_check", "check")
        application = start(make_customer())
        run_steps()
        assert again(application).status == "checking"
        Check.objects.update(asked_at=now() - timedelta(hours=1))
        due_now()
        run_steps()
        application = again(application)
        assert (application.status, application.reason_codes, application.retryable) == (
            "rejected", ["vendor_unavailable"], True,
        )  # fmt: skip


class TestAnApplicationKeepsItsVersion:
    def test_whatever_is_published_meanwhile(self, outside: Outside) -> None:
        application = start(make_customer())
        change_product("XF01", grade_a_spread_bp=150)
        assert again(application).product_version.number == 1
        assert start(make_customer()).product_version.number == 2

    def test_by_trigger(self, outside: Outside) -> None:
        application = start(make_customer())
        other = change_product("XF01", grade_a_spread_bp=150)
        with pytest.raises(IntegrityError, match="keeps"), transaction.atomic():
            Application.objects.filter(pk=application.pk).update(product_version=other)


class TestAccessApplication:
    def test_is_the_customers_own_only(self, outside: Outside) -> None:
        application = start(make_customer())
        assert queries.access_application(application.customer_id, application.pk.hex) == application
        for customer_id, text in [
            (make_customer(), application.pk.hex),
            (application.customer_id, "0" * 32),
            (application.customer_id, "nonsense"),
        ]:
            with pytest.raises(NotFound):
                queries.access_application(customer_id, text)

    def test_knows_nothing_of_another_banks_application(self, outside: Outside) -> None:
        application = start(make_customer())
        with in_bank("116"), pytest.raises(NotFound):
            queries.access_application(application.customer_id, application.pk.hex)
