"""The steps of an opening after its checks, and the account itself."""

from __future__ import annotations

from functools import partial
from typing import Final

from accounts import vendors
from accounts.models import Card, DepositAccount
from accounts.models.deposit_account import OPENING, OWN
from accounts.operations import opening
from accounts.providers.core_system import CoreRefusal, RequestStatus
from core.errors import NotFound
from core.gateway import Rejected
from core.operations import opens_transaction
from core.steps.registry import DEFAULT, LEDGER, Done, Failed, Outcome, StepRun, register_step
from verification import queries as verified

REFUSALS: Final = {CoreRefusal.ACCOUNT_LIMIT_REACHED.value: "account_limit_reached"}


@register_step(opening.CARRIER_CHECKED, lane=DEFAULT)
def carrier_checked(run: StepRun) -> Outcome:
    """Go on by the carrier's answer."""
    return Done(partial(opening.carrier_checked, account_id=run.subject_id))


@register_step(opening.ID_CHECKED, lane=DEFAULT)
def id_checked(run: StepRun) -> Outcome:
    """Go on by the national ID check's answer."""
    return Done(partial(opening.id_checked, account_id=run.subject_id))


@opens_transaction
def _screened_last(account: DepositAccount) -> bool:
    """Screen once more, in the transaction of the intent: the core cannot be asked to take an opening back."""
    return opening.is_clear(customer_id=account.customer_id, account_id=account.pk)


@register_step(opening.OPEN, lane=LEDGER)
def open_account(run: StepRun) -> Outcome:
    """Open the account: here, or in the core under the step's own id (QUERYABLE)."""
    account = DepositAccount.objects.get(pk=run.subject_id)
    if account.status != OPENING:
        return Done()
    if account.keeper == OWN:
        return Done(partial(opening.finish_opening, account_id=account.pk, number=None))
    try:
        number = _opened_in_core(account, run)
    except Rejected as refusal:
        code = REFUSALS.get(refusal.code, "refused")
        return Failed(code, partial(opening.refuse_opening, account_id=account.pk, code=code))
    if number is None:
        return Failed("refused", partial(opening.refuse_opening, account_id=account.pk, code="refused"))
    return Done(partial(opening.finish_opening, account_id=account.pk, number=number))


def _opened_in_core(account: DepositAccount, run: StepRun) -> str | None:
    """Return the core's number; after a former attempt its fate is asked for first. None where screening refuses."""
    core = vendors.core_system()
    if run.attempt > 1:
        fate = core.fate_of(asked_id=run.request_id, request_id=run.request_id)
        if fate.status is RequestStatus.DONE and fate.account_number is not None:
            return fate.account_number
        if fate.status is RequestStatus.REJECTED:
            raise Rejected("core", "open_account", code=str(fate.refusal))
    if not _screened_last(account):
        return None
    identity = verified.identity(account.customer_id)
    if identity is None:
        raise NotFound
    card = Card.objects.get(account_id=account.pk, status__in=["checking", "active"])
    return core.open_account(
        account_class=account.account_class,
        name=identity.name,
        id_number=identity.id_number,
        phone=card.phone,
        bound_card=card.number,
        request_id=run.request_id,
    )
