"""Everything at once, over real connections, on the same few customers: no lost update, no overshoot, no deadlock.

Several threads draw, repay, take back, top up, send, give back, freeze and extend, while another one ends day after day.
Each may be refused as the rules say; nothing may fail otherwise. Afterwards the books balance, and the auditor lives
every loan through once more from what is on record.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from accounts.models import (
    DepositAccount,
    Hold,
    JournalEntry,
    QuotaCharge,
    QuotaUse,
    Receipt,
    Restriction,
    TopUp,
    Transfer,
)
from accounts.operations import corrections, receipts
from accounts.operations.claims import place_claim
from accounts.operations.payees import ToAccount
from accounts.operations.restrictions import Order, lift_restriction, place_restriction
from accounts.operations.top_ups import top_up_collected
from accounts.operations.transfer_outcomes import transfer_refused, transfer_sent
from accounts.operations.transfers import transfer_on_order
from core.clock import business_date
from core.errors import Problem
from core.ids import new_id
from core.tenancy import in_bank
from lending import operations
from lending.closing.runner import close_until
from lending.models import CreditLine, Drawdown, Loan, LoanEvent, Repayment
from lending.operations.loan_changes import extend_loan, mark_misused, reprice_loan
from lending.operations.reversal import reverse_repayment
from tests.accounts.holders import make_card, make_customer
from tests.at_once import at_once
from tests.depth import is_deep
from tests.lending.audit import comparing
from tests.lending.audit.lent import Lent
from tests.lending.audit.loan import Happening, Misuse, MoneyIn, NewDates, NewRate, lived
from tests.lending.audit.offers import METHODS, Line, Terms, like_of, open_line
from tests.lending.audit.teller import ELSEWHERE, FOR_EVER
from tests.lending.borrowers import Borrower, disburse, give_money, make_account, pass_face, repay, set_day, signed
from tests.lending.test_disbursement import books_agree

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BANK = "125"
GRANTED, DRAWN, BEGIN = date(2025, 1, 10), date(2025, 11, 30), date(2025, 12, 30)
DAY = timedelta(days=1)
DAYS = 4  # the third begins with new prices, the second with arrears
TERMS = Terms(
    day_count="act/360", due_day=None, first_period_min_days=0, holiday_rule="not_shifted", overdue_markup_percent=50,
    misuse_markup_percent=100, compound_penalty=True, compound_on_penalty=False, grace_days=0, min_days=0,
    early_repayment_fee_percent="0", prepayment_keeps="term", repricing="every_january",
)  # fmt: skip


@dataclass
class Town:
    """A few customers, each with a line, two accounts, loans and drawdowns that are signed."""

    people: list[Borrower] = field(default_factory=list)
    spare: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    lines: dict[uuid.UUID, Line] = field(default_factory=dict)
    cards: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    tokens: list[tuple[Borrower, uuid.UUID, str]] = field(default_factory=list)

    def settle(self, like: Any) -> None:
        """Let one more customer move in."""
        customer_id = make_customer()
        line = open_line(customer_id, like, TERMS, limit=100_000_00, start=GRANTED, bp=300)
        accounts = [make_account(customer_id).pk for _ in range(2)]
        DepositAccount.objects.filter(pk__in=accounts).update(face_to_face=True)
        who = Borrower(bank=BANK, customer_id=customer_id, line_id=line.id, account_id=accounts[0])
        for each in accounts:
            give_money(Borrower(BANK, customer_id, line.id, each), 30_000_00)
        self.people.append(who)
        self.spare[customer_id], self.lines[line.id] = accounts[1], line
        self.cards[customer_id] = make_card(customer_id, "13800000000").pk

    def open(self, *, people: int, drawdowns: int) -> None:
        """Open the town on the day on which its first instalments fall due."""
        set_day(DRAWN)
        like = like_of(["XF01"])[0]
        for number in range(people):
            self.settle(like)
            who = self.people[-1]
            for method in (METHODS[number % 3], METHODS[4]):
                disburse(who, signed(who, 20_000_00, method=method))
        set_day(BEGIN - DAY)
        close_until(to_date=BEGIN)
        for number in range(drawdowns):
            who = self.people[number % people]
            row = signed(who, 2_000_00)
            self.tokens.append((who, row.pk, pass_face(who, row, "drawdown")))
        Drawdown.objects.filter(status="signed").update(disburse_by_date=BEGIN + 30 * DAY)


class Hand:
    """One person in the town who does one thing after the other; everything follows from a seed and the others."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.chance, self.done = town, random.Random(seed), Counter[str]()
        often = [self.pay, self.pay, self.draw, self.send, self.conclude, self.give_back]
        self.acts: list[Callable[[], None]] = [
            *often, self.prepay, self.take_back, self.top_up, self.receive, self.order, self.extend, self.misuse, self.line,
        ]  # fmt: skip

    def act(self) -> None:
        """Do something; what is refused is not done."""
        act = self.chance.choice(self.acts)
        try:
            act()
        except Problem as problem:
            self.done[f"{act.__name__}: {problem.code}"] += 1
        else:
            self.done[act.__name__] += 1

    def who(self) -> Borrower:
        return self.chance.choice(self.town.people)

    def account(self, who: Borrower) -> uuid.UUID:
        return self.chance.choice([who.account_id, self.town.spare[who.customer_id]])

    def any(self, rows: Any) -> Any:
        found = list(rows.order_by("pk").values_list("pk", flat=True))
        return self.chance.choice(found) if found else None

    def loan(self, who: Borrower) -> Loan | None:
        pk = self.any(Loan.objects.filter(customer_id=who.customer_id, status="active"))
        return None if pk is None else Loan.objects.get(pk=pk)

    def pay(self) -> None:
        who = self.who()
        loan = self.loan(who)
        if loan is not None:
            repay(Borrower(BANK, who.customer_id, who.line_id, self.account(who)), loan)

    def prepay(self) -> None:
        who = self.who()
        loan = self.loan(who)
        if loan is not None:
            repay(
                who, loan, "any" if loan.method == "pay_any_day" else "early_partial", self.chance.randint(1_00, 900_00)
            )

    def draw(self) -> None:
        if self.town.tokens:
            who, drawdown_id, token = self.chance.choice(self.town.tokens)
            operations.disburse_drawdown(drawdown_id=drawdown_id, customer_id=who.customer_id, face_token=token)

    def take_back(self) -> None:
        found = self.any(Repayment.objects.filter(status="posted"))
        if found is not None:
            with transaction.atomic():
                reverse_repayment(repayment_id=found, actor="test", reason="test")

    def send(self) -> None:
        who, other = self.who(), self.who()
        payee = DepositAccount.objects.get(pk=self.account(other))
        to = self.chance.choice([ELSEWHERE, ToAccount(number=payee.number or "", name="林样例")])
        with transaction.atomic():
            transfer_on_order(
                account_id=self.account(who), to=to, amount_fen=self.chance.randint(1, 2_000_00), actor="customer:test"
            )

    def conclude(self) -> None:
        found = self.any(Transfer.objects.filter(status="sending"))
        if found is not None:
            with transaction.atomic():
                if self.chance.random() < 0.5:
                    transfer_sent(transfer_id=found, reference="test")
                else:
                    transfer_refused(transfer_id=found, code="test")

    def give_back(self) -> None:
        found = self.any(JournalEntry.objects.filter(kind="transfer", reverses=None, reversed_by=None))
        if found is not None:
            with transaction.atomic():
                corrections.give_back_debit(entry_id=found, reason="test", actor="test")

    def top_up(self) -> None:
        who = self.who()
        account_id = self.account(who)
        with transaction.atomic():
            row = TopUp.objects.create(
                customer_id=who.customer_id, account_id=account_id, card_id=self.town.cards[who.customer_id],
                amount_fen=5_000_00,
            )  # fmt: skip
            place_claim(account_id=account_id, claimant=f"top_up:{row.pk.hex}")
            top_up_collected(top_up_id=row.pk, reference="test")

    def receive(self) -> None:
        money = receipts.OutsideMoney(
            channel="counter_cash", reference=new_id().hex, amount_fen=1_000_00, payer_name="付款人"
        )
        with transaction.atomic():
            receipt_id = receipts.open_receipt(money=money, actor="maker")
        with transaction.atomic():
            receipts.assign_receipt_to_account(
                receipt_id=receipt_id, account_id=self.account(self.who()), amount_fen=1_000_00, actor="checker"
            )

    def order(self) -> None:
        found = self.any(Restriction.objects.filter(status="in_force"))
        with transaction.atomic():
            if found is not None:
                lift_restriction(restriction_id=found, reason="test", actor="test")
                return
            order = Order(
                account_id=self.account(self.who()), kind="freeze", amount_fen=1_000_00, order_number=new_id().hex[-20:],
                authority="test", expires_date=FOR_EVER,
            )  # fmt: skip
            place_restriction(order=order, reason="test", actor="test")

    def extend(self) -> None:
        loan = self.loan(self.who())
        if loan is not None:
            with transaction.atomic():
                extend_loan(loan_id=loan.pk, months=1, actor="test", reason="test")

    def misuse(self) -> None:
        loan = self.loan(self.who())
        if loan is not None:
            with transaction.atomic():
                mark_misused(loan_id=loan.pk, from_date=business_date(), actor="test", reason="test")

    def line(self) -> None:
        who = self.who()
        act = self.chance.choice([operations.freeze_line, operations.unfreeze_line, operations.unfreeze_line])
        act(line_id=who.line_id, actor="test", reason="test")


