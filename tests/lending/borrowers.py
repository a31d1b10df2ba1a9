"""Customers with a line and an account, and each beat of a drawdown as they go through it."""

from __future__ import annotations

import itertools
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction

from accounts.models import DepositAccount
from accounts.models.deposit_account import ACTIVE, CLASS_TWO
from accounts.operations import Line, post_entry
from core import evidence
from core.clock import business_date, now
from core.crypto import blind_index
from core.ids import new_id
from core.tenancy import current_bank
from lending import operations
from lending.models import (
    Application,
    BankCertificate,
    Contract,
    CreditLine,
    Disclosure,
    Drawdown,
    Loan,
    Product,
    ProductVersion,
    Repayment,
)
from lending.operations.lines import hold_on_line
from lending.operations.signing import Proof
from lending.pricing import price_columns
from lending.queries.prices import line_price_today
from tenants.queries import lpr_on
from tests.accounts.holders import set_day, write
from tests.at_once import at_once, told
from tests.lending.applicants import change_product, consent_to, face_token, make_customer
from verification import queries as verified
from verification.models import PhoneCode
from verification.operations.phone_codes import digits_of

LIMIT = 200_000_00
CLEARING = "3101"
_accounts = itertools.count(1)
_contracts = itertools.count(90_000_000)


@dataclass(frozen=True)
class Borrower:
    """A customer who can draw: their line and their account at one bank."""

    bank: str
    customer_id: uuid.UUID
    line_id: uuid.UUID
    account_id: uuid.UUID

    def line(self) -> CreditLine:
        """Read the line anew."""
        return CreditLine.objects.get(pk=self.line_id)

    def account(self) -> DepositAccount:
        """Read the account anew."""
        return DepositAccount.objects.get(pk=self.account_id)


def make_account(
    customer_id: uuid.UUID, *, keeper: str = "own", status: str = ACTIVE, account_class: str = CLASS_TWO
) -> DepositAccount:
    """Open an account."""
    number = f"6223{current_bank().code}{next(_accounts):012d}"
    account = DepositAccount(
        customer_id=customer_id,
        account_class=account_class,
        keeper=keeper,
        status=status,
        number=number,
        number_index=blind_index(number, domain="account.number"),
    )
    write(account)
    return account


def make_line(customer_id: uuid.UUID, *, limit_fen: int = LIMIT, product: str = "XF01", **more: Any) -> CreditLine:
    """Grant a line on a product's version in force, with the authorisations that it rests on, at 6 % today."""
    published = ProductVersion.objects.filter(product__code=product, published_at__isnull=False)
    version = published.select_related("product").latest("number")
    application = Application(
        customer_id=customer_id,
        product_version=version,
        purpose="consumption",
        facts={},
        status="accepted",
        offer_expires_date=business_date() + timedelta(days=30),
        credit_query_consent_id=new_id(),
        data_query_consent_id=new_id(),
    )
    write(application)
    consent_to(application)
    annual_rate, quote = more.pop("annual_rate", Decimal("6.0000")), lpr_on(business_date())
    fields = {
        "annual_rate": annual_rate,
        "lpr_rate": quote.one_year_rate,
        "lpr_tenor": "1Y",
        "lpr_date": quote.published_date,
        "spread_bp": int((annual_rate - quote.one_year_rate) * 100),
        "starts_date": business_date(),
        "valid_until_date": business_date() + timedelta(days=365),
        **more,
    }
    line = CreditLine(
        customer_id=customer_id,
        application=application,
        product=version.product,
        product_version=version,
        kind=version.kind,
        limit_fen=limit_fen,
        **fields,
    )
    write(line)
    return line


def priced(who: Borrower, annual_rate: str = "6.0000") -> None:
    """Agree on the spread by which a loan of today costs so much, in per cent a year."""
    spread_bp = int((Decimal(annual_rate) - lpr_on(business_date()).one_year_rate) * 100)
    CreditLine.objects.filter(pk=who.line_id).update(spread_bp=spread_bp)


def make_borrower(*, keeper: str = "own", limit_fen: int = LIMIT, product: str = "XF01", **line: Any) -> Borrower:
    """Make a customer of the current bank who can draw."""
    customer_id = make_customer()
    return Borrower(
        bank=current_bank().code,
        customer_id=customer_id,
        line_id=make_line(customer_id, limit_fen=limit_fen, product=product, **line).pk,
        account_id=make_account(customer_id, keeper=keeper).pk,
    )


def draft(who: Borrower, amount_fen: int = 10_000_00, **changes: Any) -> Drawdown:
    """Draft a drawdown."""
    terms: dict[str, Any] = {
        "line_id": who.line_id,
        "account_id": who.account_id,
        "amount_fen": amount_fen,
        "term_months": 12,
        "method": "equal_instalment",
        "purpose": "consumption",
        **changes,
    }
    return operations.draft_drawdown(customer_id=who.customer_id, **terms)


def let_reading_time_pass(drawdown: Drawdown, seconds: int = 10) -> None:
    """Move the moment at which the table was shown back: reading time is the server's own clock."""
    for table in Disclosure.objects.filter(drawdown=drawdown, confirmed_at=None):
        Disclosure.objects.filter(pk=table.pk).update(shown_at=table.shown_at - timedelta(seconds=seconds))


