"""What a loan on a line costs: the LPR of its contract date and the spread of the line (INT-01)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.clock import business_date
from core.tenancy import PROVINCE, at
from lending import operations
from lending.models import CreditLine, Drawdown, Loan, LoanEvent
from lending.operations.loan_changes import reprice_loan
from lending.pricing import signed_price
from lending.queries.disclosures import is_out_of_date
from lending.queries.prices import line_price_today
from tenants.models import LprQuote
from tests.lending.borrowers import (
    Borrower,
    change_product,
    confirm,
    disburse,
    draft,
    lend,
    make_borrower,
    proof,
    set_day,
    sign,
    signed,
    table_of,
)
from tests.lending.test_loans_rest import caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
GRANTED = date(2026, 11, 23)


def publish(one_year_rate: str, five_year_rate: str = "3.5000") -> None:
    """Publish an LPR on the bank's business date."""
    day = business_date()
    with at(PROVINCE):
        LprQuote.objects.create(
            published_date=day,
            one_year_rate=Decimal(one_year_rate),
            five_year_rate=Decimal(five_year_rate),
        )


def said(drawdown: Drawdown, label: str) -> str:
    """Return what the table that was shown last says."""
    return str(next(row["value"] for row in table_of(drawdown).content["lines"] if row["label"] == label))


@pytest.fixture
def who() -> Borrower:
    """Grant a line at 6 %: LPR 3.00 % and 300 basis points."""
    set_day(GRANTED)
    return make_borrower()


class TestInt01ContractDate:
    def test_a_loan_costs_the_lpr_of_its_own_contract_date_and_the_lines_spread(self, who: Borrower) -> None:
        first = lend(who, 10_000_00)
        set_day(GRANTED + timedelta(days=30))
        publish("2.9000")
        second = lend(who, 10_000_00)
        assert [loan.opening_rate for loan in (first, second)] == [Decimal("6.0000"), Decimal("5.9000")]
        assert [loan.spread_bp for loan in (first, second)] == [300, 300]
        price = signed_price(Drawdown.objects.select_related("line").get(pk=second.drawdown_id))
        assert (price.lpr_rate, price.lpr_date, price.spread_bp) == (Decimal("2.9000"), business_date(), 300)
        first.refresh_from_db()
        assert first.annual_rate == Decimal("6.0000")  # what was contracted stays as it is
        # what the offer said stays on record beside what a loan costs now
        assert (who.line().annual_rate, who.line().lpr_rate) == (Decimal("6.0000"), Decimal("3.0000"))
        assert caller(who).get("credit-lines").json()["items"][0]["annual_rate"] == "5.9000"

    def test_the_table_and_the_contract_state_it(self, who: Borrower) -> None:
        set_day(GRANTED + timedelta(days=30))
        publish("3.2000")
        drawdown = draft(who)
        assert said(drawdown, "年利率（单利）").startswith("6.2000%")
        assert "2026-12-23 公布的一年期贷款市场报价利率 3.2000%，加 300 个基点" in said(drawdown, "利率构成")
        agreed = sign(who, drawdown).agreed
        assert agreed is not None
        rate = agreed["rate"]
        assert (rate["annual_rate"], rate["lpr_rate"], rate["lpr_date"], rate["spread_bp"]) == (
            "6.2000", "3.2000", "2026-12-23", 300,
        )  # fmt: skip

    @pytest.mark.parametrize("one_year_rate", ["2.9000", "3.0000"])
    def test_what_was_confirmed_lapses_with_the_lpr_on_the_very_day_be_it_the_same_rate(
        self, who: Borrower, one_year_rate: str
    ) -> None:
        drawdown = draft(who)
        old = confirm(drawdown)
        publish(one_year_rate)
        with pytest.raises(operations.DisclosureChanged):
            operations.sign_drawdown(drawdown_id=drawdown.pk, customer_id=who.customer_id, proof=proof(who, drawdown))
        assert is_out_of_date(Drawdown.objects.prefetch_related("disclosures").get(pk=drawdown.pk))
        shown = caller(who).get(f"drawdowns/{drawdown.pk.hex}").json()
        assert shown["annual_rate"] == f"{Decimal(one_year_rate) + 3:.4f}"
        assert shown["disclosure"]["sha256"] == bytes(table_of(drawdown).sha256).hex() != bytes(old.sha256).hex()
        assert not is_out_of_date(Drawdown.objects.prefetch_related("disclosures").get(pk=drawdown.pk))

    def test_what_was_signed_is_paid_at_the_price_that_was_signed(self, who: Borrower) -> None:
        drawdown = signed(who, 10_000_00)
        set_day(GRANTED + timedelta(days=1))
        publish("3.1000")
        disburse(who, drawdown)
        loan = Loan.objects.get(drawdown=drawdown)
        assert (loan.start_date, loan.annual_rate) == (GRANTED + timedelta(days=1), Decimal("6.0000"))
        assert loan.instalments.get(number=1).interest_fen == 50_00  # 10,000.00 at 6 % for a month

    @pytest.mark.parametrize(
        ("bounds", "lpr", "rate", "spread_bp"),
        [({"ceiling_rate": "6.1000"}, "3.2000", "6.1000", 290), ({"floor_rate": "5.9500"}, "2.9000", "5.9500", 305)],
    )
    def test_floor_and_ceiling_bound_it_and_the_contract_states_the_spread_that_they_leave(
        self, bounds: dict[str, str], lpr: str, rate: str, spread_bp: int
    ) -> None:
        set_day(GRANTED)
        change_product("XF01", **{name: Decimal(value) for name, value in bounds.items()}, repricing="every_january")
        who = make_borrower()
        set_day(GRANTED + timedelta(days=30))
        publish(lpr)
        price = line_price_today(CreditLine.objects.get(pk=who.line_id))
        assert (price.annual_rate, price.spread_bp) == (Decimal(rate), spread_bp)
        loan = lend(who, 10_000_00)
        assert (loan.annual_rate, loan.spread_bp) == (Decimal(rate), spread_bp)
        # in January the same LPR and the spread of the contract make the same price
        set_day(date(2027, 1, 1))
        assert reprice_loan(loan_id=loan.pk) == Decimal(rate)
        assert not LoanEvent.objects.filter(loan=loan, kind="repriced").exists()

    def test_loans_beyond_five_years_take_the_five_year_lpr(self, who: Borrower) -> None:
        CreditLine.objects.filter(pk=who.line_id).update(lpr_tenor="5Y", spread_bp=250)
        publish("2.9000", "3.4000")
        price = line_price_today(who.line())
        assert (price.lpr_rate, price.annual_rate, price.lpr_tenor) == (Decimal("3.4000"), Decimal("5.9000"), "5Y")

    def test_a_line_that_lends_no_more_shows_the_rate_of_its_offer(self, who: Borrower) -> None:
        publish("2.9000")
        CreditLine.objects.filter(pk=who.line_id).update(status="closed")
        assert caller(who).get("credit-lines").json()["items"][0]["annual_rate"] == "6.0000"
