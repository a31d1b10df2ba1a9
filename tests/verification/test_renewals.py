"""A new ID card of a known person: what it states is taken over, whose it is never changes; who is to be told of an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import transaction

from core.errors import NotFound
from core.ids import new_id
from core.tenancy import in_bank
from tests.verification.conftest import PERSON, PHONE, enrolled, identified
from verification.identity import Identity
from verification.models import Subject
from verification.operations import AnotherPerson, renew_identity
from verification.queries import id_cards_ending, id_cards_over, identity, others_with_phone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
NEW = replace(
    PERSON, valid_from=date(2026, 11, 1), valid_until=date(2046, 11, 1), address="江苏省昆山市样例镇样例路2号",
    authority="昆山市公安局样例分局",
)  # fmt: skip
ENDS = date(2036, 5, 1)


class TestRenewing:
    def renew(self, identity_: Identity) -> bool:
        with transaction.atomic():
            return renew_identity(subject_id=Subject.objects.get().pk, identity=identity_)

    def test_takes_over_what_the_card_states(self) -> None:
        subject_id = identified()
        assert self.renew(NEW) is True
        assert identity(subject_id) == NEW

    def test_says_that_nothing_has_changed(self) -> None:
        identified()
        assert self.renew(PERSON) is False

    def test_may_make_the_term_endless(self) -> None:
        subject_id = identified()
        assert self.renew(replace(NEW, valid_until=None)) is True
        known = identity(subject_id)
        assert known is not None
        assert known.valid_until is None

    @pytest.mark.parametrize("changed", [{"name": "林样板"}, {"id_number": "321181198511152328"}])
    def test_of_somebody_else_changes_nothing(self, changed: dict[str, str]) -> None:
        identified()
        before = Subject.objects.values().get()
        with pytest.raises(AnotherPerson):
            self.renew(replace(NEW, **changed))  # type: ignore[arg-type]  # names and numbers alone
        assert Subject.objects.values().get() == before

    def test_of_nobody_is_not_found(self) -> None:
        enrolled()
        with pytest.raises(NotFound):
            self.renew(NEW)
        with pytest.raises(NotFound), transaction.atomic():
            renew_identity(subject_id=new_id(), identity=NEW)


class TestEnds:
    def test_are_found_between_two_days(self) -> None:
        subject_id = identified()
        enrolled()
        for first, last, found in (
            (ENDS, ENDS, [(subject_id, ENDS)]),
            (ENDS - timedelta(days=90), ENDS, [(subject_id, ENDS)]),
            (ENDS - timedelta(days=9), ENDS - timedelta(days=1), []),
            (ENDS + timedelta(days=1), ENDS + timedelta(days=9), []),
        ):
            assert id_cards_ending(first=first, last=last) == found

    def test_that_lie_behind_are_found_too_and_a_card_without_an_end_never(self) -> None:
        subject_id = identified()
        assert id_cards_over(before=ENDS) == []
        assert id_cards_over(before=ENDS + timedelta(days=1)) == [subject_id]
        assert id_cards_over(before=ENDS + timedelta(days=1), among=[new_id()]) == []
        assert id_cards_over(before=ENDS + timedelta(days=1), among=[subject_id]) == [subject_id]
        Subject.objects.update(valid_until_date=None)
        assert id_cards_over(before=date(2100, 1, 1)) == []
        assert id_cards_ending(first=date(2000, 1, 1), last=date(2100, 1, 1)) == []


class TestSharedPhones:
    def test_count_other_persons_of_this_bank(self) -> None:
        subject_id = identified()
        assert others_with_phone(PHONE, subject_id) == 0
        assert others_with_phone(f"+86{PHONE}", new_id()) == 1
        other = identified(replace(PERSON, id_number="321181198511152328"))
        assert others_with_phone(PHONE, subject_id) == 1
        with in_bank("116"):
            assert others_with_phone(PHONE, other) == 0
