"""Sign a drawdown's contract: held on the line, set, time-stamped, sealed by the bank, put on record (SIGN-01).

Three beats. (a) `sign_drawdown` commits the intent: what the contract states, its number, the hold. (b) The step
sets and signs it, which asks the time stamp authority and nobody else. (c) `finish_signing` enters the file, the
contract and its leaves in one transaction. An attempt that dies before (c) leaves nothing but an orphan file; the next
makes the contract of the same number and content.

Where a product signs once per line, a drawdown's contract is a voucher under the line's agreement. The first one, and any
that the agreement does not serve (`lending.agreements`), makes both files, and enters both or none.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from accounts import queries as accounts
from core import evidence, vault
from core.actors import customer_actor
from core.clock import business_date, now
from core.errors import StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.tenancy import current_bank
from lending.contracting import ConsentGiven, Parties, agreed_on, bundle_digest, text_named
from lending.contracts.numbers import format_contract_number
from lending.disclosing import Shown
from lending.line_contracting import line_agreed_on, signs_once
from lending.models import Contract, Disclosure, Drawdown, LineAgreement
from lending.models.drawdown import SIGNING
from lending.operations.concentration import refuse_concentration
from lending.operations.drawdowns import (
    SYSTEM,
    DisclosureChanged,
    confirmed_table,
    refuse_account,
    refuse_closed,
    refuse_expired_id,
    refuse_unless_draft,
    refuse_unreviewed,
)
from lending.operations.lines import hold_on_line, release_hold
from lending.operations.loan_locks import lock_drawdown
from lending.operations.stopping import cancel, has_stopped
from lending.pricing import price_columns
from lending.queries.agreements import agreement_serving
from lending.queries.disclosures import lender_card, table_today
from lending.reporting import SEQUENCE
from lending.states import DRAWDOWN
from verification import operations as verification
from verification import queries as verified

ACT: Final = "sign"
SIGN: Final = "drawdown.sign"
E_SIGN: Final = "e_sign"
CONTRACT: Final = "lending.contract"
BUNDLE: Final = "lending.contract_bundle"
AGREED: Final = "lending.line_agreement"
AGREED_BUNDLE: Final = "lending.line_agreement_bundle"
# What `agreed` holds of a line's agreement: which one it is, and all that a new one states.
AGREEMENT: Final = "agreement"
LINE_AGREEMENT: Final = "line_agreement"
SIGNED_IN: Final = "drawdown"
KEPT: Final = "contract"
NEXT_NUMBER: Final = """
INSERT INTO lending_contract_counter AS counter (year, last) VALUES (%s, 1)
ON CONFLICT (year) DO UPDATE SET last = counter.last + 1 RETURNING last
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How the customer signs: the face token, the one-time code, and from which device and address."""

    face_token: str
    code_id: uuid.UUID
    code: str
    device_id: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFile:
    """A document that was set and signed, its bytes staged in the vault; `signed_at` is the time stamp's."""

    staged: vault.StagedObject
    certificate_id: uuid.UUID
    template_version: str
    signed_at: datetime