def table_of(drawdown: Drawdown) -> Disclosure:
    """Return the table that was shown last."""
    return Disclosure.objects.filter(drawdown=drawdown).latest("pk")


def confirm(drawdown: Drawdown) -> Disclosure:
    """Read the table for long enough and confirm it."""
    let_reading_time_pass(drawdown)
    return operations.confirm_disclosure(
        drawdown_id=drawdown.pk, sha256=bytes(table_of(drawdown).sha256), read_seconds=6
    )


def phone_code(who: Borrower, business_id: str, action: str = "sign") -> tuple[uuid.UUID, str]:
    """Get a one-time code for a drawdown."""
    phone = verified.phone_of(who.customer_id) or ""
    row = PhoneCode.objects.create(
        subject_id=who.customer_id,
        phone=phone,
        phone_index=blind_index(phone, domain="verification.phone"),
        action=action,
        business_id=business_id,
        salt=b"0" * 16,
        expires_at=now() + timedelta(minutes=5),
    )
    return row.pk, digits_of(row)


def proof(who: Borrower, drawdown: Drawdown, **changes: Any) -> Proof:
    """Pass the face check and get a code for signing."""
    code_id, code = phone_code(who, drawdown.pk.hex)
    token = pass_face(who, drawdown, "sign")
    fields = {"face_token": token, "code_id": code_id, "code": code, "device_id": "device", "address": "127.0.0.1"}
    return Proof(**{**fields, **changes})


def pass_face(who: Borrower, drawdown: Drawdown, action: str) -> str:
    """Pass a face check for a drawdown and return its token."""
    del who
    return face_token(drawdown, action)  # type: ignore[arg-type]  # it needs an id and a customer


def sign(who: Borrower, drawdown: Drawdown) -> Drawdown:
    """Confirm the table and sign; the contract is then on its way."""
    confirm(drawdown)
    return operations.sign_drawdown(drawdown_id=drawdown.pk, customer_id=who.customer_id, proof=proof(who, drawdown))


def signed(who: Borrower, amount_fen: int = 10_000_00, **changes: Any) -> Drawdown:
    """Take a drawdown to `signed` without setting a file: what signing does is another test's matter."""
    drawdown = draft(who, amount_fen, **changes)
    content = secrets.token_bytes(32)
    with transaction.atomic():
        hold_on_line(line_id=who.line_id, amount_fen=amount_fen)
        Drawdown.objects.filter(pk=drawdown.pk).update(
            status="signed",
            contract_number=f"{who.bank}2026XF01{next(_contracts):08d}",
            disburse_by_date=business_date() + timedelta(days=1),
            **price_columns(line_price_today(drawdown.line)),
        )
        leaf = evidence.append("lending.contract", drawdown.pk.hex, content)
    row = again(drawdown)
    contract = Contract(
        drawdown=row,
        customer_id=who.customer_id,
        certificate=BankCertificate.objects.get(in_use=True),
        number=row.contract_number or "",
        contract_date=business_date(),
        template_version="XF01-1",
        object_id=new_id(),
        sha256=content,
        bundle={},
        evidence_leaf=leaf,
        bundle_leaf=leaf,
        signed_at=now(),
    )
    write(contract)
    return row


def lend(who: Borrower, amount_fen: int = 10_000_00, **changes: Any) -> Loan:
    """Lend: a drawdown taken all the way to its loan."""
    drawdown = disburse(who, signed(who, amount_fen, **changes))
    return Loan.objects.get(drawdown=drawdown)


def disburse(who: Borrower, drawdown: Drawdown) -> Drawdown:
    """Pass the face check and have the money paid."""
    return operations.disburse_drawdown(
        drawdown_id=drawdown.pk, customer_id=who.customer_id, face_token=pass_face(who, drawdown, "drawdown")
    )


def again(drawdown: Drawdown) -> Drawdown:
    """Read a drawdown anew."""
    return Drawdown.objects.get(pk=drawdown.pk)


def repay(who: Borrower, loan: Loan, kind: str = "due", amount_fen: int | None = None) -> Repayment:
    """Repay from the borrower's account."""
    return operations.repay_loan(
        loan_id=loan.pk,
        customer_id=who.customer_id,
        kind=kind,
        amount_fen=amount_fen,
        account_id=who.account_id,
    )


def give_money(who: Borrower, amount_fen: int) -> None:
    """Put money on the borrower's account, from nowhere in particular."""
    with transaction.atomic():
        post_entry(
            business_ref=f"gift:{new_id().hex}",
            kind="test",
            lines=[
                Line(gl_code=CLEARING, amount_fen=amount_fen),
                Line(gl_code="2011", amount_fen=-amount_fen, account_id=who.account_id),
            ],
        )


def close_product(code: str = "XF01") -> None:
    """Stop a product."""
    Product.objects.filter(code=code).update(is_open=False)


__all__ = ["Borrower", "change_product", "set_day"]


def sign_at_once(who: Borrower, given: Sequence[tuple[uuid.UUID, Proof]]) -> list[str]:
    """Sign drafts at the same moment at bank A, each over a connection of its own; return what each came to, sorted."""

    def one(drawdown_id: uuid.UUID, given: Proof) -> str:
        return operations.sign_drawdown(drawdown_id=drawdown_id, customer_id=who.customer_id, proof=given).status

    return told(at_once("125", [partial(one, *each) for each in given]))
