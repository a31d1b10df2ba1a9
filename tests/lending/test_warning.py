"""RISK-05: each rule by its table, what is done about a warning, and that it ends with a person and a reason (S26)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.audit.models import AuditEntry
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.states.models import StateChange
from core.steps.models import LIVE, Step
from lending import queries, warning_rules
from lending.charts.warnings import WARNING_CHART
from lending.models import (
    CollectionContact,
    CollectionOutcome,
    CreditLine,
    EarlyWarning,
    ObservedFact,
    PurposeFinding,
)
from lending.operations.lines import LineFrozen, unfreeze_line
from lending.operations.warning import ACT, Fact, WarningReasonMissing, close_warning, raise_warnings, take_facts
from lending.queries.applications import available_fen, existing_credit_fen
from lending.servicing_day import follow_servicing
from tenants.parameters import set_for_bank
from tests.lending.applicants import make_customer
from tests.lending.borrowers import Borrower, draft, lend, make_borrower, repay, set_day
from tests.lending.test_borrowing_admin import _staff
from tests.made_once import made_once
from verification.models import Check, ScreeningAlert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
TODAY = date(2026, 6, 3)
ADMIN = "/b/125/admin/lending"
Run = Callable[..., int]


def open_line() -> Borrower:
    set_day(TODAY)
    return make_borrower(limit_fen=100_000_00, valid_until_date=date(2027, 1, 1))


who_once = made_once(open_line)


@pytest.fixture
def who(who_once: Borrower, bank_a: str) -> Borrower:
    """Give each test a borrower whom nothing is known of yet."""
    del bank_a
    return who_once


def observe(who: Borrower | uuid.UUID, kind: str, value: int, days_ago: int = 1) -> None:
    customer_id = who.customer_id if isinstance(who, Borrower) else who
    fact = Fact(customer_id=customer_id, kind=kind, observed_date=TODAY - timedelta(days=days_ago), value=value)
    take_facts(facts=[fact], source="样例来源", actor="risk")


def flows(who: Borrower, *months: int) -> None:
    """Let a merchant's months be observed, in yuan, the last one that of May."""
    ends = [date(2026, month, day) for month, day in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31))]
    facts = [
        Fact(customer_id=who.customer_id, kind="merchant_flow", observed_date=end, value=yuan * 100)
        for end, yuan in zip(ends[-len(months) :], months, strict=True)
    ]
    take_facts(facts=facts, source="收单平台", actor="risk")


def set_parameter(name: str, value: Any) -> None:
    with transaction.atomic():
        set_for_bank(name=f"warning.{name}", value=value, effective_date=TODAY, actor="risk")


def raised() -> list[str]:
    raise_warnings()
    return sorted(EarlyWarning.objects.values_list("rule", flat=True))


