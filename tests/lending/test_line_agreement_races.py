"""First drawdowns of a line, signed at once over connections of their own: one agreement."""

from __future__ import annotations

import pytest

from core.tenancy import in_bank
from lending.models import Drawdown
from tests.lending.applicants import change_product
from tests.lending.borrowers import confirm, draft, make_borrower, proof, sign_at_once

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
    outcomes = sign_at_once(who, given)
    with in_bank("125"):
        assert outcomes == ["disclosure_changed"] * (DRAFTS - 1) + ["signing"]
        assert Drawdown.objects.filter(signs_agreement=True).count() == 1
        assert who.line().held_fen == 1_000_00
