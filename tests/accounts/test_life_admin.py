"""What a bank's staff do about accounts' lives: filings, money from outside, corrections, breaks; who may, and who may not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from accounts.ledger.chart import OTHER_PAYABLES, SUSPENSE
from accounts.models import (
    AccountClosing,
    CoreReconciliation,
    DepositAccount,
    DocumentDemand,
    Filing,
    JournalEntry,
    Notice,
    Receipt,
    ReceiptUse,
    ReconciliationBreak,
    Refund,
    Reverification,
    Suspension,
)
from accounts.operations.face_to_face import refuse_unconfirmable
from accounts.operations.filings import enter_receipt, filing_refused, owe_filing
from accounts.queries import gl_balance
from core.approvals.models import Proposal
from core.audit.models import AuditEntry
from core.clock import business_date, now
from core.errors import NotFound, StateConflict
from core.steps.models import Step
from tests.accounts.holders import give_money, make_account
from verification.models import Subject

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ADMIN = "/b/125/admin/accounts"
PAYER_ACCOUNT = "6217990000000000013"


def _url(path: str) -> str:
    return f"/b/125/admin/{path}" if path.startswith("core/") else f"{ADMIN}/{path}"


class Staff:
    """Somebody of the bank's staff, in front of the admin."""

    def __init__(self, role: str) -> None:
        self.login = f"{role}-{uuid.uuid4().hex[:6]}"
        user = User.objects.create_user(self.login, password="x", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        self.client = Client()
        self.client.force_login(user)

    def get(self, path: str) -> str:
        answer = self.client.get(_url(path))
        assert answer.status_code == 200, path
        return answer.content.decode()

    def act(self, path: str, **fields: Any) -> int:
        return self.client.post(_url(path), fields).status_code

    def told(self, path: str, **fields: Any) -> str:
        """Try an act that the page refuses, and return what it says."""
        answer = self.client.post(_url(path), fields)
        assert answer.status_code == 200, path
        return answer.content.decode()


def record(staff: Staff, amount: str = "1000.00", **more: str) -> Receipt:
    form = {
        "amount": amount, "channel": "transfer_in", "reference": uuid.uuid4().hex, "payer_name": "张付款",
        "payer_account": PAYER_ACCOUNT, **more,
    }  # fmt: skip
    assert staff.act("receipt/add/", **form) == 302
    return Receipt.objects.latest("pk")


class TestReceipts:
    def test_one_records_and_another_books_it_into_an_account(self) -> None:
        maker, checker = Staff("会计"), Staff("会计")
        account = make_account(face_to_face=True)
        receipt = record(maker)
        assert (receipt.recorded_by, receipt.amount_fen) == (maker.login, 1_000_00)
        form = {"amount": "400.00", "account_number": account.number, "left_fen": 1_000_00}
        assert checker.act(f"receipt/{receipt.pk}/assign/", **form) == 302
        account.refresh_from_db()
        assert account.balance_fen == 400_00
        page = checker.get(f"receipt/{receipt.pk}/change/")
        assert "600.00" in page
        assert maker.login in page

    @pytest.mark.parametrize("act", ["assign", "refund"])
    def test_a_part_that_is_sent_twice_by_a_second_click_is_taken_once(self, act: str) -> None:
        checker = Staff("会计")
        receipt = record(Staff("会计"))
        account = make_account(face_to_face=True)
        shown = checker.get(f"receipt/{receipt.pk}/{act}/")
        assert '<input type="hidden" name="left_fen" value="100000"' in shown
        form = {
            "amount": "300.00", "account_number": account.number, "payee_name": "张付款", "reason": "多付",
            "left_fen": 1_000_00,
        }  # fmt: skip
        assert checker.act(f"receipt/{receipt.pk}/{act}/", **form) == 302
        assert "未处理余额已变化" in checker.told(f"receipt/{receipt.pk}/{act}/", **form)
        assert ReceiptUse.objects.get().amount_fen == 300_00
        assert checker.act(f"receipt/{receipt.pk}/{act}/", **{**form, "left_fen": 700_00}) == 302
        receipt.refresh_from_db()
        assert receipt.left_fen == 400_00

    def test_one_that_was_recorded_by_mistake_is_voided_by_another(self) -> None:
        maker, checker = Staff("会计"), Staff("会计")
        receipt = record(maker, reference="V1")
        assert maker.act(f"receipt/{receipt.pk}/void/", reason="x") == 403
        assert Staff("运营").act(f"receipt/{receipt.pk}/void/", reason="x") == 403
        assert "必填" in checker.told(f"receipt/{receipt.pk}/void/", reason="")
        assert checker.act(f"receipt/{receipt.pk}/void/", reason="金额录错") == 302
        assert gl_balance(SUSPENSE) == 0
        page = checker.get(f"receipt/{receipt.pk}/change/")
        assert checker.login in page
        assert "入账户" not in page
        assert checker.act(f"receipt/{receipt.pk}/void/", reason="x") == 403
        assert record(maker, "100.00", reference="V1").left_fen == 100_00

    def test_shows_no_payer_in_the_clear(self) -> None:
        maker = Staff("会计")
        receipt = record(maker)
        for page in (maker.get("receipt/"), maker.get(f"receipt/{receipt.pk}/change/")):
            assert "张付款" not in page
            assert PAYER_ACCOUNT not in page

    def test_the_maker_is_offered_no_act_and_refused_when_trying(self) -> None:
        maker = Staff("会计")
        account = make_account(face_to_face=True)
        receipt = record(maker)
        assert "入账户" not in maker.get(f"receipt/{receipt.pk}/change/")
        answer = maker.client.post(
            f"{ADMIN}/receipt/{receipt.pk}/assign/", {"amount": "1.00", "account_number": account.number}
        )
        assert answer.status_code == 403
        assert not ReceiptUse.objects.exists()
        assert gl_balance(SUSPENSE) == -1_000_00

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"amount": "1000.01"}, "金额超过该笔来款的未处理余额"),
            ({"amount": "0.001"}, "小数"),
            ({"amount": "-1"}, "大于或等于"),
            ({"account_number": "623999999999"}, "没有该账号的账户"),
        ],
    )
    def test_bad_input_is_told_and_changes_nothing(self, fields: dict[str, str], told: str) -> None:
        account = make_account(face_to_face=True)
        receipt = record(Staff("会计"))
        form = {"amount": "1.00", "account_number": account.number, "left_fen": 1_000_00, **fields}
        assert told in Staff("会计").told(f"receipt/{receipt.pk}/assign/", **form)
        receipt.refresh_from_db()
        assert receipt.left_fen == 1_000_00

    def test_a_voucher_is_recorded_once(self) -> None:
        maker = Staff("会计")
        record(maker, reference="V1")
        form = {"amount": "1.00", "channel": "transfer_in", "reference": "V1", "payer_name": "张付款"}
        assert "该凭证已登记" in maker.told("receipt/add/", **form)
        assert Receipt.objects.count() == 1

    def test_what_is_left_goes_back_and_a_third_person_pays_it(self) -> None:
        maker, checker, payer = Staff("会计"), Staff("会计"), Staff("会计")
        receipt = record(maker)
        form = {
            "amount": "1000.00", "payee_name": "张付款", "payee_account": PAYER_ACCOUNT, "reason": "多付",
            "left_fen": 1_000_00,
        }  # fmt: skip
        assert checker.act(f"receipt/{receipt.pk}/refund/", **form) == 302
        refund = Refund.objects.get()
        assert gl_balance(OTHER_PAYABLES) == -1_000_00
        assert "登记已付" not in checker.get(f"refund/{refund.pk}/change/")
        assert checker.act(f"refund/{refund.pk}/pay/", outside_reference="P1") == 403
        assert payer.act(f"refund/{refund.pk}/pay/", outside_reference="P1") == 302
        refund.refresh_from_db()
        assert (refund.status, refund.paid_by, gl_balance(OTHER_PAYABLES)) == ("paid", payer.login, 0)
        assert PAYER_ACCOUNT not in payer.get(f"refund/{refund.pk}/change/")


