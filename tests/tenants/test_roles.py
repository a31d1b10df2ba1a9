"""Which role may open which page and do which act: written here once more, and walked through the sites' own addresses.

A new page or act needs a line here. Everything that a line does not give is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import Mock

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.test import RequestFactory
from django.urls import set_urlconf

from config.admin_site import bank_admin, province_admin
from core.clock import days_from_now
from core.ids import new_id
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.admin.login import PROVED
from tenants.middleware import BANK_URLS
from tenants.models import StaffAccess
from tenants.staff import AML_READER, roles_at

BANK_ROLES: Final = {
    "产": "产品经理", "险": "风险", "运": "运营", "经": "客户经理", "合": "合规", "会": "会计", "催": "催收", "服": "客服",
    "审": "审计", "洗": "反洗钱查阅", "支": "省级支持", "管": "管理员",
}  # fmt: skip
PROVINCE_ROLES: Final = {"运": "运营", "复": "复核", "审": "审计", "管": "管理员"}

# Page → who may open its list and its rows.
BANK_PAGES: Final = {
    "core.Proposal": "产险运合会审支管",
    "core.Step": "运审支管",
    "core.StateChange": "险运合审支管",
    "core.AuditEntry": "合审支管",
    "admin.LogEntry": "审管",
    "tenants.Entry": "产运经审支管",
    "tenants.Scan": "产运经审支管",
    "tenants.CampaignCost": "产运审支管",
    "tenants.BankParameter": "产险运合审支管",
    "tenants.SupportSession": "产审支管",
    "auth.User": "合审管",
    "auth.Group": "合审管",
    "verification.Subject": "险合审支管",
    "verification.Check": "险合审支洗管",
    "verification.FaceCheck": "险合审支管",
    "verification.VoiceCheck": "险合审支管",
    "verification.IdCardReading": "险合审支管",
    "verification.Consent": "险合审支管",
    "verification.AgreementText": "产险合审支管",
    "verification.ScreeningAlert": "合洗",
    "verification.WatchlistVersion": "险合审支管",
    "verification.PhoneCode": "险合审支管",
    "verification.Upload": "险合审支管",
    "accounts.Customer": "险运经合催服审支管",
    "accounts.Registration": "险运经合催服审支管",
    "accounts.DepositAccount": "运合会服审支管",
    "accounts.Card": "运合服审支管",
    "accounts.Suspension": "运合服审支管",
    "accounts.DocumentDemand": "运合服审支管",
    "accounts.Reverification": "运合服审支管",
    "accounts.AccountClosing": "运合服审支管",
    "accounts.Notice": "运合服审支管",
    "accounts.Complaint": "运经合服审支管",
    "accounts.JournalEntry": "运合会审支管",
    "accounts.GlDay": "运合会审支管",
    "accounts.Payment": "运合会审支管",
    "accounts.TopUp": "运合会审支管",
    "accounts.Transfer": "运合会审支管",
    "accounts.Hold": "运合会审支管",
    "accounts.Restriction": "运合审支管",
    "accounts.Receipt": "运合会审支管",
    "accounts.Refund": "运合会审支管",
    "accounts.CoreReconciliation": "运合会审支管",
    "accounts.ReconciliationBreak": "运合会审支管",
    "accounts.Filing": "运合会审支管",
    "lending.ReviewCase": "产险运合会审支管",
    "lending.ReviewTask": "产险运合会审支管",
    "lending.Product": "产险运经合会服审支管",
    "lending.ProductVersion": "产险运合会审支管",
    "lending.BankModel": "产险运合会审支管",
    "lending.BankModelVersion": "产险运合会审支管",
    "lending.ModelCase": "产险运合会审支管",
    "lending.BackTest": "产险运合会审支管",
    "lending.ShadowDecision": "产险运合会审支管",
    "lending.Application": "产险运经合会催服审支管",
    "lending.Decision": "产险运合会审支管",
    "lending.CreditLine": "产险运经合会催服审支管",
    "lending.Drawdown": "产险运合会审支管",
    "lending.LineAgreement": "产险运合会审支管",
    "lending.Contract": "产险运合会审支管",
    "lending.Loan": "产险运经合会催服审支管",
    "lending.Repayment": "产险运经合会催服审支管",
    "lending.AutoDebit": "产险运经合会催服审支管",
    "lending.DayEndStage": "产险运合会审支管",
    "lending.LoanPaper": "产险运合会催服审支管",
    "lending.EntrustedPayment": "产险运合会审支管",
    "lending.EarlyWarning": "产险运合会审支管",
    "lending.ObservedFact": "产险运合会审支管",
    "lending.PurposeFinding": "产险运合会审支管",
    "lending.WatchTerm": "产险运合会审支管",
    "lending.OverdueLoan": "产险运合会催服审支管",
    "lending.CollectionContact": "产险运合会催审支管",
    "lending.CollectionAgency": "产险运合会催审支管",
    "lending.CreditNotice": "产险运合会催审支管",
    "lending.BureauRecord": "产险运合会服审支管",
    "lending.BureauExport": "产险运合会服审支管",
    "lending.BureauObjection": "产险运合会服审支管",
    "lending.Invitation": "产险运经合会审支管",
    "lending.RelatedParty": "产险运合会审支管",
    "lending.BureauReport": "险运合服审支管",
    "lending.BankCertificate": "产险运合会审支管",
    "lending.MechanismDossier": "产险运合会审支管",
}
PROVINCE_PAGES: Final = {
    "core.Proposal": "运复审管",
    "core.Step": "复审管",
    "core.StateChange": "复审管",
    "core.AuditEntry": "复审管",
    "admin.LogEntry": "审管",
    "tenants.Bank": "运复审管",
    "tenants.Switch": "运复审管",
    "tenants.PushedFigure": "运复审管",
    "tenants.EvidenceHeadCopy": "运复审管",
    "tenants.BankDossier": "运复审管",
    "tenants.PlatformParameter": "运复审管",
    "tenants.LprQuote": "运复审管",
    "tenants.Holiday": "运复审管",
    "tenants.ProductTemplate": "运复审管",
    "auth.User": "复审管",
    "auth.Group": "复审管",
}

# Page and act → who is offered it; `add` and `change` are the forms.
BANK_ACTS: Final = {
    "core.Step retry": "运管",
    "tenants.Entry close": "产运管",
    "tenants.CampaignCost add": "产运",
    "tenants.Entry add": "产运经管",
    "tenants.Entry reopen": "产运管",
    "tenants.Entry fetch_again": "产运管",
    "lending.EarlyWarning close": "险合",
    "lending.ObservedFact add": "险",
    "tenants.SupportSession add": "管",
    "tenants.SupportSession revoke": "管",
    "auth.User revoke": "管",
    "auth.User reset": "管",
    "auth.User grant": "管",
    "auth.User add": "管",
    "auth.User change": "管",
    "verification.AgreementText publish": "产",
    "accounts.Customer find": "险运合催服审支管",
    "accounts.Customer look": "运经合催",
    "accounts.Customer looks": "合审支管",
    "accounts.Customer complain": "运服",
    "accounts.DepositAccount confirm": "运",
    "accounts.JournalEntry trial_balance": "运合会审支管",
    "accounts.JournalEntry give_back": "会",
    "accounts.JournalEntry take_back": "会",
    "accounts.TopUp give_back": "会",
    "accounts.Transfer give_back": "会",
    "accounts.Complaint add": "运服",
    "accounts.Complaint answer": "运服",
    "accounts.Complaint extend": "运服",
    "accounts.Complaint record_recheck": "运服",
    "accounts.Complaint note": "运服",
    "accounts.Complaint close": "运服",
    "accounts.Restriction place": "运合",
    "accounts.Restriction lift": "运合",
    "verification.ScreeningAlert confirm": "合",
    "verification.ScreeningAlert clear": "合",
    "accounts.Receipt refund": "会",
    "accounts.Receipt void": "会",
    "accounts.Receipt assign": "会",
    "accounts.Receipt add": "会",
    "accounts.Refund pay": "会",
    "accounts.CoreReconciliation again": "会",
    "accounts.ReconciliationBreak close": "会",
    "accounts.Filing agreement": "运合会审支管",
    "accounts.Filing resend": "运",
    "accounts.Filing enter_receipt": "运",
    "lending.Product schedule": "产管",
    "lending.Product copy": "产管",
    "lending.Product open_again": "产管",
    "lending.Product edit": "产管",
    "lending.Product close": "产",
    "lending.Product add": "产管",
    "lending.ProductVersion discard": "产管",
    "lending.ProductVersion change": "产管",
    "lending.ProductVersion publish": "产管",
    "lending.ProductVersion contract": "产险运合会审支管",
    "lending.ProductVersion preview": "产险运合会审支管",
    "lending.BankModel add": "险",
    "lending.BankModel edit": "险",
    "lending.BankModel add_case": "险",
    "lending.BankModelVersion edit": "险",
    "lending.BankModelVersion look": "产险运合会审支管",
    "lending.BankModelVersion publish": "险",
    "lending.BankModelVersion back_test": "险",
    "lending.BankModelVersion discard": "险",
    "lending.ModelCase withdraw": "险",
    "lending.BackTest add": "险",
    "lending.BackTest download": "险",
    "lending.BackTest stop": "险",
    "lending.ShadowDecision compare": "产险运合会审支管",
    "lending.Decision path": "险",
    "lending.Application review": "险",
    "lending.ReviewCase take_next": "险运合",
    "lending.ReviewCase take": "险运合",
    "lending.ReviewCase give_back": "险运合",
    "lending.ReviewCase grant": "险运合",
    "lending.ReviewCase refuse": "险运合",
    "lending.ReviewCase ask": "险运合",
    "lending.ReviewCase pictures": "险运合",
    "lending.ReviewCase subject": "产险运合会审支管",
    "lending.ReviewTask finish": "险运",
    "lending.ReviewTask by_code": "险运",
    "lending.CreditLine unfreeze": "险合",
    "lending.CreditLine close": "险合",
    "lending.CreditLine freeze": "险合",
    "lending.CreditLine review": "险合",
    "lending.CreditLine reduce": "险合",
    "lending.Drawdown review": "险",
    "lending.LineAgreement download": "产险运合会审支管",
    "lending.Contract download": "产险运合会审支管",
    "lending.Loan write_off": "险会",
    "lending.Loan misuse": "险会",
    "lending.Loan from_receipt": "险会",
    "lending.Loan extend": "险会",
    "lending.Loan call_in": "险会",
    "lending.Repayment reverse": "险会",
    "lending.Repayment return_excess": "险会",
    "lending.LoanPaper add": "运",
    "lending.MechanismDossier add": "合管",
    "lending.MechanismDossier download": "产险运合会审支管",
    "lending.LoanPaper download": "运合服审",
    "lending.EntrustedPayment retry": "运",
    "lending.PurposeFinding close": "险合",
    "lending.PurposeFinding add": "险合",
    "lending.PurposeFinding propose": "险合",
    "lending.WatchTerm add": "险",
    "lending.WatchTerm remove": "险",
    "lending.OverdueLoan roll_rates": "产险运合会催服审支管",
    "lending.OverdueLoan assign": "险",
    "lending.OverdueLoan contact": "催",
    "lending.CollectionContact finish": "催",
    "lending.CollectionAgency add": "险",
    "lending.CollectionAgency unlist": "险",
    "lending.CreditNotice print_letter": "运催",
    "lending.CreditNotice cancel": "运催",
    "lending.CreditNotice post_letter": "运催",
    "lending.BureauRecord object_to": "运合服",
    "lending.BureauExport add": "运",
    "lending.BureauExport download": "运",
    "lending.BureauObjection correct": "合",
    "lending.BureauObjection reject": "合",
    "lending.Invitation add": "产",
    "lending.Invitation import_list": "产",
    "lending.Invitation withdraw": "产",
    "lending.RelatedParty add": "险",
    "lending.RelatedParty remove": "险",
}
PROVINCE_ACTS: Final = {
    "tenants.Bank license": "管",
    "tenants.ProductTemplate add": "运管",
    "tenants.ProductTemplate edit": "运管",
    "tenants.ProductTemplate publish": "运管",
    "tenants.ProductTemplate discard": "运管",
    "core.Step retry": "管",
    "tenants.Bank resume": "管",
    "tenants.Bank begin_test": "管",
    "tenants.Bank begin_pilot": "管",
    "tenants.Bank suspend": "管",
    "tenants.Bank go_live": "管",
    "tenants.Bank checklist": "运复审管",
    "tenants.Bank facts": "管",
    "tenants.Bank ask": "管",
    "tenants.BankDossier add": "运管",
    "tenants.BankDossier download": "运复审管",
    "tenants.Switch add": "运管",
    "tenants.Switch turn_on": "运管",
    "tenants.LprQuote add": "运管",
    "tenants.Holiday add": "运管",
    "auth.User revoke": "管",
    "auth.User reset": "管",
    "auth.User grant": "管",
    "auth.User add": "管",
    "auth.User change": "管",
}
SITES: Final = {
    "125": (bank_admin, BANK_ROLES, BANK_PAGES, BANK_ACTS),
    PROVINCE_CODE: (province_admin, PROVINCE_ROLES, PROVINCE_PAGES, PROVINCE_ACTS),
}
# Acts that a row decides on, not a role: `tests/core/test_approvals.py`, `test_two_people.py`.
BY_ROW: Final = ("core.Proposal",)
FORMS: Final = {"add/": "add", "<id>/password/": "change"}
DJANGOS: Final = ("autocomplete/", "<path:object_id>/", "<path:object_id>/delete/")


@contextmanager
def override_urls(urls: str | None) -> Iterator[None]:
    """Let addresses be made as at a bank."""
    set_urlconf(urls)
    try:
        yield
    finally:
        set_urlconf(None)


def _request(user: Any, method: str = "GET") -> HttpRequest:
    request: HttpRequest = getattr(RequestFactory(), method.lower())("/")
    request.user = user
    request.session = {PROVED: user.pk}  # type: ignore[assignment]  # all that is asked of it
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # forgery has tests of its own
    request._messages = Mock()  # type: ignore[attr-defined]
    return request


def _staff(bank: str) -> dict[str, Any]:
    """Make a login with each role of a place; return them by the role's first word."""
    made = {}
    for word, role in SITES[bank][1].items():
        user = User.objects.create(username=f"only-{role}", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        if role == AML_READER:
            StaffAccess.objects.create(user=user, aml_until_at=days_from_now(1))
        made[word] = User.objects.get(pk=user.pk)
    return made


def _acts(page: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the acts of a page with the permissions that each asks for."""
    for place in ("actions_list", "actions_detail", "actions_row", "actions_submit_line"):
        for name in page._extract_action_names(getattr(page, place, None) or ()):
            yield name, tuple(getattr(page, name).allowed_permissions)


def _may(page: Any, request: HttpRequest, permissions: tuple[str, ...]) -> bool:
    return all(getattr(page, f"has_{name}_permission")(request) for name in permissions)


def _offered(page: Any, request: HttpRequest) -> set[str]:
    found = {name for name, permissions in _acts(page) if _may(page, request, permissions)}
    found |= {"add"} if page.has_add_permission(request) else set()
    return found | ({"change"} if page.has_change_permission(request) else set())


def _listed(table: Mapping[str, str], word: str) -> set[str]:
    return {name for name, words in table.items() if word in words}


@pytest.mark.django_db
@pytest.mark.parametrize("bank", list(SITES))
class TestEveryRole:
    def test_opens_its_pages_and_is_offered_its_acts_and_no_others(self, bank: str) -> None:
        site, roles, pages, acts = SITES[bank]
        with in_bank(bank):
            assert set(roles.values()) == set(roles_at(bank))
            wrong: dict[str, set[str]] = {}
            for word, user in _staff(bank).items():
                request = _request(user)
                registered = {model._meta.label: page for model, page in site._registry.items()}
                opened = {name for name, page in registered.items() if page.has_view_or_change_permission(request)}
                offered = {
                    f"{name} {act}"
                    for name, page in registered.items()
                    if name not in BY_ROW
                    for act in _offered(page, request)
                }
                found = {
                    "pages too many": opened - _listed(pages, word), "pages too few": _listed(pages, word) - opened,
                    "acts too many": offered - _listed(acts, word), "acts too few": _listed(acts, word) - offered,
                }  # fmt: skip
                wrong |= {f"{roles[word]}: {what}": names for what, names in found.items() if names}
            assert wrong == {}, "the table of this module says otherwise"

    def test_is_refused_everything_else_at_its_own_address(self, bank: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            ModelAdmin, "get_object", lambda *_: None
        )  # there is no such row: need not be asked each time
        _, _, pages, acts = SITES[bank]
        open_doors, refusals = [], 0
        with in_bank(bank), override_urls(None if bank == PROVINCE_CODE else BANK_URLS):
            staff = _staff(bank)
            for label, address, call in _addresses(bank):
                act = FORMS.get(address, address.rstrip("/").rpartition("/")[2])
                for word, user in staff.items():
                    seen = word in pages.get(label, "")
                    is_act = f"{label} {act}" in acts
                    if (seen and not is_act) or word in acts.get(f"{label} {act}", ""):
                        continue
                    for method in _methods(address, act, seen=seen):
                        refusals += 1
                        if not _is_refused(call, _request(user, method)):
                            open_doors.append(f"{SITES[bank][1][word]}: {method} {label} {address}")
        assert open_doors == []
        assert refusals > 60


READING: Final = (
    "accounts.Customer find", "accounts.Customer looks", "accounts.JournalEntry trial_balance", "accounts.Filing agreement",
    "lending.Contract download", "lending.LineAgreement download", "lending.LoanPaper download",
    "lending.OverdueLoan roll_rates", "lending.ReviewCase subject",
    "lending.MechanismDossier download",
    "lending.ProductVersion contract", "lending.ProductVersion preview",
    "lending.BankModelVersion look", "lending.ShadowDecision compare",
)  # fmt: skip


class TestTheTables:
    def test_an_auditor_and_who_was_named_to_read_aml_cases_change_nothing(self) -> None:
        assert {name for word in "审洗支" for name in _listed(BANK_ACTS, word)} == set(READING)
        assert _listed(PROVINCE_ACTS, "审") == {"tenants.Bank checklist", "tenants.BankDossier download"}

    def test_an_auditor_sees_every_page_but_the_aml_cases(self) -> None:
        assert set(BANK_PAGES) - _listed(BANK_PAGES, "审") == {"verification.ScreeningAlert"}
        assert set(PROVINCE_PAGES) == _listed(PROVINCE_PAGES, "审")

    @pytest.mark.django_db
    def test_a_customer_manager_sees_no_rows_of_others_on_any_page_with_customers(self) -> None:
        free = {"tenants.Entry", "tenants.Scan", "lending.Product"}
        with in_bank("125"):
            request = _request(_staff("125")["经"])
            pages = {model._meta.label: page for model, page in bank_admin._registry.items()}
            open_to = _listed(BANK_PAGES, "经") - free
            narrowed = ("tenants_scan", f"manager = {request.user.get_username()}")
            asked = {name: str(pages[name].get_queryset(request).query).replace('"', "") for name in open_to}
            loose = {name for name, query in asked.items() if not any(word in query for word in narrowed)}
        assert loose == set(), "narrow it by accounts.attribution.only_own"


def _addresses(bank: str) -> Iterator[tuple[str, str, Any]]:
    """Give every address of every page: the page, the pattern, and what answers there with values in their places."""
    site = SITES[bank][0]
    for model, page in site._registry.items():
        for url in page.get_urls():
            pattern = str(url.pattern)
            if pattern in DJANGOS or (
                model._meta.label in BY_ROW and pattern.count("/") > 1 and "change" not in pattern
            ):
                continue
            given: dict[str, Any] = dict.fromkeys(url.pattern.converters, new_id().hex)
            given |= {"name": "face.token_seconds"} if "name" in given else {}
            given |= {"entry_id": new_id()} if "entry_id" in given else {}
            given |= {"id": "0"} if "id" in given else {}
            yield model._meta.label, pattern, (url.callback, given)


def _methods(address: str, act: str, *, seen: bool) -> tuple[str, ...]:
    """Choose how to knock: forms both ways (who may see a row may look at its form), acts as they are done, lists by GET."""
    if act in ("add", "change"):
        return ("POST",) if seen and act == "change" else ("GET", "POST")
    return ("GET",) if address in ("", "<path:object_id>/history/", "history/") else ("POST",)


def _is_refused(call: Any, request: HttpRequest) -> bool:
    view, given = call
    try:
        answer = view(request, **given)
    except (PermissionDenied, Http404):
        return True
    if answer.status_code == 302:  # Django looks for the row first, and there is none: it shows nothing of the page
        return str(answer["Location"]).endswith("/admin/")
    return answer.status_code in (403, 404)
