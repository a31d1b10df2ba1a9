"""Refusals of money over REST that no story meets: each with its documented code, and the drawdown stays as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.clock import now
from lending.models import Drawdown, Instalment, Loan
from tests.lending.borrowers import (
    Borrower,
    again,
    draft,
    lend,
    let_reading_time_pass,
    make_borrower,
    pass_face,
    set_day,
    signed,
    table_of,
)
from tests.lending.test_loans_rest import body, caller, codes, problem
from verification.models import ActToken

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def disburse(who: Borrower, drawdown: Drawdown, token: str) -> Any:
    return caller(who).post(f"drawdowns/{drawdown.pk.hex}/disburse", {"face_token": token})


def still(who: Borrower, drawdown: Drawdown) -> None:
    assert again(drawdown).status == drawdown.status
    assert who.line().held_fen == (drawdown.amount_fen if drawdown.status == "signed" else 0)
    assert who.account().balance_fen == 0


class TestActTokens:
    def test_one_that_is_too_old_pays_and_signs_nothing(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        token = pass_face(who, drawdown, "drawdown")
        ActToken.objects.update(expires_at=now() - timedelta(seconds=1))
        assert problem(disburse(who, drawdown, token)) == (409, "face_token_expired")
        still(who, drawdown)

        drafted = draft(who, 1_000_00)
        let_reading_time_pass(drafted)
        read = {"sha256": bytes(table_of(drafted).sha256).hex(), "read_seconds": 6}
        phone, path = caller(who), f"drawdowns/{drafted.pk.hex}"
        assert phone.post(f"{path}/disclosure", read).status_code == 200
        given = codes(who, drafted.pk.hex)
        ActToken.objects.update(expires_at=now() - timedelta(seconds=1))
        assert problem(phone.post(f"{path}/sign", given)) == (409, "face_token_expired")
        assert again(drafted).status == "draft"
        assert who.line().held_fen == drawdown.amount_fen

    def test_one_that_was_used_pays_nothing(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        token = pass_face(who, drawdown, "drawdown")
        ActToken.objects.update(used_at=now())
        assert problem(disburse(who, drawdown, token)) == (409, "face_token_used")
        still(who, drawdown)


class TestALineAtItsEnd:
    def test_gives_no_draft_and_pays_nothing_out(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        token = pass_face(who, drawdown, "drawdown")
        line = who.line()
        line.valid_until_date = line.starts_date + timedelta(days=1)
        line.save(update_fields=["valid_until_date"])
        Drawdown.objects.filter(pk=drawdown.pk).update(disburse_by_date=line.starts_date + timedelta(days=9))
        set_day(line.starts_date + timedelta(days=2))
        assert problem(caller(who).post("drawdowns", body(who))) == (422, "line_expired")
        assert problem(disburse(who, drawdown, token)) == (422, "line_expired")
        still(who, drawdown)


def test_a_customer_who_is_overdue_is_paid_nothing() -> None:
    who = make_borrower()
    loan = lend(who, 1_000_00)
    set_day(Instalment.objects.get(loan=loan, number=1).due_date + timedelta(days=1))
    drawdown = signed(who)
    answer = disburse(who, drawdown, pass_face(who, drawdown, "drawdown"))
    assert problem(answer) == (422, "loan_overdue")
    assert again(drawdown).status == "signed"
    assert Loan.objects.count() == 1
