"""Deciding: authorisations, face, watchlist, bureau, government data, then rating, limit and price."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.clock import business_date, now
from core.errors import StateConflict
from core.evidence.models import EvidenceLeaf
from core.gateway import UnknownOutcome
from core.steps.models import Step
from core.tenancy import in_bank
from lending import operations, queries
from lending.decision.snapshots import decision_bytes
from lending.models import (
    Application,
    BureauReport,
    CreditLine,
    Decision,
    DecisionModelText,
    GovernmentData,
    Invitation,
)
from lending.models.decision import FULL
from lending.operations import deciding
from lending.queries.products import invited_index
from lending.sources import canonical
from tests.lending.applicants import (
    DATA,
    REPORT,
    Outside,
    again,
    change_product,
    consent_to,
    due_now,
    face_token,
    make_customer,
    start,
    submit,
)
from verification import operations as verification
from verification import queries as verified
from verification.models import Check, Consent

RunSteps = Callable[..., int]
Decided = Callable[..., Application]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


@pytest.fixture
def waiting(outside: Outside, run_steps: RunSteps) -> Application:
    """Somebody whose application waits for the face."""
    application = start(make_customer())
    run_steps()
    return again(application)


def _submit(application: Application, token: str) -> Application:
    return operations.submit_application(
        application_id=application.pk, customer_id=application.customer_id, face_token=token
    )


class TestSubmitApplication:
    def test_asks_nothing_outside_by_itself(self, waiting: Application, outside: Outside) -> None:
        assert submit(waiting).status == "deciding"
        assert [name for name, _ in outside.calls] == ["id_check"]

    def test_without_every_authorisation_is_refused_and_the_face_stays_good(self, waiting: Application) -> None:
        consent_to(waiting, "credit_query", "data_query")
        token = face_token(waiting)
        with pytest.raises(verification.ConsentMissing) as refusal:
            _submit(waiting, token)
        assert set(refusal.value.errors) == {"bureau_reporting", "auto_debit", "e_sign"}
        assert again(waiting).status == "face"
        consent_to(waiting)
        assert _submit(waiting, token).status == "deciding"

    def test_takes_no_authorisation_that_was_given_for_another_application(
        self, waiting: Application, run_steps: RunSteps
    ) -> None:
        consent_to(waiting)
        other = start(waiting.customer_id, "XF03")
        run_steps()
        with pytest.raises(verification.ConsentMissing):
            _submit(again(other), face_token(other))

    @pytest.mark.parametrize("action", ["sign", "open_account"])
    def test_takes_no_face_of_another_act(self, waiting: Application, action: str) -> None:
        consent_to(waiting)
        with pytest.raises(verification.FaceTokenMismatch):
            _submit(waiting, face_token(waiting, action))
        assert again(waiting).status == "face"

    def test_takes_a_face_once(self, waiting: Application) -> None:
        consent_to(waiting)
        token = face_token(waiting)
        _submit(waiting, token)
        with pytest.raises(StateConflict):
            _submit(waiting, token)

    def test_before_the_id_check_is_refused(self, outside: Outside) -> None:
        application = start(make_customer())
        with pytest.raises(StateConflict):
            _submit(application, "x" * 40)

    def test_screens_in_the_same_transaction(self, waiting: Application) -> None:
        submit(waiting)
        check = Check.objects.get(business_id=waiting.pk.hex, kind="watchlist")
        assert (check.purpose, check.outcome) == ("apply", "clear")

    def test_of_somebody_listed_is_refused_neutrally_and_asks_no_bureau(
        self, waiting: Application, outside: Outside, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("verification.operations.screen_subject", lambda **_: "hit")
        rejected = submit(waiting)
        run_steps()
        assert (rejected.status, rejected.reason_codes) == ("rejected", ["refused"])
        assert outside.named("bureau") == []
        assert outside.named("government") == []

    def test_of_a_possible_match_ends_with_a_person_and_says_no_more(
        self, waiting: Application, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("verification.operations.screen_subject", lambda **_: "review")
        submit(waiting)
        run_steps()
        application = again(waiting)
        assert (application.status, application.reason_codes) == ("review", ["manual_review"])


class TestBureauReport:
    def test_is_asked_for_under_the_authorisation_of_this_application(self, decided: Decided, outside: Outside) -> None:
        application = decided()
        consent = Consent.objects.get(subject_id=application.customer_id, purpose="credit_query")
        (asked,) = outside.named("bureau")
        assert application.credit_query_consent_id == consent.pk
        assert asked["authorisation_id"] == consent.pk.hex
        assert asked["reason"].value == "02"
        row = BureauReport.objects.get(application=application)
        assert (row.authorisation_id, row.queries, row.report_number) == (consent.pk, 1, "BR1")
        assert bytes(row.content_sha256 or b"") == hashlib.sha256(canonical(row.content or {})).digest()

    def test_is_not_asked_for_once_the_authorisation_is_withdrawn(
        self, waiting: Application, outside: Outside, run_steps: RunSteps
    ) -> None:
        submit(waiting)
        consent = Consent.objects.get(subject_id=waiting.customer_id, purpose="credit_query")
        verification.withdraw_consent(subject_id=waiting.customer_id, consent_id=consent.pk)
        run_steps()
        application = again(waiting)
        assert (application.status, application.reason_codes) == ("rejected", ["consent_missing"])
        assert outside.named("bureau") == []

    def test_is_waited_for_until_the_banks_patience_ends(
        self, waiting: Application, outside: Outside, run_steps: RunSteps
    ) -> None:
        outside.bureau = UnknownOutcome("bureau", "report")
        submit(waiting)
        run_steps()
        assert again(waiting).status == "deciding"
        Step.objects.filter(kind="application.ask_bureau").update(created_at=now() - timedelta(hours=1))
        due_now()
        run_steps()
        application = again(waiting)
        assert (application.status, application.reason_codes, application.retryable) == (
            "rejected", ["vendor_unavailable"], True,
        )  # fmt: skip
        assert outside.named("government") == []
        assert BureauReport.objects.get(application=application).queries == 2

    def test_that_comes_late_is_taken(self, waiting: Application, outside: Outside, run_steps: RunSteps) -> None:
        outside.bureau = UnknownOutcome("bureau", "report")
        submit(waiting)
        run_steps()
        outside.bureau = REPORT
        due_now()
        run_steps()
        assert again(waiting).status == "offered"
        asked = outside.named("bureau")
        assert len(asked) == 2
        assert asked[0]["request_id"] == asked[1]["request_id"]


class TestGovernmentData:
    def test_are_asked_for_after_the_report(self, decided: Decided, outside: Outside) -> None:
        decided()
        assert [name for name, _ in outside.calls] == ["id_check", "bureau", "government"]

    @pytest.mark.parametrize(
        ("missing_source", "status", "codes"),
        [("review", "review", ["government_unavailable"]), ("skip", "offered", [])],
    )
    def test_that_do_not_come_leave_it_to_the_product(
        self, outside: Outside, run_steps: RunSteps, missing_source: str, status: str, codes: list[str]
    ) -> None:
        change_product("XF01", missing_source=missing_source)
        outside.government = UnknownOutcome("government", "data")
        application = start(make_customer())
        run_steps()
        submit(again(application))
        run_steps()
        Step.objects.filter(kind="application.ask_government").update(created_at=now() - timedelta(hours=1))
        due_now()
        run_steps()
        application = again(application)
        assert (application.status, application.reason_codes) == (status, codes)
        assert GovernmentData.objects.get(application=application).gave_up


class TestDecision:
    def test_offers_limit_price_and_term(self, decided: Decided) -> None:
        application = decided()
        decision = Decision.objects.get(application=application, stage=FULL)
        assert (application.status, application.reason_codes) == ("offered", [])
        assert application.offer_expires_date == business_date() + timedelta(days=30)
        assert (decision.outcome, decision.grade, decision.term_months) == ("offered", "A", 12)
        assert decision.limit_fen == 120_000_00  # twelve times the contribution base that the register confirms
        assert decision.annual_rate == Decimal("4.0000")  # LPR 3.00 and 100 basis points
        assert (decision.lpr_rate, decision.lpr_tenor, decision.lpr_date) == (
            Decimal("3.0000"), "1Y", date(2025, 5, 20),
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("report", "code"),
        [
            ({"overdue_now": 1, "overdue_12m": 1, "total_overdue_24m": 1}, "current_overdue"),
            ({"overdue_12m": 3, "total_overdue_24m": 3}, "overdue_history"),
            ({"max_consecutive_24m": 3, "overdue_12m": 2, "total_overdue_24m": 3}, "overdue_streak"),
            ({"queries_3m": 7}, "too_many_queries"),
            ({"lenders": 6}, "too_many_lenders"),
            ({"monthly_debt_payment_fen": 9_000_00}, "dti_too_high"),
        ],
    )
    def test_refuses_by_the_cut_offs_of_the_product(
        self, decided: Decided, outside: Outside, report: dict[str, Any], code: str
    ) -> None:
        outside.bureau = replace(REPORT, **report)
        application = decided()
        assert application.status == "rejected"
        assert code in application.reason_codes
        assert CreditLine.objects.count() == 0

    def test_takes_a_customer_without_a_record_for_a_small_line(self, decided: Decided, outside: Outside) -> None:
        outside.bureau = replace(
            REPORT, found=False, score=None, lenders=0, queries_3m=0, history_months=0, monthly_debt_payment_fen=0
        )
        application = decided()
        assert Decision.objects.get(application=application, stage=FULL).limit_fen == 20_000_00

    def test_refuses_who_is_enrolled_as_a_student(self, decided: Decided, outside: Outside) -> None:
        student = replace(DATA.student, enrolled=True) if DATA.student else None
        outside.government = replace(DATA, student=student)
        assert decided().reason_codes == ["student"]

    def test_never_goes_beyond_what_the_bank_has_promised_the_invited(self, outside: Outside, decided: Decided) -> None:
        version = change_product("XF03", invitation_only=True)
        customer_id = make_customer()
        identity = verified.identity(customer_id)
        assert identity is not None
        Invitation.objects.create(
            product_id=version.product_id, id_number=identity.id_number,
            id_number_index=invited_index(identity.id_number), limit_fen=30_000_00,
        )  # fmt: skip
        application = decided(customer_id, product="XF03")
        assert Decision.objects.get(application=application, stage=FULL).limit_fen == 30_000_00

    def test_is_on_record_and_in_the_evidence_log(self, decided: Decided) -> None:
        application = decided()
        for decision in Decision.objects.filter(application=application):
            leaf = EvidenceLeaf.objects.get(pk=decision.evidence_leaf)
            assert (leaf.kind, leaf.subject) == ("lending.decision", application.pk.hex)
            assert bytes(leaf.content_sha256) == hashlib.sha256(queries.content_of(decision)).digest()

    def test_is_made_once(self, decided: Decided, run_steps: RunSteps) -> None:
        application = decided()
        with transaction.atomic():
            deciding.decide(application_id=application.pk)
        assert Decision.objects.filter(application=application, stage=FULL).count() == 1

    def test_never_changes(self, decided: Decided) -> None:
        decided()
        changes: list[Callable[[], Any]] = [
            lambda: Decision.objects.update(outcome="rejected"),
            lambda: Decision.objects.all()._raw_delete("default"),
            lambda: DecisionModelText.objects.update(content="{}"),
        ]
        for change in changes:
            with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                change()

    def test_keeps_figures_sealed(self, decided: Decided) -> None:
        from django.db import connection

        application = decided()
        with connection.cursor() as cursor:
            for table in (
                "lending_decision",
                "lending_application",
                "lending_bureau_report",
                "lending_government_data",
            ):
                cursor.execute(f"SELECT string_agg(t::text, '') FROM {table} t")
                (text,) = cursor.fetchone()
                assert "12000.00" not in text
                assert "10000.00" not in text
                assert "monthly" not in text
        assert application.facts == {"income": {"monthly": "12000.00"}}


class TestReplayDecision:
    def test_gives_the_same_decision_bit_for_bit(self, decided: Decided) -> None:
        application = decided()
        rows = list(Decision.objects.filter(application=application))
        assert len(rows) == 2
        for row in rows:
            made_again = queries.replay_decision(row.pk)
            assert decision_bytes(made_again) == queries.recorded_decision(row.pk)
            assert made_again.model_version == row.model_id

    def test_of_a_refusal_too(self, decided: Decided, outside: Outside) -> None:
        outside.bureau = replace(REPORT, lenders=9)
        application = decided()
        row = Decision.objects.get(application=application, stage=FULL)
        assert decision_bytes(queries.replay_decision(row.pk)) == queries.recorded_decision(row.pk)

    def test_needs_nothing_but_what_was_recorded(self, decided: Decided, monkeypatch: pytest.MonkeyPatch) -> None:
        row = Decision.objects.get(application=decided(), stage=FULL)
        change_product("XF01", grade_a_spread_bp=170)
        monkeypatch.setattr("lending.decision.snapshots.standard_model", None)
        assert decision_bytes(queries.replay_decision(row.pk)) == queries.recorded_decision(row.pk)


class TestAChangeOfAProduct:
    def test_decides_the_next_application_and_none_that_is_on_its_way(
        self, outside: Outside, run_steps: RunSteps, decided: Decided
    ) -> None:
        first = start(make_customer())
        run_steps()
        change_product("XF01", grade_a_spread_bp=170, methods=["equal_principal"])
        submit(again(first))
        run_steps()
        second = decided()
        rates = [
            Decision.objects.get(application=application, stage=FULL).annual_rate for application in (first, second)
        ]
        assert rates == [Decimal("4.0000"), Decimal("4.7000")]
        assert queries.version_in_force("XF01").methods == ["equal_principal"]

    def test_of_a_cut_off_decides_the_next_application(self, outside: Outside, decided: Decided) -> None:
        assert decided().status == "offered"
        change_product("XF01", max_lenders=0)
        assert decided().reason_codes == ["too_many_lenders"]

    def test_changes_nothing_at_another_bank(self, outside: Outside, decided: Decided) -> None:
        change_product("XF01", grade_a_spread_bp=170)
        with in_bank("116"):
            application = decided(make_customer(region="320582"))
            assert application.product_version.number == 1
            assert Decision.objects.get(application=application, stage=FULL).annual_rate == Decimal("4.0000")
