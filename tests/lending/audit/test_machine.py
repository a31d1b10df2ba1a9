"""A bank driven through random legal and illegal operations on random days, audited to the fen after every step."""

from __future__ import annotations

import os
import secrets
import sys
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import TestCase
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.lending.applicants import make_customer
from tests.lending.audit.bank import Bank, Lent
from tests.lending.audit.loan import total_of
from tests.lending.audit.offers import METHODS, TERMS, all_terms, like_of, open_line
from tests.lending.borrowers import make_account, set_day

SEED = "AUDIT_SEED"
USUAL_SEED = 20240110  # a run of `make test` is the same each time; `make test-deep` draws its own
START = date(2024, 1, 10)
LIMIT = 60_000_00
MOST_LOANS = 3
A_LOAN = st.integers(0, 12)
AMOUNTS = st.sampled_from([500_00, 1_234_56, 10_000_00, 25_000_00])
ODD_AMOUNTS = st.sampled_from([0, -1, 499_99, 200_000_01, 60_000_01, 10**14])


class People:
    """Two customers with three accounts, made once; everything else is made in each example and rolled back."""

    def __init__(self) -> None:
        self.customers = [make_customer(), make_customer()]
        owners = [self.customers[0], self.customers[0], self.customers[1]]
        self.accounts = [(make_account(owner).pk, owner) for owner in owners]
        self.like = like_of(["XF01", "XF03"])


