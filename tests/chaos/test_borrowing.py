"""Signing and disbursing: one contract, one posting, one credit at the core, whenever the worker dies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

import pytest
from django.db.models import F

from accounts.models import JournalEntry, Payment
from accounts.operations.payments import MOVE_IN_CORE
from core.evidence.models import EvidenceLeaf
from core.states.models import StateChange
from core.steps.models import Step
from core.tenancy import in_bank
from lending.models import Contract, CreditLine, Drawdown, LineAgreement, Loan
from lending.operations.disbursement import PAID
from lending.operations.signing import SIGN
from scripts.phone import Phone
from scripts.story import METHOD, PRODUCT, TERM_MONTHS
from tests.chaos.killing import POINTS, kill_at, let_leases_run_out, settled
from tests.chaos.processes import Processes, eventually
from tests.lending.applicants import change_product
from tests.over_rest import BANK, Customer, set_parameter
from tests.running_sandbox import Sandbox
from verification.models import PhoneCode

pytestmark = pytest.mark.chaos
AMOUNT, AMOUNT_FEN = "1000.00", 1000_00
DRAFTS = 8
MOST_PAID = 2


@dataclass(slots=True)
class Borrower:
    """A customer with a line, an account that the core keeps, and drafts whose tables of costs are read."""

    phone: Phone
    line: str
    account: str
    drafts: Iterator[str]

    def signing(self) -> str:
        """Take a draft and sign it; nobody has made the contract yet."""
        draft = next(self.drafts)
        with in_bank(BANK):  # a phone gets so many codes a day: what it got before is of another one
            PhoneCode.objects.update(created_at=F("created_at") - timedelta(days=1))
        body = {
            "face_token": self.phone.face_token("sign", draft),
            "phone_code": self.phone.phone_code("sign", subject=draft),
        }
        assert self.phone.post(f"drawdowns/{draft}/sign", body, expect=202)["status"] == "signing"
        return draft

    def disbursing(self) -> str:
        """Take a draft, have it signed, and ask for the money; nobody has asked the core yet."""
        draft = self.signing()
        assert self.phone.until_settled(f"drawdowns/{draft}")["status"] == "signed"
        body = {"face_token": self.phone.face_token("drawdown", draft)}
        assert self.phone.post(f"drawdowns/{draft}/disburse", body, expect=202)["status"] == "disbursing"
        return draft

    def held_and_drawn(self) -> tuple[int, int]:
        """Return what is held and drawn on the line, in fen."""
        with in_bank(BANK):
            row = CreditLine.objects.get(pk=self.line)
            return row.held_fen, row.drawn_fen


@pytest.fixture(scope="module")
def borrower(customer: Customer) -> Borrower:
    """Bring a customer to the drafts; all tables are read in the same five seconds."""
    set_parameter(BANK, "account.keeper", "core")
    someone = customer()
    someone.log_in()
    someone.consent("privacy", "face")
    someone.register()
    line = someone.accept(someone.apply(PRODUCT)["id"])
    account = someone.open_account()
    assert account["status"] == "active", account

    def draft() -> dict[str, Any]:
        return someone.draft_drawdown(
            line["id"], account["id"], AMOUNT, term=TERM_MONTHS, method=METHOD, purpose="consumption"
        )

    drafts = [draft() for _ in range(DRAFTS)]
    someone.wait(drafts[0]["disclosure"]["min_read_seconds"] + 0.2)
    for one in drafts:
        shown = one["disclosure"]
        body = {"sha256": shown["sha256"], "read_seconds": shown["min_read_seconds"]}
        someone.post(f"drawdowns/{one['id']}/disclosure", body, expect=200)
    return Borrower(someone, line["id"], account["id"], iter([one["id"] for one in drafts]))


class TestSigning:
    @pytest.mark.parametrize("point", POINTS)
    def test_makes_one_contract_when_the_worker_is_killed(
        self, borrower: Borrower, workers: Processes, doors: Sandbox, point: str
    ) -> None:
        held_before, drawn_before = borrower.held_and_drawn()
        drawdown = borrower.signing()
        with in_bank(BANK):
            request_id = Step.objects.get(kind=SIGN, subject=drawdown).id.hex
        before = kill_at(point, SIGN, workers, BANK)
        assert len(doors.calls(vendor="tsa", request_id=request_id)) == before.calls
        with in_bank(BANK):
            assert not Contract.objects.filter(drawdown_id=drawdown).exists()

        workers.worker()

        signed = settled(borrower.phone, f"drawdowns/{drawdown}")
        assert signed["status"] == "signed"
        assert len(doors.calls(vendor="tsa", request_id=request_id)) == before.calls + 1 <= MOST_PAID
        with in_bank(BANK):
            contract = Contract.objects.get(drawdown_id=drawdown)
            assert contract.number == Drawdown.objects.get(pk=drawdown).contract_number
            assert EvidenceLeaf.objects.filter(pk__in=[contract.evidence_leaf, contract.bundle_leaf]).count() == 2
            assert StateChange.objects.filter(subject_id=drawdown, event="seal").count() == 1
        assert borrower.held_and_drawn() == (held_before + AMOUNT_FEN, drawn_before)
        url = f"contracts/{signed['contract']['id']}/pdf"
        pdf = borrower.phone.call("GET", url, expect=200).content
        files = {"file": ("contract.pdf", pdf, "application/pdf")}
        verified = borrower.phone.call("POST", "contracts/verify", files=files, expect=200).json()
        assert (verified["valid"], verified["number"]) == (True, contract.number)

    def test_makes_one_agreement_and_one_voucher_when_the_worker_is_killed_after_both_are_signed(
        self, borrower: Borrower, workers: Processes, doors: Sandbox
    ) -> None:
        with in_bank(BANK):
            line = CreditLine.objects.filter(pk=borrower.line)
            former = line.values_list("product_version_id", flat=True).get()
            line.update(product_version=change_product(PRODUCT, contracting="once_per_line"))
        draft = borrower.phone.draft_drawdown(
            borrower.line, borrower.account, AMOUNT, term=TERM_MONTHS, method=METHOD, purpose="consumption"
        )
        borrower.phone.read_disclosure(draft)
        borrower.drafts = chain([draft["id"]], borrower.drafts)
        drawdown = borrower.signing()
        kill_at("after_call", SIGN, workers, BANK)
        with in_bank(BANK):
            line.update(product_version=former)  # what the customer has signed stands
            assert not LineAgreement.objects.exists()

        workers.worker()

        signed = settled(borrower.phone, f"drawdowns/{drawdown}")
        with in_bank(BANK):
            agreement, voucher = LineAgreement.objects.get(), Contract.objects.get(drawdown_id=drawdown)
            assert voucher.agreement_id == agreement.pk
            leaves = [agreement.evidence_leaf, agreement.bundle_leaf, voucher.evidence_leaf, voucher.bundle_leaf]
            assert EvidenceLeaf.objects.filter(pk__in=leaves).count() == 4
        assert signed["agreement"]["number"] == agreement.number
        assert signed["contract"]["number"] == voucher.number


class TestDisbursingThroughTheCore:
    @pytest.mark.parametrize(("kind", "point"), [*((MOVE_IN_CORE, point) for point in POINTS), (PAID, "after_call")])
    def test_pays_once_and_books_once_when_the_worker_is_killed(
        self, borrower: Borrower, workers: Processes, doors: Sandbox, kind: str, point: str
    ) -> None:
        drawdown = borrower.disbursing()
        held_before, drawn_before = borrower.held_and_drawn()
        request_id = self._request_id(drawdown)
        kill_at(point, kind, workers, BANK)
        assert borrower.held_and_drawn() == (held_before, drawn_before)  # money of unknown fate keeps its hold

        workers.worker()

        assert settled(borrower.phone, f"drawdowns/{drawdown}")["status"] == "disbursed"
        credits_ = [call for call in doors.calls(request_id=request_id) if call["operation"] == "credits"]
        assert len(credits_) == 1  # where the answer was lost it was asked for, not sent again
        self._is_booked_once(drawdown)
        assert borrower.held_and_drawn() == (held_before - AMOUNT_FEN, drawn_before + AMOUNT_FEN)

    def test_pays_once_when_the_worker_is_killed_while_the_core_works_slowly(
        self, borrower: Borrower, workers: Processes, doors: Sandbox
    ) -> None:
        drawdown = borrower.disbursing()
        request_id = self._request_id(drawdown)
        doors.fault("core", operation="credits", delay_ms=1000, count=1)
        killed = workers.worker()
        eventually("the core is at work", lambda: bool(doors.calls(request_id=request_id)))
        workers.kill(killed)
        workers.broker.flushdb()
        let_leases_run_out(BANK)

        workers.worker()

        assert settled(borrower.phone, f"drawdowns/{drawdown}")["status"] == "disbursed"
        eventually(
            "the slow call has ended too",
            lambda: all(call["outcome"] != "processing" for call in doors.calls(request_id=request_id)),
        )
        credits_ = [call for call in doors.calls(request_id=request_id) if call["operation"] == "credits"]
        assert len(credits_) in {1, 2}  # two where the core did not know the first yet when it was asked
        assert [call["replayed"] for call in credits_].count(False) == 1
        self._is_booked_once(drawdown)

    @staticmethod
    def _request_id(drawdown: str) -> str:
        with in_bank(BANK):
            payment = Payment.objects.get(business_ref__endswith=drawdown)
            return Step.objects.get(kind=MOVE_IN_CORE, subject=payment.pk.hex).id.hex

    @staticmethod
    def _is_booked_once(drawdown: str) -> None:
        with in_bank(BANK):
            payment = Payment.objects.get(business_ref__endswith=drawdown)
            assert payment.status == "posted"
            entry = JournalEntry.objects.get(business_ref=payment.business_ref)
            assert sorted(entry.postings.values_list("amount_fen", flat=True)) == [-AMOUNT_FEN, AMOUNT_FEN]
            assert Loan.objects.filter(drawdown_id=drawdown, principal_fen=AMOUNT_FEN).count() == 1
            assert StateChange.objects.filter(subject_id=drawdown, event="pay").count() == 1
