"""Bad input to every call and command that takes money: the documented problem at its field, and books as they were.

One table over one customer at one day: 2024-02-15, on which the first instalment of M1 falls due. Whatever a row asks for is
refused, so the rows leave nothing behind for each other.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any, Final

import pytest
from django.core.management import CommandError, call_command

from core.clock import now
from core.crypto import blind_index
from core.tenancy import in_bank
from lending.models import Drawdown, Loan
from tests import database
from tests.accounts.holders import make_card
from tests.lending.applicants import make_token
from tests.lending.borrowers import (
    Borrower,
    confirm,
    draft,
    lend,
    make_account,
    make_borrower,
    make_line,
    pass_face,
    phone_code,
    set_day,
    signed,
    table_of,
)
from tests.lending.test_borrowing_rest import Caller
from tests.undone import picture_of, undone
from verification import queries as verified
from verification.models import PhoneCode
from verification.operations.phone_codes import digits_of

DAY: Final = date(2024, 2, 15)
NOBODY: Final = "f" * 32
ABSENT: Final = "(absent)"
PAYEE: Final = {"number": "6217990000000000013", "name": "王样例"}
BOOKS: Final = (
    "accounts_journal_entry", "accounts_posting", "accounts_hold", "accounts_deposit_account", "accounts_payment",
    "accounts_quota_use", "accounts_quota_charge", "accounts_top_up", "accounts_transfer", "accounts_card",
    "lending_credit_line", "lending_drawdown", "lending_loan", "lending_instalment", "lending_repayment",
    "lending_repayment_share", "lending_loan_event", "lending_contract", "core_step", "core_business_day",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """One customer with everything that can be asked for, and another who has the same."""

    who: Borrower
    names: Mapping[str, str]
    caller: Caller
    books: Sequence[tuple[Any, ...]]
    """The fingerprints of the books as they must stay."""

    def resolved(self, value: Any, call: str = "", amount: Any = None) -> Any:
        """Put ids, codes and tokens in the place of their names (`@loan`)."""
        if isinstance(value, dict):
            amount = value.get("amount", amount)
            return {key: self.resolved(each, call, amount) for key, each in value.items()}
        if not isinstance(value, str) or "@" not in value:
            return value
        if value.startswith("@code"):
            return self._code(call, value.removeprefix("@code of ") if "of" in value.split() else amount)
        if value == "@sign_code":
            code_id, code = phone_code(self.who, self.names["draft"])
            return {"id": code_id.hex, "code": code}
        if value in {"@sign_face", "@draw_face"}:
            action, name = {"@sign_face": ("sign", "draft"), "@draw_face": ("drawdown", "signed")}[value]
            return pass_face(self.who, Drawdown.objects.get(pk=self.names[name]), action)
        head, _, rest = value.partition("@")
        name, slash, tail = rest.partition("/")
        return f"{head}{self.names[name]}{slash}{tail}"

    def _code(self, call: str, amount: Any) -> dict[str, str]:
        """Send a one-time code for what is asked, where it is an amount."""
        phone = self.names["phone"]
        digits = str(amount).replace(".", "")
        is_amount = digits.isascii() and digits.isdigit() and len(digits) < 16
        row = PhoneCode.objects.create(
            subject_id=self.who.customer_id, phone=phone, phone_index=blind_index(phone, domain="verification.phone"),
            action={"top-ups": "top_up"}.get(call, "transfer"), business_id="",
            amount_fen=max(1, int(digits)) if is_amount else 1, salt=secrets.token_bytes(16),
            expires_at=now() + timedelta(minutes=5),
        )  # fmt: skip
        return {"id": row.pk.hex, "code": digits_of(row)}


def build() -> World:
    """Make the two customers: loans, drafts, accounts, cards."""
    set_day(date(2024, 1, 15))
    who, other = make_borrower(), make_borrower()
    loans = [lend(each, 100_000_00) for each in (who, other)]
    any_day = Borrower(who.bank, who.customer_id, make_line(who.customer_id, product="XF03").pk, who.account_id)
    set_day(DAY)
    line = lend(any_day, 30_000_00, method="pay_any_day")
    phone = verified.phone_of(who.customer_id) or ""
    cards = [make_card(each.customer_id, phone, account_id=each.account_id) for each in (who, other)]
    drafts, signatures = (
        [draft(each, 1_000_00) for each in (who, other)],
        [signed(each, 1_000_00) for each in (who, other)],
    )
    confirm(drafts[0])
    names = {
        "line": who.line_id, "other_line": other.line_id, "account": who.account_id, "other_account": other.account_id,
        "closed": make_account(who.customer_id, status="closed").pk, "empty": make_account(who.customer_id).pk,
        "loan": loans[0].pk, "other_loan": loans[1].pk,
        "any": line.pk, "card": cards[0].pk, "other_card": cards[1].pk, "draft": drafts[0].pk, "other_draft": drafts[1].pk,
        "signed": signatures[0].pk, "other_signed": signatures[1].pk,
    }  # fmt: skip
    texts = {name: key.hex for name, key in names.items()}
    sha256 = bytes(table_of(drafts[0]).sha256).hex()
    names_of = {**texts, "phone": phone, "table": sha256}
    return World(who, names_of, Caller(token=make_token(who.customer_id)), picture_of(BOOKS))


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Make the world once for the whole table, in a transaction that is rolled back after it."""
    del django_db_setup
    with django_db_blocker.unblock(), undone(database.BANK_A):
        yield build()