class TestAcc04FaceToFace:
    """What was opened remotely takes cash and others' money from when two of the staff have confirmed it face to face."""

    def test_one_proposes_another_agrees_and_cash_is_taken(self) -> None:
        maker, checker, clerk = Staff("运营"), Staff("运营"), Staff("会计")
        account = make_account()
        receipt = record(clerk, channel="counter_cash")
        form = {"amount": "400.00", "account_number": account.number, "left_fen": 1_000_00}
        assert "未经面签" in Staff("会计").told(f"receipt/{receipt.pk}/assign/", **form)
        page = f"depositaccount/{account.pk}/"
        assert "面签确认" in maker.get(f"{page}change/")
        assert maker.act(f"{page}confirm/", reason="海州支行，王柜员，2026-001") == 302
        row = Proposal.objects.get()
        assert maker.act(f"core/proposal/{row.pk}/approve/", reason="x") == 403
        assert f"depositaccount/{account.pk.hex}/change/" in checker.get(f"core/proposal/{row.pk}/change/")
        assert checker.act(f"core/proposal/{row.pk}/approve/", reason="凭证相符") == 302
        assert Staff("会计").act(f"receipt/{receipt.pk}/assign/", **form) == 302
        account.refresh_from_db()
        assert (account.face_to_face, account.balance_fen) == (True, 400_00)
        assert AuditEntry.objects.get(action="account.confirmed_face_to_face").actor == f"{maker.login}+{checker.login}"
        assert maker.act(f"{page}confirm/", reason="x") == 403

    @pytest.mark.parametrize("role", ["客服", "会计", "审计", "合规"])
    def test_nobody_else_proposes(self, role: str) -> None:
        assert Staff(role).act(f"depositaccount/{make_account().pk}/confirm/", reason="x") == 403

    @pytest.mark.parametrize(
        "fields", [{"status": "closed"}, {"account_class": "I", "keeper": "core"}, {"face_to_face": True}]
    )
    def test_other_accounts_are_not_confirmed(self, fields: dict[str, Any]) -> None:
        account = make_account(**fields)
        assert Staff("运营").act(f"depositaccount/{account.pk}/confirm/", reason="x") == 403
        with transaction.atomic(), pytest.raises(StateConflict):
            refuse_unconfirmable(account_id=account.pk)
        with transaction.atomic(), pytest.raises(NotFound):
            refuse_unconfirmable(account_id=uuid.uuid4())

    def test_nor_one_whose_customers_id_card_has_ended(self) -> None:
        account, staff = make_account(), Staff("运营")
        Subject.objects.filter(pk=account.customer_id).update(valid_until_date=business_date() - timedelta(days=1))
        assert "身份证已过期" in staff.told(f"depositaccount/{account.pk}/confirm/", reason="x")
        assert not Proposal.objects.exists()


