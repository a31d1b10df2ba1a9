"""Collections within the rules (LN-15, PEN-02, RISK-03): the work list, hours, the borrower alone, agencies, so many a day."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from core.audit.models import AuditEntry
from core.clock import SHANGHAI, business_date, move_business_date
from core.errors import NotFound, StateConflict
from lending.loans.buckets import bucket_name, bucket_of
from lending.models import CollectionAgency, CollectionAssignment, CollectionContact, CollectionOutcome, Loan
from lending.operations import collecting
from lending.operations.collecting import (
    AgencyNotListed,
    CollectionRefused,
    OutsideHours,
    ThirdPartyContact,
    TooManyContacts,
)
from lending.queries.collection import overdue_loans
from lending.queries.loans import loan_standing
from tenants.parameters import ParameterRefused, set_for_bank
from tests.at_once import at_once, told
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.made_once import made_once
from verification import queries as verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
START = date(2026, 1, 22)
DUE = date(2026, 2, 22)
NOON = (12, 0)


def to(day: date) -> None:
    with transaction.atomic():
        move_business_date(to_date=day)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the wall clock's time of the day, in Shanghai, as this room sees it."""

    def at(hour: int, minute: int = 0, second: int = 0, *, days: int = 0) -> None:
        moment = datetime(2026, 11, 22, hour, minute, second, tzinfo=SHANGHAI) + timedelta(days=days)
        monkeypatch.setattr(collecting, "now", lambda: moment)

    at(*NOON)
    return at


def fall_overdue() -> tuple[Borrower, Loan]:
    """Lend 100,000.00 and let the first instalment be ten days overdue."""
    set_day(START)
    who = make_borrower(valid_until_date=date(2028, 1, 1))
    loan = lend(who, 100_000_00)
    to(DUE + timedelta(days=10))
    return who, loan


overdue_once = made_once(fall_overdue, scope="class")


@pytest.fixture
def overdue(overdue_once: tuple[Borrower, Loan], clock: Any, bank_a: str) -> tuple[Borrower, Loan]:
    """Give each test the loan that is overdue, at noon."""
    del bank_a, clock
    return deepcopy(overdue_once)


def begin(loan: Loan, **changes: Any) -> CollectionContact:
    how: dict[str, Any] = {"channel": "phone", "person": "borrower", "agency_id": None, "actor": "collector"}
    return collecting.begin_contact(loan_id=loan.pk, **{**how, **changes})


def end(contact: CollectionContact, **changes: Any) -> None:
    how: dict[str, Any] = {
        "result": "no_answer", "promised_date": None, "promised_fen": None, "note": "", "actor": "collector",
    }  # fmt: skip
    collecting.end_contact(contact_id=contact.pk, **{**how, **changes})


class TestRISK03:
    @pytest.mark.parametrize(
        ("days", "bucket", "name"),
        [
            (0, 0, "M0"), (1, 1, "M1"), (30, 1, "M1"), (31, 2, "M2"), (60, 2, "M2"), (61, 3, "M3"), (90, 3, "M3"),
            (91, 4, "M4"), (120, 4, "M4"), (121, 5, "M5"), (150, 5, "M5"), (151, 6, "M6"), (180, 6, "M6"),
            (181, 7, "M7+"), (400, 7, "M7+"),
        ],
    )  # fmt: skip
    def test_days_fall_into_buckets_of_thirty(self, days: int, bucket: int, name: str) -> None:
        assert (bucket_of(days), bucket_name(days)) == (bucket, name)


class TestPEN02WorkList:
    @pytest.mark.parametrize(("days", "listed"), [(0, False), (1, True), (200, True)])
    def test_a_loan_is_on_the_list_from_the_day_after_its_due_date(
        self, clock: Any, days: int, *, listed: bool
    ) -> None:
        set_day(START)
        who = make_borrower(valid_until_date=date(2028, 1, 1))
        loan = lend(who, 100_000_00)
        to(DUE + timedelta(days=days))
        assert overdue_loans().filter(pk=loan.pk).exists() is listed
        assert (loan_standing(Loan.objects.get(pk=loan.pk)).standing.overdue_days > 0) is listed

    def test_days_of_grace_count_as_the_arithmetic_counts_them(self, clock: Any) -> None:
        set_day(START)
        who = make_borrower(valid_until_date=date(2028, 1, 1))
        loan = lend(who, 100_000_00)
        Loan.objects.filter(pk=loan.pk).update(grace_days=3)
        for days, listed in ((3, False), (4, True)):
            to(DUE + timedelta(days=days))
            assert overdue_loans().filter(pk=loan.pk).exists() is listed
            assert (loan_standing(Loan.objects.get(pk=loan.pk)).standing.overdue_days > 0) is listed

    def test_what_is_paid_leaves_the_list_and_what_is_assigned_shows_on_it(
        self, overdue: tuple[Borrower, Loan]
    ) -> None:
        who, loan = overdue
        User.objects.create_user("zhang", is_staff=True)
        collecting.assign_loan(loan_id=loan.pk, collector="zhang", agency_id=None, actor="boss")
        begin(loan)
        row = overdue_loans().get(pk=loan.pk)
        told = vars(row)
        assert (told["collector"], told["oldest_due_date"]) == ("zhang", DUE)
        assert told["last_contact_at"] is not None
        give_money(who, 20_000_00)
        repay(who, loan)
        assert not overdue_loans().filter(pk=loan.pk).exists()


