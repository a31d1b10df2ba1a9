"""A line that nobody has looked at for a year lends nothing new until the bank has reviewed it (LN-02)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from core.audit.models import AuditEntry
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.ids import new_id
from lending import operations
from lending.closing.runner import close_until
from lending.models import CreditLine, DayEndStage, Drawdown
from lending.operations.lines import LimitNotLower, LineExceeded, reduce_line
from lending.queries.applications import lines_awaiting_review
from tests.lending.borrowers import (
    Borrower,
    confirm,
    disburse,
    draft,
    lend,
    make_borrower,
    proof,
    repay,
    set_day,
    signed,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
YEAR: Final = timedelta(days=365)
DAY: Final = timedelta(days=1)


def long_line() -> Borrower:
    """Give a line of three years."""
    return make_borrower(valid_until_date=business_date() + 3 * YEAR)


class TestAfterAYear:
    def test_nothing_is_drafted_until_the_line_is_reviewed(self) -> None:
        who = long_line()
        start = business_date()
        set_day(start + YEAR)
        draft(who)
        set_day(start + YEAR + DAY)
        with pytest.raises(operations.LineReviewDue):
            draft(who)
        operations.review_line(line_id=who.line_id, actor="risk", reason="复评无变化")
        draft(who)
        assert who.line().reviewed_date == start + YEAR + DAY
        entry = AuditEntry.objects.get(action="line.reviewed")
        assert (entry.actor, entry.subject, entry.detail["former"]) == ("risk", who.line_id.hex, start.isoformat())
        set_day(start + YEAR + DAY + YEAR)
        draft(who)
        set_day(start + YEAR + DAY + YEAR + DAY)
        with pytest.raises(operations.LineReviewDue):
            draft(who)

    def test_what_is_on_its_way_is_neither_signed_nor_paid_out(self) -> None:
        who = long_line()
        first, second = draft(who), signed(who)
        CreditLine.objects.filter(pk=who.line_id).update(starts_date=business_date() - YEAR - DAY)
        confirm(first)
        with pytest.raises(operations.LineReviewDue):
            operations.sign_drawdown(drawdown_id=first.pk, customer_id=who.customer_id, proof=proof(who, first))
        with pytest.raises(operations.LineReviewDue):
            disburse(who, second)
        assert set(Drawdown.objects.values_list("status", flat=True)) == {"draft", "signed"}
        assert who.line().drawn_fen == 0

    def test_what_was_drawn_is_repaid_as_agreed(self) -> None:
        who = long_line()
        loan = lend(who, 10_000_00)
        CreditLine.objects.filter(pk=who.line_id).update(starts_date=business_date() - YEAR - DAY)
        assert repay(who, loan, kind="early_full").status == "posted"

    def test_the_day_end_counts_the_lines_that_wait(self) -> None:
        who = long_line()
        make_borrower()
        day = business_date()
        CreditLine.objects.filter(pk=who.line_id).update(starts_date=day - YEAR)
        assert not lines_awaiting_review(on=day).exists()
        close_until(to_date=day + DAY)
        figures = DayEndStage.objects.get(closed_date=day, stage="follow").figures
        assert figures == {"lines_awaiting_review": 1}


class TestReviewing:
    def test_is_of_a_standing_line(self) -> None:
        who = long_line()
        CreditLine.objects.filter(pk=who.line_id).update(status="closed")
        with pytest.raises(StateConflict):
            operations.review_line(line_id=who.line_id, actor="risk", reason="x")
        with pytest.raises(NotFound):
            operations.review_line(line_id=new_id(), actor="risk", reason="x")
        assert who.line().reviewed_date is None

    def test_a_line_that_is_found_too_high_is_reduced(self) -> None:
        who = long_line()
        lend(who, 85_000_00)
        on_its_way = signed(who, 5_000_00)
        limit = who.line().limit_fen
        for wrong in (0, -1, limit, limit + 100, 50_000_01):
            with pytest.raises(LimitNotLower):
                reduce_line(line_id=who.line_id, limit_fen=wrong, actor="risk", reason="x")
        path = f"/b/125/admin/lending/creditline/{who.line_id}/reduce/"
        client = _staff("风险")
        assert "整数元" in client.post(path, {"limit": "200000.01", "reason": "收入下降"}).content.decode()
        assert "请填写金额" in client.post(path, {"limit": "五万", "reason": "收入下降"}).content.decode()
        assert client.post(path, {"limit": "50,000", "reason": "收入下降"}).status_code == 302
        line = who.line()
        assert (line.limit_fen, line.over_limit_fen, line.status) == (50_000_00, 40_000_00, "active")
        with pytest.raises(LineExceeded):
            signed(who, 500_00)
        assert disburse(who, on_its_way).status == "disbursed"
        assert (who.line().drawn_fen, who.line().over_limit_fen) == (90_000_00, 40_000_00)
        CreditLine.objects.filter(pk=who.line_id).update(status="closed")
        with pytest.raises(StateConflict):
            reduce_line(line_id=who.line_id, limit_fen=1_000_00, actor="risk", reason="x")

    def test_is_done_in_admin_by_risk_staff_alone(self) -> None:
        who = long_line()
        path = f"/b/125/admin/lending/creditline/{who.line_id}/review/"
        for role, status in (("客服", 403), ("风险", 302)):
            assert _staff(role).post(path, {"reason": "复评"}).status_code == status
        assert who.line().reviewed_date == business_date()


def _staff(role: str) -> Client:
    user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client