class TestRisk05Rules:
    @pytest.mark.parametrize(
        ("kind", "facts", "rule"),
        [  # facts: (value, days ago), oldest first
            ("bureau_overdue", [(1, 1)], "overdue_elsewhere"),
            ("bureau_overdue", [(0, 9), (1, 1)], "overdue_elsewhere"),
            ("bureau_overdue", [(1, 9), (2, 1)], "overdue_elsewhere"),
            ("bureau_overdue", [(2, 9), (2, 1)], None),  # nothing new
            ("bureau_overdue", [(2, 9), (0, 1)], None),
            ("bureau_overdue", [(0, 1)], None),
            ("bureau_overdue", [(1, 31)], "overdue_elsewhere"),
            ("bureau_overdue", [(1, 32)], None),  # too long ago
            ("bureau_queries", [(5, 1)], None),
            ("bureau_queries", [(6, 1)], "many_lenders"),
            ("bureau_queries", [(9, 9), (2, 1)], None),  # the latest counts
            ("court_list", [(1, 1)], "court_list"),
            ("court_list", [(1, 9), (0, 1)], None),
            ("licence_revoked", [(1, 1)], "licence_revoked"),
            ("licence_revoked", [(0, 1)], None),
        ],
    )
    def test_of_facts(self, who: Borrower, kind: str, facts: list[tuple[int, int]], rule: str | None) -> None:
        for value, days_ago in facts:
            observe(who, kind, value, days_ago)
        assert raised() == ([rule] if rule else [])

    @pytest.mark.parametrize(
        ("months", "dropped"),
        [
            ((10_000, 4_000), 60),
            ((10_000, 5_000), None),  # half is not more than half
            ((10_000, 4_999), 50),
            ((10_000, 20_000, 30_000, 9_000), 55),  # against the mean of the three before
            ((90_000, 10_000, 10_000, 10_000, 6_000), None),  # and of no more than three
            ((4_000,), None),  # nothing to fall from
            ((0, 0), None),
            ((10_000, 0), 100),
        ],
    )
    def test_of_a_merchants_flow(self, who: Borrower, months: tuple[int, ...], dropped: int | None) -> None:
        flows(who, *months)
        assert raised() == ([] if dropped is None else ["flow_drop"])
        assert list(EarlyWarning.objects.values_list("measured", "threshold", "evidence")) == (
            [] if dropped is None else [(dropped, 50, "2026-05")]
        )

    @pytest.mark.parametrize(
        ("results", "is_lost"),
        [
            (["no_answer", "invalid", "no_answer"], True),
            (["no_answer", "no_answer"], False),
            (["no_answer", "no_answer", "reached", "no_answer"], False),
            (["promised", "no_answer", "no_answer", "invalid"], True),
            (["no_answer", "no_answer", "no_answer", "reached"], False),
        ],
    )
    def test_of_contact_lost(self, who: Borrower, results: list[str], is_lost: bool) -> None:  # noqa: FBT001 -- a table
        loan = lend(who)
        for place, result in enumerate(results):
            contact = CollectionContact.objects.create(
                loan=loan, customer_id=who.customer_id, channel="phone", person="borrower", overdue_days=40,
                overdue_fen=1, actor="c", contact_date=TODAY - timedelta(days=9 - place),
            )  # fmt: skip
            promise = {"promised_date": TODAY} if result == "promised" else {}
            CollectionOutcome.objects.create(contact=contact, result=result, actor="c", **promise)
        assert raised() == (["contact_lost"] if is_lost else [])

    @pytest.mark.parametrize(("status", "found"), [("found", True), ("closed", False)])
    def test_of_a_purpose_breach(self, who: Borrower, status: str, found: bool) -> None:  # noqa: FBT001 -- a table
        loan = lend(who)
        PurposeFinding.objects.create(
            loan=loan, posting_id=new_id(), booking_date=TODAY - timedelta(days=2), amount_fen=5, counterparty="样例证券",
            sort="word", term="证券", status=status, **({} if found else {"decided_by": "risk", "opinion": "已核实"}),
        )  # fmt: skip
        assert raised() == (["purpose_breach"] if found else [])

    @pytest.mark.parametrize(("outcome", "found"), [("hit", True), ("review", False)])
    def test_of_a_list_hit(self, who: Borrower, outcome: str, found: bool) -> None:  # noqa: FBT001 -- a table
        list_hit(who, outcome)
        assert raised() == (["list_hit"] if found else [])

    def test_are_of_borrowers_only_and_of_each_by_themselves(self, who: Borrower) -> None:
        stranger, ended = make_customer(), make_borrower()
        CreditLine.objects.filter(pk=ended.line_id).update(status="expired")
        other = make_borrower()
        for each in (who, stranger, ended, other):
            observe(each, "court_list", 1)
        observe(who, "bureau_queries", 8)
        raise_warnings()
        assert set(EarlyWarning.objects.values_list("customer_id", "rule")) == {
            (who.customer_id, "court_list"), (who.customer_id, "many_lenders"), (other.customer_id, "court_list"),
        }  # fmt: skip

    def test_run_in_as_many_statements_with_many_borrowers_as_with_one(self, who: Borrower) -> None:
        def statements() -> int:
            with CaptureQueriesContext(connection) as found:
                raise_warnings()
            return len(found)

        observe(who, "court_list", 1)
        few = statements()
        for _ in range(4):
            more = make_borrower()
            for kind in ("court_list", "licence_revoked", "bureau_overdue"):
                observe(more, kind, 1)
        assert statements() == few
        assert EarlyWarning.objects.count() == 13

    def test_are_counted_in_a_picture_but_for_list_hits(self, who: Borrower) -> None:
        list_hit(who)
        observe(who, "court_list", 1)
        observe(make_borrower(), "court_list", 1)
        raise_warnings()
        row = EarlyWarning.objects.filter(rule="court_list").order_by("pk").first()
        assert row is not None
        close_warning(warning_id=row.pk, reason="false_alarm", note="同名", actor="risk")
        numbers = WARNING_CHART.read(WARNING_CHART.usual(TODAY))
        told = [[series.total, *(value for value in series.values if value)] for series in numbers.series]
        assert told == [[2, 2], [1, 1]]
        assert "名单命中" not in numbers.labels

    def test_each_has_its_switch_its_figure_and_its_action(self, who: Borrower, run_steps: Run) -> None:
        observe(who, "bureau_queries", 4)
        observe(who, "court_list", 1)
        set_parameter("court_list.on", False)
        set_parameter("many_lenders.threshold", 4)
        set_parameter("many_lenders.action", "queue")
        assert raised() == ["many_lenders"]
        run_steps()
        row = EarlyWarning.objects.get()
        assert (row.action, row.threshold, row.lines) == ("queue", 4, 0)
        assert row.acted_at is not None
        assert (who.line().status, who.line().limit_fen) == ("active", 100_000_00)


