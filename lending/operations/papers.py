"""Issue a loan's papers: numbered, set, signed by the bank, on record; the same file while nothing changed (SIGN-02, SIGN-03).

Three beats, as with a contract. (a) `_reserve` commits the paper's number and the keyed hash of what it states. (b) The file
is set and signed, which asks the time stamp authority (PURE). (c) `_enter` puts file and leaf on record. An attempt that
dies before (c) leaves a number whose file the next request makes; of two at once, one file counts.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import structlog
from django.db import connection

from core import evidence, vault
from core.clock import business_date, now
from core.crypto import blind_index
from core.errors import InvalidRequest, NotFound, StateConflict, TooManyRequests, Unavailable
from core.gateway import GatewayError
from core.operations import opens_transaction
from core.steps.queue import enqueue
from core.tenancy import current_bank
from lending import servicing_parameters
from lending.contracts.errors import GlyphMissing, TemplateError, TimestampUnavailable
from lending.contracts.render import render_paper, render_seal
from lending.contracts.signing import sign_contract
from lending.contracts.verify import verify_contract
from lending.models import Loan, LoanPaper, Repayment
from lending.models.paper import NOTICE, PREFIXES, RECEIPT, SETTLEMENT, STATEMENT
from lending.papers import data
from lending.papers.data import Facts
from lending.queries import papers as asked
from lending.reporting import SEQUENCE
from lending.signers import current_signer, timestamps_for, trust

log = structlog.get_logger(__name__)
PAPER: Final = "lending.paper"
KEPT: Final = "contract"  # the vault's retention class: as long as the contract (SIGN-03)
SEAL: Final = "业务专用章"
FIELD: Final = "Bank"
PDF: Final = "application/pdf"
DOMAIN: Final = "lending.paper.content"
DAY: Final = timedelta(hours=24)
TEMPLATES: Final = {
    RECEIPT: "receipt.typ",
    STATEMENT: "statement.typ",
    SETTLEMENT: "settlement.typ",
    NOTICE: "notice.typ",
}
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || %s, 0))"
NEXT_NUMBER: Final = """
INSERT INTO lending_paper_counter AS counter (series, last) VALUES (%s, 1)
ON CONFLICT (series) DO UPDATE SET last = counter.last + 1 RETURNING last
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A paper that somebody asks for: of which loan, of which kind, what it states, and its period where it has one."""

    loan_id: uuid.UUID
    kind: str
    facts: Facts
    repayment_id: uuid.UUID | None = None
    from_date: date | None = None
    to_date: date | None = None


def issue_receipt(*, loan_id: uuid.UUID, repayment_id: uuid.UUID, actor: str) -> LoanPaper:
    """Return the receipt of a posted repayment (还款凭证), made and signed on the first request.

    Raises:
        NotFound: there is no such loan, or no such repayment on it.
        StateConflict: the repayment is not posted, or a name cannot be set.
        TooManyRequests: the customer has asked for too many new papers within a day.
        Unavailable: no time stamp can be had now; ask again.
    """
    loan = _loan(loan_id)
    repayment = Repayment.objects.filter(pk=repayment_id, loan=loan).first()
    if repayment is None:
        raise NotFound
    facts = asked.receipt_facts(loan, repayment)
    return _issue(Wanted(loan_id=loan_id, kind=RECEIPT, facts=facts, repayment_id=repayment_id), actor)


def issue_statement(*, loan_id: uuid.UUID, from_date: date | None, to_date: date | None, actor: str) -> LoanPaper:
    """Return a loan's statement of a period (贷款对账单), by default from its first day to the present business date.

    A period that reaches beyond these is cut to them.

    Raises:
        NotFound: there is no such loan.
        InvalidRequest: the period ends before it begins, or lies outside the loan's life.
        StateConflict, TooManyRequests, Unavailable: as `issue_receipt`.
    """
    loan = _loan(loan_id)
    first, last = max(from_date or loan.start_date, loan.start_date), min(to_date or business_date(), business_date())
    if first > last:
        raise InvalidRequest(errors={"from": [f"起始日期不得晚于截止日期，且期间须在 {loan.start_date} 之后"]})
    facts = asked.statement_facts(loan, from_date=first, to_date=last)
    return _issue(Wanted(loan_id=loan_id, kind=STATEMENT, facts=facts, from_date=first, to_date=last), actor)


def issue_settlement(*, loan_id: uuid.UUID, actor: str) -> LoanPaper:
    """Return a settled loan's certificate (结清证明), made and signed on the first request.

    Raises:
        NotFound: there is no such loan.
        StateConflict: the loan is not settled, or a name cannot be set.
        TooManyRequests, Unavailable: as `issue_receipt`.
    """
    loan = _loan(loan_id)
    return _issue(Wanted(loan_id=loan_id, kind=SETTLEMENT, facts=asked.settlement_facts(loan)), actor)


def issue_paper(*, wanted: Wanted, actor: str) -> LoanPaper:
    """Return a paper that states what the caller has gathered, made and signed on the first request.

    Raises:
        StateConflict, TooManyRequests, Unavailable: as `issue_receipt`.
    """
    return _issue(wanted, actor)


def _loan(loan_id: uuid.UUID) -> Loan:
    rows = Loan.objects.select_related("line__product_version", "contract").prefetch_related("instalments__shares")
    loan = rows.filter(pk=loan_id).first()
    if loan is None:
        raise NotFound
    return loan


def _issue(wanted: Wanted, actor: str) -> LoanPaper:
    content_keyed_hash = blind_index(data.canonical(wanted.facts), domain=DOMAIN)
    paper = LoanPaper.objects.filter(
        loan_id=wanted.loan_id, kind=wanted.kind, content_keyed_hash=content_keyed_hash
    ).first()
    if paper is None:
        paper = _reserve(wanted=wanted, content_keyed_hash=content_keyed_hash, actor=actor)
    return paper if paper.is_made else _enter(paper_id=paper.pk, made=_made(paper, wanted.facts))


@opens_transaction
def _reserve(*, wanted: Wanted, content_keyed_hash: bytes, actor: str) -> LoanPaper:
    """Give a paper its number; one that another request has numbered meanwhile is returned as it is.

    Raises:
        TooManyRequests: see `issue_receipt`.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f":papers:{wanted.loan_id.hex}"])
    found = LoanPaper.objects.filter(
        loan_id=wanted.loan_id, kind=wanted.kind, content_keyed_hash=content_keyed_hash
    ).first()
    if found is not None:
        return found
    _refuse_too_many(wanted.loan_id)
    return LoanPaper.objects.create(
        loan_id=wanted.loan_id, repayment_id=wanted.repayment_id, kind=wanted.kind, number=_next_number(wanted.kind),
        from_date=wanted.from_date, to_date=wanted.to_date, issued_date=business_date(), asked_by=actor,
        content_keyed_hash=content_keyed_hash,
    )  # fmt: skip


