"""Stories of an account's life over REST: opened, forgotten, proved again, renewed, reconciled, closed, opened anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import CoreReconciliation, DepositAccount, Filing, Notice, ReconciliationBreak
from accounts.operations import follow_day
from accounts.queries import filings_agree
from core.clock import business_date, move_business_date, now
from core.steps.models import Step
from core.tenancy import in_bank
from scripts.phone import CallFailed, Phone
from tests.accounts.holders import due_again
from tests.flows.conftest import PhoneMaker, chapter, set_parameter
from tests.running_sandbox import Sandbox
from verification.models import PhoneCode, Subject

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_chapter")]
PRODUCT, METHOD, TERM = "XF01", "equal_instalment", 12


def pass_days(someone: Phone, days: int) -> date:
    """Let days pass at the phone's bank, with the accounts room's work of the last one, and its texts at any hour."""
    with in_bank(someone.bank):
        with transaction.atomic():
            day = business_date() + timedelta(days=days)
            move_business_date(to_date=day)
            follow_day(day=day)
        someone.wait(0)
        due_again()
    someone.wait(0)
    return day


def close(someone: Phone, account: str, *, expect: int = 202) -> dict[str, Any]:
    """Close an account by face; return the closing in its end state, or the problem."""
    token = someone.face_token("close_account", account)
    answer = someone.call("POST", f"accounts/{account}/close", {"face_token": token}, expect=expect)
    if expect != 202:
        problem: dict[str, Any] = answer.json()
        return problem
    return someone.until_settled(answer.headers["Location"])


def reverify(someone: Phone, account: str, *, with_card: bool = False) -> dict[str, Any]:
    """Prove again who one is; return the reverification in its end state."""
    body = {"face_token": someone.face_token("reverify", account)}
    if with_card:
        front, back = someone.upload_card()
        body |= {"id_card_front": front, "id_card_back": back}
    answer = someone.call("POST", f"accounts/{account}/reverify", body, expect=202)
    return someone.until_settled(answer.headers["Location"])


def borrow(someone: Phone, account: str) -> tuple[dict[str, Any], Any]:
    """Apply, draft and sign a drawdown into an account; return it and the line."""
    application = someone.apply(PRODUCT)
    assert application["status"] == "offered", application
    line = someone.accept(application["id"])
    return sign(someone, line, account), line


def sign(someone: Phone, line: dict[str, Any], account: str) -> dict[str, Any]:
    draft = someone.draft_drawdown(line["id"], account, "1000.00", term=TERM, method=METHOD, purpose="consumption")
    someone.read_disclosure(draft)
    signed = someone.sign(draft["id"])
    assert signed["status"] == "signed", signed
    return signed


def disburse(someone: Phone, drawdown: str, *, expect: int) -> Any:
    token = someone.face_token("drawdown", drawdown)
    return someone.call("POST", f"drawdowns/{drawdown}/disburse", {"face_token": token}, expect=expect).json()


@pytest.fixture
def told(someone: Phone, sandbox: Sandbox) -> Callable[[], list[str]]:
    """Give the templates of the texts, codes left out, that the customer has got in this story."""
    number = someone.person["phone"]
    before = {text["request_id"] for text in sandbox.inbox(number)}

    def since() -> list[str]:
        new = [text for text in sandbox.inbox(number) if text["request_id"] not in before]
        return [text["template"] for text in new if text["template"] != "code"]

    return since


@pytest.fixture(scope="class")
def opened(first_chapter: Phone) -> Iterator[dict[str, Any]]:
    """Open the customer's account once for a class whose stories all begin with it."""
    with chapter():
        yield first_chapter.open_account()