@pytest.fixture
def world(made: World, django_db_blocker: Any) -> Iterator[World]:
    """Work at the bank, where the books stay as they were made."""
    with django_db_blocker.unblock(), in_bank(database.BANK_A):
        yield made
        assert picture_of(BOOKS) == made.books, "a refusal changes nothing"


GOOD: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "quote": ("products/XF01/quote", {"amount": "10000.00", "term": 12, "method": "equal_instalment"}),
    "drawdowns": (
        "drawdowns",
        {
            "credit_line": "@line", "amount": "1000.00", "term": 12, "method": "equal_instalment", "account": "@account",
            "purpose": "consumption",
        },
    ),
    "disclosure": ("drawdowns/@draft/disclosure", {"sha256": "@table", "read_seconds": 6}),
    "sign": ("drawdowns/@draft/sign", {"face_token": "@sign_face", "phone_code": "@sign_code"}),
    "disburse": ("drawdowns/@signed/disburse", {"face_token": "@draw_face"}),
    "repayment quote": ("loans/@loan/repayments/quote", {"kind": "due", "amount": "8606.64"}),
    "repayment": ("loans/@loan/repayments", {"kind": "due", "amount": "8606.64", "account": "@account"}),
    "top-ups": ("accounts/@account/top-ups", {"card": "@card", "amount": "10.00", "phone_code": "@code"}),
    "transfers": ("transfers", {"from_account": "@account", "to": PAYEE, "amount": "10.00", "phone_code": "@code"}),
    "phone-codes": ("phone-codes", {"phone": "@phone", "action": "transfer", "amount": "10.00"}),
}  # fmt: skip
"""The right request of each call, which each row makes wrong."""
BY_AMOUNT: Final = ("quote", "drawdowns", "repayment quote", "repayment", "top-ups", "transfers", "phone-codes")
KEYED: Final = tuple(name for name in GOOD if name not in {"quote", "repayment quote"})

