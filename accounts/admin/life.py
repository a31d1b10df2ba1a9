"""The life of accounts: why some take no new business, who proved themselves again, what was closed, who was told."""

from __future__ import annotations

from typing import Final

from unfold.decorators import display

from accounts.admin.tables import masked_number
from accounts.models import AccountClosing, Reverification, Suspension
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage

CLOSING_COLOURS: Final = {"closing": "info", "closed": "success", "refused": "danger"}
PROOF_COLOURS: Final = {"reading": "info", "verified": "success", "rejected": "danger"}


class _OfAnAccount(ReadOnlyPage):
    list_select_related = ("account",)
    ordering = ("-id",)
    readonly_fields = ("account_in_short",)

    @display(description="账号")
    def account_in_short(self, row: Suspension | AccountClosing | Reverification) -> str:
        """Show the last four digits."""
        return masked_number(row.account)


class SuspensionPage(_OfAnAccount):
    """Suspensions, newest first; one without an end is in force."""

    list_display = ("account_in_short", state("reason", "原因", {}), "from_date", "until_date", "lifted_by")
    list_filter = ("reason", "from_date", "until_date")
    fields = (("account", "account_in_short"), ("reason", "lifted_by"), ("from_date", "until_date"), "created_at")


class DocumentDemandPage(ReadOnlyPage):
    """Customers who are to show their ID card by the turnover of their Class III accounts, newest first."""

    list_display = (opaque("customer_id", "客户号"), amount("turnover_fen", "Ⅲ类户累计收付"), "demanded_date", "due_date",
                    "met_date")  # fmt: skip
    list_filter = ("demanded_date", "due_date", "met_date")
    ordering = ("-id",)
    readonly_fields = (amount("turnover_fen", "Ⅲ类户累计收付"),)
    fields = (("customer", *readonly_fields), ("demanded_date", "due_date", "met_date"), "created_at")


class AccountClosingPage(_OfAnAccount):
    """Requests to close an account, newest first."""

    list_display = ("account_in_short", state("status", "状态", CLOSING_COLOURS), "reason_code", "requested_at",
                    "ended_at")  # fmt: skip
    list_filter = ("status", "requested_at")
    fields = (("account", "account_in_short"), ("status", "reason_code"), "face_check_id", ("requested_at", "ended_at"))


class ReverificationPage(_OfAnAccount):
    """Proofs of identity that customers gave again, newest first."""

    list_display = ("account_in_short", state("status", "状态", PROOF_COLOURS), "reason_code", "created_at", "ended_at")
    list_filter = ("status", "reason_code", "created_at")
    fields = (("account", "account_in_short"), ("status", "reason_code"), ("face_check_id", "reading_id"),
              ("created_at", "ended_at"))  # fmt: skip


class NoticePage(ReadOnlyPage):
    """Text messages to customers, newest first."""

    list_display = ("kind", opaque("customer_id", "客户号"), "about_date", "sent_at", "code", "created_at")
    list_filter = ("kind", "about_date", "sent_at", "code")
    ordering = ("-id",)
    fields = (("kind", "customer"), ("about_date", "code"), ("created_at", "sent_at"))
