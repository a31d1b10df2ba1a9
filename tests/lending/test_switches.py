"""What the province has switched off stops applying, opening and drawing, and nothing else (PU-07a, A1-4)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from accounts.operations.opening import BoundCard, start_account
from core.clock import business_date
from core.ids import new_id
from core.steps.registry import KINDS, Done, Kind, Then
from core.tenancy import PROVINCE_CODE, in_bank
from lending import operations
from lending.operations import disbursement
from lending.queries.products import lends, open_versions
from tenants.models import Bank
from tenants.operations import switch_off
from tenants.switches import BusinessStopped, RemoteOpenNotApproved
from tests.accounts.holders import card_number, make_customer, make_holder, phone_code
from tests.lending.borrowers import give_money, lend, make_borrower, repay, signed
from tests.lending.test_loans_rest import caller
from tests.lending.test_stopping import cancelled, run_at_province, untouched
from tests.verification.conftest import consent
from verification import queries as verified
from verification.models import Check
from verification.operations import CheckSuspended, start_face_check
from verification.operations.checks import request_carrier_check
from verification.switching import is_stopped

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
RunSteps = Callable[..., int]
THEN = "test.then"


def off(**what: str) -> None:
    with in_bank(PROVINCE_CODE):
        switch_off(**what, reason="演练", actor="wang")


def open_account() -> str:
    """Ask for an account and tell its status."""
    who = make_customer()
    phone = verified.phone_of(who) or ""
    code_id, code = phone_code(who, phone)
    return start_account(
        customer_id=who, bound_card=BoundCard(number=card_number(), phone=phone), code_id=code_id, code=code
    ).status


class TestAProduct:
    def test_lends_no_more_and_what_was_signed_is_cancelled(self, run_steps: RunSteps) -> None:
        who, other = make_borrower(), make_borrower(product="XF03")
        mine, others = signed(who), signed(other, method="bullet")
        off(scope="product", target="XF01")
        assert not lends(who.line().product)
        assert lends(other.line().product)
        assert "XF01" not in {row.product.code for row in open_versions()}
        with pytest.raises(operations.ProductClosed):
            signed(who)
        assert run_at_province() == 2
        run_steps()
        cancelled(who, mine)
        untouched(other, others)

    def test_stops_no_quote_no_document_no_repayment(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        loan = lend(who)
        off(scope="province")
        off(scope="check", target="face")
        run_at_province()
        run_steps()
        phone = caller(who)
        assert phone.post(f"loans/{loan.pk.hex}/repayments/quote", {"kind": "early_full"}, key=None).status_code == 200
        assert phone.get(f"contracts/{loan.contract_id.hex}").status_code == 200
        give_money(who, 1_000_00)
        assert repay(who, loan, kind="early_full").status == "posted"


class TestOpening:
    def test_ends_with_the_evaluation_report_and_not_a_day_before(self) -> None:
        for days, expected in ((0, "checking"), (-1, RemoteOpenNotApproved)):
            with in_bank(PROVINCE_CODE):
                ends = business_date() + timedelta(days=days)
                Bank.objects.filter(code="125").update(evaluation_expires_date=ends)
            if isinstance(expected, str):
                assert open_account() == expected
            else:
                with pytest.raises(expected) as caught:
                    open_account()
                assert (caught.value.code, caught.value.status) == ("remote_open_not_approved", 422)

    def test_stops_with_the_province(self) -> None:
        off(scope="province")
        with pytest.raises(BusinessStopped) as caught:
            open_account()
        assert caught.value.code == "business_stopped"


class TestACheck:
    def test_that_is_off_is_not_begun_for_new_business_and_still_is_to_close_an_account(self) -> None:
        off(scope="check", bank="125", target="face")
        holder = make_holder(1_00)
        assert is_stopped(check="face", action="open_account")
        assert not is_stopped(check="voice", action="open_account")
        assert not any(
            is_stopped(check="face", action=act) for act in ("top_up", "transfer", "reverify", "close_account")
        )
        with in_bank("116"):
            assert not is_stopped(check="face", action="open_account")
        account_id = holder.account.pk.hex
        consent(holder.customer_id, "face")
        begun = start_face_check(subject_id=holder.customer_id, action="close_account", business_id=account_id)
        assert begun.status == "starting"

    def test_that_is_off_asks_no_vendor_from_any_worker(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(KINDS, THEN, Kind(THEN, lambda _: Done()))
        check_id = asked_of_carriers(make_customer())
        off(scope="check", target="carrier")
        run_steps()
        row = Check.objects.get(pk=check_id)
        assert (row.status, row.reason_code, row.paid_calls) == ("unanswered", "vendor_unavailable", 0)

    def test_says_so_to_who_begins_one(self) -> None:
        off(scope="check", target="face")
        who = make_borrower()
        drawdown = signed(who)
        with pytest.raises(CheckSuspended) as caught:
            start_face_check(subject_id=who.customer_id, action=disbursement.ACT, business_id=drawdown.pk.hex)
        assert (caught.value.code, caught.value.status) == ("check_suspended", 503)


def asked_of_carriers(who: uuid.UUID) -> uuid.UUID:
    """Owe a carrier check of an opening, as the opening does."""
    with transaction.atomic():
        return request_carrier_check(
            subject_id=who, name="林样例", id_number="320706199001011236", phone="13800001111", purpose="open_account",
            business_id=new_id().hex, then=Then(THEN, new_id().hex),
        )  # fmt: skip
