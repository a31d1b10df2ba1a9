"""What the province's staff do: bank stages, the loan prime rate, the calendar.

These operations write the public schema and the province's own history in one transaction. That is the one place where
two schemas are written together: the province and the public schema always live on the same node.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Final

from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states.models import StateChange
from core.steps.queue import enqueue
from tenants import directory
from tenants.models import Bank, Holiday, LprQuote
from tenants.models.bank import DRAFT
from tenants.operations.stopping import owe_stop
from tenants.readiness import missing
from tenants.states import BANK, GO_LIVE, RESUME, SUSPEND

REGION: Final = re.compile(r"[1-9][0-9](?:[0-9]{2}){0,2}")
REPORT_FACTS: Final = "bank.report_facts"
LPR_STEP: Final = Decimal("0.05")
LPR_CONFIRM_ABOVE: Final = Decimal("0.50")
LPR_BOUNDS: Final = (Decimal("0.05"), Decimal(24))


class LprRefused(Problem):
    """A quote of the loan prime rate is implausible, or stands already and its correction was not confirmed."""

    code = "lpr_refused"
    status = 422
    title = "报价不符合要求"


class RegionsRefused(Problem):
    """The regions of a bank's licence are none, or ill-formed."""

    code = "regions_refused"
    status = 422
    title = "经营区域不符合要求"


class GoLiveRefused(Problem):
    """The checklist of a bank is not complete (PU-07); `errors` names what is missing and what to do about each."""

    code = "go_live_refused"
    status = 422
    title = "上线条件尚未齐备"


class LaunchFactsRefused(Problem):
    """What is entered of an evaluation report does not belong together."""

    code = "launch_facts_refused"
    status = 422
    title = "上线资料填写有误"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchFacts:
    """What is entered of a bank before it goes live (PU-07, A1-3): telephones, core account, evaluation report.

    The rates are per cent, as the report states them; None where it states none.
    """

    phone: str
    complaint_phone: str
    core_account: str
    evaluation_number: str
    evaluation_by: str
    evaluation_expires_date: date | None
    false_accept_percent: Decimal | None
    false_reject_percent: Decimal | None


@opens_transaction
def record_launch_facts(*, code: str, facts: LaunchFacts, reason: str, actor: str) -> None:
    """Enter what the checklist of a bank asks of the province; a report that has ended closes remote opening (A1-4).

    Raises:
        NotFound: there is no such bank.
        LaunchFactsRefused: a report has a number and no end, or an end and no number.
    """
    if bool(facts.evaluation_number) != (facts.evaluation_expires_date is not None):
        raise LaunchFactsRefused("评估报告须同时填写编号和有效期；没有报告时两项均请留空")
    bank = Bank.objects.select_for_update(no_key=True).filter(code=code).first()
    if bank is None:
        raise NotFound
    former = bank.evaluation_expires_date
    Bank.objects.filter(pk=bank.pk).update(**{field.name: getattr(facts, field.name) for field in fields(facts)})
    detail: dict[str, str | int | bool | None] = {
        "evaluation": facts.evaluation_number, "expires": str(facts.evaluation_expires_date or ""),
        "expired_before": str(former or ""), "core_account": facts.core_account, "reason": reason,
    }  # fmt: skip
    record("bank.launch_facts", actor=actor, subject=code, detail=detail)
    directory.forget(code)


@opens_transaction
def ask_facts(*, code: str, actor: str) -> None:
    """Owe, at the province, that the bank pushes the facts of its checklist as they are now."""
    enqueue(REPORT_FACTS, f"{code}:{new_id().hex}")
    record("bank.facts_asked", actor=actor, subject=code)


@opens_transaction
def move_bank(*, code: str, event: str, reason: str, actor: str) -> str:
    """Move a bank by `move`, in a transaction of its own; return the new stage.

    Raises:
        StateConflict: a suspended bank is to `resume`, which takes two people (`tenants.approvals`); or see `move`.
    """
    if event == RESUME:
        raise StateConflict("恢复银行业务须由两人办理，请提交复核")
    return move(code=code, event=event, reason=reason, actor=actor)


@within_transaction
def move(*, code: str, event: str, reason: str, actor: str) -> str:
    """Move a bank one stage by an event of `tenants.states`, with history and audit; return the new stage.

    `resume` brings a suspended bank back to the stage that it was suspended from. A bank that is suspended owes what the
    rooms above have named (`owe_when_stopped`), durably from this very transaction on. The new stage holds for the next
    request of every process (`tenants.switches`).

    Raises:
        NotFound: there is no such bank.
        StateConflict: the event is not legal at the bank's stage; nothing changed.
        GoLiveRefused: see there.
    """
    bank = Bank.objects.select_for_update().filter(code=code).first()
    if bank is None:
        raise NotFound
    former = bank.stage
    told = f"{RESUME}_{_stage_before_suspension(bank)}" if event == RESUME else event
    target = BANK.target(former, told)
    if event == GO_LIVE:
        _refuse_unready(bank)
    # Not `transition()`: a bank's row may be saved from its own schema only, and the history belongs to the province.
    Bank.objects.filter(pk=bank.pk).update(stage=target)
    StateChange.objects.create(
        machine=BANK.name,
        subject_id=bank.pk,
        event=told,
        from_state=former,
        to_state=target,
        actor=actor,
        reason=reason,
    )
    if event == SUSPEND:
        owe_stop(code=code)
    record("bank.moved", actor=actor, subject=code, detail={"from": former, "to": target, "reason": reason})
    directory.forget(code)
    return target