class TestWrongDebits:
    def debited(self) -> tuple[DepositAccount, JournalEntry]:
        account = make_account(balance_fen=1_000)
        return account, JournalEntry.objects.get(pk=give_money(account, -300))

    def test_one_proposes_and_another_agrees(self) -> None:
        maker, checker = Staff("会计"), Staff("会计")
        account, wrong = self.debited()
        assert "错扣退回" in maker.get(f"journalentry/{wrong.pk}/change/")
        assert maker.act(f"journalentry/{wrong.pk}/give_back/", reason="重复扣款") == 302
        row = Proposal.objects.get()
        assert maker.act(f"core/proposal/{row.pk}/approve/", reason="x") == 403
        assert checker.act(f"core/proposal/{row.pk}/approve/", reason="属实") == 302
        account.refresh_from_db()
        assert account.balance_fen == 1_000
        assert "冲正" in checker.get("journalentry/")

    def test_a_credit_is_offered_no_such_act(self) -> None:
        account, _ = self.debited()
        credit = JournalEntry.objects.get(business_ref__startswith="gift:", postings__amount_fen=-1_000)
        maker = Staff("会计")
        assert "错扣退回" not in maker.get(f"journalentry/{credit.pk}/change/")
        assert maker.act(f"journalentry/{credit.pk}/give_back/", reason="x") == 403
        account.refresh_from_db()
        assert (account.balance_fen, Proposal.objects.count()) == (700, 0)

    def test_what_a_receipt_has_put_into_the_wrong_account_is_taken_back_by_two(self) -> None:
        maker, checker = Staff("会计"), Staff("会计")
        account = make_account(face_to_face=True)
        receipt = record(maker)
        form = {"amount": "400.00", "account_number": account.number, "left_fen": 1_000_00}
        assert checker.act(f"receipt/{receipt.pk}/assign/", **form) == 302
        entry = JournalEntry.objects.get(business_ref__startswith="receipt_use:")
        assert "来款错入冲正" in maker.get(f"journalentry/{entry.pk}/change/")
        assert Staff("审计").act(f"journalentry/{entry.pk}/take_back/", reason="x") == 403
        assert maker.act(f"journalentry/{entry.pk}/take_back/", reason="记错账户") == 302
        row = Proposal.objects.get()
        assert maker.act(f"core/proposal/{row.pk}/approve/", reason="x") == 403
        assert checker.act(f"core/proposal/{row.pk}/approve/", reason="属实") == 302
        account.refresh_from_db()
        receipt.refresh_from_db()
        assert (account.balance_fen, receipt.left_fen) == (0, 1_000_00)
        assert maker.act(f"journalentry/{entry.pk}/take_back/", reason="x") == 403

    @pytest.mark.parametrize("role", ["客服", "审计", "运营"])
    def test_nobody_else_proposes(self, role: str) -> None:
        _, wrong = self.debited()
        assert Staff(role).act(f"journalentry/{wrong.pk}/give_back/", reason="x") == 403
        assert not Proposal.objects.exists()


