"""Keep what is on the cards of synthetic people, and every payment order that was taken.

In the database of the core systems, so that an order and its effect are one transaction. A card that has never moved
has its usual balance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.gateway.core_bank import CoreRefusalError, now

if TYPE_CHECKING:
    import sqlite3

USUAL_FEN: Final = 50_000_00
"""What a card has on it before it first pays or gets anything."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS purses (
    card_number TEXT PRIMARY KEY, balance_fen INTEGER NOT NULL CHECK (balance_fen >= 0)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payments (
    number INTEGER PRIMARY KEY, bank TEXT NOT NULL, request_id TEXT NOT NULL, kind TEXT NOT NULL,
    account_number TEXT NOT NULL, amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    reference TEXT, settled_at TEXT, UNIQUE (bank, request_id));
"""


class Purses:
    """The money on cards; while `slow`, orders are taken and wait."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Make the tables."""
        self._db = db
        self.slow = False
        self._db.executescript(_SCHEMA)

    def balance_fen(self, card_number: str) -> int:
        """Give what is on a card."""
        row = self._db.execute("SELECT balance_fen FROM purses WHERE card_number = ?", (card_number,)).fetchone()
        return USUAL_FEN if row is None else int(row["balance_fen"])

    def put(self, card_number: str, balance_fen: int) -> None:
        """Let a card have exactly so much."""
        self._db.execute(
            "INSERT INTO purses (card_number, balance_fen) VALUES (:card, :fen)"
            " ON CONFLICT (card_number) DO UPDATE SET balance_fen = :fen",
            {"card": card_number, "fen": balance_fen},
        )

    def move(self, card_number: str, amount_fen: int) -> None:
        """Put an amount on a card, or take it off where it is negative.

        Raises:
            CoreRefusalError: `insufficient_funds`.
        """
        after_fen = self.balance_fen(card_number) + amount_fen
        if after_fen < 0:
            raise CoreRefusalError(409, "insufficient_funds", "the card has less than the amount")
        self.put(card_number, after_fen)

    def take_order(self, bank: str, request_id: str, *, kind: str, account_number: str, amount_fen: int) -> None:
        """Enter an order; nothing has moved yet."""
        self._db.execute(
            "INSERT INTO payments (bank, request_id, kind, account_number, amount_fen) VALUES (?, ?, ?, ?, ?)",
            (bank, request_id, kind, account_number, amount_fen),
        )

    def find_order(self, bank: str, request_id: str) -> dict[str, Any]:
        """Give an order that was taken."""
        row = self._db.execute(
            "SELECT * FROM payments WHERE bank = ? AND request_id = ?", (bank, request_id)
        ).fetchone()
        return dict(row)

    def settle(self, bank: str, request_id: str) -> dict[str, str]:
        """Give an order whose money has moved its reference and time."""
        order = self.find_order(bank, request_id)
        prefix = "CO" if order["kind"] == "collection" else "TR"
        told = {"reference": f"{prefix}{bank}{order['number']:010d}", "settled_at": now()}
        self._db.execute(
            "UPDATE payments SET reference = :reference, settled_at = :settled_at WHERE number = :number",
            {**told, "number": order["number"]},
        )
        return told

    def answer_anew(self, bank: str, request_id: str, *, status: int, answer: str) -> None:
        """Change what an order that was waiting is answered from now on."""
        self._db.execute(
            "UPDATE requests SET http_status = ?, answer = ? WHERE bank = ? AND request_id = ?",
            (status, answer, bank, request_id),
        )

    def orders(self, bank: str) -> list[dict[str, Any]]:
        """Give a bank's orders, oldest first."""
        rows = self._db.execute("SELECT * FROM payments WHERE bank = ? ORDER BY number", (bank,))
        return [dict(row) for row in rows]
