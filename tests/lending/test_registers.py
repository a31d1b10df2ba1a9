"""The bank's registers: a wrong number is refused with its place, and nothing is entered (LN-18)."""

from __future__ import annotations

import pytest

from core.errors import StateConflict
from lending import operations
from lending.models import Invitation, Product, RelatedParty
from lending.operations import Invited, RegisterRefused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
GOOD, OTHER, WRONG = "320583199001010010", "321181198511152328", "320583199001010018"


def invite(*numbers: str) -> int:
    product = Product.objects.get(code="XF03")
    people = [Invited(id_number=number) for number in numbers]
    return operations.invite(product_id=product.pk, people=people, valid_until_date=None, actor="pm")


def register(number: str) -> None:
    operations.register_related_party(name="林样例", id_number=number, relation="director", note="", actor="risk")


class TestInvite:
    def test_invites_all_or_none_and_says_which_number_is_wrong(self) -> None:
        with pytest.raises(RegisterRefused, match="第 2 条") as refused:
            invite(GOOD, WRONG, OTHER)
        assert (refused.value.code, refused.value.status) == ("register_refused", 422)
        assert not Invitation.objects.exists()
        assert invite(GOOD, OTHER) == 2
        assert invite(GOOD) == 1
        assert Invitation.objects.count() == 2

    @pytest.mark.parametrize("number", ["", "abc", "3205831990010100", f"{GOOD}0"])
    def test_takes_no_number_that_is_none(self, number: str) -> None:
        with pytest.raises(RegisterRefused):
            invite(number)


class TestRelatedParty:
    def test_a_wrong_number_is_entered_nowhere(self) -> None:
        with pytest.raises(RegisterRefused):
            register(WRONG)
        assert not RelatedParty.objects.exists()

    def test_nobody_is_entered_twice(self) -> None:
        register(GOOD)
        with pytest.raises(StateConflict):
            register(GOOD)
        assert RelatedParty.objects.count() == 1