class TestForgotten:
    def test_a_dormant_account_is_told_takes_no_loan_and_wakes_by_a_face(
        self, someone: Phone, opened: dict[str, Any], told: Callable[[], list[str]]
    ) -> None:
        assert opened["suspensions"] == []
        day = pass_days(someone, 190)
        shown = someone.get(f"accounts/{opened['id']}")
        assert shown["status"] == "active"
        assert shown["suspensions"] == [{"reason": "dormant", "from_date": day.isoformat()}]
        assert told() == ["notice_dormant"]
        line = someone.accept(someone.apply(PRODUCT)["id"])
        with pytest.raises(CallFailed, match=r"account_not_active.*重新核验身份"):
            sign(someone, line, opened["id"])
        assert someone.get(f"accounts/{opened['id']}")["balance"] == "0.00"
        assert reverify(someone, opened["id"])["status"] == "verified"
        assert someone.get(f"accounts/{opened['id']}")["suspensions"] == []
        drawdown = sign(someone, line, opened["id"])
        disburse(someone, drawdown["id"], expect=202)
        assert someone.until_settled(f"drawdowns/{drawdown['id']}")["status"] == "disbursed"
        pass_days(someone, 400)
        assert someone.get(f"accounts/{opened['id']}")["suspensions"] == []  # a loan rests on it

    def test_nothing_is_proved_where_nothing_is_asked(self, someone: Phone, opened: dict[str, Any]) -> None:
        token = someone.face_token("reverify", opened["id"])
        problem = someone.post(f"accounts/{opened['id']}/reverify", {"face_token": token}, expect=409)
        assert problem["code"] == "state_conflict"
        body = {"face_token": token, "id_card_front": opened["id"]}
        assert someone.post(f"accounts/{opened['id']}/reverify", body, expect=400)["code"] == "invalid_request"


class TestTheIdCardEnds:
    def test_the_customer_is_told_stopped_and_goes_on_with_the_new_card(
        self, someone: Phone, opened: dict[str, Any], told: Callable[[], list[str]]
    ) -> None:
        with in_bank("125"):
            printed = Subject.objects.get().valid_until_date
            Subject.objects.update(valid_until_date=business_date() + timedelta(days=40))
        for days in (10, 24):  # 30 and 6 days before the end
            pass_days(someone, days)
        pass_days(someone, 6 + 90)
        assert someone.get(f"accounts/{opened['id']}")["suspensions"] == []
        day = pass_days(someone, 1)
        shown = someone.get(f"accounts/{opened['id']}")
        assert shown["suspensions"] == [{"reason": "id_expired", "from_date": day.isoformat()}]
        assert sorted(told()) == [
            "notice_id_ends_last", "notice_id_ends_second", "notice_id_suspended",
        ]  # fmt: skip
        token = someone.face_token("reverify", opened["id"])
        problem = someone.post(f"accounts/{opened['id']}/reverify", {"face_token": token}, expect=422)
        assert problem["code"] == "id_card_required"
        assert reverify(someone, opened["id"], with_card=True)["status"] == "verified"
        assert someone.get(f"accounts/{opened['id']}")["suspensions"] == []
        with in_bank("125"):
            assert Subject.objects.get().valid_until_date == printed
            change = Filing.objects.get(kind="change")
            assert (change.changed, change.status, change.event_date) == ("identity", "acknowledged", day)

    def test_somebody_elses_card_renews_nothing(self, someone: Phone, opened: dict[str, Any], sandbox: Sandbox) -> None:
        with in_bank("125"):
            Subject.objects.update(valid_until_date=business_date() - timedelta(days=100))
        pass_days(someone, 1)
        token = someone.face_token("reverify", opened["id"])
        someone.person = {**sandbox.person(region="320700", age=40), "phone": someone.person["phone"]}
        front, back = someone.upload_card()
        body = {"face_token": token, "id_card_front": front, "id_card_back": back}
        answer = someone.call("POST", f"accounts/{opened['id']}/reverify", body, expect=202)
        ended = someone.until_settled(answer.headers["Location"])
        assert (ended["status"], ended["reason_code"]) == ("rejected", "id_mismatch")
        assert [one["reason"] for one in someone.get(f"accounts/{opened['id']}")["suspensions"]] == ["id_expired"]