def _refused() -> Filing:
    account = make_account()
    with transaction.atomic():
        owe_filing(account_id=account.pk, kind="open")
        filing = Filing.objects.get()
        filing_refused(filing_id=filing.pk, code="filing_incomplete")
    Step.objects.update(state="done")
    return filing


class TestFilings:
    def test_one_that_was_sent_back_is_sent_again(self) -> None:
        filing = _refused()
        staff = Staff("运营")
        assert "filing_incomplete" in staff.get(f"filing/{filing.pk}/change/")
        assert staff.act(f"filing/{filing.pk}/resend/") == 302
        filing.refresh_from_db()
        assert (filing.status, filing.resends) == ("pending", 1)
        assert Step.objects.filter(kind="account.file", state="live").count() == 1
        assert staff.act(f"filing/{filing.pk}/resend/") == 403

    def test_one_that_is_on_file_after_all_is_entered_with_its_receipt_and_the_next_one_goes(self) -> None:
        filing = _refused()
        with transaction.atomic():
            owe_filing(account_id=filing.account_id, kind="close")
        following = Filing.objects.exclude(pk=filing.pk).get()
        assert not Step.objects.filter(subject=following.pk.hex).exists()
        staff = Staff("运营")
        assert "必填" in staff.told(f"filing/{filing.pk}/enter_receipt/", receipt="")
        assert Staff("审计").act(f"filing/{filing.pk}/enter_receipt/", receipt="BA1") == 403
        assert staff.act(f"filing/{filing.pk}/enter_receipt/", receipt="BA1") == 302
        filing.refresh_from_db()
        assert (filing.status, filing.receipt, filing.code) == ("acknowledged", "BA1", "filing_incomplete")
        assert Step.objects.filter(kind="account.file", subject=following.pk.hex, state="live").exists()
        assert AuditEntry.objects.get(action="filing.receipt_entered").actor == staff.login
        assert staff.act(f"filing/{filing.pk}/enter_receipt/", receipt="BA2") == 403
        for pk, problem in ((filing.pk, StateConflict), (following.pk, StateConflict), (uuid.uuid4(), NotFound)):
            with pytest.raises(problem):
                enter_receipt(filing_id=pk, receipt="BA2", actor="clerk")

    def test_overdue_ones_are_counted_in_the_navigation_and_marked(self) -> None:
        filing = _refused()
        Filing.objects.filter(pk=filing.pk).update(due_date="2020-01-03", overdue_date="2020-01-06")
        staff = Staff("运营")
        page = staff.get("filing/")
        assert "逾期未报" in page
        assert "有 1 笔备案已逾期" in staff.get("filing/agreement/")

    def test_the_days_are_shown_with_their_differences(self) -> None:
        _refused()
        page = Staff("审计").get("filing/agreement/")
        assert str(business_date()) in page
        assert "没有逾期的备案" in page


