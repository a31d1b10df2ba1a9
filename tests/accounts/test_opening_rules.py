"""Who may open which account: the rules of domain B1 by their ids, refusals that change nothing, and twenty at once."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from accounts.models import AccountClosing, Card, DepositAccount
from accounts.models.deposit_account import CHECKING, CLASS_THREE, CORE, FACE, OWN, REJECTED, REVIEW
from accounts.operations.cards import card_checked, record_card
from accounts.operations.opening import (
    BoundCard,
    lapse_openings,
    refuse_reviewed,
    release,
    start_account,
)
from accounts.operations.opening_rules import CounterRequired, Wanted
from accounts.providers.bound_card import BoundCardAnswer, BoundCardResult, CardAccountClass, CardElement
from accounts.queries import asking_receiving, usable_accounts
from accounts.rest.documents import account_document
from accounts.steps.cards import FOUR, refusal_of
from core.audit.models import AuditEntry
from core.clock import business_date, now
from core.db.asks import alone
from core.errors import StateConflict
from core.ids import new_id
from core.steps.models import Step
from core.tenancy import PROVINCE, at, in_bank
from tenants.parameters import CATALOGUE, set_for_bank, set_for_platform
from tests.accounts.holders import card_number, make_account, make_customer, phone_code, set_day
from tests.at_once import at_once, told
from verification import queries as verified
from verification.models import Check, PhoneCode

TODAY = date(2026, 11, 23)


def set_parameter(name: str, value: int | str) -> None:
    with transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=business_date(), actor="test")


def ask(customer_id: uuid.UUID, *, phone: str = "", **wanted: Any) -> DepositAccount:
    """Ask for an account, with a card of its own and a code to its phone."""
    number = phone or verified.phone_of(customer_id) or ""
    code_id, code = phone_code(customer_id, number)
    return start_account(
        customer_id=customer_id, bound_card=BoundCard(number=card_number(), phone=number), code_id=code_id, code=code,
        wanted=Wanted(**wanted),
    )  # fmt: skip


def outcome(account: DepositAccount) -> str:
    return account.reason_code if account.status == REJECTED else account.status


@pytest.fixture
def _monday(bank_a: str) -> None:
    set_day(TODAY)


@pytest.mark.django_db
@pytest.mark.usefixtures("_monday")
class TestAcc01HowMany:
    """ACC-01, A1-20: one Class I, five Class II, five Class III for a person at a bank."""

    @pytest.mark.parametrize(("account_class", "most"), [("II", 5), ("III", 5)])
    def test_the_sixth_of_a_class_is_refused_and_the_other_class_is_not(self, account_class: str, most: int) -> None:
        who = make_customer()
        for _ in range(most):
            assert outcome(ask(who, account_class=account_class)) == CHECKING
        assert outcome(ask(who, account_class=account_class)) == "account_limit_reached"
        other = "III" if account_class == "II" else "II"
        assert outcome(ask(who, account_class=other)) == CHECKING

    @pytest.mark.parametrize(("name", "account_class"), [("two", "II"), ("three", "III")])
    def test_a_bank_may_be_stricter(self, name: str, account_class: str) -> None:
        set_parameter(f"account.max_class_{name}", 1)
        who = make_customer()
        assert outcome(ask(who, account_class=account_class)) == CHECKING
        assert outcome(ask(who, account_class=account_class)) == "account_limit_reached"
        assert CATALOGUE[f"account.max_class_{name}"].high == 5

    def test_what_was_refused_or_closed_takes_no_place(self) -> None:
        who = make_customer()
        for status in ("rejected", "closed", "rejected", "closed", "rejected"):
            make_account(who, status=status)
        assert outcome(ask(who)) == CHECKING

    def test_a_usable_account_stops_no_second_one(self) -> None:
        """E-1: the loan flow needs one and asks for no more; whoever wants another gets it up to the limit."""
        who = make_customer()
        first = make_account(who)
        second = ask(who)
        assert outcome(second) == CHECKING
        assert [account.id for account in usable_accounts(who)] == [first.pk]

    def test_a_loan_is_paid_into_the_usable_accounts_alone(self) -> None:
        who = make_customer()
        closing = make_account(who)
        AccountClosing.objects.create(account=closing, face_check_id=new_id())
        accounts = [
            make_account(who), make_account(who, keeper=CORE), make_account(who, status="closed", closed_at=now()),
            make_account(who, account_class=CLASS_THREE), closing, make_account(),
        ]  # fmt: skip
        takes = [alone(asking_receiving(customer_id=who, account_id=account.pk)) for account in accounts]
        usable = {account.id for account in usable_accounts(who)}
        assert [found is not None for found in takes] == [account.pk in usable for account in accounts]
        assert [None if found is None else found.keeper for found in takes] == [OWN, CORE, None, None, None, None]

    def test_another_persons_accounts_do_not_count(self) -> None:
        other = make_customer()
        for _ in range(5):
            make_account(other)
        assert outcome(ask(make_customer())) == CHECKING

    def test_a_second_class_one_account_is_not_taken_on(self) -> None:
        who = make_customer()
        first = make_account(who, account_class="I", keeper="core")
        with transaction.atomic():
            card = record_card(customer_id=who, number=card_number(), phone="13900000000", account_id=None)
            card_checked(card_id=card.pk, refusal="", class_one_number="6223241251000000001")
        card.refresh_from_db()
        assert (card.status, card.reason_code) == ("rejected", "account_limit_reached")
        assert DepositAccount.objects.filter(customer_id=who, account_class="I").get() == first

    def test_the_same_class_one_account_shown_by_another_card_is_the_same(self) -> None:
        who = make_customer()
        first = make_account(who, account_class="I", keeper="core")
        with transaction.atomic():
            card = record_card(customer_id=who, number=card_number(), phone="13900000000", account_id=None)
            card_checked(card_id=card.pk, refusal="", class_one_number=first.number)
        card.refresh_from_db()
        assert (card.status, card.account_id) == ("active", first.pk)

    def test_a_draft_that_nobody_came_back_to_gives_its_place_up(self) -> None:
        who = make_customer()
        draft = ask(who)
        DepositAccount.objects.filter(pk=draft.pk).update(status=FACE)
        with transaction.atomic():
            assert lapse_openings(day=TODAY + timedelta(days=7)) == 0
        with transaction.atomic():
            assert lapse_openings(day=TODAY + timedelta(days=8)) == 1
            assert lapse_openings(day=TODAY + timedelta(days=8)) == 0
        draft.refresh_from_db()
        assert (draft.status, draft.reason_code, draft.retryable) == (REJECTED, "draft_expired", True)
        assert Card.objects.get(customer_id=who).status == "rejected"


@pytest.mark.django_db(transaction=True)
class TestAcc01TwentyAtOnce:
    """ACC-01 under concurrency."""

    @pytest.mark.parametrize("account_class", ["II", "III"])
    def test_never_exceed_the_limit(self, account_class: str) -> None:
        with in_bank("125"):
            who = make_customer()
            phone = verified.phone_of(who) or ""
            codes = [phone_code(who, phone) for _ in range(20)]

        def start(code_id: uuid.UUID, code: str) -> str:
            account = start_account(
                customer_id=who, bound_card=BoundCard(number=card_number(), phone=phone), code_id=code_id,
                code=code, wanted=Wanted(account_class=account_class),
            )  # fmt: skip
            return outcome(account)

        ended = told(at_once("125", [partial(start, *code) for code in codes]))
        assert ended == ["account_limit_reached"] * 15 + [CHECKING] * 5
        with in_bank("125"):
            rows = DepositAccount.objects.filter(customer_id=who)
            assert rows.filter(status=CHECKING, account_class=account_class).count() == 5
            assert rows.filter(status=REJECTED).count() == 15
            assert Card.objects.filter(customer_id=who, status="checking").count() == 5

    def test_two_class_one_cards_at_once_make_one_account_known(self) -> None:
        with in_bank("125"), transaction.atomic():
            who = make_customer()
            cards = [
                record_card(customer_id=who, number=card_number(), phone="13900000000", account_id=None)
                for _ in range(2)
            ]

        def check(number: int) -> None:
            with transaction.atomic():
                card_checked(card_id=cards[number].pk, refusal="", class_one_number=f"622324125100000000{number}")

        assert told(at_once("125", [partial(check, 0), partial(check, 1)])) == ["done", "done"]
        with in_bank("125"):
            assert DepositAccount.objects.filter(customer_id=who, account_class="I").count() == 1
            assert sorted(Card.objects.filter(customer_id=who).values_list("status", flat=True)) == [
                "active", "rejected",
            ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("_monday")
class TestAcc02AtTheCounterOnly:
    """ACC-02: no Class I account from afar; A1-22: no account of a company."""

    @pytest.mark.parametrize(
        ("wanted", "rule"),
        [
            ({"account_class": "I"}, "ACC-02"),
            ({"holder": "company"}, "A1-22"),
            ({"account_class": "I", "holder": "company"}, "A1-22"),
        ],
    )
    def test_is_refused_with_its_rule_and_nothing_has_happened(self, wanted: dict[str, str], rule: str) -> None:
        who = make_customer()
        with pytest.raises(CounterRequired, match=rule):
            ask(who, **wanted)
        assert not DepositAccount.objects.exists()
        assert not Card.objects.exists()
        assert not Step.objects.exists()
        assert PhoneCode.objects.get().used_at is None


class TestAcc03BoundCard:
    """ACC-03: five elements for Class II, four for Class III; never bound to a Class II or III account."""

    @pytest.mark.parametrize(
        ("agrees", "account_class", "five", "four"),
        [
            (True, CardAccountClass.CLASS_I, "", ""),
            (True, CardAccountClass.CREDIT, "", ""),
            (True, CardAccountClass.CLASS_II, "bound_card_mismatch", "bound_card_mismatch"),
            (True, CardAccountClass.CLASS_III, "bound_card_mismatch", "bound_card_mismatch"),
            (True, None, "bound_card_mismatch", ""),
            (False, CardAccountClass.CLASS_I, "bound_card_mismatch", "bound_card_mismatch"),
            (False, None, "bound_card_mismatch", "bound_card_mismatch"),
        ],
    )
    def test_by_what_the_issuer_says(
        self, account_class: CardAccountClass | None, five: str, four: str, *, agrees: bool
    ) -> None:
        answer = BoundCardAnswer(
            result=BoundCardResult.MATCH if agrees else BoundCardResult.MISMATCH,
            mismatched=frozenset() if agrees else frozenset({CardElement.NAME}),
            issuer_bank="", issuer_name="", account_class=account_class,
        )  # fmt: skip
        assert (refusal_of(answer), refusal_of(answer, elements=FOUR)) == (five, four)


@pytest.mark.django_db
@pytest.mark.usefixtures("_monday")
class TestAcc10SharedPhones:
    """ACC-10: one phone of several persons is explained, or nothing is opened by itself."""

    PHONE = "13888888888"

    def test_a_phone_that_another_person_is_known_by_is_refused(self) -> None:
        make_customer(phone=self.PHONE)
        who = make_customer(phone=self.PHONE)
        account = ask(who)
        assert (outcome(account), account.retryable) == ("phone_shared", False)
        assert not Step.objects.exists()

    @pytest.mark.parametrize("declared", ["guardian", "family"])
    def test_unless_it_is_declared_and_the_declaration_is_kept(self, declared: str) -> None:
        make_customer(phone=self.PHONE)
        account = ask(make_customer(phone=self.PHONE), phone_shared=declared)
        assert (outcome(account), account.phone_shared) == (CHECKING, declared)

    def test_ones_own_phone_is_nobody_elses(self) -> None:
        who = make_customer(phone=self.PHONE)
        assert outcome(ask(who)) == CHECKING
        assert outcome(ask(who, account_class="III")) == CHECKING

    def test_the_phone_of_another_bank_does_not_count(self) -> None:
        with in_bank("116"):
            make_customer(phone=self.PHONE)
        assert outcome(ask(make_customer(phone=self.PHONE))) == CHECKING

    def test_the_platform_may_allow_more(self) -> None:
        with at(PROVINCE), transaction.atomic():
            set_for_platform(name="account.persons_per_phone", value=2, effective_date=now().date(), actor="province")
        set_day(now().date())
        make_customer(phone=self.PHONE)
        assert outcome(ask(make_customer(phone=self.PHONE))) == CHECKING
        assert outcome(ask(make_customer(phone=self.PHONE))) == "phone_shared"


@pytest.mark.django_db
@pytest.mark.usefixtures("_monday")
class TestAcc10Devices:
    """ACC-10: more than N openings of one device and day are judged by staff."""

    def fourth(self) -> DepositAccount:
        for _ in range(3):
            assert outcome(ask(make_customer(), device_id="phone-1")) == CHECKING
        return ask(make_customer(), device_id="phone-1")

    def test_the_fourth_of_a_device_and_day_waits_for_staff(self) -> None:
        account = self.fourth()
        assert (outcome(account), account_document(account)["status"]) == (REVIEW, CHECKING)
        assert Step.objects.count() == 3
        assert outcome(ask(make_customer(), device_id="phone-2")) == CHECKING
        set_day(TODAY + timedelta(days=1))
        assert outcome(ask(make_customer(), device_id="phone-1")) == CHECKING

    def test_staff_let_it_go_on_with_all_its_checks(self) -> None:
        account = self.fourth()
        with transaction.atomic():
            released = release(account_id=account.pk, actor="clerk", reason="本人办理")
        assert outcome(released) == CHECKING
        assert Check.objects.filter(business_id=account.pk.hex, kind="carrier", status="asked").exists()
        assert AuditEntry.objects.filter(action="opening.released", actor="clerk").exists()
        with pytest.raises(StateConflict), transaction.atomic():
            release(account_id=account.pk, actor="clerk", reason="again")

    def test_staff_refuse_it_with_the_code_of_the_device(self) -> None:
        account = self.fourth()
        with transaction.atomic():
            refused = refuse_reviewed(account_id=account.pk, actor="clerk", reason="代办")
        assert (outcome(refused), refused.retryable) == ("device_limit", False)
        assert not Card.objects.filter(account_id=account.pk, status="checking").exists()
        with pytest.raises(StateConflict), transaction.atomic():
            refuse_reviewed(account_id=account.pk, actor="clerk", reason="again")

    def test_what_nobody_judged_lapses(self) -> None:
        account = self.fourth()
        with transaction.atomic():
            assert lapse_openings(day=TODAY + timedelta(days=7)) == 0
            assert lapse_openings(day=TODAY + timedelta(days=8)) == 1
        account.refresh_from_db()
        assert (outcome(account), account.retryable) == ("draft_expired", True)

    def test_what_was_refused_does_not_count(self) -> None:
        for _ in range(4):
            ask(make_customer(tax_residency="both"), device_id="phone-1")
        assert outcome(ask(make_customer(), device_id="phone-1")) == CHECKING


@pytest.mark.django_db(transaction=True)
def test_of_ten_customers_on_one_device_at_once_three_get_through() -> None:
    with in_bank("125"):
        people = [make_customer() for _ in range(10)]
        phones = [verified.phone_of(who) or "" for who in people]
        codes = [phone_code(who, phone) for who, phone in zip(people, phones, strict=True)]

    def start(number: int) -> str:
        account = start_account(
            customer_id=people[number], bound_card=BoundCard(number=card_number(), phone=phones[number]),
            code_id=codes[number][0], code=codes[number][1], wanted=Wanted(device_id="farm"),
        )  # fmt: skip
        return outcome(account)

    assert told(at_once("125", [partial(start, number) for number in range(10)])) == [CHECKING] * 3 + [REVIEW] * 7


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAcc12Age:
    """ACC-12: by birthday on the business date; that of a 29 February is 1 March in common years."""

    @pytest.mark.parametrize(
        ("birth", "day", "ended"),
        [
            (date(2008, 11, 24), date(2026, 11, 23), "refused"),
            (date(2008, 11, 23), date(2026, 11, 23), CHECKING),
            (date(2008, 2, 29), date(2026, 2, 28), "refused"),
            (date(2008, 2, 29), date(2026, 3, 1), CHECKING),
            (date(2010, 11, 23), date(2026, 11, 23), "refused"),  # 16: the counter, with a guardian
        ],
    )
    def test_counts_by_birthday(self, birth: date, day: date, ended: str) -> None:
        set_day(day)
        assert outcome(ask(make_customer(birth_date=birth))) == ended

    def test_a_bank_may_ask_for_more_years(self) -> None:
        set_day(TODAY)
        set_parameter("account.min_age", 22)
        assert outcome(ask(make_customer(birth_date=date(2005, 1, 1)))) == "refused"
        assert outcome(ask(make_customer(birth_date=date(2004, 1, 1)))) == CHECKING


@pytest.mark.django_db
@pytest.mark.usefixtures("_monday")
class TestAcc11TaxResidency:
    @pytest.mark.parametrize("residency", ["foreign_only", "both", ""])
    def test_only_a_tax_resident_of_china_alone_goes_on(self, residency: str) -> None:
        """ACC-11: the self-statement of tax residency."""
        assert outcome(ask(make_customer(tax_residency=residency))) == "refused"


@pytest.mark.django_db
@pytest.mark.usefixtures("_monday")
class TestAcc13AtOpening:
    @pytest.mark.parametrize(
        ("ends", "ended"),
        [(date(2026, 11, 22), "refused"), (date(2026, 11, 23), CHECKING), (None, CHECKING)],
    )
    def test_an_id_card_that_has_ended_opens_nothing(self, ends: date | None, ended: str) -> None:
        """ACC-13: refused at once, whatever the reasonable time is for accounts that exist."""
        assert outcome(ask(make_customer(valid_until=ends))) == ended