def list_hit(who: Borrower, outcome: str = "hit") -> None:
    check = Check.objects.create(
        subject_id=who.customer_id, kind="watchlist", purpose="drawdown", business_id="x", status="answered",
        outcome=outcome, provider="local", evidence_leaf=new_id(), answered_at="2026-06-01T09:00+08:00",
    )  # fmt: skip
    ScreeningAlert.objects.create(check_row=check, subject_id=who.customer_id, outcome=outcome)


class TestRisk05Actions:
    def test_s26_a_flow_that_drops_by_sixty_per_cent_freezes_the_line(self, who: Borrower, run_steps: Run) -> None:
        loan = lend(who)
        flows(who, 50_000, 50_000, 50_000, 20_000)
        follow_servicing()
        run_steps()
        warning = EarlyWarning.objects.get()
        assert (warning.rule, warning.measured, warning.action, warning.lines) == ("flow_drop", 60, "freeze", 1)
        assert who.line().status == "frozen"
        with pytest.raises(LineFrozen):
            draft(who, 1_000_00)
        loan.refresh_from_db()
        assert loan.status == "active"
        assert queries.loan_book_agrees()

    def test_a_line_is_reduced_and_what_is_used_above_it_is_not_drawn_again(
        self, who: Borrower, run_steps: Run
    ) -> None:
        used = make_borrower(limit_fen=100_000_00)
        loan = lend(used, 70_000_00)
        for each in (who, used):
            observe(each, "bureau_queries", 7)
        assert raised() == ["many_lenders", "many_lenders"]
        run_steps()
        assert (who.line().limit_fen, used.line().limit_fen) == (50_000_00, 50_000_00)
        assert (used.line().over_limit_fen, available_fen(used.line())) == (20_000_00, 0)
        assert existing_credit_fen(used.customer_id, kind="consumer") == 70_000_00
        repay(used, loan, kind="early_partial", amount_fen=30_000_00)
        assert (used.line().over_limit_fen, available_fen(used.line())) == (0, 10_000_00)
        assert {who.line().status, used.line().status} == {"active"}
        assert Step.objects.filter(kind="province.push_figures", subject__startswith="reduced:").count() == 2
        detail = AuditEntry.objects.get(action="line.reduced", subject=who.line_id.hex).detail
        assert (detail["from_fen"], detail["to_fen"]) == (100_000_00, 50_000_00)

    def test_twice_is_once_and_the_same_evidence_raises_nothing_again(self, who: Borrower, run_steps: Run) -> None:
        observe(who, "court_list", 1)
        assert raise_warnings() == 1
        assert raise_warnings() == 0
        assert Step.objects.filter(kind=ACT, state=LIVE).count() == 1
        run_steps()
        observe(who, "court_list", 1, days_ago=0)  # newer, but one is open
        assert raise_warnings() == 0
        row = EarlyWarning.objects.get()
        close_warning(warning_id=row.pk, reason="false_alarm", note="同名", actor="risk")
        unfreeze_line(line_id=who.line_id, actor="risk", reason="同名")
        assert raise_warnings() == 1  # the newer fact
        newer = EarlyWarning.objects.get(status="open")
        close_warning(warning_id=newer.pk, reason="false_alarm", note="同名", actor="risk")
        assert raise_warnings() == 0
        run_steps()
        assert EarlyWarning.objects.count() == 2

    def test_a_line_that_is_frozen_already_is_not_moved(self, who: Borrower, run_steps: Run) -> None:
        CreditLine.objects.filter(pk=who.line_id).update(status="frozen")
        observe(who, "licence_revoked", 1)
        raise_warnings()
        run_steps()
        assert EarlyWarning.objects.get().lines == 0
        assert not StateChange.objects.filter(subject_id=who.line_id, event="freeze").exists()

    def test_the_same_fact_twice_is_once_and_the_first_stays(self, who: Borrower) -> None:
        observe(who, "bureau_queries", 3)
        observe(who, "bureau_queries", 30)
        assert ObservedFact.objects.get().value == 3
        with pytest.raises(IntegrityError), transaction.atomic():
            ObservedFact.objects.update(value=30)


