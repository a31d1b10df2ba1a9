"""Every large list of a bank's admin over full tables: `python -m bench.lists --bank 125 --rows 100000`.

For a database of its own, as its owner: the tables take whatever is copied. Printed is one JSON object: of each list how many
statements its first page needs, what they cost, and the slowest of them with its plan.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any, Final

import django

from bench.disbursement import environment_of
from bench.report import Finding
from scripts.product import ROOT, Product, ProductError

LARGE: Final = (
    "accounts.Customer", "accounts.Registration", "accounts.DepositAccount", "accounts.Card", "accounts.JournalEntry",
    "accounts.Posting", "accounts.GlDay", "accounts.Payment", "accounts.TopUp", "accounts.Transfer", "accounts.Hold",
    "accounts.Notice", "accounts.Receipt", "accounts.ReceiptUse", "accounts.Refund", "accounts.Filing",
    "accounts.DocumentDemand", "accounts.Reverification", "accounts.Suspension", "accounts.AccountClosing",
    "accounts.Restriction", "accounts.ReconciliationBreak", "accounts.Complaint",
    "core.Proposal", "core.Step", "core.StateChange", "core.AuditEntry",
    "tenants.Entry", "tenants.Scan", "tenants.CampaignCost",
    "verification.Subject", "verification.Check", "verification.FaceCheck", "verification.VoiceCheck",
    "verification.IdCardReading", "verification.Consent", "verification.ScreeningAlert", "verification.PhoneCode",
    "verification.Upload",
    "lending.Application", "lending.Decision", "lending.ShadowDecision", "lending.CreditLine", "lending.Drawdown",
    "lending.Contract", "lending.Loan", "lending.OverdueLoan", "lending.Instalment", "lending.Repayment",
    "lending.AutoDebit", "lending.LoanPaper",
    "lending.EntrustedPayment", "lending.EarlyWarning", "lending.ObservedFact", "lending.PurposeFinding",
    "lending.CollectionContact", "lending.CreditNotice", "lending.BureauReport", "lending.BureauRecord",
    "lending.BureauObjection", "lending.ReviewCase", "lending.ReviewTask", "lending.Invitation",
)  # fmt: skip
"""The lists that grow with a bank's customers; the others grow with its staff."""
FEW: Final = 22
ROWS: Final = 100_000
MILLISECONDS: Final = 1000
AT_MOST: Final = 1000.0
WORTH_A_LOOK: Final = 10.0


def measure(running: Product, bank: str) -> list[Finding]:
    """Fill a product's database and read its lists, each once, the slowest first."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.lists", "--bank", bank],
        cwd=ROOT, env={**environment_of(running), "DATABASE_LOGIN": "owner"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ProductError(f"bench.lists failed:\n{done.stderr[-4000:]}")
    found = sorted(json.loads(done.stdout), key=lambda each: -each["milliseconds"])
    return [
        Finding(
            name=f"list of {each['list']}", unit="ms", measured=each["milliseconds"], at_most=AT_MOST,
            note=f"{each['statements']} statements, {each['rows']} rows shown",
        )
        for each in found
    ]  # fmt: skip


def fill(rows: int) -> None:
    """Fill the tables of the current bank: the large ones with so many rows, what else they need with a few."""
    from django.apps import apps

    from bench.many_rows import copy_rows, make_first, with_what_they_point_to

    for model in with_what_they_point_to(apps.get_model(label) for label in LARGE):
        make_first(model)
        copy_rows(model, rows if model._meta.label in LARGE else FEW)


def read(label: str, bank: Any, user: Any) -> dict[str, Any]:
    """Show the first page of a list as far as it asks for something; return what that cost."""
    from django.apps import apps
    from django.contrib.admin.templatetags.admin_list import result_list
    from django.db import connection
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext

    from config.admin_site import bank_admin
    from tenants.admin.login import PROVED

    page = bank_admin._registry[apps.get_model(label)]
    request: Any = RequestFactory().get("/")
    request.user, request.bank, request.session = user, bank, {PROVED: user.pk}
    with CaptureQueriesContext(connection) as asked:
        started = time.perf_counter()
        answer: Any = page.changelist_view(request)
        found = answer.context_data["cl"]
        results: Any = result_list(found)["results"]
        shown = list(results)
        filters = [list(spec.choices(found)) for spec in found.filter_specs]
        seconds = time.perf_counter() - started
    statements = sorted(asked.captured_queries, key=lambda one: -float(one["time"]))
    return {
        "list": label, "rows": len(shown), "filters": len(filters), "statements": len(asked),
        "milliseconds": round(seconds * MILLISECONDS, 1),
        "slowest": [
            {"milliseconds": round(float(one["time"]) * MILLISECONDS), "statement": one["sql"], "plan": _plan(one["sql"])}
            for one in statements[:3]
            if float(one["time"]) * MILLISECONDS > WORTH_A_LOOK
        ],
    }  # fmt: skip


def _plan(statement: str) -> list[str]:
    from django.db import connection

    if not statement.startswith("SELECT"):
        return []
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
        return [row[0] for row in cursor.fetchall()]


def main() -> None:
    """Fill and read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bank", required=True)
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    django.setup()
    from django.contrib.auth.models import User
    from django.db import connection
    from django.urls import set_urlconf

    from bench.many_rows import let_anything_in
    from config.admin_site import bank_admin
    from core.tenancy import in_bank, schema_of
    from tenants import directory

    set_urlconf("config.urls_bank")
    with in_bank(asked.bank):
        let_anything_in([schema_of(asked.bank)])
        fill(asked.rows)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        user, _ = User.objects.get_or_create(username="lists", defaults={"is_staff": True, "is_superuser": True})
        bank = directory.card_of(asked.bank)
        listed = [label for label in LARGE if label in {model._meta.label for model in bank_admin._registry}]
        read(listed[0], bank, user)
        print(json.dumps([read(label, bank, user) for label in listed]))


if __name__ == "__main__":
    main()
