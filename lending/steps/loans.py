"""The durable steps from the draft to the repaid loan, and what the province is told."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from accounts import queries as accounts
from core import vault
from core.clock import now
from core.steps.registry import VENDOR, Again, Done, Failed, Outcome, StepRun, register_step
from lending import parameters, reporting
from lending.contracting import contract_of, template_of
from lending.contracts.errors import ContractDataError, GlyphMissing, TemplateError, TimestampUnavailable
from lending.contracts.render import render_contract, render_seal
from lending.models import Drawdown, Repayment
from lending.models.drawdown import SIGNING
from lending.operations import disbursement, drawdowns, repayment, reversal, signing
from lending.signers import current_signer, timestamps_for, trust

log = structlog.get_logger(__name__)
SIGNING_LEASE: Final = timedelta(seconds=60)
SHORTLY: Final = timedelta(seconds=1)
VENDOR_UNAVAILABLE: Final = "vendor_unavailable"
NOT_POSSIBLE: Final = "contract_not_possible"
FIELD: Final = "Lender"
PDF: Final = "application/pdf"


@register_step(drawdowns.LAPSE_DRAFT)
def lapse_draft(run: StepRun) -> Outcome:
    """End a draft whose time is over."""
    return Done(partial(drawdowns.lapse_draft, drawdown_id=run.subject_id))


@register_step(signing.SIGN, lane=VENDOR, lease=SIGNING_LEASE)
def sign(run: StepRun) -> Outcome:
    """Set, stamp, seal and sign a drawdown's contract; asks the time stamp authority (PURE) and nobody else.

    Without a stamp within the bank's patience (`drawdown.signing_minutes`) it fails and the hold is given back.
    """
    drawdown = Drawdown.objects.select_related("line__product_version", "line__product").get(pk=run.subject_id)
    if drawdown.status != SIGNING:
        return Done()
    try:
        made = _signed_file(drawdown, run)
    except TimestampUnavailable as error:
        return _wait_for_stamp(run, f"tsa {error.failure.value}")
    except (ContractDataError, GlyphMissing, TemplateError) as error:
        log.warning("contract.not_possible", drawdown=run.subject, error=type(error).__name__)
        return Failed(NOT_POSSIBLE, _fail(run, NOT_POSSIBLE))
    if made is None:
        return _wait_for_stamp(run, "signature not trusted")
    return Done(partial(signing.finish_signing, drawdown_id=run.subject_id, made=made))


def _signed_file(drawdown: Drawdown, run: StepRun) -> signing.SignedFile | None:
    """Make the signed file and stage it in the vault; None where it would not stand our own examination."""
    from lending.contracts.signing import sign_contract  # half a second of PDF and CMS that only signing needs
    from lending.contracts.verify import verify_contract

    line, agreed, number = drawdown.line, drawdown.agreed or {}, drawdown.contract_number or ""
    template = template_of(line.product_version, product_code=line.product.code)
    data = contract_of(agreed, number=number, template_version=template.version)
    certificate_id, signer = current_signer()
    content = sign_contract(
        render_contract(template.source, data), signer=signer, seal_pdf=render_seal(data.lender.legal_name),
        timestamp=timestamps_for(run.request_id), field_name=FIELD, reason=number, location=data.lender.legal_name,
    )  # fmt: skip
    trusted = trust()
    judged = verify_contract(
        content, trust_roots=trusted.bank_roots, tsa_roots=trusted.stamp_roots, signer_name=trusted.legal_name
    )
    if not judged.valid or judged.signed_at is None:
        defects = [defect.value for defect in judged.problems]
        log.error("contract.would_not_verify", drawdown=run.subject, defects=defects)
        return None
    log.info("contract.signed", drawdown=run.subject, sha256=hashlib.sha256(content).hexdigest())
    return signing.SignedFile(
        staged=vault.stage(content, content_type=PDF), certificate_id=certificate_id,
        template_version=template.version, signed_at=judged.signed_at,
    )  # fmt: skip


def _wait_for_stamp(run: StepRun, reason: str) -> Outcome:
    if now() >= run.created_at + parameters.signing_patience():
        return Failed(VENDOR_UNAVAILABLE, _fail(run, VENDOR_UNAVAILABLE))
    return Again(reason)


def _fail(run: StepRun, code: str) -> partial[None]:
    return partial(signing.fail_signing, drawdown_id=run.subject_id, code=code, retryable=code == VENDOR_UNAVAILABLE)


@register_step(disbursement.PAID)
def paid(run: StepRun) -> Outcome:
    """Conclude a disbursement that the core has answered."""
    payment_id = Drawdown.objects.values_list("payment_id", flat=True).get(pk=run.subject_id)
    if payment_id is not None and accounts.payment(payment_id).status == "pending":
        return Again("payment pending", SHORTLY)
    return Done(partial(disbursement.payment_ended, drawdown_id=run.subject_id))


@register_step(repayment.COLLECTED)
def collected(run: StepRun) -> Outcome:
    """Conclude a repayment that the core has answered."""
    payment_id = Repayment.objects.values_list("payment_id", flat=True).get(pk=run.subject_id)
    if payment_id is not None and accounts.payment(payment_id).status == "pending":
        return Again("payment pending", SHORTLY)
    return Done(partial(repayment.collection_ended, repayment_id=run.subject_id))


@register_step(reversal.RETURNED)
def returned(run: StepRun) -> Outcome:
    """Conclude a reversal that the core has answered."""
    payment_id = Repayment.objects.values_list("reversal_payment_id", flat=True).get(pk=run.subject_id)
    if payment_id is not None and accounts.payment(payment_id).status == "pending":
        return Again("payment pending", SHORTLY)
    return Done(partial(reversal.return_ended, repayment_id=run.subject_id))


@register_step(reporting.SEQUENCE)
def sequence(run: StepRun) -> Outcome:
    """Give the leaves of this bank's evidence log their place."""
    del run
    return Done(result={"placed": reporting.sequence_leaves()})


@register_step(reporting.PUSH_FIGURES, is_awaited=False)
def push_figures(run: StepRun) -> Outcome:
    """Report this bank's figures to the province."""
    del run
    try:
        return Done(result=reporting.push_figures())
    except reporting.AnotherPush:
        return Again("another push", SHORTLY)