NO_AMOUNTS: Final[tuple[Any, ...]] = (
    "-10.00", "10.001", "10.0.0", "¥10.00", "USD 10.00", "10.00 CNY", "$10.00", "1e3", "１０.00", "1,000.00", " 10.00", "NaN",
    "", "99999999999999999.00", 10, 10.5, True, [], {},
)  # fmt: skip
ILL_FORMED: Final = [
    (call, {"amount": amount}, 400, "invalid_request", "amount") for call in BY_AMOUNT for amount in NO_AMOUNTS
]
OTHER_CURRENCIES: Final = [
    (call, {"currency": currency}, 400, "invalid_request", "currency")
    for call in BY_AMOUNT
    for currency in ("USD", "HKD", "cny", "", None)
]
NOTHING: Final = [
    ("quote", {"amount": "0.00"}, 422, "amount_out_of_range", None),
    ("drawdowns", {"amount": "0.00"}, 422, "amount_out_of_range", None),
    ("repayment quote", {"amount": "0.00"}, 422, "amount_out_of_range", None),
    ("repayment", {"amount": "0.00"}, 422, "amount_out_of_range", None),
    ("top-ups", {"amount": "0.00"}, 400, "invalid_request", "amount"),
    ("transfers", {"amount": "0.00"}, 400, "invalid_request", "amount"),
    ("phone-codes", {"amount": "0.00"}, 400, "invalid_request", "amount"),
]
AMOUNTS: Final = [
    ("quote", {"amount": "499.99"}, 422, "amount_out_of_range", None),
    ("quote", {"amount": "200000.01"}, 422, "amount_out_of_range", None),
    ("drawdowns", {"amount": "499.99"}, 422, "amount_out_of_range", None),
    ("drawdowns", {"amount": "200000.01"}, 422, "amount_out_of_range", None),
    ("drawdowns", {"amount": "99000.01"}, 422, "line_exceeded", None),  # 100,000 is drawn, 1,000 is held
    ("repayment", {"amount": "8606.63"}, 422, "amount_out_of_range", None),
    ("repayment", {"amount": "8606.65"}, 422, "repayment_exceeds_debt", None),
    ("repayment", {"kind": "early_full", "amount": "99999.99"}, 422, "amount_out_of_range", None),
    ("repayment", {"kind": "early_full", "amount": "100500.01"}, 422, "repayment_exceeds_debt", None),
    ("repayment", {"kind": "early_partial", "amount": ABSENT}, 422, "amount_out_of_range", None),
    ("repayment quote", {"kind": "early_partial", "amount": ABSENT}, 422, "amount_out_of_range", None),
    ("repayment quote", {"kind": "any", "amount": ABSENT}, 422, "repayment_kind_not_offered", None),
    ("repayment", {"account": "@empty"}, 422, "insufficient_funds", None),
    ("repayment", {"kind": "early_partial", "amount": "0.00"}, 422, "amount_out_of_range", None),
    ("repayment", {"kind": "early_partial", "amount": "91893.36"}, 422, "repayment_exceeds_debt", None),
    ("repayment", {"kind": "any", "amount": "1.00"}, 422, "repayment_kind_not_offered", None),
    ("repayment", {"path": "loans/@any/repayments", "kind": "any", "amount": "30000.01"}, 422, "repayment_exceeds_debt", None),
    ("repayment", {"path": "loans/@any/repayments", "kind": "any", "amount": "0.00"}, 422, "amount_out_of_range", None),
    ("repayment", {"path": "loans/@any/repayments", "kind": "due", "amount": "1.00"}, 422, "repayment_exceeds_debt", None),
    (
        "repayment", {"path": "loans/@any/repayments", "kind": "early_partial", "amount": "1.00"}, 422,
        "repayment_kind_not_offered", None,
    ),
    ("transfers", {"phone_code": "@code of 10.01"}, 422, "phone_code_wrong", None),  # a code for another amount
    ("top-ups", {"phone_code": "@code of 10.01"}, 422, "phone_code_wrong", None),
    ("transfers", {"amount": "10000.01"}, 422, "quota_exceeded", None),
    ("transfers", {"amount": "900000.00", "to": {"card_id": "@card"}}, 422, "insufficient_funds", None),
]  # fmt: skip
UNKNOWN_WORDS: Final = [
    ("quote", {"path": "products/NONE/quote"}, 404, "not_found", None),
    ("quote", {"method": "monthly"}, 400, "invalid_request", "method"),
    ("quote", {"term": 0}, 400, "invalid_request", "term"),
    ("quote", {"term": -12}, 400, "invalid_request", "term"),
    ("quote", {"term": "a year"}, 400, "invalid_request", "term"),
    ("quote", {"term": 7}, 422, "terms_not_offered", None),
    ("quote", {"annual_rate": "-1"}, 400, "invalid_request", "annual_rate"),
    ("quote", {"annual_rate": "6.00001"}, 400, "invalid_request", "annual_rate"),
    ("quote", {"annual_rate": "1e1"}, 400, "invalid_request", "annual_rate"),
    ("quote", {"annual_rate": "６"}, 400, "invalid_request", "annual_rate"),
    ("quote", {"annual_rate": 6}, 400, "invalid_request", "annual_rate"),
    ("drawdowns", {"method": "monthly"}, 400, "invalid_request", "method"),
    ("drawdowns", {"term": 7}, 422, "terms_not_offered", None),
    ("drawdowns", {"term": 0}, 400, "invalid_request", "term"),
    ("drawdowns", {"purpose": "whatever"}, 400, "invalid_request", "purpose"),
    ("drawdowns", {"purpose": "炒股"}, 422, "purpose_forbidden", None),
    ("drawdowns", {"purpose": "securities"}, 422, "purpose_forbidden", None),
    ("drawdowns", {"credit_line": "nonsense"}, 400, "invalid_request", "credit_line"),
    ("drawdowns", {"account": None}, 400, "invalid_request", "account"),
    ("disclosure", {"sha256": "0" * 64}, 409, "disclosure_changed", None),
    ("disclosure", {"sha256": "short"}, 400, "invalid_request", "sha256"),
    ("disclosure", {"read_seconds": -1}, 400, "invalid_request", "read_seconds"),
    ("sign", {"face_token": "unknown"}, 409, "face_token_mismatch", None),
    ("sign", {"face_token": "@draw_face"}, 409, "face_token_mismatch", None),  # a face for another act
    ("sign", {"face_token": None}, 400, "invalid_request", "face_token"),
    ("sign", {"phone_code": {"id": NOBODY, "code": "000000"}}, 422, "phone_code_wrong", None),
    ("sign", {"phone_code": {"id": NOBODY, "code": "12345"}}, 400, "invalid_request", "phone_code"),
    ("disburse", {"face_token": "unknown"}, 409, "face_token_mismatch", None),
    ("disburse", {"face_token": "@sign_face"}, 409, "face_token_mismatch", None),
    ("disburse", {"face_token": None}, 400, "invalid_request", "face_token"),
    ("repayment quote", {"kind": "all"}, 400, "invalid_request", "kind"),
    ("repayment", {"kind": "all"}, 400, "invalid_request", "kind"),
    ("repayment", {"kind": None}, 400, "invalid_request", "kind"),
    ("repayment", {"keep": "all"}, 400, "invalid_request", "keep"),
    ("top-ups", {"phone_code": {"id": NOBODY, "code": "000000"}}, 422, "phone_code_wrong", None),
    *[(call, {"amount": ABSENT}, 400, "invalid_request", "amount") for call in ("drawdowns", "top-ups", "transfers")],
    ("top-ups", {"card": "nonsense"}, 400, "invalid_request", "card"),
    ("top-ups", {"phone_code": ABSENT}, 400, "invalid_request", "phone_code"),
    ("top-ups", {"phone_code": None}, 400, "invalid_request", "phone_code"),
    ("transfers", {"phone_code": {"id": NOBODY, "code": "000000"}}, 422, "phone_code_wrong", None),
    ("transfers", {"phone_code": ABSENT}, 400, "invalid_request", "phone_code"),
    ("transfers", {"phone_code": None}, 400, "invalid_request", "phone_code"),
    ("transfers", {"from_account": "nonsense"}, 400, "invalid_request", "from_account"),
    ("transfers", {"to": {}}, 400, "invalid_request", "to"),
    ("transfers", {"to": "somebody"}, 400, "invalid_request", "to"),
    ("transfers", {"to": {"number": PAYEE["number"]}}, 400, "invalid_request", "to"),
    ("transfers", {"to": {"number": "12", "name": "王样例"}}, 400, "invalid_request", "to"),
    ("transfers", {"to": {**PAYEE, "card_id": NOBODY}}, 400, "invalid_request", "to"),
    ("phone-codes", {"action": "withdraw"}, 400, "invalid_request", "action"),
    ("phone-codes", {"amount": None}, 400, "invalid_request", "amount"),
]
NOT_ONES_OWN: Final = [
    *[("drawdowns", {"credit_line": line}, 404, "not_found", None) for line in (NOBODY, "@other_line")],
    *[("drawdowns", {"account": it}, 422, "account_not_active", None) for it in (NOBODY, "@other_account", "@closed")],
    *[
        (call, {"path": f"drawdowns/{it}/{call}"}, 404, "not_found", None)
        for call, it in (
            ("disclosure", NOBODY), ("disclosure", "@other_draft"), ("sign", NOBODY), ("sign", "@other_draft"),
            ("disburse", NOBODY), ("disburse", "@other_signed"),
        )
    ],
    *[("repayment quote", {"path": f"loans/{it}/repayments/quote"}, 404, "not_found", None) for it in (NOBODY, "@other_loan")],
    *[("repayment", {"path": f"loans/{it}/repayments"}, 404, "not_found", None) for it in (NOBODY, "@other_loan")],
    *[("repayment", {"account": it}, 422, "account_not_active", None) for it in (NOBODY, "@other_account", "@closed")],
    *[("top-ups", {"path": f"accounts/{it}/top-ups"}, 404, "not_found", None) for it in (NOBODY, "@other_account")],
    ("top-ups", {"path": "accounts/@closed/top-ups"}, 422, "account_not_active", None),
    *[("top-ups", {"card": it}, 404, "not_found", None) for it in (NOBODY, "@other_card")],
    *[("transfers", {"from_account": it}, 404, "not_found", None) for it in (NOBODY, "@other_account")],
    ("transfers", {"from_account": "@closed"}, 422, "account_not_active", None),
    *[("transfers", {"to": {"card_id": it}}, 404, "not_found", None) for it in (NOBODY, "@other_card")],
]  # fmt: skip
WRONG_STATES: Final = [
    ("sign", {"path": "drawdowns/@signed/sign"}, 409, "state_conflict", None),
    ("disburse", {"path": "drawdowns/@draft/disburse"}, 409, "state_conflict", None),
    ("disclosure", {"path": "drawdowns/@signed/disclosure"}, 409, "state_conflict", None),
]
WRONG_DAYS: Final = [
    ("quote", {"start": "2024-02-30"}, 400, "invalid_request", "start"),
    ("quote", {"start": "15.02.2024"}, 400, "invalid_request", "start"),
    ("quote", {"start": "1948-12-31"}, 400, "invalid_request", "start"),
    ("repayment", {"day": "2024-02-14", "amount": "1.00"}, 422, "repayment_exceeds_debt", None),  # nothing is due yet
    ("repayment", {"day": "2024-02-14", "amount": ABSENT}, 422, "repayment_exceeds_debt", None),
    ("drawdowns", {"day": "2026-01-01"}, 422, "line_expired", None),
    ("disburse", {"day": "2024-02-17"}, 409, "state_conflict", None),  # signed on the 15th, to be paid by the 16th
    ("disclosure", {"day": "2024-02-16"}, 409, "disclosure_changed", None),  # a table is of its business day
]
KEYLESS: Final = [(call, {"key": None}, 400, "idempotency_key_required", None) for call in KEYED]
TABLE: Final = [
    *ILL_FORMED, *OTHER_CURRENCIES, *NOTHING, *AMOUNTS, *UNKNOWN_WORDS, *NOT_ONES_OWN, *WRONG_STATES, *WRONG_DAYS, *KEYLESS,
]  # fmt: skip


