"""What a bank's customers and staff do with deposit accounts, done by the product and by the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import TopUp
from accounts.operations import Line, post_entry
from accounts.operations.claims import place_claim
from accounts.operations.payees import ToAccount
from accounts.operations.restrictions import Order, lift_restriction, place_restriction
from accounts.operations.top_ups import top_up_collected
from accounts.operations.transfer_outcomes import transfer_refused, transfer_sent
from accounts.operations.transfers import transfer_on_order
from core.ids import new_id
from tests.lending.audit import books
from tests.lending.audit.bank import Bank
from tests.lending.audit.deposits import Account, Sent

ELSEWHERE = ToAccount(number="6217990000000000017", name="王样例")
FOR_EVER = date(2099, 12, 31)


@dataclass
class Teller:
    """The accounts of a bank under audit, and what can be done with them."""

    bank: Bank
    cards: dict[UUID, UUID]

    def bring(self, account: Account, fen: int, *, is_checked: bool = True) -> None:
        """Bring money to an account (negative: take it away); it may be left to what follows to check all figures."""

        def act() -> None:
            lines = [
                Line(gl_code=books.ELSEWHERE, amount_fen=fen),
                Line(gl_code=books.DEPOSITS, amount_fen=-fen, account_id=account.id),
            ]
            post_entry(business_ref=f"brought:{new_id().hex}", kind="test", lines=lines)

        if self._is_done("insufficient_funds" if account.available + fen < 0 and fen < 0 else None, act):
            account.balance += fen
            self.bank.brought += fen
            self.bank.has_changed()
            if is_checked:
                self.bank.check()

    def top_up(self, account: Account, fen: int) -> None:
        """Draw money from the owner's card of another bank; it counts against no quota (ACC-05)."""

        def act() -> None:
            row = TopUp.objects.create(
                customer_id=account.owner, account_id=account.id, card_id=self.cards[account.owner], amount_fen=fen
            )
            place_claim(account_id=account.id, claimant=f"top_up:{row.pk.hex}")
            top_up_collected(top_up_id=row.pk, reference="test")

        if self._is_done(None, act):
            account.balance += fen
            self.bank.by_card += fen
            self.bank.check()

    def send(self, payer: Account, payee: Account | None, fen: int) -> None:
        """Send money to an account here, or (None) to one at another bank, where it is on its way for a while."""
        to = ELSEWHERE if payee is None else ToAccount(number=payee.number, name=payee.name)
        deposits, day, sent = self.bank.deposits, self.bank.today, []

        def act() -> None:
            sent.append(transfer_on_order(account_id=payer.id, to=to, amount_fen=fen, actor="test").pk)

        if self._is_done(deposits.refusal_of_transfer(payer, payee, fen, day), act):
            deposits.transfer(payer, payee, fen, day)
            if payee is None:
                deposits.on_their_way.append(Sent(id=sent[0], account=payer, amount=fen, day=day))
            self.bank.check()

    def conclude(self, sent: Sent, *, arrived: bool) -> None:
        """Hear that a transfer has arrived, or that it was refused."""

        def act() -> None:
            if arrived:
                transfer_sent(transfer_id=sent.id, reference="test")
            else:
                transfer_refused(transfer_id=sent.id, code="test")

        if self._is_done(None, act):
            self.bank.deposits.conclude(sent, arrived=arrived)
            self.bank.check()

    def freeze(self, account: Account, fen: int) -> None:
        """Keep an amount from leaving an account by an order; it may be more than is there (ACC-15)."""
        order = Order(
            account_id=account.id, kind="freeze", amount_fen=fen, order_number=new_id().hex[-20:], authority="test",
            expires_date=FOR_EVER,
        )  # fmt: skip
        placed: list[UUID] = []
        if self._is_done(None, lambda: placed.append(place_restriction(order=order, reason="test", actor="test"))):
            account.frozen += fen
            self.bank.deposits.orders.append((placed[0], account, fen))
            self.bank.check()

    def lift(self) -> None:
        """Lift the oldest order."""
        order_id, account, fen = self.bank.deposits.orders.pop(0)
        if self._is_done(None, lambda: lift_restriction(restriction_id=order_id, reason="test", actor="test")):
            account.frozen -= fen
            self.bank.check()

    def _is_done(self, refusal: str | None, act: Callable[[], Any]) -> bool:
        """Do something in a transaction, or see it refused."""

        def in_transaction() -> None:
            with transaction.atomic():
                act()

        if refusal is not None:
            self.bank.refused(refusal, in_transaction)
            return False
        in_transaction()
        return True