def happened(loan: Loan) -> list[Happening]:
    """Read what has happened to a loan, in the order in which it was entered."""
    found: list[tuple[uuid.UUID, Happening]] = [
        (row.pk, MoneyIn(key=row.pk, day=row.value_date, kind=row.kind, total=row.total_fen, keep=row.keeps))
        for row in Repayment.objects.filter(loan=loan, status="posted")
    ]
    for event in LoanEvent.objects.filter(loan=loan, kind__in=("repriced", "misused", "rescheduled")):
        what: Happening
        if event.kind == "repriced":
            what = NewRate(day=event.business_date, rate=Fraction(event.detail["annual_rate"]) / 100)
        elif event.kind == "misused":
            what = Misuse(day=date.fromisoformat(event.detail["from_date"]))
        else:
            dates = tuple(date.fromisoformat(day) for day in event.detail["due_dates"])
            what = NewDates(day=event.business_date, due_dates=dates)
        found.append((event.pk, what))
    return [what for _, what in sorted(found, key=lambda each: each[0])]


def audit(town: Town) -> None:
    """Live every loan through by the rules and compare; add up lines, holds, orders, quotas and books."""
    today = business_date()
    rows = list(Loan.objects.all())
    read = comparing.read_loans([row.pk for row in rows])
    for row in rows:
        line = town.lines[row.line_id]
        agreed = line.contract(
            amount=row.principal_fen, months=row.term_months, method=row.method, start=row.start_date
        )
        facts = happened(row)
        lent = Lent(id=row.pk, line=line, months=row.term_months, loan=lived(agreed, facts, today), happened=facts)
        comparing.compare_standing(lent, read[row.pk])
    for credit in CreditLine.objects.all():
        held = Drawdown.objects.filter(line=credit, status="signed").aggregate(fen=Sum("amount_fen"))["fen"] or 0
        owed = Loan.objects.filter(line=credit).aggregate(fen=Sum("outstanding_fen"))["fen"] or 0
        assert (credit.drawn_fen, credit.held_fen) == (owed, held)
        assert owed + held <= credit.limit_fen + credit.over_limit_fen
    for account in DepositAccount.objects.all():
        held = Hold.objects.filter(account=account, status="pending").aggregate(fen=Sum("amount_fen"))["fen"] or 0
        kept = (
            Restriction.objects.filter(account=account, status="in_force").aggregate(fen=Sum("amount_fen"))["fen"] or 0
        )
        assert (account.held_fen, account.frozen_fen) == (held, kept)
    for use in QuotaUse.objects.filter(span="year"):
        charged = QuotaCharge.objects.filter(account_id=use.account_id, direction=use.direction, returned_at=None)
        of_year = charged.filter(charged_date__year=use.starts_date.year).aggregate(fen=Sum("amount_fen"))["fen"]
        assert use.used_fen == (of_year or 0)
        assert 0 <= use.used_fen <= 200_000_00
    assert all(0 <= use.used_fen <= 10_000_00 for use in QuotaUse.objects.filter(span="day"))
    assert not Receipt.objects.exclude(left_fen__in=(0, 1_000_00)).exists()
    books_agree()


