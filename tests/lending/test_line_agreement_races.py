"""First drawdowns of a line, signed at once over connections of their own: one agreement."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connection

from core.errors import Problem
from core.tenancy import in_bank
from lending import operations
from lending.models import Drawdown
from lending.operations.signing import Proof
from tests.lending.applicants import change_product
from tests.lending.borrowers import confirm, draft, make_borrower, proof

DRAFTS = 6


@pytest.mark.django_db(transaction=True)
def test_first_drawdowns_signed_at_once_sign_one_agreement_of_their_line() -> None:
    with in_bank("125"):
        change_product("XF01", contracting="once_per_line")
        who = make_borrower()
        given = []
        for drawdown in [draft(who, 1_000_00) for _ in range(DRAFTS)]:
            confirm(drawdown)
            given.append((drawdown.pk, proof(who, drawdown)))
    start, outcomes = threading.Barrier(DRAFTS), []

    def one(drawdown_id: uuid.UUID, told: Proof) -> None:
        try:
            with in_bank("125"):
                start.wait()
                operations.sign_drawdown(drawdown_id=drawdown_id, customer_id=who.customer_id, proof=told)
            outcomes.append("signing")
        except Problem as problem:
            outcomes.append(problem.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=each) for each in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with in_bank("125"):
        assert sorted(outcomes) == ["disclosure_changed"] * (DRAFTS - 1) + ["signing"]
        assert Drawdown.objects.filter(signs_agreement=True).count() == 1
        assert who.line().held_fen == 1_000_00
