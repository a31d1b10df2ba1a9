"""Keep the banks' core systems: accounts, movements, filings, and every request that changed something.

One SQLite database for all banks. A request and its effect are written in one transaction, so that a request
is either answered for good or never arrived, whatever becomes of the process.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from sandbox.gateway.money import to_yuan
from sandbox.people.numbers import CLASS_TWO_SERIAL, union_card

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = Literal["account", "closing", "credit", "debit", "filing", "collection", "transfer"]
MAX_OF_A_CLASS: Final = 5
"""ACC-01, 银发〔2018〕16号: accounts of Class II, and as many of Class III, of one person at one bank."""

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_FILED: Final = ("kind", "account_number", "class", "opened_on", "event_on", "changed")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS requests (
    bank TEXT NOT NULL, request_id TEXT NOT NULL, kind TEXT NOT NULL, fingerprint TEXT NOT NULL,
    http_status INTEGER NOT NULL, answer TEXT NOT NULL, person TEXT, received_at TEXT NOT NULL,
    PRIMARY KEY (bank, request_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (
    number INTEGER PRIMARY KEY, bank TEXT NOT NULL, account_number TEXT NOT NULL UNIQUE, class TEXT NOT NULL,
    name TEXT NOT NULL, id_number TEXT NOT NULL, phone TEXT NOT NULL, bound_card TEXT,
    balance_fen INTEGER NOT NULL CHECK (balance_fen >= 0), opened_at TEXT NOT NULL, closed_at TEXT);
CREATE TABLE IF NOT EXISTS movements (
    number INTEGER PRIMARY KEY, bank TEXT NOT NULL, request_id TEXT, account_number TEXT NOT NULL,
    kind TEXT NOT NULL, amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    balance_after_fen INTEGER NOT NULL, memo TEXT NOT NULL, reference TEXT NOT NULL,
    booked_at TEXT NOT NULL, order_date TEXT NOT NULL, UNIQUE (bank, request_id));
CREATE TABLE IF NOT EXISTS filings (
    number INTEGER PRIMARY KEY, bank TEXT NOT NULL, request_id TEXT NOT NULL, kind TEXT NOT NULL,
    account_number TEXT NOT NULL, class TEXT NOT NULL, opened_on TEXT NOT NULL, event_on TEXT NOT NULL,
    changed TEXT, receipt TEXT NOT NULL, UNIQUE (bank, request_id));
"""