def nothing_entered() -> None:
    assert not CollectionContact.objects.exists()
    assert not AuditEntry.objects.filter(action="collection.contact_begun").exists()


class TestLN15Hours:
    @pytest.mark.parametrize(
        ("moment", "allowed"),
        [((7, 59, 59), False), ((8, 0, 0), True), ((21, 59, 59), True), ((22, 0, 0), False), ((0, 0, 0), False)],
    )
    def test_nobody_is_contacted_outside_eight_to_twenty_two(
        self, overdue: tuple[Borrower, Loan], clock: Any, moment: tuple[int, int, int], *, allowed: bool
    ) -> None:
        _, loan = overdue
        clock(*moment)
        if allowed:
            assert begin(loan).contact_date == date(2026, 11, 22)
            return
        with pytest.raises(OutsideHours):
            begin(loan)
        nothing_entered()

    def test_a_bank_may_only_narrow_the_hours(self, overdue: tuple[Borrower, Loan], clock: Any) -> None:
        _, loan = overdue
        for name, value in (("first_hour", 7), ("last_hour", 23)):
            with pytest.raises(ParameterRefused), transaction.atomic():
                set_for_bank(name=f"collection.{name}", value=value, effective_date=business_date(), actor="t")
        with transaction.atomic():
            set_for_bank(name="collection.last_hour", value=20, effective_date=business_date(), actor="t")
        clock(20, 0)
        with pytest.raises(OutsideHours):
            begin(loan)
        nothing_entered()