def _refuse_too_many(loan_id: uuid.UUID) -> None:
    customer = Loan.objects.values("customer_id").filter(pk=loan_id)
    recent = LoanPaper.objects.filter(loan__customer_id__in=customer, created_at__gt=now() - DAY).count()
    if recent >= servicing_parameters.papers_per_day():
        raise TooManyRequests(retry_after=int(DAY.total_seconds()))


def _next_number(kind: str) -> str:
    year = business_date().year
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [f"{PREFIXES[kind]}{year}"])
        sequence = int(cursor.fetchone()[0])
    return f"{PREFIXES[kind]}{current_bank().code}{year}{sequence:08d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPaper:
    """A paper that was set and signed, its bytes staged in the vault; `signed_at` is the time stamp's."""

    staged: vault.StagedObject
    certificate_id: uuid.UUID
    signed_at: datetime


def _made(paper: LoanPaper, facts: Facts) -> SignedPaper:
    """Set, seal, sign and stamp a paper, and examine it as a stranger would; outside of transactions."""
    view = data.view(facts, number=paper.number, issued_date=paper.issued_date, made_at=paper.created_at)
    certificate_id, signer = current_signer()
    try:
        trusted = trust()
        content = sign_contract(
            render_paper(TEMPLATES[paper.kind], view, made_at=paper.created_at), signer=signer,
            seal_pdf=render_seal(trusted.legal_name, SEAL), timestamp=timestamps_for(paper.pk.hex), field_name=FIELD,
            reason=paper.number, location=trusted.legal_name,
        )  # fmt: skip
    except (GatewayError, TimestampUnavailable) as error:
        raise Unavailable from error
    except (GlyphMissing, TemplateError) as error:
        log.warning("paper.not_possible", paper=paper.pk.hex, error=type(error).__name__)
        raise StateConflict("姓名等内容含有无法排印的字符，请到网点办理纸质凭证") from error
    judged = verify_contract(
        content, trust_roots=trusted.bank_roots, tsa_roots=trusted.stamp_roots, signer_name=trusted.legal_name
    )
    if not judged.valid or judged.signed_at is None:
        log.error("paper.would_not_verify", paper=paper.pk.hex, defects=[each.value for each in judged.problems])
        raise Unavailable
    return SignedPaper(
        staged=vault.stage(content, content_type=PDF), certificate_id=certificate_id, signed_at=judged.signed_at
    )


@opens_transaction
def _enter(*, paper_id: uuid.UUID, made: SignedPaper) -> LoanPaper:
    """Put a signed paper and its leaf on record; where another request was first, its file is the paper."""
    paper = LoanPaper.objects.select_for_update(no_key=True).get(pk=paper_id)
    if paper.is_made:
        return paper
    stored = vault.attach(made.staged, kind=paper.kind, owner=vault.Owner(kind=PAPER, id=paper_id), retention=KEPT)
    paper.object_id, paper.sha256, paper.certificate_id = stored.id, stored.sha256, made.certificate_id
    paper.evidence_leaf = evidence.append(PAPER, paper_id.hex, stored.sha256)
    paper.signed_at = made.signed_at
    paper.save(update_fields=["object_id", "sha256", "certificate_id", "evidence_leaf", "signed_at"])
    enqueue(SEQUENCE, paper_id)
    return paper


def read_paper(*, paper: LoanPaper, purpose: str, actor: str) -> bytes:
    """Return a paper's file; who read it and why is on record before a byte is handed out.

    Raises:
        NotFound: it is not made.
    """
    if paper.object_id is None:
        raise NotFound
    return vault.read(paper.object_id, purpose=purpose, actor=actor)
