"""What the bank's books must say, from what the audited loans have paid; and what they do say, in few statements."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from tests.lending.audit.loan import Amounts, Loan

DEPOSITS, PRINCIPAL, INTEREST, PENALTY, FEES, TOO_MUCH, ELSEWHERE = (
    "2011",
    "1301",
    "1302",
    "1303",
    "6011",
    "2241",
    "3101",
)
TABLES = (
    "lending_credit_line", "lending_drawdown", "lending_loan", "lending_instalment", "lending_repayment",
    "lending_repayment_share", "lending_loan_event", "accounts_deposit_account", "accounts_claim", "accounts_payment",
    "accounts_journal_entry", "accounts_posting", "core_step", "core_state_change", "core_audit",
)  # fmt: skip


def balances(deposits: Mapping[uuid.UUID, int], loans: Iterable[Loan], brought: int) -> dict[str, int]:
    """Return every GL account by the rules, debits positive, before income is booked (GL-01).

    A loan's principal is debited when it is paid out and credited as it comes back; interest, penalty and fee are
    credited as they are paid, what was paid too much is owed to the customer. `brought` came from outside the bank.
    """
    books: Counter[str] = Counter({DEPOSITS: -sum(deposits.values()), ELSEWHERE: brought})
    for loan in loans:
        books[PRINCIPAL] += loan.outstanding
        for paid in loan.paid.values():
            _credit(books, paid.amounts, paid.excess)
    return {code: fen for code, fen in books.items() if fen}


def _credit(books: Counter[str], amounts: Amounts, excess: int) -> None:
    books[INTEREST] -= amounts["interest"]
    books[PENALTY] -= amounts["penalty"] + amounts["compound"]
    books[FEES] -= amounts["fee"]
    books[TOO_MUCH] -= excess


def booked() -> tuple[dict[str, int], dict[uuid.UUID, int]]:
    """Return the balances of the ledger, and those of the deposit accounts as their postings add up."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gl_code, account_id, sum(amount_fen) FROM accounts_posting GROUP BY 1, 2")
        rows = cursor.fetchall()
    books: Counter[str] = Counter()
    deposits: dict[uuid.UUID, int] = {}
    for code, account_id, fen in rows:
        books[code] += int(fen)
        if account_id is not None:
            deposits[account_id] = -int(fen)
    return {code: fen for code, fen in books.items() if fen}, deposits


def rows(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Ask the database."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or [])
        return list(cursor.fetchall())


def check_deferred() -> None:
    """Have the constraints checked now that wait for the end of a transaction: every entry balances."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def digest(tables: Iterable[str] = TABLES) -> dict[str, str]:
    """Return a hash of every row of the tables: what was refused has changed nothing."""
    hashed = " UNION ALL ".join(
        f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
        for table in tables
    )
    return dict(rows(hashed))
