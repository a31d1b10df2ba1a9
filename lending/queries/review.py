"""Ask about the review queue: which cases are late, and everything that a reviewer looks at, in plain rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from core.clock import now
from core.states.models import StateChange
from lending.models import Application, Decision, Drawdown, EarlyWarning, ReviewCase, ReviewTask
from lending.models.decision import FULL
from lending.models.review import APPLICATION, DRAWDOWN, WARNING
from lending.queries.decisions import recorded_decision
from lending.queries.products import is_related_party
from lending.reasons import reason_text
from lending.review_clock import CALENDAR_DAYS, colour, due_at, overdue_before
from lending.review_parameters import Patience, patience
from tenants.queries import non_working_days
from verification import queries as verified

HINTS: Final = frozenset({"checks.related_party", "checks.manual_review"})
"""What of a decision's path is shown to those only who may see the register and the lists' alerts."""
Row = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The clock of the queue at one moment: what every case is measured by, read once for a page of any length."""

    moment: datetime
    patience: Patience
    off: Collection[date]

    def due(self, case: ReviewCase) -> datetime:
        """Return when a case is to be decided."""
        return due_at(case.opened_at, hours=self.patience.hours[case.kind], off=self.off)

    def colour(self, case: ReviewCase) -> str:
        """Return green, amber or red; a decided case has the colour with which it ended."""
        return colour(self.due(case), now=case.closed_at or self.moment, amber_hours=self.patience.amber_hours)

    @property
    def is_overdue(self) -> Q:
        """Return which cases are overdue now, one moment for each kind: the same as red, without looking at a row."""
        found = Q(pk__in=[])
        for kind, hours in self.patience.hours.items():
            found |= Q(kind=kind, opened_at__lte=overdue_before(self.moment, hours=hours, off=self.off))
        return found


def clock() -> Clock:
    """Read the clock of the queue; three statements."""
    moment = now()
    today, reach = moment.date(), timedelta(days=CALENDAR_DAYS)
    return Clock(moment=moment, patience=patience(today), off=non_working_days(today - reach, today + reach))


def visible_cases(*, sees_secrets: bool) -> QuerySet[ReviewCase]:
    """Return the cases that somebody may know of: those of list hits only who sees them (AML-08)."""
    rows = ReviewCase.objects.all()
    return rows if sees_secrets else rows.filter(is_secret=False)


def overdue_cases() -> int:
    """Return how many open cases are overdue now; those of list hits are counted with none."""
    waiting = visible_cases(sees_secrets=False).filter(closed_at=None)
    return waiting.filter(clock().is_overdue).count() if waiting.exists() else 0  # every page of the admin asks


def overdue_checks(*, on: date) -> QuerySet[ReviewTask]:
    """Return the supplementary checks of open cases that should have been done before a day."""
    return ReviewTask.objects.filter(finished_at=None, case__closed_at=None, due_date__lt=on)


# What a reviewer looks at.


def stated(case: ReviewCase) -> list[Row]:
    """Return what the customer stated for the application, as (what, value)."""
    if case.kind != APPLICATION:
        return []
    application = Application.objects.get(pk=case.subject_id)
    found = [
        (f"{group}.{name}", str(value)) for group, item in application.facts.items() for name, value in item.items()
    ]
    return [("用途", application.get_purpose_display()), *found]


def proposed(case: ReviewCase) -> list[Row]:
    """Return the terms that are to be decided on; amounts are shown by the page."""
    if case.kind == APPLICATION:
        row = _full(case.subject_id)
        if row is None or row.annual_rate is None:
            return [("方案", "模型未给出额度方案，只能拒绝")]
        return [
            ("年利率", f"{row.annual_rate.normalize():f}%"), ("期限", f"{row.term_months} 个月"),
            ("评分", str(row.score if row.score is not None else "—")), ("等级", row.grade or "—"),
            ("LPR", f"{row.lpr_rate}%（{row.lpr_date}）"),
        ]  # fmt: skip
    if case.kind == DRAWDOWN:
        drawdown = Drawdown.objects.defer("agreed").get(pk=case.subject_id)
        return [
            ("期限", f"{drawdown.term_months} 个月"), ("还款方式", drawdown.get_method_display()),
            ("用途", drawdown.get_purpose_display()), ("合同编号", drawdown.contract_number or "—"),
        ]  # fmt: skip
    if case.kind == WARNING:
        warning = EarlyWarning.objects.get(pk=case.subject_id)
        return [
            ("规则", warning.get_rule_display()),
            ("依据", warning.evidence),
            ("预警日期", str(warning.raised_date)),
        ]
    return []


def reasons(case: ReviewCase) -> list[Row]:
    """Return why the machine did not decide, as (code, what the customer reads)."""
    if case.kind != APPLICATION:
        last = StateChange.objects.filter(subject_id=case.subject_id, event="refer").order_by("-id").first()
        return [] if last is None or not last.reason else [(last.reason, "")]
    decision = _full(case.subject_id)
    return [] if decision is None else [(code, reason_text(code)) for code in decision.reason_codes]


def path(case: ReviewCase, *, sees_hints: bool) -> list[Row]:
    """Return the decision's path through the model, node by node, without the customer's figures."""
    decision = _full(case.subject_id) if case.kind == APPLICATION else None
    if decision is None:
        return []
    trace: Any = json.loads(recorded_decision(decision.pk)).get("trace") or {}
    trace = json.loads(trace) if isinstance(trace, str) else trace
    return [
        (node, told)
        for node in trace.get("order", ())
        if (told := _told(trace.get("data", {}).get(node), sees_hints=sees_hints))
    ]


def _told(looked: Any, *, sees_hints: bool) -> str:
    """Tell which row of a table held, or which checks did; never a customer's figure (`operations.explaining` shows those)."""
    if isinstance(looked, dict) and "reference_map" in looked:
        return f"第 {int(looked.get('index', 0)) + 1} 行 {looked.get('rule', {}).get('_description', '')}".strip()
    if isinstance(looked, dict):
        held = [
            name
            for name, item in looked.items()
            if isinstance(item, dict) and item.get("result") is True and (sees_hints or name not in HINTS)
        ]
        return "，".join(held)
    if isinstance(looked, list):
        return "；".join(told for item in looked if (told := _told(item, sees_hints=sees_hints)))
    return ""


def checks(case: ReviewCase, *, sees_alerts: bool) -> list[Row]:
    """Return the checks that were made, with their results; those on watchlists only for who sees the lists' alerts."""
    return verified.told_checks(business_id=case.subject_id.hex, with_lists=sees_alerts)


def hints(case: ReviewCase) -> list[Row]:
    """Return whether the customer is a related party, and how many findings on lists wait; for whom may see both."""
    return [
        ("关联方", "是（依法不得发放信用贷款）" if is_related_party(case.customer_id) else "否"),
        ("待甄别的名单预警", str(verified.open_alerts_of(case.customer_id))),
    ]


def history(case: ReviewCase) -> QuerySet[StateChange]:
    """Return the moves of the thing under review, oldest first."""
    return StateChange.objects.filter(subject_id=case.subject_id).order_by("id")[:50]


def _full(application_id: uuid.UUID) -> Decision | None:
    return Decision.objects.filter(application_id=application_id, stage=FULL).defer("snapshot", "result").first()