@pytest.mark.deep
def test_whatever_happens_at_once_nothing_fails_and_the_auditor_agrees() -> None:
    seed = int(os.environ.get("AUDIT_SEED") or 20251230)
    sys.stdout.write(f"AUDIT_SEED={seed}\n")
    hands, each = (6, 120) if is_deep() else (4, 20)
    town, failed = Town(), list[str]()
    with in_bank(BANK):
        town.open(people=3, drawdowns=12)
    people = [Hand(town, seed + number) for number in range(hands)]
    over = threading.Event()

    def guarded(work: Callable[[], None]) -> None:
        try:
            with in_bank(BANK):
                work()
        except BaseException as error:  # noqa: BLE001 -- told by the test's own thread
            failed.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def days() -> None:
        for number in range(1, DAYS + 1):
            close_until(to_date=BEGIN + number * DAY)
            over.wait(0.2)

    def busy(hand: Hand) -> None:
        for _ in range(each):
            hand.act()

    works: list[Callable[[], None]] = [days, *((lambda hand=hand: busy(hand)) for hand in people)]
    threads = [threading.Thread(target=guarded, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    assert failed == []
    done = sum((hand.done for hand in people), Counter[str]())
    sys.stdout.write(f"{dict(done)}\n")
    with in_bank(BANK):
        close_until(to_date=BEGIN + (DAYS + 1) * DAY)
        audit(town)
    assert {"pay", "draw", "take_back", "send", "give_back", "receive"} <= done.keys()


def test_a_repayment_and_a_new_price_at_once_are_both_right() -> None:
    town = Town()
    with in_bank(BANK):
        town.open(people=2, drawdowns=0)
        set_day(date(2026, 1, 1))
        loans = list(Loan.objects.all())
    whose = {who.customer_id: who for who in town.people}
    tasks: list[Callable[[], Any]] = []
    for loan in loans:
        tasks += [
            lambda loan=loan: repay(whose[loan.customer_id], loan, "early_full"),  # type: ignore[misc]
            lambda loan=loan: reprice_loan(loan_id=loan.pk),  # type: ignore[misc]
        ]
    outcomes = at_once(BANK, tasks)
    with in_bank(BANK):
        assert not [outcome for outcome in outcomes if isinstance(outcome, Problem)]
        assert Loan.objects.filter(status="settled").count() == len(loans)
        audit(town)
