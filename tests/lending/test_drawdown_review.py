"""Drawdowns that staff judge before they are paid (ACC-09): who is sent there, and the four ways out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Payment
from core.audit.models import AuditEntry
from core.clock import business_date
from core.errors import StateConflict
from lending.models import Drawdown, Loan, RelatedParty
from lending.operations import disbursement
from lending.operations.day_change import end_drawdown
from lending.operations.stopping import cancel_stopped
from lending.queries.products import related_index
from lending.rest.loan_documents import drawdown_document
from tests.accounts.discipline import discipline
from tests.lending.borrowers import (
    Borrower,
    again,
    close_product,
    disburse,
    lend,
    make_borrower,
    repay,
    set_day,
    signed,
)
from tests.lending.test_borrowing_admin import ADMIN, _staff
from verification import queries as verified
from verification.models import ScreeningAlert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


@pytest.fixture
def who() -> Borrower:
    """Have a borrower whom the police have listed today."""
    found = make_borrower()
    discipline(found.customer_id, business_date())
    return found


@pytest.fixture
def waiting(who: Borrower) -> Drawdown:
    """Have them sign a drawdown and ask for the money."""
    return disburse(who, signed(who))


def unpaid(drawdown: Drawdown) -> bool:
    return not Loan.objects.exists() and not Payment.objects.filter(business_ref__endswith=drawdown.pk.hex).exists()


def judge(verdict: str, waiting: Drawdown) -> Drawdown:
    """Grant or refuse as the review queue does; its own rules (whose case, reasons, two people) are another test's."""
    act = {"grant": disbursement.grant, "refuse": disbursement.refuse}[verdict]
    with transaction.atomic():
        return act(drawdown_id=waiting.pk, actor="risk", reason="经核实")


class TestAcc09Drawdown:
    """ACC-09: a drawdown of a listed person goes to manual review; the customer sees that it is under way."""

    def test_waits_for_staff_with_its_hold_and_looks_as_any_that_is_being_paid(
        self, who: Borrower, waiting: Drawdown
    ) -> None:
        row = Drawdown.objects.select_related("line__product").get(pk=waiting.pk)
        assert (row.status, row.reason_code, drawdown_document(row)["status"]) == ("review", "", "disbursing")
        assert who.line().held_fen == row.amount_fen
        assert unpaid(row)
        assert ScreeningAlert.objects.get().outcome == "hit"

    def test_is_paid_once_staff_grant_it(self, who: Borrower, waiting: Drawdown) -> None:
        granted = judge("grant", waiting)
        assert (granted.status, who.line().held_fen) == ("disbursed", 0)
        assert Loan.objects.get().drawdown_id == waiting.pk
        assert AuditEntry.objects.filter(action="drawdown.granted", actor="risk").exists()
        with pytest.raises(StateConflict):
            judge("grant", waiting)

    def test_ends_with_the_neutral_reason_where_staff_refuse_it(self, who: Borrower, waiting: Drawdown) -> None:
        refused = judge("refuse", waiting)
        assert (refused.status, refused.reason_code, who.line().held_fen) == ("failed", "refused", 0)
        assert unpaid(refused)
        with pytest.raises(StateConflict):
            judge("refuse", waiting)

    def test_is_checked_once_more_when_it_is_granted(self, who: Borrower, waiting: Drawdown) -> None:
        known = verified.identity(who.customer_id)
        assert known is not None
        RelatedParty.objects.create(
            name=known.name, id_number=known.id_number, id_number_index=related_index(known.id_number), relation="manager"
        )  # fmt: skip
        granted = judge("grant", waiting)
        assert (granted.status, granted.reason_code, who.line().held_fen) == ("failed", "related_party", 0)
        assert unpaid(granted)

    @pytest.mark.parametrize(("days", "status"), [(1, "review"), (2, "expired")])
    def test_ends_with_the_next_business_date(self, who: Borrower, waiting: Drawdown, days: int, status: str) -> None:
        set_day(business_date() + timedelta(days=days))
        end_drawdown(drawdown_id=waiting.pk, status="review")
        assert again(waiting).status == status
        assert (who.line().held_fen == 0) is (status == "expired")

    def test_is_cancelled_where_the_product_stops(self, who: Borrower, waiting: Drawdown) -> None:
        close_product()
        assert cancel_stopped(drawdown_id=waiting.pk)
        assert (again(waiting).status, who.line().held_fen) == ("failed", 0)

    @pytest.mark.parametrize(("listed_days_ago", "status"), [(730, "review"), (731, "disbursed")])
    def test_after_two_years_it_is_paid_as_anybodys(self, listed_days_ago: int, status: str) -> None:
        set_day(date(2027, 3, 10))  # no 29 February lies in the two years before it
        found, other = make_borrower(), make_borrower()
        discipline(found.customer_id, business_date() - timedelta(days=listed_days_ago - 1))
        assert disburse(found, signed(found)).status == status
        assert disburse(other, signed(other)).status == "disbursed"

    def test_what_was_lent_before_is_repaid(self) -> None:
        who = make_borrower()
        loan = lend(who)
        discipline(who.customer_id, business_date())
        assert repay(who, loan, "early_full").status == "posted"


class TestStaff:
    def test_who_reviews_pays_or_refuses_it_in_the_queue(self, waiting: Drawdown) -> None:
        path = f"{ADMIN}/drawdown/{waiting.pk}"
        for role in ("客服", "会计"):
            assert _staff(role).get(f"{path}/review/").status_code == 403
        risk: Client = _staff("风险")
        page = risk.get(f"{path}/change/").content.decode()
        assert "去审核" in page
        assert "涉诈" not in page
        case = risk.get(f"{path}/review/")["Location"].removesuffix("change/")
        assert "涉诈" not in risk.get(f"{case}change/").content.decode()
        assert risk.post(f"{case}refuse/", {"code": "facts_untrue"}).status_code == 403
        assert risk.post(f"{case}take/").status_code == 302
        assert risk.post(f"{case}refuse/", {}).status_code == 200
        assert again(waiting).status == "review"
        assert risk.post(f"{case}refuse/", {"code": "facts_untrue"}).status_code == 302
        assert (again(waiting).status, again(waiting).reason_code) == ("failed", "refused")
        assert risk.post(f"{case}grant/", {"code": "purpose_confirmed"}).status_code == 403