def _refuse_unready(bank: Bank) -> None:
    lacking = missing(bank)
    if lacking:
        titles = "、".join(item.title for item in lacking)
        raise GoLiveRefused(f"还缺：{titles}", errors={item.name: [item.advice] for item in lacking})


def _stage_before_suspension(bank: Bank) -> str:
    """Look up where the bank was suspended from; a bank that was opened suspended begins again as a draft."""
    last = StateChange.objects.filter(machine=BANK.name, subject_id=bank.pk, event=SUSPEND).order_by("-id").first()
    return DRAFT if last is None else last.from_state


@opens_transaction
def set_licensed_regions(*, code: str, regions: Sequence[str], reason: str, actor: str) -> None:
    """Set where a bank may lend online (LN-04), as prefixes of GB/T 2260 codes; the bank can only shrink it.

    In force for the next application, though a product's version names more: what lies outside is not served.

    Raises:
        NotFound: there is no such bank.
        RegionsRefused: see there.
    """
    kept = sorted(set(regions))
    if not kept or not all(REGION.fullmatch(region) for region in kept):
        raise RegionsRefused("请填写至少一个两位、四位或六位行政区划代码，例如 3207 或 320706")
    bank = Bank.objects.select_for_update(no_key=True).filter(code=code).first()
    if bank is None:
        raise NotFound
    former = "、".join(bank.lends_in)
    Bank.objects.filter(pk=bank.pk).update(licensed_regions=kept)
    detail: dict[str, str | int | bool | None] = {"from": former, "to": "、".join(kept), "reason": reason}
    record("bank.regions_set", actor=actor, subject=code, detail=detail)
    directory.forget(code)


@within_transaction
def check_lpr(*, published_date: date, one_year_rate: Decimal, five_year_rate: Decimal, confirmed: bool) -> None:
    """Refuse a quote that could not be entered now, annual per cent.

    Raises:
        LprRefused: not in steps of 0.05, out of bounds, of a future date, or it corrects a quote that stands or moves by
            more than 50 basis points and nobody has confirmed that.
    """
    if published_date > now().date():
        raise LprRefused("公布日期不得晚于今天")
    low, high = LPR_BOUNDS
    for rate in (one_year_rate, five_year_rate):
        if not low <= rate <= high or rate % LPR_STEP != 0:
            raise LprRefused(f"报价须在 {low} 至 {high} 之间，且为 {LPR_STEP} 的整数倍")
    if confirmed:
        return
    if LprQuote.objects.filter(pk=published_date).exists():
        raise LprRefused("该日已有报价；如需更正，请勾选确认")
    former = LprQuote.objects.filter(published_date__lt=published_date).order_by("-published_date").first()
    if former is not None and _moves_far(former, one_year_rate, five_year_rate):
        raise LprRefused("与上次报价相差超过 50 个基点；请核对后勾选确认")


@within_transaction
def enter_lpr(
    *, published_date: date, one_year_rate: Decimal, five_year_rate: Decimal, confirmed: bool, actor: str
) -> None:
    """Enter a published quote of the loan prime rate, annual per cent (INT-01, domain C3): what an approval does.

    A quote that stands already is corrected, and one that moves by more than 50 basis points is taken, only where the
    person who proposed it confirmed that. Loans keep the quote that they were priced with.

    Raises:
        LprRefused: see `check_lpr`.
    """
    standing = LprQuote.objects.select_for_update().filter(pk=published_date).first()
    check_lpr(
        published_date=published_date, one_year_rate=one_year_rate, five_year_rate=five_year_rate, confirmed=confirmed
    )
    LprQuote.objects.update_or_create(
        published_date=published_date,
        defaults={"one_year_rate": one_year_rate, "five_year_rate": five_year_rate},
    )
    detail = {
        "one_year_rate": str(one_year_rate),
        "five_year_rate": str(five_year_rate),
        "corrects": None if standing is None else f"{standing.one_year_rate} / {standing.five_year_rate}",
    }
    record("lpr.entered", actor=actor, subject=str(published_date), detail=detail)


def _moves_far(former: LprQuote, one_year_rate: Decimal, five_year_rate: Decimal) -> bool:
    moves = (one_year_rate - former.one_year_rate, five_year_rate - former.five_year_rate)
    return any(abs(move) > LPR_CONFIRM_ABOVE for move in moves)


@within_transaction
def check_day(*, day: date) -> None:
    """Refuse to change a day that has passed.

    Raises:
        StateConflict: what was due on it has been reckoned.
    """
    if day < now().date():
        raise StateConflict("不能更改已经过去的日期")


@within_transaction
def mark_day(*, day: date, is_working_day: bool, name: str, actor: str) -> None:
    """Say of one day whether it is a working day, against what its weekday says: what an approval does.

    Raises:
        StateConflict: see `check_day`.
    """
    check_day(day=day)
    Holiday.objects.update_or_create(date=day, defaults={"is_working_day": is_working_day, "name": name})
    record("calendar.marked", actor=actor, subject=str(day), detail={"is_working_day": is_working_day, "name": name})