def row_name(row: Sequence[Any]) -> str:
    """Name a row by its call and what is wrong with it."""
    call, wrong = row[0], row[1]
    return f"{call}: " + ", ".join(f"{name}={value}" for name, value in wrong.items())


@pytest.mark.parametrize(("call", "changes", "status", "code", "field"), TABLE, ids=map(row_name, TABLE))
def test_gets_the_documented_problem_and_leaves_the_books(
    world: World, call: str, changes: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    path, body = GOOD[call]
    asked = {name: value for name, value in changes.items() if name not in {"path", "day", "key"}}
    given = world.resolved({name: value for name, value in {**body, **asked}.items() if value != ABSENT}, call)
    if "day" in changes:
        set_day(date.fromisoformat(changes["day"]))
    try:
        answer = world.caller.call(
            "POST",
            world.resolved(changes.get("path", path)),
            given,
            key=changes.get("key", "" if call in KEYED else None),
        )
    finally:
        set_day(DAY)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code), told
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told["title"]
    if field is not None:
        assert [name.split(".")[0] for name in told["errors"]] == [field]
    assert Loan.objects.count() == 3


M1: Final = {
    "principal": "100000.00", "annual_rate": "6", "method": "equal_instalment", "periods": "12", "start": "2024-01-15",
    "day_count": "30/360",
}  # fmt: skip
COMMANDS: Final[list[tuple[str, dict[str, str], str]]] = [
    *[("quote", {"principal": amount}, "--principal") for amount in NO_AMOUNTS if isinstance(amount, str)],
    ("quote", {"principal": "0.00"}, "--principal"),
    ("quote", {"annual_rate": "-1"}, "--annual-rate"),
    ("quote", {"method": "monthly"}, "--method"),
    ("quote", {"periods": "0"}, "--periods"),
    ("quote", {"start": "2024-02-30"}, "--start"),
    ("quote", {"first_due": "2024-01-15"}, "--first-due"),
    ("quote", {"due_day": "32"}, "--due-day"),
    ("quote", {"day_count": "30/365"}, "--day-count"),
    ("quote", {"instalment_multiple": "1.005"}, "--instalment-multiple"),
    ("advance_day", {"bank": "999", "to": "2024-02-16"}, "no bank 999"),
    ("advance_day", {"bank": "125", "to": "2024-02-30"}, "--to"),
    ("advance_day", {"bank": "125", "to": "2024-02-14"}, "never goes back"),
    ("advance_day", {"bank": "125", "to": "2054-02-14"}, "days ahead"),
    ("close_day", {"bank": "999"}, "no bank 999"),
    ("close_day", {"bank": "125", "date": "yesterday"}, "--date"),
    ("close_day", {"bank": "125", "date": "2054-02-14"}, "failed at 125"),
    ("auto_debit", {"bank": "999"}, "no bank 999"),
    ("verify_contract", {"bank": "999", "file": "x"}, "no bank 999"),
    ("verify_contract", {"bank": "125", "file": "/nowhere/x.pdf"}, "cannot be read"),
]


@pytest.mark.parametrize(("command", "options", "told"), COMMANDS, ids=map(row_name, COMMANDS))
def test_is_told_by_a_command_and_leaves_the_books(
    world: World, settings: Any, command: str, options: dict[str, str], told: str
) -> None:
    del world
    settings.SIMULATION = True
    given = {**(M1 if command == "quote" else {}), **options}
    positional = [given.pop("file")] if "file" in given else []
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    with pytest.raises(CommandError, match=told):
        call_command(command, *positional, *flags, stdout=StringIO())
