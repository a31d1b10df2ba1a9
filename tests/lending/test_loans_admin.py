"""What a bank's staff see of drawdowns, contracts, loans and repayments: all of it, masked, none of it to change."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from core.approvals.models import Proposal
from core.clock import business_date
from core.tenancy import in_bank
from core.vault.models import VaultAccess
from lending.models import BankCertificate, Contract, Loan, Repayment
from tests.lending.borrowers import Borrower, disburse, draft, lend, make_borrower, repay, sign
from tests.running_sandbox import Sandbox
from verification import queries as verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
PAGES = ("drawdown", "contract", "loan", "repayment")
ADMIN = "/b/125/admin/lending"


def staff(role: str) -> Client:
    user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def lent(vendors: Sandbox, run_steps: Callable[..., int]) -> tuple[Borrower, dict[str, uuid.UUID]]:
    who = make_borrower()
    drawdown = draft(who)
    sign(who, drawdown)
    run_steps()
    disburse(who, drawdown)
    loan = Loan.objects.get()
    repay(who, loan, kind="early_full")
    return who, {
        "drawdown": drawdown.pk,
        "contract": Contract.objects.get().pk,
        "loan": loan.pk,
        "repayment": Repayment.objects.get().pk,
    }


def test_auditors_see_every_list_and_every_row_with_the_customer_masked(
    lent: tuple[Borrower, dict[str, uuid.UUID]],
) -> None:
    who, ids = lent
    identity, phone = verified.identity(who.customer_id), verified.phone_of(who.customer_id)
    assert identity is not None
    auditor = staff("审计")
    for page in PAGES:
        for address in (f"{ADMIN}/{page}/", f"{ADMIN}/{page}/{ids[page]}/change/"):
            answer = auditor.get(address)
            assert answer.status_code == 200, address
            text = answer.content.decode()
            for secret in (identity.name, identity.id_number, phone or "", who.account().number or ""):
                assert secret not in text, address
    loan = auditor.get(f"{ADMIN}/loan/{ids['loan']}/change/").content.decode()
    assert "10,000.00" in loan
    assert "已结清" in loan
    assert "正常" in loan


def test_nothing_of_it_is_added_changed_or_deleted(lent: tuple[Borrower, dict[str, uuid.UUID]]) -> None:
    _, ids = lent
    manager = staff("管理员")
    for page in PAGES:
        assert manager.get(f"{ADMIN}/{page}/add/").status_code == 403
        assert manager.post(f"{ADMIN}/{page}/{ids[page]}/change/", {"status": "x"}).status_code == 403
        assert manager.post(f"{ADMIN}/{page}/{ids[page]}/delete/", {"post": "yes"}).status_code == 403


def test_a_contract_is_handed_out_with_a_trace(lent: tuple[Borrower, dict[str, uuid.UUID]]) -> None:
    _, ids = lent
    answer = staff("合规").get(f"{ADMIN}/contract/{ids['contract']}/download/")
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
    trace = VaultAccess.objects.get(object_id=Contract.objects.get().object_id)
    assert trace.actor.startswith("staff:合规")
    assert trace.purpose == "staff_download"


def test_who_may_not_see_contracts_gets_none(lent: tuple[Borrower, dict[str, uuid.UUID]]) -> None:
    _, ids = lent
    collector = staff("催收")
    assert collector.get(f"{ADMIN}/loan/").status_code == 200
    assert collector.get(f"{ADMIN}/contract/").status_code == 403
    assert collector.get(f"{ADMIN}/contract/{ids['contract']}/download/").status_code in {302, 403}
    assert not VaultAccess.objects.filter(purpose="staff_download").exists()


def test_a_certificate_is_shown_without_its_key() -> None:
    row = BankCertificate.objects.get()
    auditor = staff("审计")
    text = auditor.get(f"{ADMIN}/bankcertificate/{row.pk}/change/").content.decode()
    assert "连云港东方样例农村商业银行股份有限公司" in auditor.get(f"{ADMIN}/bankcertificate/").content.decode()
    assert "BEGIN CERTIFICATE" in text
    assert "PRIVATE KEY" not in text
    assert row.private_key_pem.splitlines()[1] not in text


def test_a_login_of_another_bank_is_nobody_here(lent: tuple[Borrower, dict[str, uuid.UUID]]) -> None:
    _, ids = lent
    with in_bank("116"):
        stranger = staff("审计")
    for page in PAGES:
        assert stranger.get(f"{ADMIN}/{page}/{ids[page]}/change/").status_code == 302


def test_what_cannot_be_done_is_told_when_it_is_proposed_not_when_it_is_decided() -> None:
    loan = lend(make_borrower(), term_months=12)
    risk, page = staff("风险"), f"{ADMIN}/loan/{loan.pk}"
    tomorrow = business_date() + timedelta(days=1)
    for act, given, told in (
        ("extend", {"months": 13}, "还可展期 1 至 12 个月"),
        ("misuse", {"from_date": tomorrow.isoformat()}, f"挪用起始日应在放款日 {loan.start_date}"),
    ):
        answer = risk.post(f"{page}/{act}/", {**given, "reason": "客户申请"}, follow=True)
        assert told in answer.content.decode()
        assert not Proposal.objects.exists()
    risk.post(f"{page}/extend/", {"months": 12, "reason": "客户申请"})
    assert Proposal.objects.get().values == {"months": 12}
