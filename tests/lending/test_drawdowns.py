"""Drafts and their tables of costs (LN-08 to LN-10, LN-12, ACC-13, S10, S14)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from accounts.models import DepositAccount, Suspension
from accounts.operations import AccountNotActive
from core.clock import business_date, move_business_date, now
from core.errors import NotFound, StateConflict
from core.tenancy import PROVINCE, at, in_bank
from lending import operations, queries
from lending.disclosing import digest_of
from lending.models import CreditLine, Disclosure, Drawdown
from tenants import directory
from tenants.models import Bank
from tests.lending.applicants import make_customer
from tests.lending.borrowers import (
    Borrower,
    again,
    change_product,
    close_product,
    confirm,
    draft,
    let_reading_time_pass,
    make_account,
    make_borrower,
    set_day,
    table_of,
)
from tests.lending.test_loans_rest import caller, problem
from verification.models import Subject

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def lines_of(drawdown: Drawdown) -> dict[str, str]:
    return {row["label"]: row["value"] for row in table_of(drawdown).content["lines"]}


def refused(who: Borrower, problem: type[Exception], match: str = "", **changes: Any) -> None:
    """Expect a refusal, and that nothing is left of it; `match` is looked for in what it says of the fields."""
    with pytest.raises(problem) as refusal:
        draft(who, **changes)
    assert match in str(getattr(refusal.value, "errors", ""))
    assert not Drawdown.objects.exists()
    assert not Disclosure.objects.exists()


class TestDraft:
    def test_a_draft_shows_its_schedule_and_its_costs_and_holds_nothing(self) -> None:
        who = make_borrower()
        drawdown = draft(who, 100_000_00)
        assert drawdown.status == "draft"
        assert who.line().held_fen == 0
        content = table_of(drawdown).content
        assert content["instalments"][0]["total"] == "8606.64"
        assert content["total_interest"] == "3279.73"
        assert content["all_in_annual_rate"] == "6.0000"
        assert now() + timedelta(hours=23) < drawdown.expires_at < now() + timedelta(hours=25)

    def test_the_table_states_what_the_rules_ask_for(self) -> None:
        drawdown = draft(make_borrower(), 100_000_00)
        shown = lines_of(drawdown)
        bank = Bank.objects.get(code="125")
        assert shown["贷款人"] == bank.name
        assert shown["贷款本金"] == "100000.00 元"
        assert "6.0000%" in shown["年利率（单利）"]
        assert bank.name in shown["利息"]
        assert "3279.73" in shown["利息"]
        assert "6.0000%" in shown["年化综合融资成本（正常履约）"]
        assert "103279.73" in shown["还款总额（正常履约）"]
        assert "9.0000%" in shown["逾期罚息（违约时）"]
        assert "12.0000%" in shown["挪用罚息（违约时）"]
        assert bank.complaint_phone in shown["投诉渠道"]
        assert shown["声明"] == "除上述明示项目外，不再收取任何其他息费"

    def test_the_hash_is_that_of_the_canonical_content(self) -> None:
        table = table_of(draft(make_borrower()))
        assert bytes(table.sha256) == digest_of(table.content)

    def test_a_simple_all_in_rate_is_labelled_so_and_is_not_below_the_contract_rate(self) -> None:
        drawdown = draft(make_borrower(product="XF03"), 50_000_00, method="bullet", term_months=3)
        assert table_of(drawdown).content["all_in_annual_rate"].startswith("6.083")
        assert "单利" in lines_of(drawdown)["年化综合融资成本（正常履约）"]

    def test_a_product_with_fee_grace_and_no_compound_says_so(self) -> None:
        change_product("XF01", early_repayment_fee_percent=1, grace_days=3, compound_penalty=False)
        shown = lines_of(draft(make_borrower()))
        assert "1%" in shown["提前还款手续费"]
        assert "3 天宽限期" in shown["逾期罚息（违约时）"]
        assert "复利（违约时）" not in shown

    def test_a_product_that_compounds_penalties_says_so(self) -> None:
        assert "未按期支付的利息按" in lines_of(draft(make_borrower()))["复利（违约时）"]
        change_product("XF01", compound_on_penalty=True)
        assert "未按期支付的利息和罚息按" in lines_of(draft(make_borrower()))["复利（违约时）"]

    @pytest.mark.parametrize(
        ("amount", "problem"),
        [
            (499_99, queries.AmountOutOfRange),
            (500_00, None),
            (200_000_00, None),
            (200_000_01, queries.AmountOutOfRange),
        ],
    )
    def test_s14_amounts_at_the_boundaries(self, amount: int, problem: type[Exception] | None) -> None:
        who = make_borrower(limit_fen=300_000_00)
        if problem is None:
            assert draft(who, amount).amount_fen == amount
        else:
            refused(who, problem, amount_fen=amount)

    def test_more_than_the_line_has_left_is_refused(self) -> None:
        who = make_borrower(limit_fen=10_000_00)
        CreditLine.objects.filter(pk=who.line_id).update(held_fen=1)
        refused(who, operations.LineExceeded, amount_fen=10_000_00)
        assert draft(who, 9_999_99).status == "draft"

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"term_months": 7}, queries.TermsNotOffered),
            ({"method": "bullet"}, queries.TermsNotOffered),
            ({"method": "pay_any_day", "term_months": 24}, queries.TermsNotOffered),
            ({"purpose": "securities"}, queries.PurposeForbidden),
            ({"purpose": "turnover"}, queries.PurposeForbidden),
        ],
    )
    def test_terms_that_the_product_does_not_offer_are_refused(
        self, changes: dict[str, Any], problem: type[Exception]
    ) -> None:
        refused(make_borrower(), problem, **changes)

    @pytest.mark.parametrize(
        ("born", "told"),
        [
            (date(1961, 12, 2), None),
            (date(1961, 12, 1), "不超过 6 个月的期限"),
            (date(1961, 5, 1), "联系贷款银行"),
        ],
    )
    def test_acc12_a_loan_is_repaid_before_the_borrower_is_too_old(self, born: date, told: str | None) -> None:
        change_product("XF01", terms_months=[6, 12], max_age_at_maturity=65)
        who = make_borrower()
        Subject.objects.filter(pk=who.customer_id).update(birth_date=born)
        set_day(date(2026, 12, 1))
        if told is None:
            assert draft(who, term_months=12).status == "draft"
        else:
            refused(who, queries.TermsNotOffered, match=told, term_months=12)

    def test_int01_a_draft_that_would_cost_more_than_24_percent_a_year_is_refused(self) -> None:
        change_product("XF01", methods=["bullet"], terms_months=[3])
        who = make_borrower(annual_rate=Decimal("23.6700"), spread_bp=2067)
        terms: dict[str, Any] = {"method": "bullet", "term_months": 3}
        set_day(date(2027, 1, 31))  # 89 days to 30 April, charged as three months
        refused(who, queries.TermsNotOffered, **terms)
        set_day(date(2026, 12, 1))
        row = draft(who, **terms)
        set_day(date(2027, 1, 31))
        operations.refresh_draft(drawdown_id=row.pk)
        read = {"sha256": bytes(table_of(row).sha256).hex(), "read_seconds": 6}
        assert problem(caller(who).post(f"drawdowns/{row.pk.hex}/disclosure", read)) == (422, "terms_not_offered")

    def test_a_frozen_or_ended_line_is_refused(self) -> None:
        who = make_borrower()
        CreditLine.objects.filter(pk=who.line_id).update(status="frozen")
        refused(who, operations.LineFrozen)
        CreditLine.objects.filter(pk=who.line_id).update(status="closed")
        refused(who, operations.LineExpired)
        yesterday = business_date() - timedelta(days=1)
        CreditLine.objects.filter(pk=who.line_id).update(
            status="active", starts_date=yesterday - timedelta(days=9), valid_until_date=yesterday
        )
        refused(who, operations.LineExpired)

    def test_a_closed_product_lends_no_more(self) -> None:
        who = make_borrower()
        close_product()
        refused(who, operations.ProductClosed)

    def test_a_suspended_bank_lends_no_more(self) -> None:
        who = make_borrower()
        with at(PROVINCE):
            Bank.objects.filter(code="125").update(stage="suspended")
        directory.forget()
        refused(who, operations.ProductClosed)

    def test_s20_an_expired_id_card_is_refused_and_one_that_ends_today_is_not(self) -> None:
        who = make_borrower()
        Subject.objects.filter(pk=who.customer_id).update(valid_until_date=business_date() - timedelta(days=1))
        refused(who, operations.IdExpired)
        Subject.objects.filter(pk=who.customer_id).update(valid_until_date=business_date())
        assert draft(who).status == "draft"

    def test_only_an_active_account_of_ones_own_may_receive_the_money(self) -> None:
        who = make_borrower()
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
        refused(who, AccountNotActive)
        another = make_account(make_customer())
        refused(who, AccountNotActive, account_id=another.pk)

    @pytest.mark.parametrize("reason", ["dormant", "id_expired"])
    def test_a_suspended_account_is_refused_before_anything_is_drafted(self, reason: str) -> None:
        who = make_borrower()
        Suspension.objects.create(account_id=who.account_id, reason=reason, from_date=business_date())
        refused(who, AccountNotActive)
        assert not Drawdown.objects.exists()

    def test_another_customers_line_looks_absent(self) -> None:
        who, other = make_borrower(), make_borrower()
        refused(who, NotFound, line_id=other.line_id)


class TestConfirmDisclosure:
    def test_a_table_read_for_long_enough_is_confirmed(self) -> None:
        drawdown = draft(make_borrower())
        let_reading_time_pass(drawdown, 5)
        table = operations.confirm_disclosure(
            drawdown_id=drawdown.pk, sha256=bytes(table_of(drawdown).sha256), read_seconds=1
        )
        assert table.confirmed_at is not None
        assert table.read_seconds == 1

    def test_reading_time_is_the_servers_whatever_the_phone_says(self) -> None:
        drawdown = draft(make_borrower())
        let_reading_time_pass(drawdown, 4)
        with pytest.raises(operations.DisclosureNotRead):
            operations.confirm_disclosure(
                drawdown_id=drawdown.pk, sha256=bytes(table_of(drawdown).sha256), read_seconds=600
            )
        assert table_of(drawdown).confirmed_at is None

    def test_another_hash_is_refused(self) -> None:
        drawdown = draft(make_borrower())
        let_reading_time_pass(drawdown)
        with pytest.raises(operations.DisclosureChanged):
            operations.confirm_disclosure(drawdown_id=drawdown.pk, sha256=bytes(32), read_seconds=9)

    def test_s10_a_confirmation_serves_no_other_amount(self) -> None:
        who = make_borrower()
        confirmed, other = draft(who, 10_000_00), draft(who, 10_001_00)
        sha256 = bytes(confirm(confirmed).sha256)
        let_reading_time_pass(other)
        with pytest.raises(operations.DisclosureChanged):
            operations.confirm_disclosure(drawdown_id=other.pk, sha256=sha256, read_seconds=9)

    def test_confirming_again_changes_nothing(self) -> None:
        drawdown = draft(make_borrower())
        first = confirm(drawdown)
        assert confirm(drawdown).confirmed_at == first.confirmed_at

    def test_on_another_business_day_the_table_lapses_and_a_new_one_must_be_read_from_when_it_is_shown(self) -> None:
        drawdown = draft(make_borrower())
        old = confirm(drawdown)
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=1))
        with pytest.raises(operations.DisclosureChanged):
            operations.confirm_disclosure(drawdown_id=drawdown.pk, sha256=bytes(old.sha256), read_seconds=9)
        operations.refresh_draft(drawdown_id=drawdown.pk)
        new = table_of(drawdown)
        assert bytes(new.sha256) != bytes(old.sha256)
        assert new.confirmed_at is None
        with pytest.raises(operations.DisclosureNotRead):
            operations.confirm_disclosure(drawdown_id=drawdown.pk, sha256=bytes(new.sha256), read_seconds=9)
        assert confirm(drawdown).pk == new.pk

    def test_showing_the_same_table_again_does_not_restart_the_reading(self) -> None:
        drawdown = draft(make_borrower())
        shown_at = table_of(drawdown).shown_at
        operations.refresh_draft(drawdown_id=drawdown.pk)
        assert table_of(drawdown).shown_at == shown_at

    def test_a_drawdown_that_is_no_draft_is_refused(self) -> None:
        drawdown = draft(make_borrower())
        Drawdown.objects.filter(pk=drawdown.pk).update(status="expired")
        with pytest.raises(StateConflict):
            confirm(drawdown)


class TestLapse:
    def test_a_draft_lives_a_day_and_ends_by_its_step(self, run_steps: Any) -> None:
        from core.steps.models import Step

        drawdown = draft(make_borrower())
        run_steps()
        assert again(drawdown).status == "draft"
        Drawdown.objects.filter(pk=drawdown.pk).update(expires_at=now() - timedelta(seconds=1))
        with pytest.raises(StateConflict):
            confirm(drawdown)
        Step.objects.filter(kind="drawdown.lapse_draft").update(run_at=now() - timedelta(seconds=1))
        run_steps()
        ended = again(drawdown)
        assert (ended.status, ended.reason_code, ended.retryable) == ("expired", "draft_expired", True)


def test_at_another_bank_the_same_ids_are_absent(bank_a: str) -> None:
    who = make_borrower()
    drawdown = draft(who)
    with in_bank("116"):
        stranger = make_borrower()
        with pytest.raises(NotFound):
            queries.access_drawdown(who.customer_id, drawdown.pk.hex)
        with pytest.raises(NotFound):
            draft(stranger, line_id=who.line_id)
        with pytest.raises(AccountNotActive):
            draft(stranger, account_id=who.account_id)
        assert not Drawdown.objects.exists()
