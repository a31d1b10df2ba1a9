"""File openings, changes and closings with the central bank."""

from __future__ import annotations

from functools import partial

from accounts import vendors
from accounts.models import Filing
from accounts.models.filing import PENDING
from accounts.operations import filings
from accounts.providers.core_system import FilingKind, FilingOrder
from core.errors import NotFound
from core.gateway import Rejected
from core.steps.registry import VENDOR, Done, Failed, Outcome, StepRun, register_step


@register_step(filings.FILE, lane=VENDOR)
def file(run: StepRun) -> Outcome:
    """File one event (ACC-11). QUERYABLE by repeating under the step's id, until it is acknowledged or sent back."""
    filing = Filing.objects.select_related("account").get(pk=run.subject_id)
    if filing.status != PENDING:
        return Done()
    account = filing.account
    if account.number is None or account.opened_date is None:
        raise NotFound
    order = FilingOrder(
        kind=FilingKind(filing.kind),
        account_number=account.number,
        account_class=account.account_class,
        opened_on=account.opened_date,
        event_on=filing.event_date,
        changed=filing.changed,
    )
    try:
        receipt = vendors.account_filings().file(order, request_id=run.request_id)
    except Rejected as refusal:
        return Failed(refusal.code, partial(filings.filing_refused, filing_id=filing.pk, code=refusal.code))
    return Done(partial(filings.filing_acknowledged, filing_id=filing.pk, receipt=receipt))
