"""The admin's navigation: the registered pages in the order of the work, each shown to whoever may see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from accounts.attribution import ANY
from accounts.models import Complaint, Filing, ReconciliationBreak
from accounts.queries import overdue_complaints, overdue_filings
from config.look import bank_of
from core.steps.models import PARKED, Step
from lending.models import EarlyWarning, ReviewCase
from lending.models.warning import LIST_HIT, OPEN
from lending.queries.review import overdue_cases
from tenants.models import Bank, Switch
from tenants.readiness import reports_ending


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands in the navigation, its symbol, and its title where the table's own name does not say enough."""

    group: str
    symbol: str
    title: str = ""


# The order of the groups and, inside a group, of the pages. A page that is not named here stands in its room's group.
BANK: Final[Mapping[str, Place]] = {
    "lending.ReviewCase": Place("审核", "inbox"),
    "lending.ReviewTask": Place("审核", "contact_mail"),
    "accounts.Customer": Place("客户", "group"),
    "accounts.Registration": Place("客户", "how_to_reg"),
    "accounts.DepositAccount": Place("客户", "account_balance_wallet"),
    "accounts.Card": Place("客户", "credit_card"),
    "accounts.Suspension": Place("客户", "pause_circle"),
    "accounts.Reverification": Place("客户", "person_check"),
    "accounts.AccountClosing": Place("客户", "logout"),
    "accounts.DocumentDemand": Place("客户", "badge"),
    "accounts.Notice": Place("客户", "notifications"),
    "accounts.Complaint": Place("客户", "feedback"),
    "verification.Subject": Place("客户", "badge"),
    "verification.Consent": Place("客户", "handshake"),
    "verification.Check": Place("客户", "verified_user"),
    "verification.FaceCheck": Place("客户", "face"),
    "verification.VoiceCheck": Place("客户", "mic"),
    "verification.ScreeningAlert": Place("客户", "policy"),
    "verification.IdCardReading": Place("客户", "document_scanner"),
    "verification.PhoneCode": Place("客户", "sms"),
    "verification.Upload": Place("客户", "photo_library"),
    "verification.WatchlistVersion": Place("客户", "list_alt"),
    "lending.Product": Place("信贷", "category"),
    "lending.ProductVersion": Place("信贷", "history_edu"),
    "lending.BankModel": Place("信贷", "account_tree"),
    "lending.BankModelVersion": Place("信贷", "commit"),
    "lending.ModelCase": Place("信贷", "checklist"),
    "lending.BackTest": Place("信贷", "history"),
    "lending.ShadowDecision": Place("信贷", "compare_arrows"),
    "lending.Invitation": Place("信贷", "outgoing_mail"),
    "lending.RelatedParty": Place("信贷", "hub"),
    "lending.Application": Place("信贷", "assignment"),
    "lending.BureauReport": Place("信贷", "account_box"),
    "lending.GovernmentData": Place("信贷", "domain"),
    "lending.Decision": Place("信贷", "rule"),
    "lending.CreditLine": Place("信贷", "speed"),
    "lending.Drawdown": Place("信贷", "download"),
    "lending.LineAgreement": Place("信贷", "handshake"),
    "lending.Contract": Place("信贷", "contract"),
    "lending.Loan": Place("信贷", "real_estate_agent"),
    "lending.Instalment": Place("信贷", "event_repeat"),
    "lending.Repayment": Place("信贷", "payments"),
    "lending.LoanPaper": Place("信贷", "description"),
    "lending.EntrustedPayment": Place("信贷", "forward_to_inbox"),
    "lending.OverdueLoan": Place("贷后", "running_with_errors"),
    "lending.CollectionContact": Place("贷后", "contact_phone"),
    "lending.CollectionAgency": Place("贷后", "handshake"),
    "lending.EarlyWarning": Place("贷后", "crisis_alert"),
    "lending.ObservedFact": Place("贷后", "travel_explore"),
    "lending.PurposeFinding": Place("贷后", "troubleshoot"),
    "lending.WatchTerm": Place("贷后", "manage_search"),
    "lending.CreditNotice": Place("贷后", "campaign"),
    "lending.BureauRecord": Place("贷后", "summarize"),
    "lending.BureauExport": Place("贷后", "upload_file"),
    "lending.BureauObjection": Place("贷后", "feedback"),
    "lending.AutoDebit": Place("信贷", "autopay"),
    "accounts.JournalEntry": Place("账务", "receipt_long"),
    "accounts.GlDay": Place("账务", "calendar_view_day"),
    "accounts.Payment": Place("账务", "swap_horiz"),
    "accounts.TopUp": Place("账务", "add_card"),
    "accounts.Transfer": Place("账务", "send_money"),
    "accounts.Hold": Place("账务", "lock_clock"),
    "accounts.Restriction": Place("账务", "gavel"),
    "accounts.Receipt": Place("账务", "move_to_inbox"),
    "accounts.Refund": Place("账务", "undo"),
    "accounts.CoreReconciliation": Place("账务", "compare_arrows"),
    "accounts.ReconciliationBreak": Place("账务", "rule_folder"),
    "accounts.Filing": Place("账务", "inventory"),
    "lending.DayEndStage": Place("账务", "bedtime", "日终处理"),
    "tenants.Entry": Place("渠道", "qr_code_2"),
    "tenants.Scan": Place("渠道", "qr_code_scanner"),
    "tenants.CampaignCost": Place("渠道", "receipt"),
    "tenants.BankParameter": Place("系统", "tune"),
    "verification.AgreementText": Place("系统", "description"),
    "lending.MechanismDossier": Place("系统", "assured_workload"),
    "lending.BankCertificate": Place("系统", "workspace_premium"),
    "core.Proposal": Place("系统", "approval"),
    "core.Step": Place("系统", "pending_actions"),
    "core.StateChange": Place("系统", "timeline"),
    "core.AuditEntry": Place("系统", "fact_check"),
    "admin.LogEntry": Place("系统", "edit_note", "表单修改记录"),
    "tenants.SupportSession": Place("系统", "support_agent"),
    "auth.User": Place("系统", "manage_accounts", "员工账号"),
    "auth.Group": Place("系统", "groups", "角色"),
}
PROVINCE: Final[Mapping[str, Place]] = {
    "tenants.Bank": Place("银行", "account_balance"),
    "tenants.Switch": Place("银行", "emergency_home"),
    "tenants.PushedFigure": Place("银行", "monitoring"),
    "tenants.EvidenceHeadCopy": Place("银行", "verified"),
    "tenants.BankDossier": Place("银行", "assured_workload"),
    "tenants.PlatformParameter": Place("规则", "tune"),
    "tenants.ProductTemplate": Place("规则", "library_books"),
    "tenants.LprQuote": Place("规则", "percent"),
    "tenants.Holiday": Place("规则", "calendar_month"),
    "core.Proposal": Place("系统", "approval"),
    "core.Step": Place("系统", "pending_actions"),
    "core.StateChange": Place("系统", "timeline"),
    "core.AuditEntry": Place("系统", "fact_check"),
    "admin.LogEntry": Place("系统", "edit_note", "表单修改记录"),
    "auth.User": Place("系统", "manage_accounts", "员工账号"),
    "auth.Group": Place("系统", "groups", "角色"),
}
GROUP_OF_ROOM: Final = {"verification": "客户", "accounts": "账务", "lending": "信贷"}
OTHER_SYMBOL: Final = "article"
# What somebody must look at, counted beside the page's title.
ALARMS: Final[Mapping[Any, Callable[[], int]]] = {
    Bank: reports_ending,
    Switch: Switch.objects.filter(is_off=True).count,
    Step: Step.objects.filter(state=PARKED).count,
    Filing: overdue_filings,
    Complaint: overdue_complaints,
    ReconciliationBreak: ReconciliationBreak.objects.filter(closed_at=None).count,
    ReviewCase: overdue_cases,
    EarlyWarning: EarlyWarning.objects.filter(status=OPEN).exclude(rule=LIST_HIT).count,
}