def closes_and_leaves_its_card_free(someone: Phone, account: dict[str, Any]) -> None:
    ended = close(someone, account["id"])
    assert (ended["status"], ended["account"]) == ("closed", account["id"])
    shown = someone.get(f"accounts/{account['id']}")
    assert (shown["status"], shown["available"], shown["bound_cards"]) == ("closed", "0.00", [])
    someone.wait(0)
    with in_bank("125"):
        kinds = Filing.objects.filter(status="acknowledged").order_by("pk").values_list("kind", flat=True)
        assert list(kinds) == ["open", "close"]
        assert filings_agree(business_date()).agrees
        PhoneCode.objects.update(created_at=now() - timedelta(minutes=2))  # the pause between two codes is over
    again = someone.open_account()
    assert (again["status"], again["id"] != account["id"]) == ("active", True)


class TestClosing:
    def test_an_empty_one_closes_is_filed_and_leaves_its_card_free(
        self, someone: Phone, opened: dict[str, Any]
    ) -> None:
        closes_and_leaves_its_card_free(someone, opened)

    def test_one_with_a_loan_does_not_and_one_that_is_repaid_does(self, someone: Phone, opened: dict[str, Any]) -> None:
        drawdown, _ = borrow(someone, opened["id"])
        disburse(someone, drawdown["id"], expect=202)
        loan = someone.until_settled(f"drawdowns/{drawdown['id']}")["loan"]
        assert close(someone, opened["id"], expect=409)["code"] == "account_in_use"
        assert someone.repay(loan, opened["id"], kind="early_full")["status"] == "posted"
        assert close(someone, opened["id"])["status"] == "closed"

    def test_one_with_money_does_not(self, someone: Phone, opened: dict[str, Any]) -> None:
        with in_bank("125"):
            from tests.accounts.holders import give_money

            give_money(DepositAccount.objects.get(), 1)
        assert close(someone, opened["id"], expect=422)["code"] == "account_not_empty"
        with in_bank("125"):
            assert DepositAccount.objects.get().status == "active"
            assert not Filing.objects.filter(kind="close").exists()


class TestClosingInTheCore:
    @pytest.fixture
    def account(self, someone: Phone) -> dict[str, Any]:
        """Open an account that the core system keeps: what becomes of it there cannot be undone."""
        set_parameter("125", "account.keeper", "core")
        return someone.open_account()

    def test_an_empty_one_closes_is_filed_and_leaves_its_card_free(
        self, someone: Phone, account: dict[str, Any]
    ) -> None:
        closes_and_leaves_its_card_free(someone, account)

    def test_the_core_has_the_last_word(self, someone: Phone, account: dict[str, Any], sandbox: Sandbox) -> None:
        with in_bank("125"):
            number = DepositAccount.objects.get().number
        money = {"bank": "125", "account_number": number, "amount": "0.01"}
        sandbox.json("POST", "/sandbox/core/deposits", json=money)
        ended = close(someone, account["id"])
        assert (ended["status"], ended["reason_code"]) == ("refused", "account_not_empty")
        assert someone.get(f"accounts/{account['id']}")["status"] == "active"


def test_a_class_one_account_closes_at_the_counter(registered: PhoneMaker) -> None:
    someone = registered(profile="class1_at:125")
    code = someone.phone_code("bind_card")
    body = {"number": someone.person["card_number"], "phone": someone.person["phone"], "phone_code": code}
    card = someone.post("cards", body, expect=202)
    someone.until_settled(f"cards/{card['id']}")
    own = someone.get("accounts")["items"][0]["id"]
    assert close(someone, own, expect=422)["code"] == "counter_required"


