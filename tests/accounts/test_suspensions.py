"""ACC-08, ACC-13, ACC-15: accounts that nobody uses and ID cards that end: who is told, what stops, what never stops."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.ledger.chart import LOAN_PRINCIPAL
from accounts.models import DepositAccount, Notice, Suspension
from accounts.notice_texts import text_of
from accounts.operations import AccountNotActive, Leg, collect_from, pay_into, refuse_suspended
from accounts.operations.dormancy import suspend_dormant
from accounts.operations.id_expiry import remind_of_id_expiry, suspend_expired
from accounts.operations.suspensions import lift_suspensions
from accounts.queries import suspended_for
from core.clock import SHANGHAI, business_date, now
from core.ids import new_id
from core.steps.models import Step
from core.steps.registry import Then
from tenants.parameters import set_for_bank
from tests.accounts.holders import claim, due_again, give_money, make_account, make_customer, set_day
from tests.running_sandbox import Sandbox
from verification.models import Subject
from verification.queries import phone_of

RunSteps = Callable[..., int]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
OPENED = date(2026, 1, 31)
SIX_MONTHS = date(2026, 7, 31)
THEN = Then("test.never", "x")


def set_parameter(name: str, value: int) -> None:
    with transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=date(2026, 1, 1), actor="test")


def sleep(day: date) -> int:
    set_day(max(day, business_date()))
    with transaction.atomic():
        return suspend_dormant(day=day)


def at(day: date, work: Callable[[], Any]) -> None:
    """Do something on a day."""
    set_day(day)
    work()


def pay(account: DepositAccount, amount_fen: int = 100, *, is_new_business: bool = True) -> None:
    with transaction.atomic():
        pay_into(
            account_id=account.pk, amount_fen=amount_fen, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)],
            business_ref=f"t:{new_id().hex}", kind="t", memo="", then=THEN, is_new_business=is_new_business,
        )  # fmt: skip


def repay(account: DepositAccount, amount_fen: int = 100) -> None:
    with transaction.atomic():
        collect_from(
            account_id=account.pk, amount_fen=amount_fen, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)],
            business_ref=f"t:{new_id().hex}", kind="t", memo="", then=THEN,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def _january(bank_a: str) -> None:
    set_day(OPENED)


class TestAcc08Dormant:
    """ACC-08: no transaction within six months of opening."""

    @pytest.mark.parametrize(
        ("day", "found"),
        [(SIX_MONTHS - timedelta(days=1), ()), (SIX_MONTHS, ("dormant",)), (date(2027, 5, 1), ("dormant",))],
    )
    def test_sleeps_when_six_months_are_over(self, day: date, found: tuple[str, ...]) -> None:
        account = make_account(opened_date=OPENED)
        sleep(day)
        assert suspended_for(account.pk) == found

    def test_months_end_where_they_end(self) -> None:
        account = make_account(opened_date=date(2026, 8, 31))
        set_day(date(2026, 8, 31))
        sleep(date(2027, 2, 27))
        assert suspended_for(account.pk) == ()
        sleep(date(2027, 2, 28))
        assert suspended_for(account.pk) == ("dormant",)

    @pytest.mark.parametrize(
        ("moved", "found"),
        [
            (OPENED, ()),
            (SIX_MONTHS - timedelta(days=1), ()),
            (SIX_MONTHS, ("dormant",)),  # too late: the six months were over
        ],
    )
    def test_one_transaction_within_them_keeps_it_awake(self, moved: date, found: tuple[str, ...]) -> None:
        account = make_account(opened_date=OPENED)
        at(moved, lambda: give_money(account, 1))
        sleep(date(2026, 9, 1))
        assert suspended_for(account.pk) == found

    def test_one_in_the_core_counts_as_well(self) -> None:
        account = make_account(opened_date=OPENED, keeper="core")
        other = make_account(opened_date=OPENED, keeper="core")
        at(date(2026, 3, 1), lambda: pay(account))
        at(date(2026, 3, 1), lambda: pay(other))
        account.payments.update(status="arrived")
        other.payments.update(status="failed")
        sleep(SIX_MONTHS)
        assert (suspended_for(account.pk), suspended_for(other.pk)) == ((), ("dormant",))

    def test_what_rests_on_it_keeps_it_awake_until_it_is_gone(self) -> None:
        account = make_account(opened_date=OPENED)
        resting = claim(account)
        sleep(SIX_MONTHS)
        assert suspended_for(account.pk) == ()
        resting.released_at = now()
        resting.save()
        sleep(SIX_MONTHS)
        assert suspended_for(account.pk) == ("dormant",)

    @pytest.mark.parametrize(
        "account", [{"account_class": "I", "keeper": "core"}, {"status": "closed"}, {"status": "face"}]
    )
    def test_the_counters_accounts_and_those_that_are_not_open_are_left_alone(self, account: dict[str, str]) -> None:
        row = make_account(opened_date=OPENED, **account)  # type: ignore[arg-type]
        assert sleep(SIX_MONTHS) == 0
        assert suspended_for(row.pk) == ()

    def test_a_bank_may_be_stricter(self) -> None:
        set_parameter("account.dormant_months", 3)
        account = make_account(opened_date=OPENED)
        sleep(date(2026, 4, 30))
        assert suspended_for(account.pk) == ("dormant",)

    def test_a_bank_may_let_small_old_accounts_sleep_too(self) -> None:
        small, large, moving = (make_account(opened_date=OPENED, balance_fen=100) for _ in range(3))
        give_money(large, 600_00)
        at(date(2026, 6, 1), lambda: give_money(moving, 1))
        assert sleep(date(2026, 8, 1)) == 0
        set_parameter("account.dormant_balance_yuan", 500)
        assert sleep(date(2026, 8, 1)) == 1
        assert [suspended_for(row.pk) for row in (small, large, moving)] == [("dormant",), (), ()]

    def test_doing_it_twice_is_doing_it_once(self) -> None:
        account = make_account(opened_date=OPENED)
        assert [sleep(SIX_MONTHS), sleep(SIX_MONTHS), sleep(SIX_MONTHS + timedelta(days=9))] == [1, 0, 0]
        assert Suspension.objects.filter(account=account).count() == 1
        assert Notice.objects.filter(kind="dormant").count() == 1

    def test_whoever_proved_themselves_begins_anew(self) -> None:
        account = make_account(opened_date=OPENED)
        sleep(SIX_MONTHS)
        with transaction.atomic():
            lift_suspensions(account_ids=[account.pk], reasons=["dormant"], actor="customer")
        assert sleep(SIX_MONTHS + timedelta(days=1)) == 0
        assert sleep(date(2027, 1, 30)) == 0
        assert sleep(date(2027, 1, 31)) == 1
        days = Suspension.objects.filter(account=account).order_by("from_date").values_list("from_date", "until_date")
        assert list(days) == [(SIX_MONTHS, SIX_MONTHS), (date(2027, 1, 31), None)]


class TestAcc13WhatStops:
    """ACC-13: new business; repayment and money coming in never."""

    @pytest.mark.parametrize("reason", ["dormant", "id_expired"])
    def test_new_business_with_the_next_step_told(self, reason: str) -> None:
        account = make_account(balance_fen=1_000)
        Suspension.objects.create(account=account, reason=reason, from_date=OPENED)
        works: list[Callable[[], None]] = [lambda: pay(account), lambda: _refuse(account)]
        for work in works:
            with pytest.raises(AccountNotActive) as refused:
                work()
            assert refused.value.code == "account_not_active"
            assert "重新核验身份" in refused.value.detail or "上传新的身份证" in refused.value.detail
        account.refresh_from_db()
        assert account.balance_fen == 1_000
        assert not account.payments.exists()

    @pytest.mark.parametrize("reason", ["dormant", "id_expired"])
    def test_but_neither_repayment_nor_money_coming_in(self, reason: str) -> None:
        account = make_account(balance_fen=1_000)
        Suspension.objects.create(account=account, reason=reason, from_date=OPENED)
        repay(account, 400)
        pay(account, 50, is_new_business=False)
        account.refresh_from_db()
        assert account.balance_fen == 650

    def test_nothing_once_it_is_lifted(self) -> None:
        account = make_account()
        Suspension.objects.create(account=account, reason="dormant", from_date=OPENED)
        with transaction.atomic():
            assert lift_suspensions(account_ids=[account.pk], reasons=["dormant"], actor="clerk") == 1
            assert lift_suspensions(account_ids=[account.pk], reasons=["dormant"], actor="clerk") == 0
        pay(account)
        assert suspended_for(account.pk) == ()


def _refuse(account: DepositAccount) -> None:
    with transaction.atomic():
        refuse_suspended(account_id=account.pk)


class TestAcc15Reasons:
    """ACC-15: reasons are rows beside the account, never states of it."""

    def test_coexist_and_lift_one_by_one(self) -> None:
        account = make_account()
        for reason in ("dormant", "id_expired"):
            Suspension.objects.create(account=account, reason=reason, from_date=OPENED)
        assert suspended_for(account.pk) == ("dormant", "id_expired")
        with transaction.atomic():
            lift_suspensions(account_ids=[account.pk], reasons=["dormant"], actor="clerk")
        assert suspended_for(account.pk) == ("id_expired",)
        account.refresh_from_db()
        assert account.status == "active"

    def test_the_same_reason_does_not_stand_twice(self) -> None:
        account = make_account()
        Suspension.objects.create(account=account, reason="dormant", from_date=OPENED)
        with pytest.raises(IntegrityError, match="accounts_suspension_once"), transaction.atomic():
            Suspension.objects.create(account=account, reason="dormant", from_date=SIX_MONTHS)

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"until_date": OPENED - timedelta(days=1), "lifted_by": "x"}, "accounts_suspension_days"),
            ({"until_date": OPENED}, "accounts_suspension_days"),
            ({"lifted_by": "x"}, "accounts_suspension_days"),
            ({"reason": "frozen"}, "accounts_suspension_reason"),
        ],
    )
    def test_the_database_refuses_what_is_none(self, fields: dict[str, Any], name: str) -> None:
        row = {"account": make_account(), "reason": "dormant", "from_date": OPENED, **fields}
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Suspension.objects.create(**row)


def remind(day: date) -> int:
    set_day(max(day, business_date()))
    with transaction.atomic():
        return remind_of_id_expiry(day=day)


def expire(day: date) -> int:
    set_day(max(day, business_date()))
    with transaction.atomic():
        return suspend_expired(day=day)


ENDS = date(2026, 8, 20)


class TestAcc13Reminders:
    """ACC-13: 90, 30 and 7 days before the end."""

    @pytest.mark.parametrize(
        ("left", "kind"),
        [(91, None), (90, "id_ends_first"), (31, "id_ends_first"), (30, "id_ends_second"), (8, "id_ends_second"),
         (7, "id_ends_last"), (0, "id_ends_last"), (-1, None)],
    )  # fmt: skip
    def test_by_the_days_that_are_left(self, left: int, kind: str | None) -> None:
        who = make_customer(valid_until=ENDS)
        make_account(who)
        remind(ENDS - timedelta(days=left))
        rows = list(Notice.objects.values_list("customer_id", "kind", "about_date"))
        assert rows == ([(who, kind, ENDS)] if kind else [])

    def test_each_stage_is_told_once_over_all_days(self) -> None:
        who = make_customer(valid_until=ENDS)
        make_account(who)
        make_account(who)
        told = [remind(ENDS - timedelta(days=left)) for left in range(95, -3, -1)]
        assert sum(told) == 3
        assert sorted(Notice.objects.values_list("kind", flat=True)) == [
            "id_ends_first", "id_ends_last", "id_ends_second",
        ]  # fmt: skip

    def test_after_a_pause_only_the_nearest_is_told(self) -> None:
        make_account(make_customer(valid_until=ENDS))
        assert remind(ENDS - timedelta(days=5)) == 1
        assert Notice.objects.get().kind == "id_ends_last"

    def test_a_new_card_is_told_of_anew(self) -> None:
        who = make_customer(valid_until=ENDS)
        make_account(who)
        remind(ENDS - timedelta(days=60))
        Subject.objects.filter(pk=who).update(valid_until_date=date(2027, 8, 20))
        remind(date(2027, 6, 1))
        assert Notice.objects.filter(kind="id_ends_first").count() == 2

    @pytest.mark.parametrize("ends", [None, ENDS])
    def test_nobody_without_an_account_and_nobody_whose_card_has_no_end(self, ends: date | None) -> None:
        who = make_customer(valid_until=ends)
        if ends is None:
            make_account(who)
        else:
            make_account(who, status="closed")
        assert remind(ENDS - timedelta(days=30)) == 0

    def test_a_bank_may_tell_earlier(self) -> None:
        set_parameter("id_card.first_notice_days", 120)
        make_account(make_customer(valid_until=ENDS))
        assert remind(ENDS - timedelta(days=120)) == 1


class TestAcc13Expired:
    """ACC-13: a reasonable time of 90 days after the end, then new business stops."""

    @pytest.mark.parametrize(("passed", "found"), [(0, ()), (1, ()), (90, ()), (91, ("id_expired",))])
    def test_new_business_stops_after_the_reasonable_time(self, passed: int, found: tuple[str, ...]) -> None:
        account = make_account(make_customer(valid_until=ENDS))
        expire(ENDS + timedelta(days=passed))
        assert suspended_for(account.pk) == found

    def test_all_the_customers_accounts_stop_and_the_customer_is_told_once(self) -> None:
        who = make_customer(valid_until=ENDS)
        accounts = [make_account(who), make_account(who, account_class="I", keeper="core"), make_account(who)]
        closed = make_account(who, status="closed")
        assert expire(ENDS + timedelta(days=91)) == 3
        assert [suspended_for(account.pk) for account in accounts] == [("id_expired",)] * 3
        assert suspended_for(closed.pk) == ()
        assert Notice.objects.get().kind == "id_suspended"

    def test_doing_it_twice_is_doing_it_once(self) -> None:
        make_account(make_customer(valid_until=ENDS))
        assert [expire(ENDS + timedelta(days=days)) for days in (91, 91, 92, 400)] == [1, 0, 0, 0]
        assert Suspension.objects.count() == 1
        assert Notice.objects.count() == 1

    def test_a_card_that_was_renewed_lifts_it_the_next_day(self) -> None:
        who = make_customer(valid_until=ENDS)
        account = make_account(who)
        other = make_account(make_customer(valid_until=ENDS))
        expire(ENDS + timedelta(days=91))
        Subject.objects.filter(pk=who).update(valid_until_date=date(2046, 8, 20))
        expire(ENDS + timedelta(days=92))
        assert (suspended_for(account.pk), suspended_for(other.pk)) == ((), ("id_expired",))

    def test_a_bank_may_give_less_time(self) -> None:
        set_parameter("id_card.grace_days", 0)
        account = make_account(make_customer(valid_until=ENDS))
        expire(ENDS)
        assert suspended_for(account.pk) == ()
        expire(ENDS + timedelta(days=1))
        assert suspended_for(account.pk) == ("id_expired",)


class TestNotices:
    def owe(self) -> Notice:
        make_account(make_customer(valid_until=ENDS))
        remind(ENDS - timedelta(days=30))
        return Notice.objects.get()

    def test_are_sent_once_with_the_bank_and_the_day(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        notice = self.owe()
        due_again()
        vendors.fault("sms", drop_after=True, count=1)
        run_steps()
        due_again()
        run_steps()
        notice.refresh_from_db()
        assert notice.sent_at is not None
        texts = vendors.inbox(phone_of(notice.customer_id) or "")
        assert len(texts) == 1
        assert texts[0]["template"] == "notice_id_ends_second"
        assert texts[0]["text"].startswith("【连云港东方")
        assert "2026年8月20日" in texts[0]["text"]

    def test_one_that_cannot_be_delivered_is_given_up_with_its_code(
        self, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        notice = self.owe()
        vendors.fault("sms", status=400, code="invalid_phone")
        due_again()
        run_steps()
        notice.refresh_from_db()
        assert (notice.sent_at, notice.code) == (None, "invalid_phone")

    def test_wait_for_the_morning_where_they_are_owed_at_night(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from accounts.operations import notices

        for hour, expected in ((3, (0, 8)), (7, (0, 8)), (8, None), (20, None), (21, (1, 8)), (23, (1, 8))):
            moment = now().astimezone(SHANGHAI).replace(hour=hour, minute=30)
            found = notices._next_hour(moment)
            shown = None if found is None else ((found.date() - moment.date()).days, found.hour)
            assert shown == expected, hour
        monkeypatch.setattr(notices, "now", lambda: now().replace(hour=3))
        self.owe()
        assert Step.objects.get(kind="account.send_notice").run_at.astimezone(SHANGHAI).hour == 8

    @pytest.mark.parametrize("kind", ["id_ends_first", "id_ends_second", "id_ends_last", "id_suspended", "dormant"])
    def test_fit_into_a_text_message(self, kind: str) -> None:
        made = text_of(kind, ENDS, sender="连云港东方样例农商银行")
        assert len(made.text) <= 500
        assert "2026年8月20日" in made.text
        assert made.template == f"notice_{kind}"

    def test_are_owed_to_nobody_twice(self) -> None:
        row = self.owe()
        with pytest.raises(IntegrityError, match="accounts_notice_once"), transaction.atomic():
            Notice.objects.create(
                id=uuid.uuid4(), customer_id=row.customer_id, kind=row.kind, about_date=row.about_date
            )
