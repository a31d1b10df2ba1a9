"""What comes to the same comes to the same books: halves and wholes, what was undone and what never was, this order or that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import pytest
from django.db import transaction

from accounts import queries
from accounts.availability import available_fen
from accounts.balances import balance_at
from accounts.models import Claim, JournalEntry, QuotaUse, ReceiptUse, Transfer
from accounts.operations.corrections import give_back_debit, take_back_credit
from accounts.operations.payees import ToAccount, ToCard, takes_from_others
from accounts.operations.payments import payment_arrived
from accounts.operations.receipts import OutsideMoney, assign_receipt, record_receipt
from accounts.operations.top_ups import start_top_up
from accounts.operations.transfer_outcomes import transfer_debited, transfer_refunded, transfer_refused
from accounts.operations.transfers import start_transfer
from core.ids import new_id
from tests.accounts.holders import Holder, Network, make_holder, refusal, set_day

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
Run = Callable[..., int]
DAY: Final = date(2026, 11, 23)
ELSEWHERE: Final = ToAccount(number="6217990000000000013", name="王样例")
EDGES: Final = [
    (DAY, DAY),
    (DAY, DAY + timedelta(days=1)),
    (date(2026, 12, 31), date(2027, 1, 1)),
    (date(2028, 2, 29), date(2029, 2, 28)),
]


def send(who: Holder, amount_fen: int, to: ToCard | ToAccount = ELSEWHERE) -> Transfer:
    return start_transfer(
        customer_id=who.customer_id, account_id=who.account_id, to=to, amount_fen=amount_fen,
        proof=None if isinstance(to, ToCard) else who.code("transfer", amount_fen),
    )  # fmt: skip


def account_of(who: Holder) -> ToAccount:
    return ToAccount(number=who.account.number or "", name=who.name)


def figures_of(who: Holder, *days: date) -> dict[str, Any]:
    """Return every figure that is derived of an account."""
    account = who.account
    used = QuotaUse.objects.filter(account=account, used_fen__gt=0)
    return {
        "balance": account.balance_fen,
        "available": available_fen(account),
        "quota": sorted(used.values_list("direction", "span", "starts_date", "used_fen")),
        "claims": Claim.objects.filter(account=account, released_at=None).count(),
        "now": queries.statement_of_account(account.pk, from_date=DAY, to_date=date(2030, 1, 1)).closing_fen,
        "days": [balance_at(account.pk, on=day) for day in days],
    }


def books() -> dict[str, int]:
    """Return the trial balance; all that must agree with it does."""
    assert queries.deposits_equal_ledger()
    assert queries.holds_equal_accounts()
    assert queries.suspense_agrees()
    assert queries.quotas_equal_charges()
    return {code: fen for code, fen in queries.trial_balance().items() if fen}


def refused_here(who: Holder, day: date, network: Network, run_steps: Run) -> None:
    """Send what the network refuses a day later."""
    send(who, 3_000_00)
    network.answers.append(refusal("payee_not_found"))
    set_day(day)
    run_steps(1)


def refused_from_the_core(who: Holder, day: date, network: Network, run_steps: Run) -> None:
    """Send what the core has taken, the network refuses and the core is asked to give back."""
    made = send(who, 3_000_00)
    with transaction.atomic():
        payment_arrived(payment_id=made.payment_id, core_reference="DR1")  # type: ignore[arg-type]
        transfer_debited(transfer_id=made.pk)
    set_day(day)
    with transaction.atomic():
        transfer_refused(transfer_id=made.pk, code="payee_not_found")
        made.refresh_from_db()
        payment_arrived(payment_id=made.refund_id, core_reference="CR1")  # type: ignore[arg-type]
        transfer_refunded(transfer_id=made.pk)


def given_back(who: Holder, day: date, network: Network, run_steps: Run) -> None:
    """Send to an account here what two people give back."""
    made = send(who, 3_000_00, account_of(make_holder(name="王样例", face_to_face=True)))
    set_day(day)
    with transaction.atomic():
        entry = JournalEntry.objects.get(business_ref=f"transfer:{made.pk.hex}")
        give_back_debit(entry_id=entry.pk, reason="错扣", actor="a+b")


class TestWhatWasUndone:
    @pytest.mark.parametrize(("first", "second"), EDGES)
    @pytest.mark.parametrize("undo", [refused_here, refused_from_the_core, given_back])
    def test_never_was(
        self, network: Network, run_steps: Run, undo: Callable[..., None], first: date, second: date
    ) -> None:
        set_day(first)
        who = make_holder(0, keeper="core") if undo is refused_from_the_core else make_holder(9_000_00)
        former = (figures_of(who, second), books())
        undo(who, second, network, run_steps)
        assert (figures_of(who, second), books()) == former

    def test_opens_no_class_three_account_to_others_either(self) -> None:
        """ACC-07: the first amount from the bound card that was booked into the wrong account never came."""
        set_day(DAY)
        who = make_holder(account_class="III")
        money = OutsideMoney(
            channel="transfer_in", reference=new_id().hex, amount_fen=100_00, payer_name=who.name,
            payer_account=who.card.number,
        )  # fmt: skip
        receipt_id = record_receipt(money=money, actor="clerk")
        assign_receipt(
            receipt_id=receipt_id, account_number=who.account.number or "", amount_fen=100_00, actor="second clerk"
        )
        with transaction.atomic():
            assert takes_from_others(account=who.account)
            take_back_credit(entry_id=ReceiptUse.objects.get().entry_id, reason="记错账户", actor="a+b")  # type: ignore[arg-type]
            assert not takes_from_others(account=who.account)


class TestHalves:
    @pytest.mark.parametrize("account_class", ["II", "III"])
    def test_are_as_much_as_the_whole_wherever_they_go(
        self, network: Network, run_steps: Run, account_class: str
    ) -> None:
        set_day(DAY)
        whole, halves = (make_holder(2_000_00, account_class=account_class) for _ in range(2))
        payees = {who.account_id: make_holder(name="王样例", face_to_face=True) for who in (whole, halves)}
        for who, amounts in ((whole, (600_00,)), (halves, (300_00, 300_00))):
            for amount_fen in amounts:
                for to in (ELSEWHERE, account_of(payees[who.account_id]), ToCard(card_id=who.card_id)):
                    send(who, amount_fen, to)
        run_steps()
        assert figures_of(whole, DAY) == figures_of(halves, DAY)
        assert figures_of(payees[whole.account_id], DAY) == figures_of(payees[halves.account_id], DAY)
        assert whole.balance == 200_00


class TestOrder:
    def test_makes_no_difference_to_what_does_not_depend_on_it(self, network: Network, run_steps: Run) -> None:
        set_day(DAY)
        seen = []
        for order in ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)):
            before = queries.trial_balance()
            one, other = make_holder(9_000_00), make_holder(5_000_00, name="王样例", face_to_face=True)
            acts: list[Callable[[], object]] = [
                lambda one=one: send(one, 1_000_00),  # type: ignore[misc]
                lambda one=one, other=other: send(one, 500_00, account_of(other)),  # type: ignore[misc]
                lambda one=one: start_top_up(  # type: ignore[misc]
                    customer_id=one.customer_id, account_id=one.account_id, card_id=one.card_id, amount_fen=300_00,
                    proof=one.code("top_up", 300_00),
                ),
                lambda other=other: send(other, 700_00, ToCard(card_id=other.card_id)),  # type: ignore[misc]
            ]  # fmt: skip
            for place in order:
                acts[place]()
                run_steps()
            moved = {code: fen - before.get(code, 0) for code, fen in books().items()}
            seen.append((figures_of(one, DAY), figures_of(other, DAY), moved))
        assert seen[0] == seen[1] == seen[2]