class TestOpening:
    def ask(self, someone: Phone, wanted: dict[str, Any] | None = None, *, expect: int = 202) -> dict[str, Any]:
        code = someone.phone_code("open_account")
        card = {"number": someone.person["card_number"], "phone": someone.person["phone"]}
        body = {"class": "II", "bound_card": card, "phone_code": code, **(wanted or {})}
        answer: dict[str, Any] = someone.call("POST", "accounts", body, expect=expect).json()
        return answer

    @pytest.mark.parametrize("keeper", ["own", "core"])
    def test_a_class_three_account_is_opened_like_a_class_two_and_is_none_to_borrow_by(
        self, someone: Phone, sandbox: Sandbox, keeper: str
    ) -> None:
        set_parameter("125", "account.keeper", keeper)
        account = self.ask(someone, {"class": "III"})
        path = f"accounts/{account['id']}"
        assert someone.until_settled(path)["status"] == "face"
        intention = {"method": "read_aloud", "evidence": "本人自愿开立账户"}
        token = someone.face_token("open_account", account["id"])
        someone.post(f"{path}/submit", {"face_token": token, "purpose": "payment", "intention": intention}, expect=202)
        opened = someone.until_settled(path)
        assert (opened["class"], opened["status"]) == ("III", "active")
        someone.wait(0)
        inside = sandbox.json("GET", "/sandbox/core", params={"bank": "125"})
        filed = [row["class"] for row in inside["filings"]]
        assert filed[-1] == "III"
        application = someone.apply(PRODUCT)
        someone.accept(application["id"])
        steps = {step["name"]: step["status"] for step in someone.get("journey")["steps"]}
        assert steps["open_account"] == "todo"

    @pytest.mark.parametrize("wanted", [{"class": "I"}, {"holder": "company"}])
    def test_what_needs_the_counter_is_sent_there(self, someone: Phone, wanted: dict[str, Any]) -> None:
        problem = self.ask(someone, wanted, expect=422)
        assert problem["code"] == "counter_required"
        assert someone.get("accounts")["items"] == []

    def test_the_fourth_account_from_one_phone_in_a_day_waits_for_staff(
        self, someone: Phone, registered: PhoneMaker
    ) -> None:
        people = [someone, *(registered() for _ in range(3))]
        for person in people:
            person.device_id = someone.device_id
            person.log_in()
        ended = [self.ask(person) for person in people]
        assert [one["status"] for one in ended] == ["checking"] * 4
        with in_bank("125"):  # the fourth is a member of staff's to judge (ACC-10)
            assert list(DepositAccount.objects.order_by("pk").values_list("status", flat=True))[-1] == "review"


class TestReconciled:
    def test_a_loan_paid_into_the_core_is_even_the_next_day(self, someone: Phone, sandbox: Sandbox) -> None:
        set_parameter("125", "account.keeper", "core")
        with in_bank("125"), transaction.atomic():
            move_business_date(to_date=date(2035, 5, 7))  # a day of its own in the sandbox's core
        account = someone.open_account()
        drawdown, line = borrow(someone, account["id"])
        disburse(someone, drawdown["id"], expect=202)
        assert someone.until_settled(f"drawdowns/{drawdown['id']}")["status"] == "disbursed"
        lost = sign(someone, line, account["id"])
        disburse(someone, lost["id"], expect=202)
        assert someone.until_settled(f"drawdowns/{lost['id']}")["status"] == "disbursed"
        with in_bank("125"):
            request_id = DepositAccount.objects.get().payments.latest("pk").request_id
        assert request_id is not None
        sandbox.json("POST", "/sandbox/core/tamper", json={"bank": "125", "request_id": request_id.hex})
        pass_days(someone, 1)
        with in_bank("125"):
            row = CoreReconciliation.objects.get()
            assert (row.order_date, row.ours, row.theirs) == (date(2035, 5, 7), 2, 1)
            found = ReconciliationBreak.objects.get()
            assert (found.kind, found.request_id, found.our_fen) == ("missing_there", request_id, 1_000_00)
            assert not Step.objects.filter(state="parked").exists()
            assert not Notice.objects.exists()
