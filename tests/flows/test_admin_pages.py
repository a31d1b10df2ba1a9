"""What staff see after a customer's whole journey: every page of the bank's admin, its rows, and nothing in the clear."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from config.admin_site import bank_admin
from core.audit.models import AuditEntry
from core.tenancy import in_bank
from scripts.phone import Phone
from tenants.models import Entry
from tenants.operations import make_entry
from tenants.staff import MANAGER, make_login
from tests.flows.conftest import PhoneMaker
from verification.queries import identity, phone_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("borrower")]
ADMIN = "/b/125/admin/"
PASSWORD = "Sample-Pass-2026"
OF_ANOTHER_BANK = ("张家港", "/b/116/")
# What one journey leaves no row of, each with the reason.
WITHOUT_ROWS = {
    "accounts.AccountClosing": "nothing was closed",
    "accounts.Complaint": "nobody complained",
    "accounts.CoreReconciliation": "nothing was ordered from a core system",
    "accounts.DocumentDemand": "no Class III account has moved much",
    "accounts.Notice": "no ID card ends soon",
    "accounts.Receipt": "no money came from outside",
    "accounts.ReconciliationBreak": "nothing was ordered from a core system",
    "accounts.Refund": "no money came from outside",
    "accounts.Reverification": "nothing was suspended",
    "accounts.Suspension": "nothing was suspended",
    "lending.BankModel": "the standard models decide",
    "lending.BankModelVersion": "the standard models decide",
    "lending.ModelCase": "the standard models decide",
    "lending.BackTest": "nothing was replayed",
    "lending.ShadowDecision": "no product has a challenger",
    "tenants.SupportSession": "nobody of the province was let in",
    "tenants.CampaignCost": "no cost was recorded",
    "lending.EarlyWarning": "nothing was observed",
    "lending.ObservedFact": "nothing was observed",
    "lending.LineAgreement": "the product signs a contract for each drawdown",
    "lending.ReviewCase": "nothing needed a person",
    "lending.ReviewTask": "nothing needed a person",
    "lending.RelatedParty": "nobody was registered as one",
    "lending.Invitation": "the product is open to all",
    "verification.ScreeningAlert": "nobody was on a list",
    "verification.WatchlistVersion": "no list was imported",
    "tenants.BankParameter": "shown as a catalogue",
    "admin.LogEntry": "nobody saved a form",
    "lending.Repayment": "the first due date lies ahead",
    "lending.DayEndStage": "no day has ended",
    "lending.AutoDebit": "no day has ended",
    "core.Proposal": "nothing waits for a second person",
    "lending.MechanismDossier": "nobody asked for it",
    "lending.LoanPaper": "nobody asked for a paper",
    "lending.EntrustedPayment": "the borrower was paid",
    "lending.PurposeFinding": "no money left the account",
    "lending.WatchTerm": "the platform's words were enough",
    "lending.CollectionContact": "nothing is overdue",
    "lending.CollectionAgency": "no agency is commissioned",
    "lending.CreditNotice": "nothing is overdue",
    "lending.BureauRecord": "the business day is not over",
    "lending.BureauExport": "nothing was reported",
    "lending.BureauObjection": "nothing was reported",
    "accounts.GlDay": "no day has ended",
    "accounts.Restriction": "no order was served",
}


@pytest.fixture(scope="module")
def borrower(registered: PhoneMaker) -> Phone:
    """Bring a customer through the whole journey, once for all pages."""
    with in_bank("125"):
        scene = Entry.objects.get(
            pk=make_entry(branch="城东支行", staff="12500001", product="XF01", campaign="", actor="test")
        ).scene
    someone = registered("125")
    someone.post("/api/v1/entries/resolve", {"scene": scene}, expect=200)
    application = someone.apply("XF01")
    assert application["status"] == "offered", application
    line = someone.accept(application["id"])
    account = someone.open_account()
    draft = someone.draft_drawdown(
        line["id"], account["id"], "10000.00", term=12, method="equal_instalment", purpose="consumption"
    )
    someone.read_disclosure(draft)
    someone.sign(draft["id"])
    assert someone.disburse(draft["id"])["status"] == "disbursed"
    someone.consent("voice")
    further = someone.bind_card(someone.further_card())
    assert someone.step_up(further["id"])["status"] == "active"
    card = account["bound_cards"][0]["id"]
    assert someone.top_up(account["id"], card, "100.00")["status"] == "posted"
    assert someone.transfer(account["id"], {"card_id": card}, "50.00")["status"] == "posted"
    return someone


def _staff() -> Client:
    with in_bank("125"):
        make_login(login="boss", role=MANAGER, password=PASSWORD, is_superuser=True)
    client = Client()
    client.post(f"{ADMIN}login/", {"username": "boss", "password": PASSWORD})
    return client


def _clear_values(person: dict[str, Any]) -> list[str]:
    """Return what no page may show: the person's full name, numbers, phone and address."""
    with in_bank("125"):
        customer_id = Customer.objects.get().pk
        known, phone = identity(customer_id), phone_of(customer_id)
    assert known is not None
    assert phone is not None
    return [known.name, known.id_number, phone, known.address, str(person["card_number"])]


def test_every_page_shows_its_rows_and_no_value_in_the_clear(borrower: Phone) -> None:
    client, hidden = _staff(), _clear_values(dict(borrower.person))
    empty = set()
    for model in bank_admin._registry:
        label = model._meta.label
        address = f"{ADMIN}{model._meta.app_label}/{model._meta.model_name}/"
        with in_bank("125"):
            row = model._default_manager.order_by("-pk").first()
        paths = [address] if row is None else [address, f"{address}{row.pk}/change/", f"{address}{row.pk}/history/"]
        empty |= {label} if row is None else set()
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, path
            page = answer.content.decode()
            assert [value for value in (*hidden, *OF_ANOTHER_BANK) if value in page] == [], path
    assert empty <= set(WITHOUT_ROWS), "the journey left no row of it: its detail page was not seen"


def test_a_customer_is_found_by_the_full_number_which_no_address_holds(borrower: Phone) -> None:
    client = _staff()
    with in_bank("125"):
        customer_id = Customer.objects.get().pk
    number = str(borrower.person["id_number"])
    answer = client.post(f"{ADMIN}accounts/customer/find/", {"id_number": number})
    assert answer.status_code == 302
    assert answer["Location"] == f"{ADMIN}accounts/customer/{customer_id}/change/"
    with in_bank("125"):
        trace = AuditEntry.objects.get(action="customer.looked_up")
        assert (trace.actor, trace.subject) == ("boss", customer_id.hex)
        assert number not in str(trace.detail)
    nobody = client.post(f"{ADMIN}accounts/customer/find/", {"id_number": "320583199001010010"})
    assert "没有以该证件号码完成身份核验的客户" in nobody.content.decode()


def test_the_trial_balance_is_shown_and_balances() -> None:
    page = _staff().get(f"{ADMIN}accounts/journalentry/trial_balance/").content.decode()
    assert "1301 个人贷款本金" in page
    assert "10,000.00" in page
    assert "平衡" in page
    assert "不平衡" not in page
    before = _staff().get(f"{ADMIN}accounts/journalentry/trial_balance/?on=2001-01-01").content.decode()
    assert "截至 2001-01-01 日终" in before
    assert "10,000.00" not in before
    assert "输入一个有效的日期" in _staff().get(f"{ADMIN}accounts/journalentry/trial_balance/?on=x").content.decode()