class TestRisk05Closing:
    @pytest.fixture
    def warning(self, who: Borrower) -> EarlyWarning:
        observe(who, "court_list", 1)
        raise_warnings()
        return EarlyWarning.objects.get()

    @pytest.mark.parametrize(("reason", "note"), [("", "已核实"), ("no_such", "已核实"), ("risk_gone", " ")])
    def test_needs_a_reason_and_words(self, warning: EarlyWarning, reason: str, note: str) -> None:
        with pytest.raises(WarningReasonMissing):
            close_warning(warning_id=warning.pk, reason=reason, note=note, actor="risk")
        assert EarlyWarning.objects.get().status == "open"

    def test_is_by_somebody_once_and_for_good(self, warning: EarlyWarning) -> None:
        close_warning(warning_id=warning.pk, reason="risk_gone", note="已履行完毕", actor="risk")
        row = EarlyWarning.objects.get()
        assert (row.status, row.closed_reason, row.note, row.closed_by) == ("closed", "risk_gone", "已履行完毕", "risk")
        with pytest.raises(StateConflict):
            close_warning(warning_id=warning.pk, reason="risk_gone", note="x", actor="other")
        with pytest.raises(NotFound):
            close_warning(warning_id=uuid.uuid4(), reason="risk_gone", note="x", actor="other")
        for change in ({"note": "y"}, {"status": "open"}, {"measured": 2}):
            with pytest.raises(IntegrityError), transaction.atomic():
                EarlyWarning.objects.filter(pk=warning.pk).update(**change)

    def test_before_it_was_acted_on_leaves_the_line_alone(
        self, who: Borrower, warning: EarlyWarning, run_steps: Run
    ) -> None:
        close_warning(warning_id=warning.pk, reason="false_alarm", note="同名", actor="risk")
        run_steps()
        assert EarlyWarning.objects.get().acted_at is None
        assert who.line().status == "active"

    def test_nobody_can_close_it_without_a_name_not_even_in_the_database(self, warning: EarlyWarning) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            EarlyWarning.objects.filter(pk=warning.pk).update(status="closed", closed_reason="risk_gone", note="x")