class TestReconciliation:
    def make(self) -> ReconciliationBreak:
        row = CoreReconciliation.objects.create(order_date=business_date(), ours=1, theirs=0)
        return ReconciliationBreak.objects.create(
            reconciliation=row, kind="missing_there", request_id=uuid.uuid4(), our_fen=500_00
        )

    def test_a_break_is_closed_with_a_reason(self) -> None:
        row, staff = self.make(), Staff("会计")
        assert "500.00" in staff.get(f"reconciliationbreak/{row.pk}/change/")
        assert "必填" in staff.told(f"reconciliationbreak/{row.pk}/close/", reason="")
        assert staff.act(f"reconciliationbreak/{row.pk}/close/", reason="核心补记") == 302
        row.refresh_from_db()
        assert (row.closed_by, row.reason) == (staff.login, "核心补记")
        assert staff.act(f"reconciliationbreak/{row.pk}/close/", reason="x") == 403

    def test_a_day_is_compared_again(self) -> None:
        row, staff = self.make(), Staff("会计")
        day = row.reconciliation
        assert "未核销差异" in staff.get("corereconciliation/")
        assert staff.act(f"corereconciliation/{day.pk}/again/") == 302
        assert Step.objects.get(kind="accounts.reconcile_core").subject == str(business_date())


def _make_every_row() -> dict[str, Any]:
    """Leave a row on every page of this chapter; return the newest of each by its page's name."""
    account = make_account(face_to_face=True)
    day = {"order_date": business_date(), "ours": 1}
    made = {
        "suspension": Suspension.objects.create(account=account, reason="dormant", from_date=business_date()),
        "accountclosing": AccountClosing.objects.create(account=account, face_check_id=uuid.uuid4()),
        "reverification": Reverification.objects.create(
            account=account, face_check_id=uuid.uuid4(), status="verified", ended_at=now()
        ),
        "notice": Notice.objects.create(
            customer_id=account.customer_id, kind="dormant", about_date=business_date(), sent_at=now()
        ),
        "corereconciliation": CoreReconciliation.objects.create(**day),
    }
    return {**made, "filing": _refused(), "receipt": record(Staff("会计")), "depositaccount": account}


class TestPages:
    def test_show_their_rows_and_no_number_in_the_clear(self) -> None:
        made = _make_every_row()
        numbers = [row.number for row in DepositAccount.objects.all()]
        auditor = Staff("审计")
        for name, row in made.items():
            for path in (f"{name}/", f"{name}/{row.pk}/change/", f"{name}/{row.pk}/history/"):
                page = auditor.get(path)
                assert [number for number in numbers if number and number in page] == [], path
        assert "长期未使用" in auditor.get("suspension/")
        assert "业务暂停" in auditor.get(f"depositaccount/{made['depositaccount'].pk}/change/")

    def test_delete_and_change_nothing_by_a_form(self) -> None:
        made = _make_every_row()
        boss = Staff("管理员")
        for name, row in made.items():
            assert boss.act(f"{name}/{row.pk}/delete/", post="yes") == 403, name
            assert boss.act(f"{name}/{row.pk}/change/", status="closed", left_fen="0") == 403, name
            assert type(row)._default_manager.filter(pk=row.pk).exists()


ACTS: dict[str, Callable[[], str]] = {
    "record": lambda: "receipt/add/",
    "resend": lambda: f"filing/{_refused().pk}/resend/",
}


class TestWhoMay:
    @pytest.mark.parametrize("role", ["客服", "客户经理", "催收", "产品经理", "审计"])
    @pytest.mark.parametrize("act", sorted(ACTS))
    def test_nobody_else(self, role: str, act: str) -> None:
        path = ACTS[act]()
        assert Staff(role).act(path, amount="1.00") == 403
        assert not Receipt.objects.exists()

    @pytest.mark.parametrize("role", ["客服", "审计", "运营"])
    def test_nobody_else_decides_on_receipts(self, role: str) -> None:
        receipt = record(Staff("会计"))
        account: DepositAccount = make_account(face_to_face=True)
        form = {"amount": "1.00", "account_number": account.number}
        assert Staff(role).act(f"receipt/{receipt.pk}/assign/", **form) == 403
        assert not ReceiptUse.objects.exists()

    def test_service_staff_see_why_an_account_is_suspended(self) -> None:
        assert Staff("客服").get("suspension/")
        day = business_date()
        demand = DocumentDemand.objects.create(
            customer_id=make_account(account_class="III").customer_id, turnover_fen=50_000_00, demanded_date=day,
            due_date=day,
        )  # fmt: skip
        for page in ("documentdemand/", f"documentdemand/{demand.pk}/change/"):
            assert "50,000.00" in Staff("客服").get(page)
        assert Staff("客服").client.get(f"{ADMIN}/receipt/").status_code == 403
