"""Render drawdowns, contracts, loans and repayments for the wire, with the words of the contract."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from core.clock import business_date
from core.crypto.masking import mask_account, mask_name
from core.evidence import InclusionProof
from core.money import fen_to_yuan
from core.rest.fields import on_the_wire, rate_on_the_wire
from lending import parameters, queries
from lending.loan_records import plan_at_present
from lending.loans.standing import Owed
from lending.models import Contract, Disclosure, Drawdown, EntrustedPayment, Instalment, LineAgreement, Loan, Repayment
from lending.queries import Journey, Judgement
from lending.queries.contracts import kind_of
from lending.queries.disclosures import has_lapsed
from lending.states.loans import DRAWDOWN_ON_THE_WIRE, LOAN_ON_THE_WIRE

PENDING: Final = "pending"
LEAF_FORMAT: Final = "evidence-leaf/1"


def drawdown_document(row: Drawdown) -> dict[str, Any]:
    """Render a drawdown with the table that it showed last."""
    table = row.shown_last or max(row.disclosures.all(), key=lambda shown: shown.pk)
    proofs = row.proof_ids if row.proof_ids is not None else [proof.upload_id for proof in row.proofs.all()]
    contract: Contract | None = getattr(row, "contract", None)
    agreement = None if contract is None else contract.agreement
    loan = getattr(row, "loan", None)
    return {
        "id": row.pk.hex,
        "status": "expired" if has_lapsed(row) else DRAWDOWN_ON_THE_WIRE[row.status],
        "credit_line": row.line_id.hex,
        "product": row.line.product.code,
        "amount": fen_to_yuan(row.amount_fen),
        "term": row.term_months,
        "method": row.method,
        "account": row.account_id.hex,
        "purpose": row.purpose,
        "payee": _payee(row),
        "proof": sorted(upload_id.hex for upload_id in proofs),
        "annual_rate": table.content["annual_rate"],
        "instalments": table.content["instalments"],
        "total_interest": table.content["total_interest"],
        "disclosure": _disclosure(table),
        "contract": None if contract is None else _signed(contract),
        "agreement": None if agreement is None else _signed(agreement),
        "loan": None if loan is None else loan.pk.hex,
        "reason_code": row.reason_code or None,
        "retryable": row.retryable,
        "created_at": on_the_wire(row.created_at),
        "expires_at": on_the_wire(row.expires_at),
        "disburse_by": _day(row.disburse_by_date),
    }


def _signed(row: Contract | LineAgreement) -> dict[str, str]:
    return {"id": row.pk.hex, "number": row.number, "sha256": bytes(row.sha256).hex()}


def _payee(row: Drawdown) -> dict[str, Any] | None:
    """Render to whom the money is passed on, masked (DATA-02), and how far that is."""
    paid: EntrustedPayment | None = getattr(row, "entrusted", None)
    if paid is None:
        return None
    return {
        "name": mask_name(paid.payee_name),
        "number": mask_account(paid.payee_number),
        "bank": paid.payee_bank or None,
        "status": paid.status,
        "reason_code": paid.reason_code or None,
    }


def _disclosure(table: Disclosure) -> dict[str, Any]:
    return {
        "sha256": bytes(table.sha256).hex(),
        "lines": table.content["lines"],
        "all_in_annual_rate": table.content["all_in_annual_rate"],
        "all_in_basis": table.content["all_in_basis"],
        "min_read_seconds": parameters.min_read_seconds(),
        "confirmed": table.confirmed_at is not None,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def contract_document(row: Contract | LineAgreement, proof: InclusionProof | None) -> dict[str, Any]:
    """Render a contract, voucher or agreement; without a proof its leaf waits for its place."""
    loan = getattr(row, "loan", None)
    under = row.agreement_id if isinstance(row, Contract) else None
    return {
        **_signed(row),
        "kind": kind_of(row),
        "agreement": None if under is None else under.hex,
        "drawdown": row.drawdown_id.hex,
        "loan": None if loan is None else loan.pk.hex,
        "contract_date": row.contract_date.isoformat(),
        "signed_at": on_the_wire(row.signed_at),
        "evidence": evidence_document(proof),
    }


def evidence_document(proof: InclusionProof | None) -> dict[str, Any] | str:
    """Render a proof so that anybody can check it: the leaf's content makes its hash, the path makes the root."""
    if proof is None:
        return PENDING
    return {
        "leaf": proof.leaf_hash.hex(),
        "index": proof.index,
        "tree_size": proof.tree_size,
        "root": proof.root.hex(),
        "proof": [node.hex() for node in proof.path],
        "content": {
            "format": LEAF_FORMAT,
            "id": proof.data.id.hex,
            "kind": proof.data.kind,
            "subject": proof.data.subject,
            "content_sha256": proof.data.content_sha256.hex(),
            "salt": proof.data.salt.hex(),
        },
    }