def sidebar(request: HttpRequest, site: UnfoldAdminSite) -> list[dict[str, Any]]:
    """Return the navigation of a bank's site, or the province's, without what this person may not see."""
    places = PROVINCE if bank_of(request) is None else BANK
    home = reverse("admin:index")
    groups: dict[str, list[dict[str, Any]]] = {"": [_home(home, request.path)]}
    for group in dict.fromkeys(place.group for place in places.values()):
        groups[group] = []
    for page, place in _ordered(site, places):
        if page.has_view_or_change_permission(request):
            groups[place.group].append(_item(request, page.model, place, home))
    return [{"title": title, "items": items} for title, items in groups.items() if items]


def _ordered(site: UnfoldAdminSite, places: Mapping[str, Place]) -> Sequence[tuple[Any, Place]]:
    pages = {model._meta.label: page for model, page in site._registry.items()}  # noqa: SLF001 -- Django's registry
    named = [(pages.pop(label), place) for label, place in places.items() if label in pages]
    last = list(places.values())[-1].group
    rest = [(page, Place(GROUP_OF_ROOM.get(label.split(".")[0], last), OTHER_SYMBOL)) for label, page in pages.items()]
    return named + rest


def _home(home: str, here: str) -> dict[str, Any]:
    return {"title": "总览", "icon": "dashboard", "link": home, "active": here == home, "badge": 0}


def _badge(request: HttpRequest, model: Any) -> int:
    """Count what somebody must look at; who sees only customers of their own sees no sum of the bank's complaints."""
    if model not in ALARMS or (model is Complaint and not request.user.has_perm(ANY)):
        return 0
    return ALARMS[model]()


def _item(request: HttpRequest, model: Any, place: Place, home: str) -> dict[str, Any]:
    """Describe a page's line; lists stand below the first page by their models' names, as Django's admin puts them."""
    options = model._meta  # noqa: SLF001 -- Django's documented model API
    link = f"{home}{options.app_label}/{options.model_name}/"
    return {
        "title": place.title or str(options.verbose_name_plural),
        "icon": place.symbol,
        "link": link,
        "active": request.path.startswith(link),
        "badge": _badge(request, model),
    }
