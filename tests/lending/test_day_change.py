"""A new business day: what is over ends, the province gets figures and heads, and days walk by command (D19, SEC-01)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core import evidence, vault
from core.clock import business_date
from core.steps.models import Step
from core.tenancy import current_bank, in_bank
from lending import queries, reporting
from lending.closing.runner import close_until
from lending.contracts.certificates import read_certificates
from lending.day_end import follow_day
from lending.management.commands import advance_day
from lending.models import BankCertificate, Contract, CreditLine, Drawdown
from lending.operations import move_day
from lending.signers import NoSigningCertificate, current_signer
from tenants.models import EvidenceHeadCopy, PushedFigure
from tenants.operations import HeadRefused, push_evidence_head
from tests.lending.borrowers import again, draft, lend, make_borrower, repay, set_day, sign, signed
from tests.running_sandbox import Sandbox

RunSteps = Callable[..., int]


def figures(bank: str = "125") -> dict[str, int]:
    rows = PushedFigure.objects.filter(bank=bank, date=business_date())
    return dict(rows.values_list("kind", "value"))


def advance(**options: Any) -> str:
    out = StringIO()
    call_command("advance_day", stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestFollowDay:
    def test_drafts_signed_drawdowns_and_lines_end_when_their_day_is_over(self) -> None:
        who = make_borrower()
        waiting, living = signed(who), draft(who)
        over = draft(who)
        Drawdown.objects.filter(pk=over.pk).update(expires_at=over.created_at)
        close_until(to_date=business_date() + timedelta(days=1))
        assert [again(row).status for row in (waiting, living, over)] == ["signed", "draft", "expired"]
        close_until(to_date=business_date() + timedelta(days=1))
        ended = again(waiting)
        assert (ended.status, ended.reason_code) == ("expired", "not_disbursed_in_time")
        assert who.line().held_fen == 0
        CreditLine.objects.filter(pk=who.line_id).update(
            starts_date=business_date() - timedelta(days=9), valid_until_date=business_date() - timedelta(days=1)
        )
        follow_day()
        assert who.line().status == "expired"

    def test_doing_it_twice_is_doing_it_once(self) -> None:
        who = make_borrower()
        signed(who)
        close_until(to_date=business_date() + timedelta(days=2))
        follow_day()
        follow_day()
        assert who.line().held_fen == 0

    def test_the_step_does_it_all_and_the_date_moves_in_it(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = signed(who)
        today = business_date()
        assert move_day(to_date=today + timedelta(days=2)) == today == business_date()
        run_steps()
        assert business_date() == today + timedelta(days=2)
        assert again(drawdown).status == "expired"
        assert set(Step.objects.filter(kind="lending.day_changed").values_list("state", flat=True)) == {"done"}

    def test_no_day_end_is_owed_for_a_day_that_is_past(self) -> None:
        with pytest.raises(ValueError, match="never goes back"):
            move_day(to_date=business_date() - timedelta(days=1))
        assert not Step.objects.filter(kind="lending.day_changed").exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestFigures:
    def test_every_change_pushes_what_is_granted_drawn_and_by_how_many(self, run_steps: RunSteps) -> None:
        who, other = make_borrower(limit_fen=50_000_00), make_borrower(limit_fen=30_000_00)
        loan = lend(who, 20_000_00)
        lend(who, 1_000_00)
        lend(other, 10_000_00)
        run_steps()
        pushed = figures()
        assert (pushed["granted_fen"], pushed["drawn_fen"], pushed["borrowing_customers"]) == (80_000_00, 31_000_00, 2)
        repay(who, loan, kind="early_full")
        run_steps()
        assert figures()["drawn_fen"] == 11_000_00
        assert queries.figures_now().borrowing_customers == 2

    def test_a_line_that_is_over_grants_nothing(self) -> None:
        who = make_borrower(limit_fen=50_000_00)
        set_day(who.line().valid_until_date + timedelta(days=1))
        assert queries.figures_now().granted_fen == 0


@pytest.mark.django_db(transaction=True)
class TestFiguresRace:
    def test_two_pushes_at_once_take_turns(self) -> None:
        held, go = threading.Event(), threading.Event()

        def hold() -> None:
            try:
                with in_bank("125"), connection.cursor() as cursor:
                    cursor.execute(reporting.TRY_LOCK, ["lending.push_figures:bank_125"])
                    held.set()
                    go.wait(10)
                    cursor.execute(reporting.UNLOCK, ["lending.push_figures:bank_125"])
            finally:
                connection.close()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        with in_bank("125"):
            with pytest.raises(reporting.AnotherPush):
                reporting.push_figures()
            go.set()
            thread.join()
            reporting.push_figures()
            assert figures()["drawn_fen"] == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestHeads:
    def test_the_days_head_is_signed_by_the_bank_and_kept_by_the_province(self) -> None:
        lend(make_borrower())
        head = reporting.commit_head()
        assert head is not None
        copy = EvidenceHeadCopy.objects.get(bank="125")
        assert (copy.tree_size, bytes(copy.root), copy.number) == (head.tree_size, head.root, head.number)
        assert bytes(copy.signature) == head.signature
        public_key = _public_key(BankCertificate.objects.get().certificate_pem.encode())
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        public_key.verify(head.signature, head.message, ec.ECDSA(hashes.SHA256()))

    def test_each_head_extends_the_last_and_pushing_twice_is_once(self) -> None:
        lend(make_borrower())
        first = reporting.commit_head()
        lend(make_borrower())
        second = reporting.commit_head()
        assert first is not None
        assert second is not None
        assert second.previous_size == first.tree_size < second.tree_size
        assert not push_evidence_head(second)
        assert EvidenceHeadCopy.objects.filter(bank="125").count() == 2

    def test_a_head_that_does_not_extend_the_last_is_refused_and_alarmed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from dataclasses import replace

        from tenants.operations import evidence_heads

        alarms: list[str] = []
        monkeypatch.setattr(evidence_heads.log, "error", lambda event, **_: alarms.append(event))
        lend(make_borrower())
        head = reporting.commit_head()
        assert head is not None
        for forged in (replace(head, root=bytes(32)), replace(head, tree_size=head.tree_size - 1)):
            with pytest.raises(HeadRefused):
                push_evidence_head(forged)
        assert alarms == ["evidence.head_refused"] * 2
        assert EvidenceHeadCopy.objects.filter(bank="125").count() == 1

    def test_a_tampered_log_ends_the_days_step_with_an_alarm(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse() -> None:
            raise HeadRefused

        monkeypatch.setattr("lending.day_end.commit_head", refuse)
        tomorrow = business_date() + timedelta(days=1)
        move_day(to_date=tomorrow)
        run_steps()
        step = Step.objects.get(kind="lending.day_changed")
        assert (step.state, step.reason) == ("failed", "evidence_refused")
        assert business_date() == tomorrow

    def test_an_empty_log_has_no_head(self) -> None:
        assert reporting.commit_head() is None

    def test_every_leaf_gets_its_place_whichever_room_it_is_of(self) -> None:
        lend(make_borrower())
        with transaction.atomic():
            evidence.append("verification.consent", "x", bytes(32))
        assert reporting.sequence_leaves() == evidence.tree_size()


def _public_key(pem: bytes) -> Any:
    from cryptography import x509

    return x509.load_pem_x509_certificate(pem).public_key()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestCertificate:
    def test_a_bank_is_opened_with_a_certificate_in_its_own_name(self) -> None:
        row = BankCertificate.objects.get()
        _, signer = current_signer()
        assert signer.name == "连云港东方样例农村商业银行股份有限公司"
        assert len(read_certificates(row.ca_pem.encode())) == 1
        with in_bank("116"):
            assert current_signer()[1].name == "张家港样例农村商业银行股份有限公司"

    def test_its_key_is_sealed_at_rest(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT private_key_pem FROM lending_bank_certificate")
            stored = bytes(cursor.fetchone()[0])
        assert b"PRIVATE KEY" not in stored

    def test_without_one_nothing_is_signed(self) -> None:
        BankCertificate.objects.update(in_use=False)
        with pytest.raises(NoSigningCertificate):
            current_signer()


@pytest.mark.django_db
class TestAdvanceDay:
    def test_it_walks_day_by_day_and_does_what_hangs_on_each(self) -> None:
        with in_bank("125"):
            who = make_borrower()
            drawdown = signed(who)
            lend(who)
            start = business_date()
        told = advance(bank="125", to=(start + timedelta(days=12)).isoformat())
        assert told.strip() == f"125: {start} → {start + timedelta(days=12)}"
        with in_bank("125"):
            assert business_date() == start + timedelta(days=12)
            assert again(drawdown).status == "expired"
            assert PushedFigure.objects.filter(bank="125", kind="drawn_fen").count() == 13  # the first day, too
            assert EvidenceHeadCopy.objects.filter(bank="125").exists()
        with in_bank("116"):
            assert business_date() == start

    def test_all_walks_every_serving_bank_and_a_bank_that_is_there_stays(self) -> None:
        with in_bank("125"):
            to = (business_date() + timedelta(days=1)).isoformat()
        assert len(advance(all=True, to=to).splitlines()) == 2
        assert advance(bank="125", to=to).strip() == f"125: {to} → {to}"

    def test_s24_a_bank_that_fails_or_is_ahead_stops_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        codes = advance_day._serving()
        with in_bank(codes[0]):
            day = business_date() + timedelta(days=1)
        walk = advance_day._walk

        def failing(to_date: date) -> date:
            if current_bank().code == codes[0]:
                msg = "no books"
                raise RuntimeError(msg)
            return walk(to_date)

        monkeypatch.setattr(advance_day, "_walk", failing)
        with pytest.raises(CommandError, match=f"bank {codes[0]}: RuntimeError: no books: run it again"):
            advance(all=True, to=day.isoformat())
        for code in codes[1:]:
            with in_bank(code):
                assert business_date() == day

    def test_it_never_goes_back_nor_too_far_nor_to_no_bank(self) -> None:
        with in_bank("125"):
            today = business_date()
        for options in (
            {"bank": "125", "to": (today - timedelta(days=1)).isoformat()},
            {"bank": "125", "to": (today + timedelta(days=9999)).isoformat()},
            {"bank": "125", "to": "tomorrow"},
            {"bank": "999", "to": today.isoformat()},
        ):
            with pytest.raises(CommandError):
                advance(**options)

    def test_at_a_working_bank_it_refuses_to_run(self, settings: Any) -> None:
        settings.SIMULATION = False
        with pytest.raises(CommandError, match="SIMULATION=1"):
            advance(bank="125", to="2030-01-01")


@pytest.mark.django_db
def test_verify_contract_says_what_the_call_says(
    bank_a: str, vendors: Sandbox, run_steps: RunSteps, tmp_path: Path
) -> None:
    who = make_borrower()
    sign(who, draft(who))
    run_steps()
    row = Contract.objects.get()
    file = tmp_path / "contract.pdf"
    file.write_bytes(vault.read(row.object_id, purpose="test", actor="test"))
    out = StringIO()
    call_command("verify_contract", str(file), bank="125", stdout=out)
    assert json.loads(out.getvalue())["number"] == row.number
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(CommandError, match="added_to"):
        call_command("verify_contract", str(file), bank="125", stdout=StringIO())
    for wrong in ((str(tmp_path / "absent"), "125"), (str(file), "999")):
        with pytest.raises(CommandError):
            call_command("verify_contract", wrong[0], bank=wrong[1], stdout=StringIO())
