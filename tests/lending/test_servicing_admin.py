"""What a bank's staff see and do while loans are serviced: each page by its role, every act by its permission."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from core.approvals.models import Proposal
from core.clock import SHANGHAI, business_date, move_business_date
from core.steps.models import Step
from core.tenancy import in_bank
from core.vault.models import VaultAccess
from lending.models import (
    BureauExport,
    BureauObjection,
    BureauRecord,
    CollectionAgency,
    CollectionAssignment,
    CollectionContact,
    CollectionOutcome,
    CreditNotice,
    EntrustedPayment,
    Loan,
    LoanPaper,
    PurposeFinding,
    WatchTerm,
)
from lending.operations import collecting, papers
from lending.servicing_day import follow_servicing
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day, signed
from tests.lending.test_purpose_watch import spend
from tests.made_once import made_once
from tests.running_sandbox import Sandbox
from verification import queries as verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ADMIN = "/b/125/admin/lending"
START = date(2026, 1, 22)
PAGES = (
    "loanpaper", "entrustedpayment", "purposefinding", "watchterm", "overdueloan", "collectioncontact",
    "collectionagency", "creditnotice", "bureaurecord", "bureauexport", "bureauobjection",
)  # fmt: skip


def staff(role: str) -> Client:
    user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def login_of(client: Client) -> str:
    return str(User.objects.get(pk=client.session["_auth_user_id"]).username)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "now", lambda: datetime(2026, 11, 22, 12, tzinfo=SHANGHAI))


def fall_overdue() -> tuple[Borrower, Loan]:
    """A loan whose first instalment is overdue, with a suspicious outflow, reports and a notice."""
    set_day(START)
    who = make_borrower(valid_until_date=date(2028, 1, 1))
    loan = lend(who, 100_000_00)
    spend(who, "转账 样例证券", 300_00)
    with transaction.atomic():
        move_business_date(to_date=date(2026, 3, 5))
    follow_servicing()
    return who, loan


overdue_once = made_once(fall_overdue)


@pytest.fixture
def overdue(overdue_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give each test the loan that is overdue."""
    del bank_a
    return deepcopy(overdue_once)


def decide(client: Client) -> None:
    """Approve what waits, as far as this login may."""
    row = Proposal.objects.get(status="proposed")
    client.post(f"/b/125/admin/core/proposal/{row.pk}/approve/", {"reason": "属实"})


def told(answer: Any) -> str:
    return str(answer.content.decode())


