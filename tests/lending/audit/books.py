"""What the bank's books must say, from what the audited loans have paid; and what they do say, in few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import connection

from core.db.asks import Ask, alone
from tests.lending.audit.loan import Loan

CLEARING, PRINCIPAL, INTEREST, PENALTY, ALLOWANCE = "1012", "1301", "1302", "1303", "1304"
DEPOSITS, TOO_MUCH, ELSEWHERE = "2011", "2241", "3101"
INTEREST_INCOME, PENALTY_INCOME, IMPAIRMENT = "6011", "6051", "6701"
MEMO, MEMO_CONTRA = "9001", "9002"
WRITTEN_OFF, WRITTEN_OFF_CONTRA = "9011", "9012"
CONTRA = {INTEREST: INTEREST_INCOME, PENALTY: PENALTY_INCOME, MEMO: MEMO_CONTRA, ALLOWANCE: IMPAIRMENT}
"""What the day end brings to where it has to stand, and against which account it does (GL-01, RISK-04)."""
TABLES = (
    "lending_credit_line", "lending_drawdown", "lending_loan", "lending_instalment", "lending_repayment",
    "lending_repayment_share", "lending_loan_event", "lending_day_end_stage", "lending_auto_debit",
    "accounts_deposit_account", "accounts_claim", "accounts_payment", "accounts_hold", "accounts_transfer",
    "accounts_quota_use", "accounts_quota_charge", "accounts_restriction", "accounts_journal_entry", "accounts_posting",
    "core_step", "core_state_change", "core_audit",
)  # fmt: skip


def balances(
    loans: Iterable[Loan], *, given_up: Iterable[Loan], deposits: int, brought: int, sent: int
) -> Counter[str]:
    """Return every GL account by the rules, debits positive, before what the day ends have booked (GL-01).

    A loan's principal is debited when it is paid out and credited as it comes back; interest and penalty are credited to
    what is owed of them, a fee is income, what was paid too much is owed to the customer. Of a loan that was given up the
    principal has gone from the assets to the allowance, which has borne whatever of it is unpaid now, and to the memo: what
    comes back goes back to both. `brought` came from outside the bank, `sent` (net of what came by cards) left through the
    payment network.
    """
    books: Counter[str] = Counter({DEPOSITS: -deposits, ELSEWHERE: brought, CLEARING: -sent})
    on_the_books, off_the_books = list(loans), list(given_up)
    for loan in on_the_books:
        books[PRINCIPAL] += loan.outstanding
    for loan in off_the_books:
        books[ALLOWANCE] += loan.outstanding
        books[WRITTEN_OFF] += loan.outstanding
        books[WRITTEN_OFF_CONTRA] -= loan.outstanding
    for loan in on_the_books + off_the_books:
        for paid in loan.paid.values():
            amounts = paid.amounts
            books[INTEREST] -= amounts["interest"]
            books[PENALTY] -= amounts["penalty"] + amounts["compound"]
            books[INTEREST_INCOME] -= amounts["fee"]
            books[TOO_MUCH] -= paid.excess
    return books


STATE = """
SELECT 'posted', gl_code, account_id::text, NULL::date, sum(amount_fen)::bigint, 0, 0, 0 FROM accounts_posting GROUP BY 2, 3
UNION ALL SELECT 'account', id::text, NULL, NULL, balance_fen, held_fen, frozen_fen, 0 FROM accounts_deposit_account
UNION ALL SELECT 'quota', account_id::text, direction || '/' || span, starts_date, used_fen, 0, 0, 0 FROM accounts_quota_use
UNION ALL SELECT 'line', id::text, NULL, NULL, drawn_fen, held_fen, limit_fen, over_limit_fen FROM lending_credit_line
"""
State = dict[str, list[tuple[Any, ...]]]


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask the database; it has prepared what is asked after every step."""
    return alone(Ask(statement, values, lambda told: list(told.found)))


def state() -> State:
    """Have the constraints checked that wait for the end of a transaction, and read accounts, quotas, lines and books."""
    found: State = {"posted": [], "account": [], "quota": [], "line": []}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    for name, *row in rows(STATE):
        found[name].append(tuple(row))
    return found


def booked(posted: Iterable[tuple[Any, ...]]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the balances of the ledger, and those of the deposit accounts, by their ids, as their postings add up."""
    books: Counter[str] = Counter()
    deposits: dict[str, int] = {}
    for code, account_id, _, fen, *_ in posted:
        books[code] += fen
        if account_id is not None:
            deposits[account_id] = -fen
    return {code: fen for code, fen in books.items() if fen}, deposits


WRITTEN = " UNION ALL ".join(
    f"SELECT '{table}', count(*), coalesce(bit_xor(hashtextextended(t.ctid::text || ' ' || t.xmin, 0)), 0) FROM {table} t"
    for table in TABLES
)
"""By table: how many rows it has, and a hash of where each lies and who wrote it: a row that is written lies elsewhere."""


def digest() -> list[tuple[Any, ...]]:
    """Return what every table would have to differ in, had anybody written to it: what was refused has written nothing."""
    return sorted(rows(WRITTEN))  # the tables come in no order of their own