@opens_transaction
def sign_drawdown(*, drawdown_id: uuid.UUID, customer_id: uuid.UUID, proof: Proof) -> Drawdown:
    """Take face and code, hold the amount against the line, fix what the contract states, and start signing it.

    With it the agreement of the line is signed where the product wants one and none serves.

    Raises:
        StateConflict: the drawdown is no living draft, or its table was never confirmed.
        DisclosureChanged: what was confirmed is no longer in force.
        ProductClosed, AccountNotActive, IdExpired: the draft can no longer be drawn.
        ConsentMissing: the customer has withdrawn an authorisation that the contract rests on.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired, PhoneCodeWrong: the proof is not good for this.
        LineFrozen, LineExpired, LineReviewDue, LineExceeded: the line has not so much left; nothing is held.
        ConcentrationExceeded: the customer would owe too much of the bank's net capital; nothing is held.
    """
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    refuse_unless_draft(drawdown=drawdown)
    disclosure, shown = confirmed_table(drawdown=drawdown)
    refuse_closed(line=drawdown.line)
    refuse_unreviewed(line=drawdown.line)
    refuse_account(customer_id=customer_id, account_id=drawdown.account_id)
    refuse_expired_id(customer_id=customer_id)
    consents = _consents(drawdown)
    face_check_id = verification.consume_face_token(
        token=proof.face_token, subject_id=customer_id, action=ACT, business_id=drawdown_id.hex
    )
    verification.consume_phone_code(
        code_id=proof.code_id, code=proof.code, phone=verified.phone_of(customer_id), action=ACT,
        subject=drawdown_id.hex, subject_id=customer_id, amount_fen=drawdown.amount_fen,
    )  # fmt: skip
    agreed = agreed_on(
        drawdown, parties=_parties(drawdown), price=shown.price, schedule=shown.schedule, disclosure=disclosure,
        consents=consents, made_at=now(),
    )  # fmt: skip
    signing = {
        "face_check": face_check_id.hex,
        "phone_code": proof.code_id.hex,
        "device": proof.device_id,
        "address": proof.address,
        "disclosure": disclosure.pk.hex,
        "disclosure_sha256": bytes(disclosure.sha256).hex(),
        "shown_at": disclosure.shown_at.isoformat(),
        "confirmed_at": disclosure.confirmed_at.isoformat() if disclosure.confirmed_at else None,
        "read_seconds": disclosure.read_seconds,
        "consents": [given.id.hex for given in consents],
    }
    refuse_concentration(customer_id=customer_id, amount_fen=drawdown.amount_fen)
    hold_on_line(line_id=drawdown.line_id, amount_fen=drawdown.amount_fen)
    if signs_once(drawdown.line):
        agreed |= _under_agreement(drawdown, shown, disclosure=disclosure, consents=consents)
    enqueue(SIGN, drawdown_id)
    return transition(
        DRAWDOWN, drawdown_id, "sign", actor=customer_actor(customer_id), agreed=agreed, signing=signing,
        signs_agreement=LINE_AGREEMENT in agreed, contract_number=_next_number(drawdown.line.product.code),
        **price_columns(shown.price),
    )  # fmt: skip


def _under_agreement(
    drawdown: Drawdown, confirmed: Shown, *, disclosure: Disclosure, consents: list[ConsentGiven]
) -> dict[str, Any]:
    """Return the agreement that a drawdown is made under and, where none serves, what a new one is to state.

    The line is locked by its hold, so another drawdown that signs an agreement is seen here, or waits.

    Raises:
        DisclosureChanged: the customer has confirmed to sign something else.
    """
    line = drawdown.line
    line.refresh_from_db(fields=["limit_fen", "valid_until_date", "status"])
    if table_today(drawdown).sha256 != confirmed.sha256:
        raise DisclosureChanged
    parties = _parties(drawdown)
    serving = agreement_serving(line, price=confirmed.price, lender=parties.lender)
    if serving is not None:
        named = {"number": serving.number, "contract_date": serving.contract_date.isoformat()}
        return {AGREEMENT: {**named, SIGNED_IN: serving.drawdown_id.hex}}
    made = line_agreed_on(
        line, price=confirmed.price, parties=parties, disclosure=disclosure, consents=consents,
        number=_next_number(line.product.code), made_at=now(),
    )  # fmt: skip
    named = {"number": made["number"], "contract_date": made["contract_date"]}
    return {AGREEMENT: {**named, SIGNED_IN: drawdown.pk.hex}, LINE_AGREEMENT: made}


def _parties(drawdown: Drawdown) -> Parties:
    identity, phone = verified.identity(drawdown.customer_id), verified.phone_of(drawdown.customer_id)
    if identity is None or phone is None:
        raise StateConflict("请先完成注册")
    return Parties(
        lender=lender_card(),
        borrower=identity,
        phone=phone,
        account=accounts.account_view(drawdown.account_id),
    )


def _consents(drawdown: Drawdown) -> list[ConsentGiven]:
    """Return the authorisations given for the line's application, all of them still in force (LN-06)."""
    version, application = drawdown.line.product_version, drawdown.line.application_id.hex
    wanted = list(dict.fromkeys([E_SIGN, *version.required_consents]))
    ids = verification.require_consents(subject_id=drawdown.customer_id, purposes=wanted, business_id=application)
    rows = {row.pk: row for row in verified.consents_of(drawdown.customer_id).filter(pk__in=ids)}
    return [
        ConsentGiven(id=found, title=rows[found].agreement.title, sha256=bytes(rows[found].sha256)) for found in ids
    ]