class TestPages:
    def test_auditors_see_every_page_with_the_customer_masked(
        self, overdue: tuple[Borrower, Loan], vendors: Sandbox
    ) -> None:
        who, loan = overdue
        drawdown = signed(who, 1_000_00)
        EntrustedPayment.objects.create(drawdown=drawdown, payee_name="海州建材商行", payee_number="6217000012345678")
        papers.issue_statement(loan_id=loan.pk, from_date=None, to_date=None, actor="test")
        collecting.begin_contact(loan_id=loan.pk, channel="phone", person="borrower", agency_id=None, actor="x")
        identity, phone = verified.identity(who.customer_id), verified.phone_of(who.customer_id)
        assert identity is not None
        auditor = staff("审计")
        rows = {
            "loanpaper": LoanPaper, "entrustedpayment": EntrustedPayment, "purposefinding": PurposeFinding,
            "overdueloan": Loan, "collectioncontact": CollectionContact, "creditnotice": CreditNotice,
            "bureaurecord": BureauRecord,
        }  # fmt: skip
        for page in PAGES:
            addresses = [f"{ADMIN}/{page}/"]
            if page in rows:
                row = rows[page]._default_manager.first()
                assert row is not None, page
                addresses.append(f"{ADMIN}/{page}/{row.pk}/change/")
            for address in addresses:
                answer = auditor.get(address)
                assert answer.status_code == 200, address
                for secret in (
                    identity.name,
                    identity.id_number,
                    phone or "",
                    who.account().number or "",
                    "6217000012345678",
                ):
                    assert secret not in told(answer), address

    def test_nothing_is_added_changed_or_deleted_by_a_form(self, overdue: tuple[Borrower, Loan]) -> None:
        manager = staff("管理员")
        for page in PAGES:
            assert manager.get(f"{ADMIN}/{page}/add/").status_code == 403, page
        row = BureauRecord.objects.first()
        assert row is not None
        assert manager.post(f"{ADMIN}/bureaurecord/{row.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_a_login_of_another_bank_is_nobody_here(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        with in_bank("116"):
            stranger = staff("审计")
        for page in PAGES:
            assert stranger.get(f"{ADMIN}/{page}/").status_code == 302
        assert stranger.get(f"{ADMIN}/overdueloan/{loan.pk}/change/").status_code == 302


class TestWorkList:
    def test_shows_who_is_overdue_how_long_and_in_which_bucket(self, overdue: tuple[Borrower, Loan]) -> None:
        collector = staff("催收")
        page = told(collector.get(f"{ADMIN}/overdueloan/"))
        for word in ("M1", "逾期天数", "11"):
            assert word in page

    def test_filters_by_bucket_and_by_who_works_on_it(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        collector = staff("催收")
        short = loan.pk.hex[-8:]
        for query, shown in (
            ("bucket=1", True), ("bucket=2", False), ("bucket=7", False), ("assigned=nobody", True),
            ("assigned=mine", False),
        ):  # fmt: skip
            assert (short in told(collector.get(f"{ADMIN}/overdueloan/?{query}"))) is shown, query
        collecting.assign_loan(loan_id=loan.pk, collector=login_of(collector), agency_id=None, actor="boss")
        for query, shown in (("assigned=nobody", False), ("assigned=mine", True)):
            assert (short in told(collector.get(f"{ADMIN}/overdueloan/?{query}"))) is shown, query

    def test_a_loan_that_was_put_right_leaves_the_list_and_can_still_be_read(
        self, overdue: tuple[Borrower, Loan]
    ) -> None:
        who, loan = overdue
        collecting.begin_contact(loan_id=loan.pk, channel="sms", person="borrower", agency_id=None, actor="x")
        give_money(who, 20_000_00)
        repay(who, loan)
        collector = staff("催收")
        assert loan.pk.hex[-8:] not in told(collector.get(f"{ADMIN}/overdueloan/"))
        page = told(collector.get(f"{ADMIN}/overdueloan/{loan.pk}/change/"))
        assert "M0" in page
        assert "短信" in page
        assert collector.get(f"{ADMIN}/overdueloan/nonsense/change/").status_code == 302

    def test_a_contact_is_begun_its_number_shown_and_its_result_entered(self, overdue: tuple[Borrower, Loan]) -> None:
        who, loan = overdue
        collector = staff("催收")
        act = f"{ADMIN}/overdueloan/{loan.pk}/contact/"
        phone = verified.phone_of(who.customer_id) or ""
        assert phone not in told(collector.get(act))
        answer = collector.post(act, {"channel": "phone", "person": "borrower"})
        contact = CollectionContact.objects.get()
        assert answer.headers["Location"] == f"{ADMIN}/collectioncontact/{contact.pk}/finish/"
        assert phone in told(collector.get(answer.headers["Location"]))
        assert staff("催收").get(answer.headers["Location"]).status_code in {302, 403}
        ended = collector.post(
            answer.headers["Location"],
            {"result": "promised", "promised_date": "2026-03-10", "promised": "3000.00", "note": "月底"},
        )
        assert ended.status_code == 302
        assert CollectionOutcome.objects.get().promised_fen == 3_000_00

    def test_what_the_rules_forbid_is_said_on_the_form_and_nothing_is_entered(
        self, overdue: tuple[Borrower, Loan], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, loan = overdue
        collector = staff("催收")
        act = f"{ADMIN}/overdueloan/{loan.pk}/contact/"
        assert "不得向第三人催收" in told(collector.post(act, {"channel": "phone", "person": "other"}))
        monkeypatch.setattr(collecting, "now", lambda: datetime(2026, 11, 22, 23, tzinfo=SHANGHAI))
        assert "8 时至 22 时" in told(collector.post(act, {"channel": "phone", "person": "borrower"}))
        assert not CollectionContact.objects.exists()

    def test_only_collectors_contact_and_only_risk_staff_assign_and_list_agencies(
        self, overdue: tuple[Borrower, Loan]
    ) -> None:
        _, loan = overdue
        collector, risk, desk = staff("催收"), staff("风险"), staff("客服")
        agency = {
            "name": "样例催收有限公司", "credit_code": "91320700MA1ABCDE8X", "phone": "0518-00000000",
            "since_date": "2026-01-01",
        }  # fmt: skip
        assert collector.post(f"{ADMIN}/collectionagency/add/", agency).status_code == 403
        assert risk.post(f"{ADMIN}/collectionagency/add/", agency).status_code == 302
        who = {"collector": login_of(collector), "agency": CollectionAgency.objects.get().pk}
        for other in (collector, desk):
            assert other.post(f"{ADMIN}/overdueloan/{loan.pk}/assign/", who).status_code in {302, 403}
        assert not CollectionAssignment.objects.exists()
        assert risk.post(f"{ADMIN}/overdueloan/{loan.pk}/assign/", who).status_code == 302
        assert CollectionAssignment.objects.get().collector == login_of(collector)
        for other in (risk, desk):
            other.post(f"{ADMIN}/overdueloan/{loan.pk}/contact/", {"channel": "phone", "person": "borrower"})
        assert not CollectionContact.objects.exists()


class TestPurposes:
    def test_two_members_of_staff_confirm_a_misuse(self, overdue: tuple[Borrower, Loan]) -> None:
        who, _ = overdue
        row, (first, second, desk) = PurposeFinding.objects.get(), (staff("风险"), staff("合规"), staff("客服"))
        base = f"{ADMIN}/purposefinding/{row.pk}"
        desk.post(f"{base}/propose/", {"opinion": "转入证券公司"})
        assert not Proposal.objects.exists()
        assert first.post(f"{base}/propose/", {"opinion": "转入证券公司"}).status_code == 302
        assert "已有同类事项待复核" in told(first.post(f"{base}/propose/", {"opinion": "再次"}))
        decide(first)
        decide(desk)
        assert PurposeFinding.objects.get().status == "found"
        decide(second)
        assert (PurposeFinding.objects.get().status, who.line().status) == ("misused", "frozen")

    def test_words_are_added_and_taken_away_and_core_outflows_taken(self, overdue: tuple[Borrower, Loan]) -> None:
        who, _ = overdue
        risk = staff("风险")
        word = {"sort": "word", "text": "某某会所", "applies_to": "all", "note": ""}
        assert risk.post(f"{ADMIN}/watchterm/add/", word).status_code == 302
        assert "已在使用" in told(risk.post(f"{ADMIN}/watchterm/add/", word))
        assert risk.post(f"{ADMIN}/watchterm/{WatchTerm.objects.get().pk}/remove/").status_code == 302
        assert WatchTerm.objects.get().removed_at is not None
        good = f"{who.account().number},2026-01-23,88.00,消费,7995"
        for bad in ("x", good.replace("88.00", "8,8,8"), good.replace("88.00", "0.00"), good.replace("2026", "26")):
            assert "第 1 行" in told(risk.post(f"{ADMIN}/purposefinding/add/", {"lines": bad}))
        assert risk.post(f"{ADMIN}/purposefinding/add/", {"lines": good}).status_code == 302
        assert PurposeFinding.objects.filter(term="7995").count() == 1


class TestReports:
    def test_a_file_is_made_and_handed_out_with_a_trace_to_who_reports(self, overdue: tuple[Borrower, Loan]) -> None:
        operations, auditor = staff("运营"), staff("审计")
        assert auditor.post(f"{ADMIN}/bureauexport/add/", {"until_date": "2026-03-05"}).status_code == 403
        assert operations.post(f"{ADMIN}/bureauexport/add/", {"until_date": "2026-03-05"}).status_code == 302
        made = BureauExport.objects.get()
        answer = operations.get(f"{ADMIN}/bureauexport/{made.pk}/download/")
        assert (answer.status_code, len(answer.content.splitlines())) == (200, made.records)
        assert VaultAccess.objects.get(purpose="bureau_report").actor == f"staff:{login_of(operations)}"
        assert auditor.get(f"{ADMIN}/bureauexport/{made.pk}/download/").status_code in {302, 403}
        again = told(operations.post(f"{ADMIN}/bureauexport/add/", {"until_date": "2026-03-05"}))
        assert "没有可以报送的记录" in again

    def test_an_objection_is_entered_at_the_desk_and_decided_by_compliance(
        self, overdue: tuple[Borrower, Loan]
    ) -> None:
        row = BureauRecord.objects.filter(negative=True).latest("pk")
        desk, compliance = staff("客服"), staff("合规")
        assert desk.post(f"{ADMIN}/bureaurecord/{row.pk}/object_to/", {"said": "已足额存入"}).status_code == 302
        objection = BureauObjection.objects.get()
        base = f"{ADMIN}/bureauobjection/{objection.pk}"
        desk.post(f"{base}/correct/", {"how": "not_overdue", "answer": "x"})
        assert not Proposal.objects.exists()
        assert compliance.post(f"{base}/correct/", {"how": "not_overdue", "answer": "系统故障"}).status_code == 302
        decide(compliance)
        decide(desk)
        assert not BureauRecord.objects.filter(corrects=row).exists()
        decide(staff("合规"))
        assert BureauRecord.objects.get(corrects=row).negative is False

    def test_a_notice_is_printed_posted_and_known_by_its_number(
        self, overdue: tuple[Borrower, Loan], vendors: Sandbox
    ) -> None:
        collector, notice = staff("催收"), CreditNotice.objects.get()
        answer = collector.get(f"{ADMIN}/creditnotice/{notice.pk}/print_letter/")
        assert answer.content.startswith(b"%PDF-")
        sent = collector.post(f"{ADMIN}/creditnotice/{notice.pk}/post_letter/", {"tracking": "EMS123"})
        assert sent.status_code == 302
        notice.refresh_from_db()
        assert (notice.status, notice.tracking, notice.sent_date) == ("sent", "EMS123", business_date())
        assert staff("审计").get(f"{ADMIN}/creditnotice/{notice.pk}/print_letter/").status_code in {302, 403}


@pytest.mark.usefixtures("vendors")
class TestPapers:
    def test_are_issued_at_the_counter_and_handed_out_with_a_trace(self, overdue: tuple[Borrower, Loan]) -> None:
        _, loan = overdue
        operations = staff("运营")
        form = {"contract_number": loan.contract.number, "kind": "statement", "from_date": "2026-01-22"}
        assert operations.post(f"{ADMIN}/loanpaper/add/", form).status_code == 302
        paper = LoanPaper.objects.get()
        answer = operations.get(f"{ADMIN}/loanpaper/{paper.pk}/download/")
        assert answer.content.startswith(b"%PDF-")
        assert VaultAccess.objects.get(actor=f"staff:{login_of(operations)}").purpose == "staff_download"
        assert staff("催收").get(f"{ADMIN}/loanpaper/{paper.pk}/download/").status_code in {302, 403}
        refused = told(operations.post(f"{ADMIN}/loanpaper/add/", {**form, "kind": "settlement"}))
        assert "尚未结清" in refused
        unknown = told(operations.post(f"{ADMIN}/loanpaper/add/", {**form, "contract_number": "1"}))
        assert "没有该编号的合同" in unknown
        assert staff("催收").post(f"{ADMIN}/loanpaper/add/", form).status_code == 403


def test_a_failed_payment_to_a_payee_is_tried_again_by_operations_only(
    overdue: tuple[Borrower, Loan],
) -> None:
    who, _ = overdue
    row = EntrustedPayment.objects.create(
        drawdown=signed(who, 1_000_00), payee_name="某商行", payee_number="6217000012345678", status="failed"
    )
    act = f"{ADMIN}/entrustedpayment/{row.pk}/retry/"
    staff("客服").post(act)
    assert not Step.objects.filter(kind="drawdown.pass_on").exists()
    assert staff("运营").post(act).status_code == 302
    assert Step.objects.filter(kind="drawdown.pass_on").count() == 1
