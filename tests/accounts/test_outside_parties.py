"""Whoever pays in, or is paid back, is screened: money that came is recorded and held, and no refusal loses its alert."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.ledger.chart import COUNTER_CLEARING, LOAN_PRINCIPAL, OTHER_PAYABLES, PAYMENT_CLEARING, SUSPENSE
from accounts.models import DepositAccount, Receipt, Refund
from accounts.operations import OutsidePartyHeld, screen_payer
from accounts.operations.corrections import void_receipt
from accounts.operations.receipts import OutsideMoney, record_receipt
from accounts.operations.refunds import Payee, refund_receipt, register_refund_paid
from core.ids import new_id
from core.tenancy import in_bank
from tests.accounts.holders import Network, bind, make_account, make_customer
from tests.accounts.outside_money import CHECKER, MAKER, PAYEE, THIRD, assign, books, left, record, refund, rows, take
from tests.accounts.test_money_admin import ADMIN, staff, text
from tests.at_once import at_once, told
from tests.listed import alert_of, clear, confirm, list_people
from verification import queries as verified
from verification.models import Check, ScreeningAlert
from verification.queries import screening_standing

PAYER = "付款人"
ELSEWHERE = date(1971, 1, 1)


def standing(receipt: Receipt) -> str:
    return screening_standing(purpose="receipt", business_id=receipt.pk.hex)


def paid_by(name: str | None, number: str | None = None, channel: str = "third_party") -> Receipt:
    money = OutsideMoney(
        channel=channel, reference=new_id().hex, amount_fen=100, payer_name=name, payer_account=number
    )  # fmt: skip
    return Receipt.objects.get(pk=record_receipt(money=money, actor=MAKER))


def use(act: str, receipt: Receipt, account: DepositAccount) -> Any:
    acts: dict[str, Callable[[], Any]] = {
        "assign": lambda: assign(receipt, account, 100),
        "refund": lambda: refund(receipt, 100),
        "take": lambda: take(receipt, 100, (LOAN_PRINCIPAL, 100)),
    }
    return acts[act]()


@pytest.fixture
def account(bank_a: str) -> DepositAccount:
    """Give an account that takes money from others."""
    return make_account(face_to_face=True)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAml05AtRecording:
    """AML-05: the payer of a receipt is screened when it is recorded, and recorded whoever it is."""

    @pytest.mark.parametrize(
        ("payer", "listed", "stands"),
        [
            (PAYER, (), "clear"),
            (PAYER, ("另一人",), "clear"),
            (PAYER, (PAYER,), "open"),
            (" 付 款 人 ", (PAYER,), "open"),
            ("某某商贸有限公司", ("某某商贸有限公司",), "open"),
            (None, (PAYER,), "unscreened"),
            ("  ", (PAYER,), "unscreened"),
        ],
    )
    def test_by_the_name(self, payer: str | None, listed: tuple[str, ...], stands: str) -> None:
        list_people(*listed)
        receipt = paid_by(payer)
        assert (standing(receipt), left(receipt)) == (stands, 100)
        assert books() == {PAYMENT_CLEARING: 100, SUSPENSE: -100}
        checks = [(row.subject_id, row.outcome) for row in Check.objects.filter(business_id=receipt.pk.hex)]
        outcome = {"clear": [(None, "clear")], "open": [(None, "review")], "unscreened": []}
        assert checks == outcome[stands]

    @pytest.mark.parametrize(
        ("own_number", "own_name", "by_id", "stands"),
        [
            (True, True, False, "clear"),  # listed is somebody of that name born on another day
            (True, True, True, "open"),
            (True, False, True, "clear"),  # the name that was typed is nobody's on a list
            (False, True, False, "open"),  # a name alone proves nobody
        ],
    )
    def test_a_customer_is_screened_as_one_by_an_account_of_theirs(
        self, *, own_number: bool, own_name: bool, by_id: bool, stands: str
    ) -> None:
        account = make_account(make_customer())
        known = verified.identity(account.customer_id)
        assert known is not None
        list_people("别名" if by_id else known.name, ids=[known.id_number] if by_id else [], born=ELSEWHERE)
        for number in (bind(account).number, account.number) if own_number else ("6217990000000000013",):
            receipt = paid_by(known.name if own_name else PAYER, number)
            assert standing(receipt) == stands
            check = Check.objects.get(business_id=receipt.pk.hex)
            assert check.subject_id == (account.customer_id if own_number and own_name else None)
            if by_id and stands == "open":
                assert alert_of(receipt.pk).outcome == "hit"


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAml05AtUse:
    """AML-05: money of somebody who may be listed stays in suspense until compliance have cleared it."""

    @pytest.mark.parametrize("act", ["assign", "refund", "take"])
    @pytest.mark.parametrize("known", ["at recording", "since"])
    def test_is_refused_with_the_books_as_they_were_and_the_alert_kept(
        self, act: str, known: str, account: DepositAccount
    ) -> None:
        if known == "at recording":
            list_people(PAYER)
        receipt = record(100)
        if known == "since":
            list_people(PAYER)
            if act == "take":  # as an approval does before its act
                with transaction.atomic():
                    screen_payer(receipt_id=receipt.pk)
        before, had = rows(), books()
        for _ in range(2):
            with pytest.raises(OutsidePartyHeld, match="联系合规部门"):
                use(act, receipt, account)
        assert (rows(), books(), left(receipt), standing(receipt)) == (before, had, 100, "open")
        assert alert_of(receipt.pk).outcome == "review"

    @pytest.mark.parametrize("act", ["assign", "refund", "take"])
    def test_goes_on_once_two_of_compliance_have_cleared_it(self, act: str, account: DepositAccount) -> None:
        list_people(PAYER)
        receipt = record(100)
        clear(alert_of(receipt.pk))
        use(act, receipt, account)
        assert left(receipt) == 0

    def test_stays_where_it_is_confirmed_whatever_a_later_list_says(self, account: DepositAccount) -> None:
        list_people(PAYER)
        receipt = record(100)
        confirm(alert_of(receipt.pk))
        list_people()
        for act in ("assign", "refund", "take"):
            with pytest.raises(OutsidePartyHeld, match="不得办理"):
                use(act, receipt, account)
        assert (left(receipt), books()) == (100, {PAYMENT_CLEARING: 100, SUSPENSE: -100})
        clear(alert_of(receipt.pk))
        use("assign", receipt, account)
        assert left(receipt) == 0

    def test_by_another_version_is_screened_anew_and_by_the_same_not(self, account: DepositAccount) -> None:
        receipt = record(100)
        assign(receipt, account, 10)
        assert Check.objects.count() == 1
        list_people("另一人")
        with pytest.raises(OutsidePartyHeld, match="重新提交"):
            take(receipt, 10, (LOAN_PRINCIPAL, 10))
        assign(receipt, account, 10)
        take(receipt, 10, (LOAN_PRINCIPAL, 10))
        assert (Check.objects.count(), left(receipt)) == (2, 70)

    def test_of_somebody_cleared_who_is_on_the_next_version_too_is_judged_again(self, account: DepositAccount) -> None:
        list_people(PAYER)
        receipt = record(100)
        clear(alert_of(receipt.pk))
        list_people(PAYER)
        with pytest.raises(OutsidePartyHeld):
            assign(receipt, account, 100)
        assert sorted(ScreeningAlert.objects.values_list("status", flat=True)) == ["cleared", "open"]

    def test_of_somebody_cleared_is_not_held_again_because_another_list_has_changed(
        self, account: DepositAccount
    ) -> None:
        list_people(PAYER)
        receipt = record(100)
        clear(alert_of(receipt.pk))
        list_people("另一人", code="another")
        assign(receipt, account, 100)
        assert (Check.objects.count(), alert_of(receipt.pk).status) == (2, "cleared")
        assert Check.objects.latest("pk").detail["cleared"] == [["test", 1, "E1"]]

    @pytest.mark.parametrize("name", [None, " "])
    def test_of_nobody_in_particular_is_refused_until_it_is_recorded_rightly(
        self, name: str | None, account: DepositAccount
    ) -> None:
        receipt = paid_by(name)
        with pytest.raises(OutsidePartyHeld, match="重新登记"):
            assign(receipt, account, 100)
        void_receipt(receipt_id=receipt.pk, reason="未填付款人", actor=CHECKER)
        assert books() == {}

    def test_nor_is_it_voided(self) -> None:
        list_people(PAYER)
        receipt = record(100)
        before = rows()
        with pytest.raises(OutsidePartyHeld):
            void_receipt(receipt_id=receipt.pk, reason="录错", actor=CHECKER)
        assert (rows(), left(receipt)) == (before, 100)
        clear(alert_of(receipt.pk))
        void_receipt(receipt_id=receipt.pk, reason="录错", actor=CHECKER)
        assert books() == {}


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAml05Refunds:
    """AML-05: nobody gets money out who may be listed, nor does money leave that such a one had paid in."""

    def give(self, receipt: Receipt, name: str, account: str | None = PAYEE.account) -> Refund:
        pk = refund_receipt(
            receipt_id=receipt.pk, amount_fen=100, payee=Payee(name=name, account=account), reason="多付", actor=CHECKER
        )
        return Refund.objects.get(pk=pk)

    def pay(self, owed: Refund) -> None:
        register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor=THIRD)

    @pytest.mark.parametrize("account", [PAYEE.account, None])
    @pytest.mark.parametrize("known", ["before", "since"])
    def test_the_payee_holds_it_while_it_is_owed(self, known: str, account: str | None) -> None:
        receipt = record(100)
        if known == "before":
            list_people("收款人")
        owed = self.give(receipt, "收款人", account)
        if known == "since":
            list_people("收款人")
        before = rows()
        for _ in range(2):
            with pytest.raises(OutsidePartyHeld, match="联系合规部门"):
                self.pay(owed)
        owed.refresh_from_db()
        assert (rows(), owed.status) == (before, "owed")
        assert books() == {PAYMENT_CLEARING: 100, OTHER_PAYABLES: -100}
        clear(alert_of(owed.pk))
        self.pay(owed)
        way = {} if account else {PAYMENT_CLEARING: 100, COUNTER_CLEARING: -100}
        assert books() == way

    def test_the_payer_holds_it_too_though_somebody_else_gets_it(self) -> None:
        receipt = record(100)
        owed = self.give(receipt, "收款人")
        list_people(PAYER)
        with pytest.raises(OutsidePartyHeld):
            self.pay(owed)
        confirm(alert_of(receipt.pk))
        with pytest.raises(OutsidePartyHeld, match="不得办理"):
            self.pay(owed)
        assert books() == {PAYMENT_CLEARING: 100, OTHER_PAYABLES: -100}

    def test_who_gets_back_what_they_paid_is_judged_once(self) -> None:
        list_people(PAYER)
        receipt = record(100)
        clear(alert_of(receipt.pk))
        self.pay(self.give(receipt, PAYER))
        assert (Check.objects.count(), books()) == (1, {})

    @pytest.mark.parametrize(("by_id", "sent"), [(False, 1), (True, 0)])
    def test_to_a_card_bound_here_is_not_sent_by_itself_while_it_is_held(
        self, network: Network, run_steps: Callable[..., int], *, by_id: bool, sent: int
    ) -> None:
        """A namesake who was born on another day holds nobody: the customer is screened as one."""
        account = make_account()
        known = verified.identity(account.customer_id)
        assert known is not None
        list_people(*(("别名",) if by_id else (known.name,)), ids=[known.id_number] if by_id else [], born=ELSEWHERE)
        owed = self.give(record(100), known.name, bind(account).number)
        run_steps()
        owed.refresh_from_db()
        assert (len(network.sent), owed.status) == (sent, "paid" if sent else "owed")
        if by_id:
            assert alert_of(owed.pk).subject_id == account.customer_id


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAml08Pages:
    """AML-08: staff read that compliance is to be asked; what was found, compliance alone."""

    @pytest.mark.parametrize("judged", [False, True])
    def test_a_receipt_and_its_refund_say_why_they_wait_and_who_acts(self, *, judged: bool) -> None:
        receipt, clean = record(100), record(100, reference="V2")
        owed = refund(receipt, 10)
        list_people(PAYER)
        with pytest.raises(OutsidePartyHeld):
            register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor=THIRD)
        found = alert_of(receipt.pk)
        if judged:
            confirm(found)
        word, sentence = ("停止办理", "不得办理") if judged else ("待合规核查", "请联系合规部门")
        clerk, compliance = staff("会计"), staff("合规")
        pages = ("receipt/", f"receipt/{receipt.pk}/change/", "refund/", f"refund/{owed.pk}/change/")
        for path in pages:
            shown = text(clerk, path)
            assert word in shown
            assert re.findall(r"命中|名单预警|screeningalert", shown) == []
            for one in (shown, text(compliance, path)):
                assert (sentence in one) is path.endswith("change/")
        for path in pages[1::2]:
            shown = text(compliance, path)
            assert f"screeningalert/{found.pk}/change/" in shown
            assert ("24 小时内报告" in shown) is judged
        assert word not in text(clerk, f"receipt/{clean.pk}/change/")
        assert "transfer_in, " not in text(clerk, "receipt/")
        alert = compliance.get(f"/b/125/admin/verification/screeningalert/{found.pk}/change/").content.decode()
        assert f"accounts/receipt/{receipt.pk.hex}/change/" in alert
        assert "外部来款：付款人" in alert
        assert compliance.get(f"{ADMIN}/receipt/{receipt.pk.hex}/change/").status_code == 200

    def test_a_refusal_is_told_on_the_form_and_nobody_who_paid_is_told_of(self, account: DepositAccount) -> None:
        list_people(PAYER)
        receipt, nameless = record(100), paid_by(None)
        clerk = staff("会计")
        form = {"amount": "1.00", "account_number": account.number or "", "left_fen": 100}
        for row, told_so in ((receipt, "请联系合规部门"), (nameless, "填写付款人姓名")):
            answer = clerk.post(f"{ADMIN}/receipt/{row.pk}/assign/", form)
            assert (answer.status_code, told_so in answer.content.decode()) == (200, True)
        assert "填写付款人姓名" in text(clerk, f"receipt/{nameless.pk}/change/")
        assert "命中" not in text(clerk, f"receipt/{receipt.pk}/assign/")

    def test_a_list_of_many_asks_once(self) -> None:
        list_people(PAYER)
        for _ in range(3):
            record(100)
        clerk = staff("会计")
        text(clerk, "receipt/")
        with CaptureQueriesContext(connection) as few:
            text(clerk, "receipt/")
        assert len([one for one in few if "verification_screening_alert" in one["sql"]]) == 1


@pytest.mark.django_db(transaction=True)
def test_two_checkers_at_once_are_both_refused_and_leave_one_alert() -> None:
    with in_bank("125"):
        receipt = record(100)
        account = make_account(face_to_face=True)
        list_people(PAYER)
    ended = at_once("125", [partial(assign, receipt, account, 50, f"checker-{number}") for number in range(2)])
    assert told(ended) == [OutsidePartyHeld.code] * 2
    with in_bank("125"):
        assert (alert_of(receipt.pk).status, left(receipt)) == ("open", 100)