class Audit(RuleBasedStateMachine):
    """One example: a bank opens in 2024, and things happen."""

    people: People

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block._from_testcase = True  # type: ignore[attr-defined]
        self.block.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @initialize(
        terms=st.tuples(all_terms(), all_terms(), all_terms()),
        day=st.integers(0, 330).map(lambda days: START + timedelta(days=days)),
        bp=st.sampled_from([80, 300, 1_234]), amount=AMOUNTS,
        method=st.sampled_from(METHODS),
    )  # fmt: skip
    def open(self, terms: Any, day: date, bp: int, amount: int, method: str) -> None:
        """Open the bank on a day, with three lines on three products and a loan."""
        set_day(day)
        one, other = self.people.customers
        owners = [(one, self.people.like[0]), (one, self.people.like[1]), (other, self.people.like[0])]
        lines = [
            open_line(owner, like, each, limit=LIMIT, start=day, bp=bp)
            for (owner, like), each in zip(owners, terms, strict=True)
        ]
        accounts = {account_id: (owner, 0) for account_id, owner in self.people.accounts}
        self.bank = Bank(today=day, lines=lines, accounts=accounts)
        for account_id, _ in self.people.accounts[1:]:
            self.bank.bring(account_id, 50_000_00)
        self.draw(2, amount, 12, method, "own")

    @rule(
        line=st.integers(0, 2), amount=AMOUNTS | AMOUNTS | ODD_AMOUNTS, months=st.sampled_from([*TERMS, *TERMS, 7]),
        method=st.sampled_from(METHODS), account=st.sampled_from(["own", "own", "own", "any"]),
    )  # fmt: skip
    def draw(self, line: int, amount: int, months: int, method: str, account: str) -> None:
        """Draw on a line; when enough is lent, only what is refused."""
        found = self.bank.lines[line]
        to = next(pk for pk, (owner, _) in self.bank.accounts.items() if owner == found.customer_id or account == "any")
        if len(self.live()) < MOST_LOANS or self.bank.refusal_of_draft(found, to, amount, months, method):
            self.bank.draw(found, to, amount, months, method)

    @rule(number=A_LOAN, late=st.sampled_from([0, 0, 0, 1, 3, 4, 20, 95]))
    def pay_what_falls_due(self, number: int, late: int) -> None:
        """Wait for the next due date, or some days more, and pay what is due."""
        lent = self.loan(number)
        if lent.loan.ahead and not lent.loan.due():
            self.bank.move_to(lent.loan.ahead[0].due_date + timedelta(days=late))
        self.bank.repay(lent, self.own_account(lent), "due", None, None)

    @rule(number=A_LOAN)
    def settle(self, number: int) -> None:
        """Pay everything."""
        lent = self.loan(number)
        self.bank.repay(lent, self.own_account(lent), "early_full", None, None)

    @rule(
        number=A_LOAN, ahead=st.integers(0, 1), share=st.sampled_from([1, 7, 30, 60, 97]),
        keep=st.sampled_from([None, "term", "instalment"]),
    )  # fmt: skip
    def repay_a_part(self, number: int, ahead: int, share: int, keep: str | None) -> None:
        """Pay a part of what is overdue, or of what is not yet due."""
        lent = self.loan(number)
        kind, whole = "due", sum(map(total_of, lent.loan.due().values()))
        if ahead or not lent.loan.overdue_days:
            kind = "any" if lent.loan.contract.method == "pay_any_day" else "early_partial"
            whole = lent.loan.not_due
        self.bank.repay(lent, self.own_account(lent), kind, max(1, whole * share // 100), keep)

    @rule(
        number=A_LOAN, kind=st.sampled_from(["due", "early_full", "early_partial", "any"]), account=st.integers(0, 2),
        amount=st.sampled_from([None, 0, -1, 1, 10**13]) | st.integers(-1, 1).map(lambda n: ("about", n)),
    )  # fmt: skip
    def repay_oddly(self, number: int, kind: str, account: int, amount: Any) -> None:
        """Pay any amount by any kind from any account."""
        lent = self.loan(number)
        if isinstance(amount, tuple):
            debts = lent.loan.due() if kind == "due" else lent.loan.settlement()
            amount = sum(map(total_of, debts.values())) + amount[1]
        self.bank.repay(lent, list(self.bank.accounts)[account], kind, amount, None)

    @rule(
        account=st.integers(0, 2),
        fen=st.sampled_from([1, 99_99, 50_000_00]),
        share=st.sampled_from([0, 0, 0, 0, 60, 101]),
    )
    def move_money(self, account: int, fen: int, share: int) -> None:
        """Bring money from elsewhere, or take a share of what is there away, at times more than there is."""
        account_id = list(self.bank.accounts)[account]
        taken = self.bank.accounts[account_id][1] * share // 100
        self.bank.bring(account_id, -max(taken, 1) if share else fen)

    @rule(days=st.sampled_from([1, 3, 7, 12, 28, 45]))
    def wait(self, days: int) -> None:
        """Let days pass."""
        self.bank.move_to(self.bank.today + timedelta(days=days))

    @precondition(lambda self: any(lent.repayments for lent in self.bank.lent))
    @rule(place=st.integers(0, 20), again=st.sampled_from([0, 0, 0, 0, 1]))
    def reverse(self, place: int, again: int) -> None:
        """Take a repayment back, at times one that is taken back already."""
        made = [(lent, each) for lent in self.bank.lent for each in lent.repayments if (each in lent.reversed) == again]
        if made:
            self.bank.reverse(*made[place % len(made)])

    @rule(
        act=st.sampled_from(["reprice", "misuse", "extend", "write_off"]), number=A_LOAN,
        ago=st.sampled_from([-1, 0, 5, 40, 400]), months=st.sampled_from([0, 1, 3, 12]),
    )  # fmt: skip
    def staff(self, act: str, number: int, ago: int, months: int) -> None:
        """Do what the bank does of itself: a new price, misuse, an extension, a write-off."""
        lent = self.loan(number)
        if act == "reprice":
            self.bank.reprice(lent)
        elif act == "misuse":
            self.bank.misuse(lent, self.bank.today - timedelta(days=ago))
        elif act == "extend":
            self.bank.extend(lent, months)
        else:
            self.bank.write_off(lent)

    def live(self) -> list[Lent]:
        return [lent for lent in self.bank.lent if not lent.loan.is_over]

    def loan(self, number: int) -> Lent:
        """Choose a loan that is not settled, but for one number, and where all are."""
        among = self.bank.lent if number == 0 else self.live() or self.bank.lent
        return among[number % len(among)]

    def own_account(self, lent: Lent) -> Any:
        """Choose the account of the borrower that has most."""
        own = [(fen, pk) for pk, (owner, fen) in self.bank.accounts.items() if owner == lent.line.customer_id]
        return max(own, key=lambda found: found[0])[1]


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_whatever_happens_the_auditor_agrees(request: pytest.FixtureRequest) -> None:
    deep = request.config.getoption("--hypothesis-profile") == "deep"
    chosen = int(os.environ.get(SEED) or (secrets.randbits(32) if deep else USUAL_SEED))
    sys.stdout.write(f"{SEED}={chosen} repeats this run\n")
    with TestCase.captureOnCommitCallbacks(execute=True):  # so that the bank's keys are opened once, not each time
        people = People()
    machine = seed(chosen)(type("Audit", (Audit,), {"people": people}))
    how = settings(
        max_examples=200 if deep else 30, stateful_step_count=50, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), print_blob=True, report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=how)
