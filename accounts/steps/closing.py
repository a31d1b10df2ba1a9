"""Close an account in the bank's core system."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from accounts import vendors
from accounts.models import AccountClosing
from accounts.models.closing import CLOSING
from accounts.operations import closing
from accounts.providers.core_system import CoreRefusal, RequestStatus
from core.errors import NotFound
from core.gateway import Rejected
from core.steps.registry import LEDGER, Done, Failed, Outcome, StepRun, register_step

REASONS: Final[Mapping[str, str]] = {CoreRefusal.BALANCE_NOT_ZERO.value: "account_not_empty"}
OTHERWISE: Final = "refused"


@register_step(closing.CLOSE_IN_CORE, lane=LEDGER)
def close_in_core(run: StepRun) -> Outcome:
    """Close an account in the core under the step's own id (QUERYABLE); asked for until the core has said yes or no."""
    row = AccountClosing.objects.select_related("account").get(pk=run.subject_id)
    if row.status != CLOSING:
        return Done()
    try:
        _close(row, run)
    except Rejected as refusal:
        code = REASONS.get(refusal.code, OTHERWISE)
        return Failed(code, partial(closing.refuse_closing, closing_id=row.pk, code=code))
    return Done(partial(closing.finish_closing, closing_id=row.pk))


def _close(row: AccountClosing, run: StepRun) -> None:
    core = vendors.core_system()
    if run.attempt > 1:
        fate = core.fate_of(asked_id=run.request_id, request_id=run.request_id)
        if fate.status is RequestStatus.DONE:
            return
        if fate.status is RequestStatus.REJECTED:
            raise Rejected("core", "close_account", code=str(fate.refusal))
    if row.account.number is None:
        raise NotFound
    core.close_account(account_number=row.account.number, request_id=run.request_id)