def _next_number(product_code: str) -> str:
    """Take the next contract number of the year; last of all, because the others wait at this row (SIGN-02)."""
    year = business_date().year
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [year])
        sequence = int(cursor.fetchone()[0])
    return format_contract_number(
        bank_code=current_bank().code, year=year, product_code=product_code, sequence=sequence
    )


@within_transaction
def finish_signing(*, drawdown_id: uuid.UUID, made: SignedFile, agreement: SignedFile | None = None) -> None:
    """Enter the signed contract and its leaves and make the drawdown signed; of any number of attempts, one does.

    An agreement that was signed with it is entered in the same transaction. From here the hold lasts until the end of the
    next business date. Where the product or the bank has stopped since the customer signed, nothing is entered: the drawdown
    is cancelled.
    """
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    if drawdown.status != SIGNING or drawdown.agreed is None:
        return
    if has_stopped(line=drawdown.line):
        cancel(drawdown=drawdown)
        return
    contract_id, under = new_id(), _agreement_of(drawdown, agreement)
    named = {} if under is None else {"agreement": under.number}
    Contract.objects.create(
        id=contract_id, drawdown=drawdown, agreement=under, number=drawdown.contract_number or "",
        contract_date=drawdown.agreed["contract_date"],
        **_entered(
            drawdown, made, row_id=contract_id, kinds=(CONTRACT, BUNDLE),
            told={
                "format": "contract-bundle/1", "contract": contract_id.hex, "number": drawdown.contract_number, **named,
            },
        ),
    )  # fmt: skip
    transition(
        DRAWDOWN, drawdown_id, "seal", actor=SYSTEM, signed_at=now(),
        disburse_by_date=business_date() + timedelta(days=1),
    )  # fmt: skip
    enqueue(SEQUENCE, contract_id)


def _agreement_of(drawdown: Drawdown, made: SignedFile | None) -> LineAgreement | None:
    """Return the agreement of a drawdown that is being entered; the one that was signed with it is entered here."""
    agreed = drawdown.agreed or {}
    if AGREEMENT not in agreed:
        return None
    if made is None:
        return LineAgreement.objects.get(number=agreed[AGREEMENT]["number"])
    new, agreement_id = agreed[LINE_AGREEMENT], new_id()
    told = {"format": "line-agreement-bundle/1", "agreement": agreement_id.hex, "number": new["number"]}
    return LineAgreement.objects.create(
        id=agreement_id, line_id=drawdown.line_id, drawdown=drawdown, number=new["number"],
        contract_date=new["contract_date"], valid_until_date=new["valid_until_date"], limit_fen=new["limit_fen"],
        annual_rate=Decimal(new["annual_rate"]), terms=new["terms"], template=text_named(made.template_version),
        **_entered(drawdown, made, row_id=agreement_id, kinds=(AGREED, AGREED_BUNDLE), told=told),
    )  # fmt: skip


def _entered(
    drawdown: Drawdown, made: SignedFile, *, row_id: uuid.UUID, kinds: tuple[str, str], told: dict[str, Any]
) -> dict[str, Any]:
    """Attach a signed file to its row, put file and bundle on record, and return the columns that say so."""
    kind, bundle_kind = kinds
    stored = vault.attach(made.staged, kind=KEPT, owner=vault.Owner(kind=kind, id=row_id), retention=KEPT)
    bundle = {
        **told,
        "sha256": stored.sha256.hex(),
        "certificate": made.certificate_id.hex,
        "template": made.template_version,
        **drawdown.signing,
    }
    return {
        "customer_id": drawdown.customer_id,
        "certificate_id": made.certificate_id,
        "template_version": made.template_version,
        "object_id": stored.id,
        "sha256": stored.sha256,
        "bundle": bundle,
        "evidence_leaf": evidence.append(kind, row_id.hex, stored.sha256),
        "bundle_leaf": evidence.append(bundle_kind, row_id.hex, bundle_digest(bundle)),
        "signed_at": made.signed_at,
    }


@within_transaction
def fail_signing(*, drawdown_id: uuid.UUID, code: str, retryable: bool) -> None:
    """Give up on a contract that is not signed and give the hold back; one that is signed stays so."""
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    if drawdown.status != SIGNING:
        return
    release_hold(line_id=drawdown.line_id, amount_fen=drawdown.amount_fen)
    transition(DRAWDOWN, drawdown_id, "fail", actor=SYSTEM, reason=code, reason_code=code, retryable=retryable)
