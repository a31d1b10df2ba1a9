"""What staff change of a loan or a product, each by two people (`core.approvals`): the second one's agreement is the act."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from accounts import operations as accounts
from core.admin.amounts import exact
from core.approvals.registry import Approved, register_approval
from core.errors import NotFound
from lending.models import Repayment, ReviewCase
from lending.models.review import OUTCOMES
from lending.operations import (
    bureau_files,
    loan_changes,
    models,
    product_switching,
    products,
    purpose_watch,
    receipt_repayment,
    reversal,
    review_cases,
)
from lending.queries.loan_changes import refuse_returning_excess
from lending.queries.receipts import FromReceipt, preview
from lending.review_reasons import reason_titles
from lending.review_verdicts import Verdict, refuse_verdict

REVERSE_REPAYMENT: Final = "loan.reverse_repayment"
RETURN_EXCESS: Final = "loan.return_excess"
REPAY_FROM_RECEIPT: Final = "loan.repay_from_receipt"
EXTEND: Final = "loan.extend"
MARK_MISUSED: Final = "loan.mark_misused"
WRITE_OFF: Final = "loan.write_off"
CALL_IN: Final = "loan.call_in"
CONFIRM_MISUSE: Final = "purpose.confirm_misuse"
CORRECT_RECORD: Final = "bureau.correct_record"
MODEL_PUBLISH: Final = "model.publish"
MODEL_EDITOR: Final = "lending.change_bankmodelversion"
MODEL_PUBLISHER: Final = "lending.publish_bankmodel"
PUBLISH_PRODUCT: Final = "product.publish"
REOPEN_PRODUCT: Final = "product.reopen"
SCHEDULE_PRODUCT: Final = "product.schedule"
PRODUCT_EDITOR: Final = "lending.change_productversion"
PRODUCT_PUBLISHER: Final = "lending.publish_product"
PURPOSE_JUDGE: Final = "lending.judge_purposefinding"
OBJECTION_JUDGE: Final = "lending.decide_bureauobjection"
REVIEW: Final = "application.review"
REVIEWER: Final = "lending.review_application"
PROPOSER: Final = "lending.propose_loan_change"
DECIDER: Final = "lending.decide_loan_change"


def _tell_change(_: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = {"months": "展期（月）", "from_date": "挪用起始日", "due_date": "提前到期日"}
    return [(title, str(values[name])) for name, title in names.items() if name in values]


@register_approval(REVERSE_REPAYMENT, title="还款冲正", proposer=PROPOSER, decider=DECIDER, tell=_tell_change)
def reverse_repayment(approved: Approved) -> None:
    """Take a repayment back; the subject is the repayment."""
    reversal.reverse_repayment(
        repayment_id=uuid.UUID(approved.subject), actor=approved.actor, reason=approved.reason
    )  # fmt: skip


def preview_excess(subject: str, _: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Say how much would be given back, in fen.

    Raises:
        NotFound: there is no such repayment.
        StateConflict: it could not be approved now; see `refuse_returning_excess`.
    """
    repayment = Repayment.objects.filter(pk=uuid.UUID(subject)).first()
    if repayment is None:
        raise NotFound
    refuse_returning_excess(repayment)
    return [("退回金额", repayment.excess_fen)]


@register_approval(RETURN_EXCESS, title="多还款项退回", proposer=PROPOSER, decider=DECIDER, preview=preview_excess)
def return_excess(approved: Approved) -> None:
    """Give back what of a repayment is more than the debt; the subject is the repayment."""
    reversal.return_excess(repayment_id=uuid.UUID(approved.subject), actor=approved.actor, reason=approved.reason)


def _screen_payer(_: str, values: Mapping[str, Any]) -> None:
    """Screen who paid a receipt by the lists of now: a refusal of the repayment does not undo what is found."""
    accounts.screen_payer(receipt_id=FromReceipt.from_json(values).receipt_id)


@register_approval(
    REPAY_FROM_RECEIPT, title="来款还款", proposer=PROPOSER, decider=DECIDER, preview=preview, before=_screen_payer
)  # fmt: skip
def repay_from_receipt(approved: Approved) -> None:
    """Repay a loan from a receipt; the subject is the loan, the values are `queries.receipts.FromReceipt` and its plan."""
    receipt_repayment.repay_from_receipt(
        loan_id=uuid.UUID(approved.subject), values=approved.values, decided_by=approved.decided_by,
        actor=approved.actor, reason=approved.reason,
    )  # fmt: skip


@register_approval(EXTEND, title="贷款展期", proposer=PROPOSER, decider=DECIDER, tell=_tell_change)
def extend(approved: Approved) -> None:
    """Extend a loan by `months`."""
    loan_changes.extend_loan(
        loan_id=uuid.UUID(approved.subject), months=int(approved.values["months"]), actor=approved.actor,
        reason=approved.reason,
    )  # fmt: skip


@register_approval(MARK_MISUSED, title="挪用认定", proposer=PROPOSER, decider=DECIDER, tell=_tell_change)
def mark_misused(approved: Approved) -> None:
    """Charge the misuse rate from `from_date` on."""
    loan_changes.mark_misused(
        loan_id=uuid.UUID(approved.subject), from_date=date.fromisoformat(approved.values["from_date"]),
        actor=approved.actor, reason=approved.reason,
    )  # fmt: skip


@register_approval(CALL_IN, title="宣布提前到期", proposer=PROPOSER, decider=DECIDER, tell=_tell_change)
def call_in(approved: Approved) -> None:
    """Have what is not yet due of a loan fall due on `due_date`."""
    loan_changes.call_in_loan(
        loan_id=uuid.UUID(approved.subject), due_date=date.fromisoformat(approved.values["due_date"]),
        actor=approved.actor, reason=approved.reason,
    )  # fmt: skip


