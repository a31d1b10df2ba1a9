"""Where a customer is on the way from registering to repaying, so that a restarted phone finds its place."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final, Literal

from accounts import queries as accounts
from accounts.queries import Progress
from lending.models import Application, Drawdown
from lending.models.application import ACCEPTED, EXPIRED, REJECTED
from lending.models.loan import ACTIVE
from lending.models.repayment import POSTED
from lending.queries.applications import applications_of, line_status, lines_of, status_of
from lending.queries.loans import drawdowns_of, loan_standing, loans_of

Status = Literal["todo", "doing", "done", "skipped", "blocked"]
OPEN: Final = ("todo", "doing")
PASSED: Final = ("done", "skipped")
REGISTRATION_ENDED: Final = ("registered", "rejected", "retake")
ACCOUNT_ENDED: Final = ("active", "rejected", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStep:
    """One step: how it stands, which resource shows it (a path under the bank's base), why it did not work out.

    todo: can be begun now; doing: begun; done; skipped: not needed; blocked: a step before it is not done.
    """

    name: str
    status: Status
    resource: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The six steps in order, and the first that the customer can go on with; None where nothing is to be done."""

    steps: tuple[JourneyStep, ...]
    next: str | None


def journey_of(customer_id: uuid.UUID) -> Journey:
    """Return where a customer is."""
    register = _register(customer_id)
    steps = [register, _after(_apply(customer_id), register)]
    steps.append(_after(_open_account(customer_id), steps[1]))
    drawdown = drawdowns_of(customer_id).order_by("-pk").first()
    steps.append(_after(_sign(drawdown), steps[2]))
    steps.append(_after(_drawdown(drawdown), steps[3]))
    steps.append(_after(_repay(customer_id), steps[4]))
    following = next((step.name for step in steps if step.status in OPEN), None)
    return Journey(steps=tuple(steps), next=following)


def _after(step: JourneyStep, former: JourneyStep) -> JourneyStep:
    """Block a step that cannot be begun because the one before it is not done."""
    if step.status != "todo" or former.status in PASSED:
        return step
    return JourneyStep(name=step.name, status="blocked", resource=step.resource, reason_code=step.reason_code)


def _register(customer_id: uuid.UUID) -> JourneyStep:
    latest = accounts.latest_registration(customer_id)
    resource = f"registrations/{latest.id.hex}" if latest else None
    if accounts.customer(customer_id).stage == "registered":
        return JourneyStep(name="register", status="done", resource=resource)
    return _begun("register", latest, resource, REGISTRATION_ENDED)


def _begun(name: str, latest: Progress | None, resource: str | None, ended: tuple[str, ...]) -> JourneyStep:
    if latest is None:
        return JourneyStep(name=name, status="todo")
    status: Status = "todo" if latest.status in ended else "doing"
    return JourneyStep(name=name, status=status, resource=resource, reason_code=latest.reason_code or None)


def _apply(customer_id: uuid.UUID) -> JourneyStep:
    line = next((row for row in lines_of(customer_id).order_by("-pk") if line_status(row) == "active"), None)
    if line is not None:
        return JourneyStep(name="apply", status="done", resource=f"applications/{line.application_id.hex}")
    latest: Application | None = applications_of(customer_id).order_by("-pk").first()
    if latest is None:
        return JourneyStep(name="apply", status="todo")
    over = status_of(latest) in {REJECTED, EXPIRED, ACCEPTED}  # an accepted one without a line: the line has ended
    return JourneyStep(
        name="apply",
        status="todo" if over else "doing",
        resource=f"applications/{latest.pk.hex}",
        reason_code=latest.reason_codes[0] if latest.reason_codes else None,
    )


def _open_account(customer_id: uuid.UUID) -> JourneyStep:
    usable = accounts.usable_accounts(customer_id)
    if usable:
        own = usable[0].account_class == "I"
        return JourneyStep(
            name="open_account", status="skipped" if own else "done", resource=f"accounts/{usable[0].id.hex}"
        )
    latest = accounts.latest_opening(customer_id)
    return _begun("open_account", latest, f"accounts/{latest.id.hex}" if latest else None, ACCOUNT_ENDED)


def _sign(drawdown: Drawdown | None) -> JourneyStep:
    if drawdown is None:
        return JourneyStep(name="sign", status="todo")
    status: Status = "doing" if drawdown.status in {"draft", "signing"} else "done"
    if drawdown.status in {"failed", "expired"}:
        status = "todo"
    return JourneyStep(
        name="sign",
        status=status,
        resource=f"drawdowns/{drawdown.pk.hex}",
        reason_code=(drawdown.reason_code or None) if status == "todo" else None,
    )


def _drawdown(drawdown: Drawdown | None) -> JourneyStep:
    if drawdown is None:
        return JourneyStep(name="drawdown", status="todo")
    status: Status = {"disbursing": "doing", "review": "doing", "disbursed": "done"}.get(drawdown.status, "todo")  # type: ignore[assignment]  # the words of this table
    return JourneyStep(name="drawdown", status=status, resource=f"drawdowns/{drawdown.pk.hex}")


def _repay(customer_id: uuid.UUID) -> JourneyStep:
    loans = list(loans_of(customer_id).prefetch_related("repayments").order_by("-pk"))
    if not loans:
        return JourneyStep(name="repay", status="todo")
    active = [loan for loan in loans if loan.status == ACTIVE]
    for loan in active:
        if loan_standing(loan).standing.due:
            return JourneyStep(name="repay", status="todo", resource=f"loans/{loan.pk.hex}")
    repaid = any(row.status == POSTED for loan in loans for row in loan.repayments.all())
    status: Status = "done" if repaid or not active else "todo"
    return JourneyStep(name="repay", status=status, resource=f"loans/{(active or loans)[0].pk.hex}")
