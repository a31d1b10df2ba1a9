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
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tenants import parameters
from tenants.models import BankParameter, PlatformParameter
from tests.accounts.holders import make_card
from tests.lending.applicants import consent_to, make_customer
from tests.lending.audit.bank import Bank
from tests.lending.audit.days import ONE_DAY
from tests.lending.audit.deposits import Account, Deposits
from tests.lending.audit.lent import Lent
from tests.lending.audit.loan import total_of
from tests.lending.audit.offers import METHODS, TERMS, Line, all_terms, ask_for_a_line, like_of, open_line
from tests.lending.audit.risk import FIRST_DAYS, LOSS
from tests.lending.audit.teller import Teller
from tests.lending.borrowers import make_account, set_day
from verification.models import Consent
from verification.operations import withdraw_consent

SEED = "AUDIT_SEED"
USUAL_SEED = 20240110  # a run of `make test` is the same each time; `make test-deep` draws its own
PARTS = 4  # one machine in several tests, so that several processes share the work
USUAL, DEEP = 30, 200
START = date(2024, 1, 10)
LIMIT, MONEY = 60_000_00, 400_000_00
MOST_LOANS = 3
DAYS_OF_A_LOSS = FIRST_DAYS[-1]
A_LOAN = st.integers(0, 12)
AN_ACCOUNT = st.integers(0, 2)
AMOUNTS = st.sampled_from([500_00, 1_234_56, 10_000_00, 25_000_00])
ODD_AMOUNTS = st.sampled_from([0, -1, 499_99, 200_000_01, 60_000_01, 10**14])