class TestLN15Borrower:
    def test_nobody_else_is_contacted(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        with pytest.raises(ThirdPartyContact):
            begin(loan, person="other")
        nothing_entered()

    def test_nor_does_the_database_keep_such_a_contact(self, overdue: tuple[Borrower, Loan]) -> None:
        who, loan = overdue
        with pytest.raises(IntegrityError), transaction.atomic():
            CollectionContact.objects.create(
                loan=loan, customer_id=who.customer_id, channel="phone", person="other", overdue_days=1, overdue_fen=1,
                actor="x", contact_date=DUE,
            )  # fmt: skip

    def test_the_number_is_shown_to_who_began_the_contact_on_its_day_with_a_trace(
        self, overdue: tuple[Borrower, Loan], clock: Any
    ) -> None:
        who, loan = overdue
        contact = begin(loan)
        shown = collecting.reveal_phone(contact_id=contact.pk, actor="collector")
        assert shown == verified.phone_of(who.customer_id)
        assert AuditEntry.objects.filter(action="collection.phone_shown", actor="collector").count() == 1
        with pytest.raises(NotFound):
            collecting.reveal_phone(contact_id=contact.pk, actor="somebody")
        clock(9, days=1)
        with pytest.raises(NotFound):
            collecting.reveal_phone(contact_id=contact.pk, actor="collector")
        clock(22)  # begun within the hours, but these are over (LN-15)
        with pytest.raises(OutsideHours):
            collecting.reveal_phone(contact_id=contact.pk, actor="collector")
        clock(*NOON)
        end(contact)
        with pytest.raises(NotFound):
            collecting.reveal_phone(contact_id=contact.pk, actor="collector")
        assert AuditEntry.objects.filter(action="collection.phone_shown").count() == 1


class TestLN15Number:
    def test_a_borrower_is_contacted_so_often_a_day_over_all_loans_and_no_more(
        self, overdue: tuple[Borrower, Loan], clock: Any
    ) -> None:
        who, loan = overdue
        second = lend_again(who)
        begin(loan)
        begin(second)
        begin(loan, channel="sms")
        with pytest.raises(TooManyContacts):
            begin(second)
        assert CollectionContact.objects.count() == 3
        clock(9, days=1)
        begin(second)
        assert CollectionContact.objects.count() == 4


class TestLN15NumberAtOnce:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.slow
    def test_any_number_of_collectors_at_once_do_not_exceed_it(self, bank_a: str, clock: Any) -> None:
        set_day(START)
        who = make_borrower(valid_until_date=date(2028, 1, 1))
        loan = lend(who, 100_000_00)
        to(DUE + timedelta(days=10))
        outcomes = at_once(bank_a, [partial(begin, loan, actor=f"collector-{name}") for name in range(8)])
        assert told(outcomes) == ["done"] * 3 + ["too_many_contacts"] * 5
        assert CollectionContact.objects.count() == 3


def lend_again(who: Borrower) -> Loan:
    """Give the borrower a second overdue loan: made as of the first day, since nothing new is paid out to the overdue."""
    today = business_date()
    set_day(START)
    loan = lend(who, 5_000_00)
    set_day(today)
    return loan


class TestLN15Agencies:
    def agency(self) -> CollectionAgency:
        return collecting.list_agency(
            name="样例催收有限公司",
            credit_code="91320700MA1ABCDE8X",
            phone="0518-00000000",
            since_date=START,
            actor="risk",
        )

    def test_only_one_of_the_list_to_which_the_loan_was_given_may_contact(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        listed = self.agency()
        for agency_id in (uuid.uuid4(), listed.pk):  # unknown; listed, but the loan was not given to it
            with pytest.raises(AgencyNotListed):
                begin(loan, agency_id=agency_id)
        nothing_entered()
        User.objects.create_user("zhang", is_staff=True)
        collecting.assign_loan(loan_id=loan.pk, collector="zhang", agency_id=listed.pk, actor="boss")
        assert begin(loan, agency_id=listed.pk).agency_id == listed.pk
        collecting.unlist_agency(agency_id=listed.pk, actor="risk")
        with pytest.raises(AgencyNotListed):
            begin(loan, agency_id=listed.pk)
        assert CollectionContact.objects.count() == 1

    def test_an_agency_is_listed_once_and_in_force_from_its_day(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        self.agency()
        with pytest.raises(CollectionRefused):
            self.agency()
        later = collecting.list_agency(
            name="另一家", credit_code="91320700MA1ABCDE9Y", phone="1", since_date=business_date() + timedelta(days=1),
            actor="risk",
        )  # fmt: skip
        User.objects.create_user("zhang", is_staff=True)
        with pytest.raises(AgencyNotListed):
            collecting.assign_loan(loan_id=loan.pk, collector="zhang", agency_id=later.pk, actor="boss")
        assert not CollectionAssignment.objects.exists()


class TestAssigning:
    def test_a_loan_goes_to_a_login_of_the_bank_only(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        User.objects.create_user("gone", is_staff=True, is_active=False)
        for name in ("nobody", "gone"):
            with pytest.raises(CollectionRefused):
                collecting.assign_loan(loan_id=loan.pk, collector=name, agency_id=None, actor="boss")
        assert not CollectionAssignment.objects.exists()

    def test_a_loan_that_is_not_overdue_is_neither_assigned_nor_collected(self, overdue: tuple[Borrower, Loan]) -> None:
        who, loan = overdue
        give_money(who, 20_000_00)
        repay(who, loan)
        User.objects.create_user("zhang", is_staff=True)
        with pytest.raises(StateConflict):
            collecting.assign_loan(loan_id=loan.pk, collector="zhang", agency_id=None, actor="boss")
        with pytest.raises(StateConflict):
            begin(loan)
        with pytest.raises(NotFound):
            collecting.begin_contact(
                loan_id=uuid.uuid4(), channel="phone", person="borrower", agency_id=None, actor="x"
            )
        nothing_entered()
        assert not CollectionAssignment.objects.exists()


class TestOutcome:
    def test_is_entered_once_by_who_made_the_contact(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        contact = begin(loan)
        with pytest.raises(NotFound):
            end(contact, actor="somebody")
        end(contact, result="promised", promised_date=business_date(), promised_fen=3_000_00, note="月底发工资")
        with pytest.raises(StateConflict):
            end(contact)
        row = CollectionOutcome.objects.get()
        assert (row.result, row.promised_fen, row.note) == ("promised", 3_000_00, "月底发工资")

    @pytest.mark.parametrize(
        ("result", "days"), [("promised", None), ("promised", -1), ("no_answer", 0), ("refused", 1)]
    )
    def test_a_promise_has_its_day_and_nothing_else_has(
        self, overdue: tuple[Borrower, Loan], result: str, days: int | None
    ) -> None:
        _, loan = overdue
        contact = begin(loan)
        day = None if days is None else business_date() + timedelta(days=days)
        with pytest.raises(CollectionRefused):
            end(contact, result=result, promised_date=day)
        assert not CollectionOutcome.objects.exists()

    def test_neither_contact_nor_outcome_nor_assignment_ever_changes(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        User.objects.create_user("zhang", is_staff=True)
        collecting.assign_loan(loan_id=loan.pk, collector="zhang", agency_id=None, actor="boss")
        end(begin(loan))
        for model, change in (
            (CollectionContact, {"channel": "sms"}), (CollectionOutcome, {"result": "reached"}),
            (CollectionAssignment, {"collector": "li"}),
        ):  # fmt: skip
            rows: Any = model._default_manager
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