def judgement_document(found: Judgement) -> dict[str, Any]:
    """Render what can be said of a file."""
    return {
        "valid": found.valid,
        "document": found.document,
        "number": found.number,
        "signed_at": on_the_wire(found.signed_at),
        "evidence": evidence_document(found.proof) if found.valid else None,
        "reasons": list(found.reasons),
    }


def loan_document(row: Loan) -> dict[str, Any]:
    """Render a loan as it stands on the business date."""
    found = queries.loan_standing(row)
    due = found.next_due
    return {
        "id": row.pk.hex,
        "status": LOAN_ON_THE_WIRE[row.status],
        "product": row.line.product.code,
        "drawdown": row.drawdown_id.hex,
        "contract": row.contract_id.hex,
        "credit_line": row.line_id.hex,
        "account": row.account_id.hex,
        "principal": fen_to_yuan(row.principal_fen),
        "outstanding_principal": fen_to_yuan(row.outstanding_fen),
        "accrued_interest": fen_to_yuan(found.standing.accrued_interest_fen),
        "annual_rate": rate_on_the_wire(row.annual_rate),
        "method": row.method,
        "term": row.term_months,
        "start_date": row.start_date.isoformat(),
        "maturity_date": row.maturity_date.isoformat(),
        "overdue": {
            "days": found.standing.overdue_days,
            "amount": fen_to_yuan(found.standing.overdue.total_fen),
        },
        "classification": found.category.value,
        "next_due": None
        if due is None
        else {
            "number": due.number,
            "due_date": due.due_date.isoformat(),
            "amount": fen_to_yuan(due.amount_fen),
        },
        "settled_date": _day(row.settled_date),
    }


def schedule_document(row: Loan) -> dict[str, Any]:
    """Render a loan's schedule with what was paid."""
    today = business_date()
    return {"instalments": [_instalment(each, today) for each in plan_at_present(row)]}


def _instalment(row: Instalment, today: date) -> dict[str, Any]:
    paid_fen = row.paid_principal_fen + row.paid_interest_fen + row.paid_penalty_fen + row.paid_compound_fen
    status = "pending" if row.due_date > today else "due" if row.due_date == today else "overdue"
    return {
        "number": row.number,
        "due_date": row.due_date.isoformat(),
        "principal": fen_to_yuan(row.principal_fen),
        "interest": fen_to_yuan(row.interest_fen),
        "total": fen_to_yuan(row.principal_fen + row.interest_fen),
        "balance": fen_to_yuan(row.balance_fen),
        "paid": fen_to_yuan(paid_fen),
        "status": status if row.closed_date is None else "paid",
    }


def allocation_document(owed: Owed) -> dict[str, str]:
    """Render amounts by kind."""
    return {
        "fee": fen_to_yuan(owed.fee_fen),
        "penalty": fen_to_yuan(owed.penalty_fen),
        "compound": fen_to_yuan(owed.compound_fen),
        "interest": fen_to_yuan(owed.interest_fen),
        "principal": fen_to_yuan(owed.principal_fen),
        "total": fen_to_yuan(owed.total_fen),
    }


def repayment_document(row: Repayment) -> dict[str, Any]:
    """Render a repayment."""
    owed = Owed(
        fee_fen=row.fee_fen,
        compound_fen=row.compound_fen,
        penalty_fen=row.penalty_fen,
        interest_fen=row.interest_fen,
        principal_fen=row.principal_fen,
    )
    return {
        "id": row.pk.hex,
        "loan": row.loan_id.hex,
        "kind": row.kind,
        "status": row.status,
        "account": None if row.account_id is None else row.account_id.hex,
        "amount": fen_to_yuan(row.total_fen),
        "allocation": allocation_document(owed),
        "balance_after": None if row.balance_after_fen is None else fen_to_yuan(row.balance_after_fen),
        "reason_code": row.reason_code or None,
        "created_at": on_the_wire(row.created_at),
        "posted_at": on_the_wire(row.posted_at),
        "reversed_at": on_the_wire(row.reversed_at),
    }


def journey_document(found: Journey) -> dict[str, Any]:
    """Render where a customer is."""
    return {
        "steps": [
            {
                "name": step.name,
                "status": step.status,
                "resource": step.resource,
                "reason_code": step.reason_code,
            }
            for step in found.steps
        ],
        "next": found.next,
    }