class TestPages:
    def test_risk_staff_close_a_warning_and_others_may_not(self, who: Borrower) -> None:
        observe(who, "court_list", 1)
        raise_warnings()
        address = f"{ADMIN}/earlywarning/{EarlyWarning.objects.get().pk}"
        sent = {"reason": "measures_taken", "note": "已电话核实"}
        assert _staff("会计").post(f"{address}/close/", sent).status_code == 403
        risk = _staff("风险")
        assert "失信被执行" in risk.get(f"{ADMIN}/earlywarning/").content.decode()
        assert "不会解冻" in risk.get(f"{address}/close/").content.decode()
        assert risk.post(f"{address}/close/", {"reason": "measures_taken", "note": ""}).status_code == 200
        assert EarlyWarning.objects.get().status == "open"
        assert risk.post(f"{address}/close/", sent).status_code == 302
        row = EarlyWarning.objects.get()
        assert (row.status, row.note) == ("closed", "已电话核实")
        assert row.closed_by.startswith("风险-")

    def test_a_list_hit_is_known_to_compliance_alone(self, who: Borrower, run_steps: Run) -> None:
        list_hit(who)
        raise_warnings()
        run_steps()
        row = EarlyWarning.objects.get()
        assert who.line().status == "frozen"
        risk, compliance = _staff("风险"), _staff("合规")
        listed = f"{ADMIN}/earlywarning/?rule__exact=list_hit"
        assert row.pk.hex not in risk.get(listed).content.decode()
        assert row.pk.hex in compliance.get(listed).content.decode()
        assert risk.get(f"{ADMIN}/earlywarning/{row.pk}/change/").status_code == 302
        sent = {"reason": "measures_taken", "note": "确为名单所列"}
        assert risk.post(f"{ADMIN}/earlywarning/{row.pk}/close/", sent).status_code == 403
        assert compliance.get(f"{ADMIN}/earlywarning/{row.pk}/change/").status_code == 200
        assert compliance.post(f"{ADMIN}/earlywarning/{row.pk}/close/", sent).status_code == 302
        assert StateChange.objects.get(subject_id=row.pk, event="close").reason == ""
        history = StateChange.objects.get(subject_id=who.line_id, event="freeze")
        assert history.reason == f"早期预警 {row.pk.hex}"
        codes = Permission.objects.filter(codename="view_screeningalert", group__name="风险")
        assert not codes.exists()

    def test_risk_staff_import_facts_line_by_line(self, who: Borrower) -> None:
        address, risk = f"{ADMIN}/observedfact/add/", _staff("风险")
        lines = (
            f"{who.customer_id.hex},商户月流水,2026-05-31,12345.60\n{who.customer_id.hex}，失信被执行，2026-06-01，1"
        )
        for wrong, told in (
            ("x", "第 1 行应为"), (f"{new_id().hex},失信被执行,2026-06-01,1", "不存在"),
            (f"{who.customer_id.hex},别的,2026-06-01,1", "事项须为"), ("zz,失信被执行,2026-06-01,1", "应为 32 位"),
            (f"{who.customer_id.hex},失信被执行,六月,1", "有误"),
            (f"{who.customer_id.hex},失信被执行,2026-06-01,-1", "不得为负"),
        ):  # fmt: skip
            assert told in risk.post(address, {"source": "样例", "lines": wrong}).content.decode(), wrong
        assert not ObservedFact.objects.exists()
        assert _staff("客服").post(address, {"source": "样例", "lines": lines}).status_code == 403
        assert risk.post(address, {"source": "样例", "lines": lines}).status_code == 302
        assert set(ObservedFact.objects.values_list("kind", "value")) == {
            ("merchant_flow", 12_345_60),
            ("court_list", 1),
        }
        assert "12,345.60 元" in risk.get(f"{ADMIN}/observedfact/").content.decode()


def test_every_rule_is_declared_with_its_parameters() -> None:
    from lending.models.warning import RULES
    from tenants.parameters import CATALOGUE

    assert [rule.code for rule in warning_rules.ALL] == [code for code, _ in RULES]
    for rule in warning_rules.ALL:
        assert all("RISK-05" in CATALOGUE[name].source for name in rule.parameters)
        assert CATALOGUE[rule.action].choices == ("freeze", "reduce", "queue")
