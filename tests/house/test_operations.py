"""Operations are of two sorts, marked, and take keyword arguments only."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final

from core.operations import OPENS, WITHIN
from tests.house.reading import ROOMS, modules_below

# Public functions of an `operations` package that are of neither sort; each with the reason. What is private to a
# module begins with an underscore and is free.
NEITHER_SORT: Final = {
    "tenants.operations.entries.resolve_scene": "begins before a bank is known: finds it, enters it, then opens",
    "tenants.operations.entries.scan_of_entry_token": "reads a signed token, no row",
    "tenants.operations.evidence_heads.push_evidence_head": "its transaction writes the public schema, as the pusher",
    "tenants.operations.figures.earliest_open_date": "reads a parameter, writes no row",
    "tenants.operations.figures.record_figures": "its transaction writes the public schema, as the pusher",
    "tenants.operations.bank_dossiers.deliver": "as record_figures",
    "tenants.operations.product_templates.check_templates_by": "registers a check at start-up, no row",
    "tenants.operations.stopping.owe_when_stopped": "registers a kind at start-up, no row",
    "tenants.operations.wechat.wechat_openid": "an outside call: never within a transaction",
    "tenants.operations.wechat.wechat_phone_number": "an outside call: never within a transaction",
    "tenants.operations.wechat.wechat_code_image": "an outside call: never within a transaction",
    "accounts.operations.ledger.check_lines": "computes, no row",
    "accounts.operations.ledger.guards_told": "a context: turns what a guard of the database says into its problem",
    "accounts.operations.login.log_in": "asks WeChat first, then opens",
    "accounts.operations.receipts.assign_receipt": "screens who paid and commits that, then opens",
    "accounts.operations.refunds.refund_receipt": "as assign_receipt",
    "accounts.operations.refunds.register_refund_paid": "as assign_receipt",
    "verification.operations.phone_codes.digits_of": "computes, no row",
    "verification.operations.checks.elements_of": "reads one sealed column for the step that asks",
    "verification.operations.consents.show_agreements": "reads: renders the very texts whose hash `give_consent` takes",
    "verification.operations.uploads.receive_upload": "writes the file before its transaction opens",
    "lending.operations.papers.issue_receipt": "sets and signs between two transactions: a time stamp is an outside call",
    "lending.operations.papers.issue_statement": "as issue_receipt",
    "lending.operations.papers.issue_settlement": "as issue_receipt",
    "lending.operations.papers.issue_paper": "as issue_receipt",
    "lending.operations.papers.read_paper": "reads from the vault, which commits its own trace",
    "lending.operations.dossiers.issue_dossier": "sets and stages the file before its transaction opens",
    "lending.operations.dossiers.read_dossier": "reads from the vault, which commits its own trace",
    "lending.operations.credit_notices.issue_notice_paper": "as issue_receipt",
    "lending.operations.bureau_files.export_records": "writes the file before its transaction opens",
    "lending.operations.back_testing.back_test_chunk": "decides some hundred cases before its transaction opens",
    "verification.operations.tries.count_try": "counts on a connection of its own, so that no refusal undoes it",
}


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give the public functions of all rooms' `operations`, each once, where it is written."""
    for room in ROOMS:
        if room == "core":  # its operations module is the mechanism, no room's doing
            continue
        for module in modules_below(f"{room}.operations"):
            for name, value in vars(module).items():
                if not name.startswith("_") and inspect.isfunction(value) and value.__module__ == module.__name__:
                    yield f"{module.__name__}.{name}", value


def _sort(function: Callable[..., Any]) -> str | None:
    return getattr(function, "sort", None)


class TestEveryOperation:
    def test_is_marked_as_opening_or_within(self) -> None:
        unmarked = {name for name, function in _functions() if _sort(function) not in {OPENS, WITHIN}}
        assert unmarked - set(NEITHER_SORT) == set(), "mark it, make it private, or give the reason in NEITHER_SORT"

    def test_takes_keyword_arguments_only(self) -> None:
        positional = {
            name: by_position
            for name, function in _functions()
            if _sort(function)
            and (
                by_position := [
                    parameter.name
                    for parameter in inspect.signature(function).parameters.values()
                    if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
                ]
            )
        }
        assert positional == {}

    def test_says_what_it_does(self) -> None:
        assert [name for name, function in _functions() if not inspect.getdoc(function)] == []


def test_the_exceptions_exist_and_are_of_neither_sort() -> None:
    known = {name for name, function in _functions() if _sort(function) is None}
    assert set(NEITHER_SORT) - known == set()
