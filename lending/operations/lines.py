"""Lines: hold, draw and repay in single guarded statements; freeze, let go, end."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from core.audit.log import record
from core.clock import business_date
from core.db.asks import execute
from core.errors import NotFound, Problem, StateConflict
from core.money import FEN_PER_YUAN, fen_to_yuan
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from lending.models import CreditLine
from lending.models.credit_line import ACTIVE, FROZEN, STANDING
from lending.reporting import PUSH_FIGURES
from lending.states import LINE

HOLD: Final = """
UPDATE lending_credit_line SET held_fen = held_fen + %s
WHERE id = %s AND status = 'active' AND valid_until_date >= %s AND drawn_fen + held_fen + %s <= limit_fen
"""
RELEASE: Final = """
UPDATE lending_credit_line
SET held_fen = held_fen - %s, over_limit_fen = greatest(0, drawn_fen + held_fen - %s - limit_fen)
WHERE id = %s AND held_fen >= %s
"""
REPAY: Final = """
UPDATE lending_credit_line
SET drawn_fen = drawn_fen - %s, over_limit_fen = greatest(0, drawn_fen - %s + held_fen - limit_fen)
WHERE id = %s AND drawn_fen >= %s
"""
REDRAW: Final = """
UPDATE lending_credit_line
SET drawn_fen = drawn_fen + %s, over_limit_fen = greatest(0, drawn_fen + %s + held_fen - limit_fen)
WHERE id = %s
"""


class LineExceeded(Problem):
    """More is asked for than the line has left."""

    code = "line_exceeded"
    status = 422
    title = "可用额度不足，请减少金额后重试"


class LineFrozen(Problem):
    """The line is frozen: nothing new can be drawn; what was drawn is repaid as agreed."""

    code = "line_frozen"
    status = 422
    title = "额度已冻结，暂不能用款，请联系贷款银行"


class LineExpired(Problem):
    """The line has reached its last day, or is closed."""

    code = "line_expired"
    status = 422
    title = "额度已到期，请重新申请"


class LineReviewDue(Problem):
    """The line was granted or last reviewed more than a year ago: nothing new is lent until the bank reviews it (LN-02)."""

    code = "line_review_due"
    status = 422
    title = "额度需由银行年审后方可继续用款，请联系贷款银行"


class LimitNotLower(Problem):
    """A line is reduced to less than it has; more is granted by a new application only."""

    code = "limit_not_lower"
    status = 422
    title = "压降后的额度应低于当前额度"


class LineAmountWrong(ValueError):
    """Raised where an amount is not positive, or more is taken back than stands: a defect of the caller."""


@within_transaction
def hold_on_line(*, line_id: uuid.UUID, amount_fen: int) -> None:
    """Hold an amount for a drawdown on its way; any number at once never exceed the limit.

    Raises:
        NotFound: there is no such line.
        LineFrozen, LineExpired, LineExceeded: nothing is held.
    """
    _positive(amount_fen)
    today = business_date()
    if _run(HOLD, [amount_fen, line_id, today, amount_fen]):
        return
    line = CreditLine.objects.filter(pk=line_id).first()
    if line is None:
        raise NotFound
    if line.status == FROZEN:
        raise LineFrozen
    if line.status != ACTIVE or line.valid_until_date < today:
        raise LineExpired
    raise LineExceeded


@within_transaction
def release_hold(*, line_id: uuid.UUID, amount_fen: int) -> None:
    """Give a held amount back; always possible, frozen or not.

    Raises:
        LineAmountWrong: so much is not held.
    """
    _positive(amount_fen)
    _expect(_run(RELEASE, [amount_fen, amount_fen, line_id, amount_fen]), line_id, "release")


@within_transaction
def repay_line(*, line_id: uuid.UUID, amount_fen: int) -> None:
    """Take repaid principal off a line; it can be drawn again at once.

    Raises:
        LineAmountWrong: so much is not drawn.
    """
    _positive(amount_fen)
    _expect(_run(REPAY, [amount_fen, amount_fen, line_id, amount_fen]), line_id, "repay")


@within_transaction
def redraw_line(*, line_id: uuid.UUID, amount_fen: int) -> None:
    """Put principal back on a line whose repayment was taken back, above its limit where it was drawn again meanwhile.

    Raises:
        LineAmountWrong: there is no such line.
    """
    _positive(amount_fen)
    _expect(_run(REDRAW, [amount_fen, amount_fen, line_id]), line_id, "take back")


def _positive(amount_fen: int) -> None:
    if amount_fen <= 0:
        msg = f"an amount on a line is positive, not {amount_fen} fen"
        raise LineAmountWrong(msg)


def _run(statement: str, values: list[int | date | uuid.UUID]) -> bool:
    return execute(statement, values) == 1


def _expect(changed: bool, line_id: uuid.UUID, verb: str) -> None:  # noqa: FBT001 -- reads as "expect that it changed"
    if not changed:
        msg = f"line {line_id.hex} has not so much to {verb}"
        raise LineAmountWrong(msg)


@opens_transaction
def freeze_line(*, line_id: uuid.UUID, actor: str, reason: str) -> None:
    """Let nothing new be drawn from a line.

    Raises:
        NotFound: there is no such line.
        StateConflict: it is not active.
    """
    _freeze(line_id, actor=actor, reason=reason)


@within_transaction
def stop_line(*, line_id: uuid.UUID, actor: str, reason: str) -> None:
    """Let nothing new be drawn from a line, whatever state it is in."""
    if CreditLine.objects.select_for_update(no_key=True).get(pk=line_id).status == ACTIVE:
        _freeze(line_id, actor=actor, reason=reason)


def _freeze(line_id: uuid.UUID, *, actor: str, reason: str) -> None:
    transition(LINE, line_id, "freeze", actor=actor, reason=reason)
    record("line.frozen", actor=actor, subject=line_id.hex, detail={"reason": reason})


@within_transaction
def freeze_lines_of(*, customer_id: uuid.UUID, actor: str, reason: str) -> int:
    """Let nothing new be drawn from any line of a customer; return how many were frozen that were not."""
    active = CreditLine.objects.filter(customer_id=customer_id, status=ACTIVE).order_by("pk")
    ids = list(active.values_list("pk", flat=True))
    for line_id in ids:
        _freeze(line_id, actor=actor, reason=reason)
    return len(ids)


@within_transaction
def reduce_lines_of(*, customer_id: uuid.UUID, percent: int, actor: str, reason: str) -> int:
    """Lower the limits of a customer's standing lines by so many per cent, to whole yuan; return how many were lowered."""
    lowered = 0
    for line in (
        CreditLine.objects.select_for_update(no_key=True)
        .filter(customer_id=customer_id, status__in=STANDING)
        .order_by("pk")
    ):
        limit_fen = max(line.limit_fen * (100 - percent) // 100 // FEN_PER_YUAN * FEN_PER_YUAN, FEN_PER_YUAN)
        if limit_fen < line.limit_fen:
            _lower(line, limit_fen, actor=actor, reason=reason)
            lowered += 1
    return lowered


@opens_transaction
def reduce_line(*, line_id: uuid.UUID, limit_fen: int, actor: str, reason: str) -> None:
    """Lower the limit of a standing line, in whole yuan: what a review has found too high (LN-02).

    Raises:
        NotFound: there is no such line.
        StateConflict: it has ended.
        LimitNotLower: the limit is not a positive number of yuan below the present one.
    """
    line = CreditLine.objects.select_for_update(no_key=True).filter(pk=line_id).first()
    if line is None:
        raise NotFound
    if line.status not in STANDING:
        raise StateConflict("额度已到期或已关闭，不能压降")
    if not 0 < limit_fen < line.limit_fen or limit_fen % FEN_PER_YUAN:
        raise LimitNotLower(f"当前额度 {fen_to_yuan(line.limit_fen)} 元，请填写低于它的整数元金额")
    _lower(line, limit_fen, actor=actor, reason=reason)


def _lower(line: CreditLine, limit_fen: int, *, actor: str, reason: str) -> None:
    """Lower a locked line's limit; what is drawn and held above it stays so, and what is repaid of that is not drawn again."""
    detail: dict[str, str | int | bool | None] = {"reason": reason, "from_fen": line.limit_fen, "to_fen": limit_fen}
    line.limit_fen, line.over_limit_fen = limit_fen, max(0, line.drawn_fen + line.held_fen - limit_fen)
    line.save(update_fields=["limit_fen", "over_limit_fen"])
    enqueue(PUSH_FIGURES, f"reduced:{line.pk.hex}")
    record("line.reduced", actor=actor, subject=line.pk.hex, detail=detail)


@opens_transaction
def unfreeze_line(*, line_id: uuid.UUID, actor: str, reason: str) -> None:
    """Let a frozen line be drawn from again.

    Raises:
        NotFound: there is no such line.
        StateConflict: it is not frozen.
    """
    transition(LINE, line_id, "unfreeze", actor=actor, reason=reason)
    record("line.unfrozen", actor=actor, subject=line_id.hex, detail={"reason": reason})


@opens_transaction
def close_line(*, line_id: uuid.UUID, actor: str, reason: str) -> None:
    """End a line before its day, once nothing is drawn or held.

    Raises:
        NotFound: there is no such line.
        StateConflict: something is drawn or held, or it has ended.
    """
    line = CreditLine.objects.select_for_update(no_key=True).filter(pk=line_id).first()
    if line is None:
        raise NotFound
    if line.drawn_fen or line.held_fen:
        raise StateConflict("额度下仍有未结清或在途的用款，不能关闭")
    transition(LINE, line_id, "close", actor=actor, reason=reason)
    enqueue(PUSH_FIGURES, f"closed:{line_id.hex}")
    record("line.closed", actor=actor, subject=line_id.hex, detail={"reason": reason})


@opens_transaction
def review_line(*, line_id: uuid.UUID, actor: str, reason: str) -> None:
    """Record that a line was looked at anew on the business date and goes on as it is (LN-02).

    What is to change is another act: reduce, freeze, close, or a new application.

    Raises:
        NotFound: there is no such line.
        StateConflict: it has ended.
    """
    line = CreditLine.objects.select_for_update(no_key=True).filter(pk=line_id).first()
    if line is None:
        raise NotFound
    if line.status not in STANDING:
        raise StateConflict("额度已到期或已关闭，不能年审")
    former = line.reviewed_date or line.starts_date
    line.reviewed_date = business_date()
    line.save(update_fields=["reviewed_date"])
    record("line.reviewed", actor=actor, subject=line_id.hex, detail={"reason": reason, "former": former.isoformat()})


@within_transaction
def lapse_lines() -> int:
    """Let the lines end whose last day lies before the current business date; return how many did."""
    ended = CreditLine.objects.filter(status__in=STANDING, valid_until_date__lt=business_date()).order_by("pk")
    return _expire(list(ended.values_list("pk", flat=True)))


@within_transaction
def lapse_lines_of(*, customer_id: uuid.UUID) -> int:
    """Let one customer's lines end whose last day has passed."""
    ended = CreditLine.objects.filter(
        customer_id=customer_id, status__in=STANDING, valid_until_date__lt=business_date()
    )
    return _expire(list(ended.order_by("pk").values_list("pk", flat=True)))


def _expire(ids: list[uuid.UUID]) -> int:
    for line_id in ids:
        transition(LINE, line_id, "expire", actor="system")
    return len(ids)
