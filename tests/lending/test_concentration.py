"""One customer owes a bank a tenth of its net capital at most, over all lines, however many draw at once (LN-19)."""

from __future__ import annotations

import dataclasses

import pytest

from core.tenancy import in_bank
from lending import parameters
from lending.operations import ConcentrationExceeded
from tests.lending.borrowers import Borrower, confirm, draft, lend, make_borrower, make_line, proof, sign, sign_at_once
from tests.over_rest import set_parameter

BANK = "125"


def with_two_lines() -> tuple[Borrower, Borrower]:
    """Make a borrower of two lines of 100,000 at a bank whose tenth of net capital is 100,000."""
    set_parameter(BANK, "bank.net_capital_yuan", 1_000_000)
    who = make_borrower(limit_fen=100_000_00)
    return who, dataclasses.replace(who, line_id=make_line(who.customer_id, limit_fen=100_000_00, product="XF03").pk)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestSigning:
    def test_is_refused_where_all_lines_together_would_owe_more_and_names_what_is_left(self) -> None:
        one, other = with_two_lines()
        lend(one, 50_000_00)
        sign(one, draft(one, 10_000_00))  # held, not paid out yet
        too_much = draft(other, 40_000_01, method="bullet")
        with pytest.raises(ConcentrationExceeded, match=r"最多还可用款 40000\.00 元"):
            sign(other, too_much)
        assert other.line().held_fen == 0
        assert sign(other, draft(other, 40_000_00, method="bullet")).status == "signing"
        with pytest.raises(ConcentrationExceeded, match=r"最多还可用款 0\.00 元"):
            sign(one, draft(one, 500_00))

    def test_counts_each_customer_apart(self) -> None:
        one, _ = with_two_lines()
        lend(one, 100_000_00)
        stranger = make_borrower(limit_fen=100_000_00)
        assert sign(stranger, draft(stranger, 100_000_00)).status == "signing"

    def test_is_not_held_to_a_capital_that_nobody_has_entered(self) -> None:
        assert parameters.single_customer_cap_fen() is None
        who = make_borrower()
        assert sign(who, draft(who)).status == "signing"

    def test_a_bank_may_be_stricter_than_a_tenth(self) -> None:
        set_parameter(BANK, "bank.net_capital_yuan", 1_000_003)
        set_parameter(BANK, "line.single_customer_percent", 3)
        assert parameters.single_customer_cap_fen() == 30_000_09


@pytest.mark.django_db(transaction=True)
def test_of_drawdowns_on_two_lines_signed_at_once_one_is_held() -> None:
    with in_bank(BANK):
        one, other = with_two_lines()
        drafts = [(one, draft(one, 60_000_00)), (other, draft(other, 60_000_00, method="bullet"))]
        given = []
        for who, drawdown in drafts:
            confirm(drawdown)
            given.append((drawdown.pk, proof(who, drawdown)))
    outcomes = sign_at_once(one, given)
    with in_bank(BANK):
        assert outcomes == ["concentration_exceeded", "signing"]
        assert one.line().held_fen + other.line().held_fen == 60_000_00