class CoreRefusalError(Exception):
    """The core system refuses: nothing changed, and the refusal is this request's answer for good."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """How a request was answered: of which kind it was, the HTTP status, the body without `replayed`."""

    kind: Kind
    fingerprint: str
    status: int
    body: dict[str, Any]
    person: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """One account at one bank, its balance in fen."""

    bank: str
    account_number: str
    account_class: str
    id_number: str
    balance_fen: int


class CoreBank:
    """The core systems of all banks; accounts, movements and requests are seen by their own bank only."""

    def __init__(self, file: Path | None) -> None:
        """Open the database, in memory where there is no file."""
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._closing = weakref.finalize(self, self._db.close)
        # Not synced: a killed process loses nothing that way, only a power cut could; this is a sandbox.
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_SCHEMA}")

    @property
    def db(self) -> sqlite3.Connection:
        """Give the database, for what else is to be one transaction with a request."""
        return self._db

    def close(self) -> None:
        """Close the database."""
        self._closing()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything inside, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def find_request(self, bank: str, request_id: str) -> StoredAnswer | None:
        """Find how a request of this bank was answered."""
        row = self._db.execute(
            "SELECT * FROM requests WHERE bank = ? AND request_id = ?", (bank, request_id)
        ).fetchone()
        if row is None:
            return None
        return StoredAnswer(
            row["kind"], row["fingerprint"], row["http_status"], json.loads(row["answer"]), row["person"]
        )

    def store_request(self, bank: str, request_id: str, answer: StoredAnswer) -> None:
        """Keep the answer of a request for good."""
        self._insert(
            "requests",
            bank=bank,
            request_id=request_id,
            kind=answer.kind,
            fingerprint=answer.fingerprint,
            http_status=answer.status,
            answer=json.dumps(answer.body, ensure_ascii=False),
            person=answer.person,
            received_at=now(),
        )

    def find_account(self, bank: str, account_number: str) -> Account | None:
        """Find an account of this bank that is not closed."""
        row = self._db.execute(
            "SELECT * FROM accounts WHERE bank = ? AND account_number = ? AND closed_at IS NULL",
            (bank, account_number),
        ).fetchone()
        return _account(row) if row else None

    def find_account_anywhere(self, account_number: str) -> Account | None:
        """Find an account at whichever bank keeps it, as the network between banks does."""
        row = self._db.execute("SELECT * FROM accounts WHERE account_number = ?", (account_number,)).fetchone()
        return _account(row) if row else None

    def open_account(self, bank: str, order: dict[str, str]) -> str:
        """Open an account and give its number; `order` has class, name, id_number, phone and bound_card.

        Raises:
            CoreRefusalError: `account_limit_reached`.
        """
        (held,) = self._db.execute(
            "SELECT count(*) FROM accounts WHERE bank = ? AND id_number = ? AND class = ? AND closed_at IS NULL",
            (bank, order["id_number"], order["class"]),
        ).fetchone()
        if held >= MAX_OF_A_CLASS:
            raise CoreRefusalError(409, "account_limit_reached", f"{held} accounts of this class already")
        (serial,) = self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM accounts").fetchone()
        account_number = union_card(bank, f"{CLASS_TWO_SERIAL}{serial:08d}")
        self._insert_account(bank, account_number, order["class"], order, 0)
        return account_number

    def close_account(self, bank: str, account_number: str) -> str:
        """Close an empty account and give the time.

        Raises:
            CoreRefusalError: `account_not_found` or `balance_not_zero`.
        """
        account = self.find_account(bank, account_number)
        if account is None or account.account_class == "I":  # which is closed at the counter alone
            raise CoreRefusalError(404, "account_not_found", "this bank keeps no such account to be closed so")
        if account.balance_fen:
            raise CoreRefusalError(409, "balance_not_zero", "the account is not empty")
        closed_at = now()
        self._db.execute("UPDATE accounts SET closed_at = ? WHERE account_number = ?", (closed_at, account_number))
        return closed_at

    def ensure_class_one(self, bank: str, account_number: str, holder: dict[str, str], balance_fen: int) -> Account:
        """Give a Class I account that has been there all along; the first call alone sets its balance."""
        found = self.find_account(bank, account_number)
        if found is None:
            self._insert_account(bank, account_number, "I", holder | {"bound_card": ""}, balance_fen)
        return found or Account(bank, account_number, "I", holder["id_number"], balance_fen)

    def move(
        self,
        bank: str,
        *,
        request_id: str | None,
        kind: Kind,
        account_number: str,
        amount_fen: int,
        memo: str,
        order_date: str | None = None,
    ) -> dict[str, str]:
        """Book a credit or a debit on an account; give reference, time and the balance after it.

        `order_date` is the day under which the statement lists it, today where the order names none.

        Raises:
            CoreRefusalError: `account_not_found`, or `insufficient_funds` for a debit.
        """
        signed_fen = amount_fen if kind == "credit" else -amount_fen
        balances = self._db.execute(
            "UPDATE accounts SET balance_fen = balance_fen + :signed WHERE bank = :bank"
            " AND account_number = :number AND closed_at IS NULL AND balance_fen + :signed >= 0 RETURNING balance_fen",
            {"signed": signed_fen, "bank": bank, "number": account_number},
        ).fetchall()
        if not balances:
            if self.find_account(bank, account_number) is None:
                raise CoreRefusalError(404, "account_not_found", "this bank keeps no such account")
            raise CoreRefusalError(409, "insufficient_funds", "the balance is smaller than the amount")
        booked = {
            "reference": self._next_reference("CR" if kind == "credit" else "DR", bank, "movements"),
            "booked_at": now(),
        }
        self._insert(
            "movements",
            bank=bank,
            request_id=request_id,
            account_number=account_number,
            kind=kind,
            amount_fen=amount_fen,
            balance_after_fen=balances[0]["balance_fen"],
            memo=memo,
            order_date=order_date or booked["booked_at"][:10],
            **booked,
        )
        return booked | {"balance": to_yuan(balances[0]["balance_fen"])}

    def statement(self, bank: str, order_date: str, *, after: int, limit: int) -> list[dict[str, Any]]:
        """Give what was booked by requests of a bank under one day, from a number on, with each movement's number."""
        rows = self._db.execute(
            "SELECT number, request_id, kind, account_number, amount_fen, reference, booked_at FROM movements"
            " WHERE bank = ? AND order_date = ? AND request_id IS NOT NULL AND number > ? ORDER BY number LIMIT ?",
            (bank, order_date, after, limit),
        )
        return [dict(row) for row in rows]

    def tamper(self, bank: str, request_id: str, amount_fen: int | None) -> bool:
        """Book a request's movement with another amount, or lose it and its request; tell whether there was one."""
        row = self._db.execute(
            "SELECT * FROM movements WHERE bank = ? AND request_id = ?", (bank, request_id)
        ).fetchone()
        if row is None:
            return False
        sign = 1 if row["kind"] == "credit" else -1
        change_fen = sign * ((amount_fen or 0) - row["amount_fen"])
        self._db.execute(
            "UPDATE accounts SET balance_fen = balance_fen + ? WHERE account_number = ?",
            (change_fen, row["account_number"]),
        )
        if amount_fen is None:
            for table in ("movements", "requests"):
                query = f"DELETE FROM {table} WHERE bank = ? AND request_id = ?"  # noqa: S608 -- fixed names
                self._db.execute(query, (bank, request_id))
        else:
            self._db.execute("UPDATE movements SET amount_fen = ? WHERE number = ?", (amount_fen, row["number"]))
        return True

    def file(self, bank: str, request_id: str, filing: dict[str, str]) -> str:
        """Take a filing for the central bank; give its receipt.

        Raises:
            CoreRefusalError: `filing_duplicate` or `filing_unknown_account`.
        """
        filed = {
            kind
            for (kind,) in self._db.execute(
                "SELECT kind FROM filings WHERE bank = ? AND account_number = ?", (bank, filing["account_number"])
            )
        }
        if filing["kind"] != "change" and filing["kind"] in filed:
            raise CoreRefusalError(409, "filing_duplicate", f"the account's {filing['kind']} is on file already")
        if filing["kind"] != "open" and "open" not in filed:
            raise CoreRefusalError(409, "filing_unknown_account", "no opening is on file for this account")
        receipt = self._next_reference("BA", bank, "filings")
        told = {field: filing.get(field) for field in _FILED}
        self._insert("filings", bank=bank, request_id=request_id, receipt=receipt, **told)
        return receipt

    def inspect(self, bank: str) -> dict[str, list[dict[str, Any]]]:
        """Give everything one bank's core system holds, oldest first, amounts in yuan."""
        orders = {"accounts": "number", "movements": "number", "filings": "number", "requests": "received_at"}
        return {table: self._rows(table, order, bank) for table, order in orders.items()}

    def _rows(self, table: str, order: str, bank: str) -> list[dict[str, Any]]:
        query = f"SELECT * FROM {table} WHERE bank = ? ORDER BY {order}"  # noqa: S608 -- fixed names
        return [_shown(row) for row in self._db.execute(query, (bank,))]

    def _insert_account(
        self, bank: str, account_number: str, account_class: str, holder: dict[str, str], balance_fen: int
    ) -> None:
        told = {field: holder[field] for field in ("name", "id_number", "phone", "bound_card")}
        self._insert(
            "accounts",
            bank=bank,
            account_number=account_number,
            **{"class": account_class},
            **told,
            balance_fen=balance_fen,
            opened_at=now(),
        )

    def _insert(self, table: str, **values: str | int | None) -> None:
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)  # noqa: S608 -- fixed names

    def _next_reference(self, prefix: str, bank: str, table: str) -> str:
        query = f"SELECT coalesce(max(number), 0) + 1 FROM {table}"  # noqa: S608 -- fixed names
        (serial,) = self._db.execute(query).fetchone()
        return f"{prefix}{bank}{serial:010d}"


def now() -> str:
    """Give the present time in China, ISO 8601 to the millisecond."""
    return datetime.now(_SHANGHAI).isoformat(timespec="milliseconds")


def _account(row: sqlite3.Row) -> Account:
    return Account(row["bank"], row["account_number"], row["class"], row["id_number"], row["balance_fen"])


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for column in row.keys():  # noqa: SIM118 -- iterating a Row gives values
        if column.endswith("_fen"):
            shown[column.removesuffix("_fen")] = to_yuan(row[column])
        elif column == "answer":
            shown[column] = json.loads(row[column])
        elif column != "number":
            shown[column] = row[column]
    return shown
