"""Early warning (RISK-05): take what is observed, raise warnings once a day, act on them, and close them with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.db import connection

from core.audit.log import record
from core.clock import business_date, now
from core.db.asks import fetch_one
from core.db.rows import as_json
from core.errors import Problem
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import INSERT, owed_step
from lending import warning_rules
from lending.actors import SYSTEM
from lending.models import EarlyWarning, ObservedFact
from lending.models.warning import FREEZE, LIST_HIT, OPEN, QUEUE, REASONS, REDUCE
from lending.operations.lines import freeze_lines_of, reduce_lines_of
from lending.states import WARNING
from tenants.parameters import values_of

ACT: Final = "lending.act_on_warning"
# Only of who may still draw or still owes.
RAISE: Final = """
INSERT INTO lending_early_warning (id, rule, customer_id, status, action, evidence, measured, threshold, raised_date, lines,
                                   closed_reason, note, closed_by, created_at)
SELECT uuidv7(), %(rule)s, found.customer_id, 'open', %(action)s, found.evidence, found.measured, %(threshold)s, %(today)s,
       0, '', '', '', now()
FROM ({finds}) AS found (customer_id, evidence, measured)
WHERE EXISTS (SELECT FROM lending_credit_line g WHERE g.customer_id = found.customer_id AND g.status IN ('active', 'frozen'))
   OR EXISTS (SELECT FROM lending_loan l WHERE l.customer_id = found.customer_id AND l.status = 'active')
ON CONFLICT DO NOTHING RETURNING id
"""


class WarningReasonMissing(Problem):
    """A warning is closed with a reason from the list and with words of one's own."""

    code = "warning_reason_missing"
    status = 422
    title = "请选择关闭原因并填写处理说明"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a source tells of a customer as of a day; `value` as its kind counts it (`lending.models.warning.FACTS`)."""

    customer_id: uuid.UUID
    kind: str
    observed_date: date
    value: int = field(repr=False)


@opens_transaction
def take_facts(*, facts: Sequence[Fact], source: str, actor: str) -> int:
    """Keep what a source tells; return how many facts are new. The same fact twice is once, the first stays."""
    before = ObservedFact.objects.count()
    rows = [
        ObservedFact(
            customer_id=fact.customer_id, kind=fact.kind, observed_date=fact.observed_date, value=fact.value,
            source=source, created_by=actor,
        )
        for fact in facts
    ]  # fmt: skip
    ObservedFact.objects.bulk_create(rows, ignore_conflicts=True)
    taken = ObservedFact.objects.count() - before
    record("warning.facts_taken", actor=actor, subject=source, detail={"lines": len(rows), "new": taken})
    return taken


@opens_transaction
def raise_warnings() -> int:
    """Run the rules that are on over all borrowers; return how many warnings are new. Twice is once.

    One statement for each rule, however many borrowers there are. What is to be done about a warning is owed as a step in
    the same transaction.
    """
    today = business_date()
    values = values_of(
        [*(name for rule in warning_rules.ALL for name in rule.parameters), warning_rules.FACT_DAYS.name], on=today
    )
    since = today - timedelta(days=values[warning_rules.FACT_DAYS.name])
    raised: list[uuid.UUID] = []
    for rule in warning_rules.ALL:
        if not values[rule.is_on]:
            continue
        threshold = values[rule.threshold] if rule.has_threshold else 1
        asked = {
            "today": today,
            "since": since,
            "threshold": threshold,
            "rule": rule.code,
            "action": values[rule.action],
        }
        with connection.cursor() as cursor:
            cursor.execute(RAISE.format(finds=rule.finds), asked)
            raised += [row[0] for row in cursor.fetchall()]
    if raised:
        fetch_one(INSERT, [as_json([owed_step(ACT, warning_id) for warning_id in raised])])
    return len(raised)


@within_transaction
def act_on_warning(*, warning_id: uuid.UUID) -> None:
    """Do what the warning's action says with the borrower's lines: freeze, reduce, or nothing; once, while it is open.

    The histories name the warning and not its rule: who reads a line's history need not know that a list was hit (AML-08).
    """
    warning = EarlyWarning.objects.select_for_update(no_key=True).get(pk=warning_id)
    if warning.acted_at is not None or warning.status != OPEN:
        return
    reason = f"早期预警 {warning_id.hex}"
    if warning.action == FREEZE:
        warning.lines = freeze_lines_of(customer_id=warning.customer_id, actor=SYSTEM, reason=reason)
    elif warning.action == REDUCE:
        warning.lines = reduce_lines_of(
            customer_id=warning.customer_id, percent=warning_rules.reduce_percent(), actor=SYSTEM, reason=reason
        )
    warning.acted_at = now()
    warning.save(update_fields=["lines", "acted_at"])
    if warning.action != QUEUE:
        detail: dict[str, str | int | bool | None] = {"action": warning.action, "lines": warning.lines}
        record("warning.acted", actor=SYSTEM, subject=warning_id.hex, detail=detail)


@opens_transaction
def close_warning(*, warning_id: uuid.UUID, reason: str, note: str, actor: str) -> None:
    """Close a warning; what was frozen or reduced stays so until somebody changes it.

    The words stand in the history of states as well, but for a list hit's, which more people may read (AML-08).

    Raises:
        WarningReasonMissing: no reason of the list is given, or no words.
        NotFound, StateConflict: there is no such warning, or it is closed.
    """
    note = note.strip()
    if reason not in dict(REASONS) or not note:
        raise WarningReasonMissing
    is_secret = EarlyWarning.objects.filter(pk=warning_id, rule=LIST_HIT).exists()
    transition(
        WARNING, warning_id, "close", actor=actor, reason="" if is_secret else note,
        closed_reason=reason, note=note, closed_by=actor, closed_at=now(),
    )  # fmt: skip
    record("warning.closed", actor=actor, subject=warning_id.hex, detail={"reason": reason})