@register_approval(WRITE_OFF, title="贷款核销", proposer=PROPOSER, decider=DECIDER, tell=_tell_change)
def write_off(approved: Approved) -> None:
    """Write a loan off."""
    loan_changes.write_off_loan(loan_id=uuid.UUID(approved.subject), actor=approved.actor, reason=approved.reason)


@register_approval(CONFIRM_MISUSE, title="资金用途预警：认定挪用", proposer=PURPOSE_JUDGE, decider=PURPOSE_JUDGE)
def confirm_misuse(approved: Approved) -> None:
    """Hold an outflow for a misuse, with all that follows; the subject is the finding."""
    purpose_watch.confirm_misuse(
        finding_id=uuid.UUID(approved.subject), opinion=approved.reason, proposed_by=approved.proposed_by,
        decided_by=approved.decided_by,
    )  # fmt: skip


@register_approval(CORRECT_RECORD, title="征信异议：更正", proposer=OBJECTION_JUDGE, decider=OBJECTION_JUDGE)
def correct_record(approved: Approved) -> None:
    """Correct a reported record, `how`; the subject is the objection, the reason is what the borrower is answered."""
    bureau_files.correct_record(
        objection_id=uuid.UUID(approved.subject), how=approved.values["how"], answer=approved.reason,
        actor=approved.actor,
    )  # fmt: skip


def _tell_model(_: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = {"model": "模型代码", "note": "变更说明", "cases": "须通过的用例数", "edited_by": "修改人"}
    return [(title, str(values[name])) for name, title in names.items() if name in values]


def _tell_product(_: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    changes = [
        (title, f"{old} → {new}" if old else str(new)) for title, (old, new) in values.get("changes", {}).items()
    ]  # fmt: skip
    names = {"product": "产品代码", "name": "产品名称", "change_note": "变更说明", "effective_date": "生效日期"}
    told = [(title, str(values.get(name) or "—")) for name, title in names.items()]
    return [*told, ("修改人", "、".join(values.get("edited_by", []))), *changes]


@register_approval(
    MODEL_PUBLISH, title="决策模型发布", proposer=MODEL_EDITOR, decider=MODEL_PUBLISHER, page="lending_bankmodelversion",
    tell=_tell_model,
)  # fmt: skip
def publish_model(approved: Approved) -> None:
    """Publish a bank's own model as it was proposed; the subject is the draft, `digest` is what it said then."""
    models.publish_model(
        version_id=uuid.UUID(approved.subject), digest=str(approved.values["digest"]), decided_by=approved.decided_by,
        actor=approved.actor,
    )  # fmt: skip


@register_approval(
    PUBLISH_PRODUCT, title="发布产品版本", proposer=PRODUCT_EDITOR, decider=PRODUCT_PUBLISHER,
    page="lending_productversion", tell=_tell_product,
)  # fmt: skip
def publish_product(approved: Approved) -> None:
    """Publish a draft as it was proposed; the subject is the version, the values are those of `plan_publishing`."""
    products.publish_proposed(
        version_id=uuid.UUID(approved.subject), values=approved.values, decided_by=approved.decided_by,
        actor=approved.actor,
    )  # fmt: skip


@register_approval(
    REOPEN_PRODUCT, title="产品恢复受理", proposer=PRODUCT_EDITOR, decider=PRODUCT_PUBLISHER, page="lending_product"
)
def reopen_product(approved: Approved) -> None:
    """Let a closed product take applications again; the subject is the product."""
    product_switching.open_product(
        product_id=uuid.UUID(approved.subject), actor=approved.actor, reason=approved.reason
    )  # fmt: skip


@register_approval(
    SCHEDULE_PRODUCT, title="产品受理起止日", proposer=PRODUCT_EDITOR, decider=PRODUCT_PUBLISHER, page="lending_product"
)
def schedule_product(approved: Approved) -> None:
    """Set from when to when a product takes applications; the subject is the product, the values are two dates."""
    dates = {
        name: date.fromisoformat(text) if text else None
        for name, text in approved.values.items()
        if name in {"opens_date", "closes_date"}
    }
    product_switching.schedule_product(
        product_id=uuid.UUID(approved.subject), opens_date=dates["opens_date"], closes_date=dates["closes_date"],
        actor=approved.actor, reason=approved.reason,
    )  # fmt: skip


def _case(subject: str) -> ReviewCase:
    case = ReviewCase.objects.filter(pk=uuid.UUID(subject)).first()
    if case is None:
        raise NotFound
    return case


def check_review(subject: str, values: Mapping[str, Any]) -> None:
    """Refuse to propose what could not be decided so; the words are asked for when it is decided."""
    refuse_verdict(_case(subject), Verdict.of(values, note="—"))


def tell_review(subject: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what the first reviewer proposes."""
    case, limit_fen = _case(subject), values.get("limit_fen")
    told = [("结论", dict(OUTCOMES)[values["outcome"]]),
            ("理由", reason_titles(case.kind, values["outcome"], list(values["codes"])))]  # fmt: skip
    shown = case.amount_fen if limit_fen is None else limit_fen
    return [*told, ("金额", f"{exact(shown)} 元")] if shown is not None else told


@register_approval(
    REVIEW, title="审核（两人）", proposer=REVIEWER, decider=REVIEWER, page="lending_reviewcase", check=check_review,
    tell=tell_review,
)  # fmt: skip
def review(approved: Approved) -> None:
    """Decide a case of the queue as its reviewer proposed; the subject is the case, the values are the verdict."""
    review_cases.decide_by_two(
        case_id=uuid.UUID(approved.subject), proposed_by=approved.proposed_by, actor=approved.actor,
        verdict=Verdict.of(approved.values, note=approved.reason),
    )  # fmt: skip
