"""The durable step of signing: what a customer has signed becomes files that are set, stamped, sealed and on record."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from core import vault
from core.clock import now
from core.steps.registry import VENDOR, Again, Done, Failed, Outcome, StepRun, register_step
from lending import parameters
from lending.contracting import agreement_template_of, contract_of, template_of, voucher_template_of
from lending.contracts.data import Lender
from lending.contracts.errors import ContractDataError, GlyphMissing, TemplateError, TimestampUnavailable
from lending.contracts.render import render_agreement, render_contract, render_seal, render_voucher
from lending.line_contracting import agreement_of
from lending.models import Drawdown, LineAgreement
from lending.models.drawdown import SIGNING
from lending.operations import signing
from lending.signers import current_signer, timestamps_for, trust

log = structlog.get_logger(__name__)
SIGNING_LEASE: Final = timedelta(seconds=60)
SHORTLY: Final = timedelta(seconds=1)
VENDOR_UNAVAILABLE: Final = "vendor_unavailable"
NOT_POSSIBLE: Final = "contract_not_possible"
FIELD: Final = "Lender"
PDF: Final = "application/pdf"


@register_step(signing.SIGN, lane=VENDOR, lease=SIGNING_LEASE)
def sign(run: StepRun) -> Outcome:
    """Set, stamp, seal and sign a drawdown's contract; asks the time stamp authority (PURE) and nobody else.

    Without a stamp within the bank's patience (`drawdown.signing_minutes`) it fails and the hold is given back.
    """
    drawdown = Drawdown.objects.select_related("line__product_version", "line__product").get(pk=run.subject_id)
    if drawdown.status != SIGNING:
        return Done()
    if _agreement_is_on_its_way(drawdown):
        return Again("the line's agreement is being signed", SHORTLY)
    try:
        made = _signed_files(drawdown, run)
    except TimestampUnavailable as error:
        return _wait_for_stamp(run, f"tsa {error.failure.value}")
    except (ContractDataError, GlyphMissing, TemplateError) as error:
        log.warning("contract.not_possible", drawdown=run.subject, error=type(error).__name__)
        return Failed(NOT_POSSIBLE, _fail(run, NOT_POSSIBLE))
    except _AgreementFailed as error:
        return Failed(error.code, _fail(run, error.code))
    if made is None:
        return _wait_for_stamp(run, "signature not trusted")
    return Done(partial(signing.finish_signing, drawdown_id=run.subject_id, **made))


class _AgreementFailed(Exception):
    """The agreement that a voucher names was never signed; `code` is why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _agreement_is_on_its_way(drawdown: Drawdown) -> bool:
    """Tell whether another drawdown is signing the agreement that this one is made under."""
    named = (drawdown.agreed or {}).get(signing.AGREEMENT)
    if named is None or drawdown.signs_agreement:
        return False
    return Drawdown.objects.filter(pk=uuid.UUID(named[signing.SIGNED_IN]), status=SIGNING).exists()


def _refuse_without_agreement(named: Mapping[str, str]) -> None:
    """Refuse a voucher whose agreement failed.

    Raises:
        _AgreementFailed: it did.
    """
    if LineAgreement.objects.filter(number=named["number"]).exists():
        return
    signed_in = Drawdown.objects.filter(pk=uuid.UUID(named[signing.SIGNED_IN]))
    raise _AgreementFailed(signed_in.values_list("reason_code", flat=True).get() or VENDOR_UNAVAILABLE)


def _signed_files(drawdown: Drawdown, run: StepRun) -> dict[str, signing.SignedFile] | None:
    """Make the contract, or the voucher and the agreement that is signed with it; None where one would not verify."""
    line, agreed, number = drawdown.line, drawdown.agreed or {}, drawdown.contract_number or ""
    version, code = line.product_version, line.product.code
    named, made = agreed.get(signing.AGREEMENT), {}
    if drawdown.signs_agreement:
        template = agreement_template_of(version, product_code=code)
        agreement = agreement_of(agreed[signing.LINE_AGREEMENT], template_version=template.version)
        pdf = render_agreement(template.source, agreement)
        made["agreement"] = _signed_file(
            pdf, run, lender=agreement.lender, number=agreement.number, template=template.version
        )
    elif named is not None:
        _refuse_without_agreement(named)
    template = (template_of if named is None else voucher_template_of)(version, product_code=code)
    data = contract_of(agreed, number=number, template_version=template.version)
    pdf = (render_contract if named is None else render_voucher)(template.source, data)
    made["made"] = _signed_file(pdf, run, lender=data.lender, number=number, template=template.version)
    files = {name: file for name, file in made.items() if file is not None}
    return files if len(files) == len(made) else None


def _signed_file(pdf: bytes, run: StepRun, *, lender: Lender, number: str, template: str) -> signing.SignedFile | None:
    """Sign a file and stage it in the vault; None where it would not stand our own examination."""
    from lending.contracts.signing import sign_contract  # half a second of PDF and CMS that only signing needs
    from lending.contracts.verify import verify_contract

    certificate_id, signer = current_signer()
    content = sign_contract(
        pdf, signer=signer, seal_pdf=render_seal(lender.legal_name), timestamp=timestamps_for(run.request_id),
        field_name=FIELD, reason=number, location=lender.legal_name,
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
        staged=vault.stage(content, content_type=PDF),
        certificate_id=certificate_id,
        template_version=template,
        signed_at=judged.signed_at,
    )


def _wait_for_stamp(run: StepRun, reason: str) -> Outcome:
    if now() >= run.created_at + parameters.signing_patience():
        return Failed(VENDOR_UNAVAILABLE, _fail(run, VENDOR_UNAVAILABLE))
    return Again(reason)


def _fail(run: StepRun, code: str) -> partial[None]:
    return partial(signing.fail_signing, drawdown_id=run.subject_id, code=code, retryable=code == VENDOR_UNAVAILABLE)