class People:
    """Two customers with three accounts, made once; everything else is made in each example and rolled back."""

    def __init__(self) -> None:
        self.customers = [make_customer(), make_customer()]
        owners = [self.customers[0], self.customers[0], self.customers[1]]
        rows = [make_account(owner) for owner in owners]
        for row, confirmed in zip(rows, (True, False, True), strict=True):
            row.face_to_face = confirmed
            row.save(update_fields=["face_to_face"])
        self.accounts = [(row, owner) for row, owner in zip(rows, owners, strict=True)]
        self.cards = {owner: make_card(owner, "13800000000").pk for owner in self.customers}
        self.like = like_of(["XF01", "XF03"])
        one, other = self.customers
        owning = [(one, self.like[0]), (one, self.like[1]), (other, self.like[0])]
        self.asked = [(ask_for_a_line(owner, like, START), like) for owner, like in owning]
        for application, _ in self.asked:
            consent_to(application, "auto_debit")

    def deposits(self) -> Deposits:
        """Return their accounts with nothing on them."""
        return Deposits(
            [
                Account(
                    id=row.pk, owner=owner, number=row.number or "", name="林样例", face_to_face=row.face_to_face
                )
                for row, owner in self.accounts
            ]
        )  # fmt: skip


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
        lines = [
            open_line(asked.customer_id, like, each, limit=LIMIT, start=day, bp=bp, asked=asked)
            for (asked, like), each in zip(self.people.asked, terms, strict=True)
        ]
        self.bank = Bank(today=day, lines=lines, deposits=self.people.deposits())
        self.teller = Teller(self.bank, self.people.cards)
        for account in self.bank.deposits:
            self.teller.bring(account, MONEY, is_checked=False)
        self.bank.draw(lines[2], self.account_of(lines[2]).id, amount, 12, method)

    # Loans.

    @rule(
        line=st.integers(0, 2), amount=AMOUNTS, odd=st.none() | st.none() | ODD_AMOUNTS,
        months=st.sampled_from([*TERMS, *TERMS, *TERMS, 7]), method=st.sampled_from(METHODS), is_own=st.integers(0, 5),
    )  # fmt: skip
    def draw(self, line: int, amount: int, odd: int | None, months: int, method: str, is_own: int) -> None:
        """Draw on a line; when enough is lent, only what is refused."""
        found, amount = self.bank.lines[line], amount if odd is None else odd
        to = self.account_of(found) if is_own else self.bank.deposits.accounts[0]
        if len(self.live()) < MOST_LOANS or self.bank.refusal_of_draft(found, to.id, amount, months, method):
            self.bank.draw(found, to.id, amount, months, method)

    @rule(
        number=A_LOAN,
        late=st.sampled_from([0, 0, 0, 1, 3, 4, 20, 95]),
        is_ended=st.sampled_from([False, False, False, True]),
    )
    def pay_what_falls_due(self, *, number: int, late: int, is_ended: bool) -> None:
        """Wait for the next due date, or some days more, let the day before end as banks do, and pay what is due."""
        lent = self.loan(number)
        if lent.loan.ahead and not lent.loan.due():
            day = lent.loan.ahead[0].due_date + timedelta(days=late)
            if is_ended and day - self.bank.today > timedelta(days=1):
                self.bank.move_to(day - timedelta(days=1))
                self.bank.end_day()
            else:
                self.bank.move_to(day)
        self.pay(lent, "due")

    @rule(number=A_LOAN, is_whole=st.integers(0, 3))
    def settle(self, number: int, is_whole: int) -> None:
        """Pay everything, or what is due."""
        lent = self.loan(number)
        self.pay(lent, "due" if is_whole and lent.loan.due() else "early_full")

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
        self.pay(lent, kind, max(1, whole * share // 100), keep)

    @rule(
        number=A_LOAN, kind=st.sampled_from(["due", "early_full", "early_partial", "any"]), account=AN_ACCOUNT,
        amount=st.sampled_from([None, 0, -1, 1, 10**13]) | st.integers(-1, 1).map(lambda n: ("about", n)),
    )  # fmt: skip
    def repay_oddly(self, number: int, kind: str, account: int, amount: Any) -> None:
        """Pay any amount by any kind from any account."""
        lent = self.loan(number)
        if isinstance(amount, tuple):
            debts = lent.loan.due() if kind == "due" else lent.loan.settlement()
            amount = sum(map(total_of, debts.values())) + amount[1]
        self.bank.repay(lent, self.bank.deposits.accounts[account].id, kind, amount, None)

    @rule(number=A_LOAN, ago=st.sampled_from([0, 1, 5, 31, 100]), share=st.sampled_from([1, 40, 100, 103]))
    def repay_as_of(self, number: int, ago: int, share: int) -> None:
        """Have staff enter a repayment as of a day that is over."""
        lent = self.loan(number)
        day = max(lent.loan.contract.start, self.bank.today - timedelta(days=ago))
        whole = sum(map(total_of, lent.loan.due().values())) or lent.loan.contract.principal // 12
        self.bank.repay_as_of(lent, self.richest(lent.line).id, day, max(1, whole * share // 100))

    @precondition(lambda self: any(lent.repayments for lent in self.bank.lent))
    @rule(place=st.integers(0, 20), again=st.sampled_from([0, 0, 0, 0, 1]))
    def reverse(self, place: int, again: int) -> None:
        """Take a repayment back, at times one that is taken back already."""
        made = [(lent, each) for lent in self.bank.lent for each in lent.repayments if (each in lent.reversed) == again]
        if made:
            self.bank.reverse(*made[place % len(made)])

    @rule(
        act=st.sampled_from(["reprice", "misuse", "extend", "extend", "write_off"]), number=A_LOAN,
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

    @precondition(lambda self: self.late())
    @rule(place=st.integers(0, 5), paid=st.sampled_from([0, 0, 30, 97]), is_waited_for=st.sampled_from([0, 0, 1]))
    def give_up(self, place: int, paid: int, is_waited_for: int) -> None:
        """Give up what is a loss; at times wait until a loan that is late has become one, with a part of it paid or nothing."""
        late = self.late()
        lent = late[place % len(late)]
        if lent.risk.place != LOSS:
            if not is_waited_for:
                return
            day = self.bank.today + timedelta(days=DAYS_OF_A_LOSS - lent.loan.overdue_days)
            self.bank.move_to(max(day - ONE_DAY, self.bank.today))
            self.bank.end_day()
            due = sum(map(total_of, lent.loan.due().values()))
            if paid:
                self.pay(lent, "due", max(1, due * paid // 100))
        self.bank.write_off(lent)

    # Accounts.

    @rule(account=AN_ACCOUNT, fen=st.sampled_from([1, 99_99, 50_000_00]), share=st.sampled_from([0, 0, 0, 60, 101]))
    def move_money(self, account: int, fen: int, share: int) -> None:
        """Draw money from a card, or take a share of what is there away, at times more than there is."""
        found = self.bank.deposits.accounts[account]
        if share:
            self.teller.bring(found, -max(found.available * share // 100, 1))
        else:
            self.teller.top_up(found, fen)

    @rule(
        payer=AN_ACCOUNT, payee=st.none() | AN_ACCOUNT, how=st.sampled_from(["part", "part", "rest", "more", "all"]),
        fen=st.sampled_from([1, 2_500_00, 9_999_99]),
    )  # fmt: skip
    def send(self, payer: int, payee: int | None, how: str, fen: int) -> None:
        """Send money to another account here or elsewhere: some, what the day's quota leaves, a fen more, all there is."""
        accounts, deposits = self.bank.deposits.accounts, self.bank.deposits
        to = None if payee is None or payee == payer else accounts[payee]
        left = deposits.left(accounts[payer], "out", self.bank.today)
        amount = {"part": fen, "rest": max(left, 1), "more": left + 1, "all": max(accounts[payer].available, 1)}[how]
        self.teller.send(accounts[payer], to, amount)

    @precondition(lambda self: self.bank.deposits.on_their_way)
    @rule(place=st.integers(0, 5), arrived=st.booleans())
    def conclude(self, *, place: int, arrived: bool) -> None:
        """Hear what has become of a transfer."""
        sent = self.bank.deposits.on_their_way
        self.teller.conclude(sent[place % len(sent)], arrived=arrived)

    @rule(account=AN_ACCOUNT, fen=st.sampled_from([1, 1_000_00, 10**9]))
    def order(self, account: int, fen: int) -> None:
        """Lift the order on an account, or place one where there is none."""
        if self.bank.deposits.orders:
            self.teller.lift()
        else:
            self.teller.freeze(self.bank.deposits.accounts[account], fen)

    # Days.

    @rule(days=st.sampled_from([1, 3, 7, 12, 28, 45]))
    def wait(self, days: int) -> None:
        """Let days pass that nobody ends."""
        self.bank.move_to(self.bank.today + timedelta(days=days))

    @rule(
        days=st.sampled_from([0, 0, 1, 30, 91, 181]), is_collected=st.booleans(), number=A_LOAN,
        leaves=st.sampled_from([100, 100, 60, 0, None]), rounds=st.sampled_from([(1,), (1, 2), (2, 3), (1, 1)]),
        withdraws=st.integers(0, 9),
    )  # fmt: skip
    def end_days(
        self, *, days: int, is_collected: bool, number: int, leaves: int | None, rounds: tuple[int, ...], withdraws: int
    ) -> None:  # fmt: skip
        """Let the business day end, at once or some days on; or that before a loan is due, and collect on the next."""
        if is_collected:
            self.collect(number, days % 30, leaves, rounds, is_withdrawn=withdraws == 1)
            return
        if days:
            self.bank.move_to(self.bank.today + timedelta(days=days))
        self.bank.end_day()

    def collect(
        self, number: int, late: int, leaves: int | None, rounds: tuple[int, ...], *, is_withdrawn: bool
    ) -> None:  # fmt: skip
        """Let rounds of a day collect what is due: from an account that has all of it, a part, nothing, or is under order.

        After the first the account has what it needs. Now and then a customer withdraws the authorisation before.
        """
        lent = self.loan(number)
        if lent.loan.ahead and not lent.loan.due():
            self.bank.move_to(max(lent.loan.ahead[0].due_date + timedelta(days=late) - ONE_DAY, self.bank.today))
        if self.bank.begun != self.bank.today or not lent.loan.due():
            self.bank.end_day()
        if is_withdrawn:
            self.withdraw(lent.line)
        assert lent.account_id is not None
        account, due = self.bank.deposits.of(lent.account_id), sum(map(total_of, lent.loan.due().values()))
        has_order = leaves is None and bool(account.available)
        if has_order:
            self.teller.freeze(account, account.available)
        elif leaves is not None and (more := due * leaves // 100 - account.available):
            self.teller.bring(account, more, is_checked=False)
        for place, each in enumerate(rounds):
            if place and has_order:
                self.teller.lift()
            elif place:
                self.teller.bring(account, max(due - account.available, 1), is_checked=False)
            self.bank.collect(each)

    # Choices.

    def late(self) -> list[Lent]:
        """Return the loans that are late or a loss, and on the books."""
        return [
            lent
            for lent in self.live()
            if not lent.is_given_up and (lent.loan.overdue_days or lent.risk.place == LOSS)
        ]  # fmt: skip

    def withdraw(self, line: Line) -> None:
        """Have a customer withdraw the authorisation that a line's loans are debited under."""
        asked, _ = self.people.asked[self.bank.lines.index(line)]
        consent = Consent.objects.get(business_id=asked.pk.hex)
        withdraw_consent(subject_id=line.customer_id, consent_id=consent.pk)
        self.bank.unauthorised.add(line.id)

    def live(self) -> list[Lent]:
        return [lent for lent in self.bank.lent if not lent.loan.is_over]

    def loan(self, number: int) -> Lent:
        """Choose a loan that is not settled, but for one number; where all are, a new one is drawn."""
        if not self.live():
            line = self.bank.lines[number % len(self.bank.lines)]
            to = self.account_of(line).id
            if self.bank.refusal_of_draft(line, to, 10_000_00, 12, METHODS[number % len(METHODS)]) is None:
                self.bank.draw(line, to, 10_000_00, 12, METHODS[number % len(METHODS)])
        among = self.bank.lent if number == 0 else self.live() or self.bank.lent
        return among[number % len(among)]

    def account_of(self, line: Line) -> Account:
        """Return the first account of a line's customer."""
        return next(account for account in self.bank.deposits if account.owner == line.customer_id)

    def richest(self, line: Line) -> Account:
        """Return the account of a line's customer from which most can be taken."""
        own = [account for account in self.bank.deposits if account.owner == line.customer_id]
        return max(own, key=lambda account: account.available)

    def pay(self, lent: Lent, kind: str, amount: int | None = None, keep: str | None = None) -> None:
        """Repay from the account that has most."""
        self.bank.repay(lent, self.richest(lent.line).id, kind, amount, keep)


@pytest.mark.deep
@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_the_auditor_agrees(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    deep = request.config.getoption("--hypothesis-profile") == "deep"
    base = int(os.environ.get(SEED) or (secrets.randbits(32) if deep else USUAL_SEED))
    sys.stdout.write(f"{SEED}={base} repeats this run\n")
    chosen = base + part
    assert not PlatformParameter.objects.exclude(name__startswith="staff.").exists()
    assert not BankParameter.objects.exists()
    monkeypatch.setattr(parameters, "_latest", lambda *_asked: None)  # nobody sets one: none is asked for
    with TestCase.captureOnCommitCallbacks(execute=True):  # so that the bank's keys are opened once, not each time
        people = People()
    machine = seed(chosen)(type("Audit", (Audit,), {"people": people}))
    examples = DEEP if deep else USUAL
    # What fails is told with what repeats it, not made smaller: that would take longer than CI has.
    how = settings(
        max_examples=examples // PARTS + (part < examples % PARTS), stateful_step_count=50, deadline=None, database=None,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck), print_blob=True, report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=how)
