"""Drawdowns, contracts, loans, repayments and the journey over REST."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from core.clock import business_date, move_business_date
from core.evidence import LeafData, leaf_content, verify_inclusion
from core.evidence.tree import leaf_hash
from core.gateway import Unavailable, forget_breakers
from core.steps import engine
from core.steps.models import Step
from core.steps.registry import KINDS, LANES, VENDOR
from core.tenancy import PUBLIC, enter, in_bank
from core.vault.models import VaultAccess
from lending import queries
from lending.contracts.signing import sign_contract
from lending.models import Contract, Drawdown, Instalment, Loan, LoanEvent
from tests.at_once import at_once, told
from tests.lending.applicants import due_now, make_customer, make_token
from tests.lending.borrowers import (
    Borrower,
    again,
    draft,
    give_money,
    lend,
    let_reading_time_pass,
    make_borrower,
    pass_face,
    phone_code,
    repay,
    set_day,
    sign,
    signed,
)
from tests.lending.test_borrowing_rest import Caller
from tests.running_sandbox import Sandbox
from tests.undone import undone

RunSteps = Callable[..., int]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def caller(who: Borrower | uuid.UUID, bank: str = "125") -> Caller:
    return Caller(bank=bank, token=make_token(who.customer_id if isinstance(who, Borrower) else who))


def body(who: Borrower, **changes: Any) -> dict[str, Any]:
    return {
        "credit_line": who.line_id.hex,
        "amount": "10000.00",
        "term": 12,
        "method": "equal_instalment",
        "account": who.account_id.hex,
        "purpose": "consumption",
        **changes,
    }


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def codes(who: Borrower, drawdown: str) -> dict[str, Any]:
    code_id, code = phone_code(who, drawdown)
    row = Drawdown.objects.get(pk=uuid.UUID(drawdown))
    return {"face_token": pass_face(who, row, "sign"), "phone_code": {"id": code_id.hex, "code": code}}


def verify(content: bytes, bank: str = "125") -> Any:
    file = SimpleUploadedFile("contract.pdf", content, content_type="application/pdf")
    return Client().post(f"/b/{bank}/api/v1/contracts/verify", {"file": file})


class TestDrawdowns:
    def test_a_draft_is_answered_with_everything_that_the_phone_shows(self) -> None:
        who = make_borrower()
        answer = caller(who).post("drawdowns", body(who))
        assert answer.status_code == 201
        shown = answer.json()
        assert answer.headers["Location"] == f"/b/125/api/v1/drawdowns/{shown['id']}"
        assert shown["status"] == "draft"
        assert shown["amount"] == "10000.00"
        assert len(shown["instalments"]) == 12
        assert shown["disclosure"]["min_read_seconds"] == 5
        assert shown["disclosure"]["lines"][0]["label"] == "贷款人"
        assert (shown["contract"], shown["loan"], shown["reason_code"]) == (None, None, None)
        assert caller(who).get(f"drawdowns/{shown['id']}").json() == shown
        listed = caller(who).get("drawdowns").json()
        assert listed == {"items": [shown], "next": None}

    def test_line_exceeded_and_line_frozen_have_theirs(self) -> None:
        who = make_borrower(limit_fen=9_999_99)
        assert problem(caller(who).post("drawdowns", body(who))) == (422, "line_exceeded")
        line = who.line()
        line.status = "frozen"
        line.save(update_fields=["status"])
        assert problem(caller(who).post("drawdowns", body(who))) == (422, "line_frozen")

    def test_a_key_is_required_and_the_same_key_drafts_once(self) -> None:
        who = make_borrower()
        phone = caller(who)
        assert problem(phone.call("POST", "drawdowns", body(who), key=None)) == (400, "idempotency_key_required")
        first = phone.post("drawdowns", body(who), key="k")
        second = phone.post("drawdowns", body(who), key="k")
        assert second.headers["Idempotent-Replayed"] == "true"
        assert first.json() == second.json()
        assert problem(phone.post("drawdowns", body(who, term=6), key="k")) == (409, "idempotency_key_reused")
        assert Drawdown.objects.count() == 1

    def test_on_a_new_business_day_a_draft_shows_a_new_table(self) -> None:
        who = make_borrower()
        phone = caller(who)
        shown = phone.post("drawdowns", body(who)).json()
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=1))
        stale = phone.post(
            f"drawdowns/{shown['id']}/disclosure", {"sha256": shown["disclosure"]["sha256"], "read_seconds": 9}
        )
        assert problem(stale) == (409, "disclosure_changed")
        fresh = phone.get(f"drawdowns/{shown['id']}").json()
        assert fresh["disclosure"]["sha256"] != shown["disclosure"]["sha256"]
        assert not fresh["disclosure"]["confirmed"]


class TestTheWay:
    def test_from_the_draft_to_the_first_repayment(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        who = make_borrower()
        phone = caller(who)
        shown = phone.post("drawdowns", body(who)).json()
        path = f"drawdowns/{shown['id']}"
        confirmation = {"sha256": shown["disclosure"]["sha256"], "read_seconds": 5}
        assert problem(phone.post(f"{path}/disclosure", confirmation)) == (422, "disclosure_not_read")
        assert problem(phone.post(f"{path}/sign", codes(who, shown["id"]))) == (409, "state_conflict")
        let_reading_time_pass(Drawdown.objects.get())
        assert phone.post(f"{path}/disclosure", confirmation).json()["disclosure"]["confirmed"]
        signing = phone.post(f"{path}/sign", codes(who, shown["id"]))
        assert (signing.status_code, signing.json()["status"]) == (202, "signing")
        assert phone.get(path).headers["Retry-After"] == "1"
        run_steps()
        done = phone.get(path).json()
        assert done["status"] == "signed"
        contract = Contract.objects.get()
        assert done["contract"] == {
            "id": contract.pk.hex,
            "number": contract.number,
            "sha256": bytes(contract.sha256).hex(),
        }
        token = pass_face(who, Drawdown.objects.get(), "drawdown")
        paid = phone.post(f"{path}/disburse", {"face_token": token})
        assert (paid.status_code, paid.json()["status"]) == (202, "disbursed")
        loan = phone.get(f"loans/{paid.json()['loan']}").json()
        assert loan["outstanding_principal"] == "10000.00"
        assert loan["next_due"]["number"] == 1
        set_day(Loan.objects.get().instalments.get(number=1).due_date)
        quote = phone.call("POST", f"loans/{loan['id']}/repayments/quote", {"kind": "due"}, key=None).json()
        repaid = phone.post(f"loans/{loan['id']}/repayments", {"kind": "due", "account": who.account_id.hex})
        assert repaid.status_code == 202
        document = repaid.json()
        assert document["status"] == "posted"
        assert document["allocation"] == quote
        assert document["amount"] == quote["total"]
        assert (
            Client().get(repaid.headers["Location"], headers={"Authorization": f"Bearer {phone.token}"}).json()
            == document
        )
        after = phone.get(f"loans/{loan['id']}").json()
        assert after["outstanding_principal"] == document["balance_after"]
        rows = phone.get(f"loans/{loan['id']}/schedule").json()["instalments"]
        assert [(row["status"], row["paid"] == row["total"]) for row in rows[:2]] == [
            ("paid", True),
            ("pending", False),
        ]

    def test_a_replayed_signature_signs_once(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        who = make_borrower()
        drawdown = draft(who)
        let_reading_time_pass(drawdown)
        phone, path = caller(who), f"drawdowns/{drawdown.pk.hex}"
        sha256 = phone.get(path).json()["disclosure"]["sha256"]
        phone.post(f"{path}/disclosure", {"sha256": sha256, "read_seconds": 5})
        given = codes(who, drawdown.pk.hex)
        first, second = (phone.post(f"{path}/sign", given, key="sign") for _ in range(2))
        assert first.json() == second.json()
        run_steps()
        assert Contract.objects.count() == 1
        assert problem(phone.post(f"{path}/sign", given)) == (409, "state_conflict")


class TestDisburse:
    def test_refusals_have_their_codes(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        phone, path = caller(who), f"drawdowns/{drawdown.pk.hex}/disburse"
        assert problem(phone.post(path, {"face_token": "x"})) == (409, "face_token_mismatch")
        assert problem(phone.post(path, {})) == (400, "invalid_request")
        line = who.line()
        line.status = "frozen"
        line.save(update_fields=["status"])
        token = pass_face(who, drawdown, "drawdown")
        assert problem(phone.post(path, {"face_token": token})) == (422, "line_frozen")
        line.status = "active"
        line.save(update_fields=["status"])
        assert phone.post(path, {"face_token": token}).json()["status"] == "disbursed"


@pytest.fixture(scope="class")
def contract_once(
    running_sandbox: Sandbox, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[Borrower, Contract]]:
    """Make a signed contract for a class, with the sandbox as the time-stamp authority (`tests.made_once`)."""
    with django_db_blocker.unblock(), undone("125"), override_settings(TSA_URL=f"{running_sandbox.url}/tsa"):
        forget_breakers()
        who = make_borrower()
        sign(who, draft(who))
        engine.run_due(lanes=list(LANES), seconds=30)
        made = who, Contract.objects.get()
        enter(PUBLIC)
        yield made


class TestContracts:
    @pytest.fixture
    def contract(
        self, contract_once: tuple[Borrower, Contract], vendors: Sandbox, bank_a: str
    ) -> tuple[Borrower, Contract]:
        del vendors, bank_a
        return deepcopy(contract_once)

    def test_the_file_is_handed_to_its_customer_with_a_trace(self, contract: tuple[Borrower, Contract]) -> None:
        who, row = contract
        answer = caller(who).get(f"contracts/{row.pk.hex}/pdf")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/pdf"
        assert row.number in answer.headers["Content-Disposition"]
        assert answer.content.startswith(b"%PDF-")
        trace = VaultAccess.objects.get(object_id=row.object_id)
        assert trace.actor == f"customer:{who.customer_id.hex}"

    def test_anybody_can_verify_the_file_and_check_the_proof_without_us(
        self, contract: tuple[Borrower, Contract]
    ) -> None:
        who, row = contract
        content = caller(who).get(f"contracts/{row.pk.hex}/pdf").content
        found = verify(content).json()
        assert (found["valid"], found["number"], found["reasons"]) == (True, row.number, [])
        proof = found["evidence"]
        leaf = LeafData(
            uuid.UUID(proof["content"]["id"]),
            proof["content"]["kind"],
            proof["content"]["subject"],
            bytes.fromhex(proof["content"]["content_sha256"]),
            bytes.fromhex(proof["content"]["salt"]),
        )
        assert leaf.content_sha256 == bytes(row.sha256)
        assert leaf_hash(leaf_content(leaf)).hex() == proof["leaf"]
        assert verify_inclusion(
            leaf=bytes.fromhex(proof["leaf"]), index=proof["index"], size=proof["tree_size"],
            root=bytes.fromhex(proof["root"]), path=[bytes.fromhex(node) for node in proof["proof"]],
        )  # fmt: skip
        assert caller(who).get(f"contracts/{row.pk.hex}").json()["evidence"] == proof

    @pytest.mark.parametrize("place", [0.1, 0.5, 0.9, 1.0])
    def test_s11_one_byte_changed_is_not_valid(self, contract: tuple[Borrower, Contract], place: float) -> None:
        who, row = contract
        content = bytearray(caller(who).get(f"contracts/{row.pk.hex}/pdf").content)
        content[int((len(content) - 1) * place)] ^= 1
        found = verify(bytes(content)).json()
        assert (found["valid"], found["number"], found["signed_at"], found["evidence"]) == (False, None, None, None)
        assert found["reasons"]

    def test_a_file_that_is_no_contract_of_ours_is_not_valid(self, contract: tuple[Borrower, Contract]) -> None:
        assert verify(b"hello").json() == {
            "valid": False, "document": None, "number": None, "signed_at": None, "evidence": None,
            "reasons": ["not_a_pdf"],
        }  # fmt: skip

    def test_a_signed_file_that_was_never_put_on_record_is_not_valid(
        self, contract: tuple[Borrower, Contract], run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[bytes] = []

        def keep(*args: Any, **given: Any) -> bytes:
            made.append(sign_contract(*args, **given))
            return made[-1]

        monkeypatch.setattr("lending.contracts.signing.sign_contract", keep)
        who, _ = contract
        sign(who, draft(who))
        lost = engine.lease([VENDOR])
        assert lost is not None
        KINDS["drawdown.sign"].handler(lost.run)  # signed, and then the worker is gone
        due_now()
        run_steps()
        unrecorded, recorded = made
        assert verify(unrecorded).json()["reasons"] == ["unknown_file"]
        assert verify(recorded).json()["valid"]

    def test_a_contract_of_one_bank_is_none_of_another(self, contract: tuple[Borrower, Contract]) -> None:
        who, row = contract
        content = caller(who).get(f"contracts/{row.pk.hex}/pdf").content
        found = verify(content, bank="116").json()
        assert (found["valid"], found["reasons"]) == (False, ["signer_untrusted"])

    def test_until_the_leaf_has_its_place_the_evidence_is_pending(self, vendors: Sandbox) -> None:
        who = make_borrower()
        sign(who, draft(who))
        engine.run_due(lanes=[VENDOR], seconds=30)
        row = Contract.objects.get(customer_id=who.customer_id)
        content = caller(who).get(f"contracts/{row.pk.hex}/pdf").content
        assert verify(content).json()["evidence"] == "pending"
        assert caller(who).get(f"contracts/{row.pk.hex}").json()["evidence"] == "pending"

    def test_a_request_without_a_file_is_refused(self) -> None:
        answer = Client().post("/b/125/api/v1/contracts/verify", {})
        assert problem(answer) == (400, "invalid_request")
        as_json = Client().post("/b/125/api/v1/contracts/verify", {}, content_type="application/json")
        assert problem(as_json) == (415, "unsupported_media_type")


class TestLoans:
    def test_a_loan_shows_how_it_stands_on_the_business_date(self) -> None:
        who = make_borrower()
        loan = lend(who)
        first = loan.instalments.get(number=1)
        set_day(first.due_date + timedelta(days=10))
        shown = caller(who).get(f"loans/{loan.pk.hex}").json()
        assert shown["status"] == "active"
        assert shown["overdue"]["days"] == 10
        assert float(shown["overdue"]["amount"]) > 860.66
        assert shown["classification"] == "special_mention"
        assert shown["next_due"]["due_date"] == first.due_date.isoformat()
        assert caller(who).get("loans").json()["items"] == [shown]
        rows = caller(who).get(f"loans/{loan.pk.hex}/schedule").json()["instalments"]
        assert [row["status"] for row in rows[:2]] == ["overdue", "pending"]

    def test_what_has_happened_to_a_loan_costs_its_reader_no_further_statement(self) -> None:
        who = make_borrower()
        loan = lend(who)
        give_money(who, 10_000_00)
        phone, paths = caller(who), [f"loans/{loan.pk.hex}", f"loans/{loan.pk.hex}/schedule", "loans"]

        def statements() -> list[int]:
            counts = []
            for path in paths:
                with CaptureQueriesContext(connection) as seen:
                    assert phone.get(path).status_code == 200
                counts.append(
                    sum('FROM "lending_' in query["sql"] for query in seen)
                )  # without what is kept for a while
            return counts

        before = statements()
        for number in (1, 2, 3):  # each in two parts, the first late
            set_day(loan.instalments.get(number=number).due_date + timedelta(days=5))
            repay(who, loan, amount_fen=100_00)
            repay(who, loan)
        repay(who, loan, "early_partial", 1_000_00)
        set_day(Instalment.objects.get(loan=loan, number=4, replaced_by_version=None).due_date + timedelta(days=3))
        repay(who, loan, amount_fen=100_00)
        assert loan.instalments.count() > 12
        assert LoanEvent.objects.filter(loan=loan).count() == 9
        assert statements() == before

    def test_the_present_standing_is_that_of_all_that_has_happened(self) -> None:
        who = make_borrower()
        loan = lend(who)
        give_money(who, 10_000_00)
        for number in (1, 2, 3):
            set_day(loan.instalments.get(number=number).due_date + timedelta(days=5))
            repay(who, loan, amount_fen=100_00)
            for more in (0, 1, 20, 40):
                day = business_date() + timedelta(days=more)
                whole = Loan.objects.prefetch_related("instalments__shares").get(pk=loan.pk)
                whole_standing = queries.loan_standing(whole, on=day)
                with patch("lending.queries.loans.business_date", return_value=day):
                    assert queries.loan_standing(Loan.objects.get(pk=loan.pk)) == whole_standing
            repay(who, loan)
        assert queries.loan_standing(Loan.objects.get(pk=loan.pk)).standing.due == ()

    def test_a_settled_loan_takes_nothing(self) -> None:
        who = make_borrower()
        loan = lend(who)
        phone, path = caller(who), f"loans/{loan.pk.hex}/repayments"
        assert phone.post(path, {"kind": "early_full", "account": who.account_id.hex}).status_code == 202
        assert problem(phone.post(f"{path}/quote", {"kind": "due"})) == (409, "state_conflict")
        assert problem(phone.post(path, {"kind": "due", "account": who.account_id.hex})) == (409, "state_conflict")
        shown = phone.get(f"loans/{loan.pk.hex}").json()
        assert (shown["status"], shown["next_due"], shown["accrued_interest"]) == ("settled", None, "0.00")

    def test_repayments_are_listed(self) -> None:
        who = make_borrower()
        loan = lend(who)
        phone, path = caller(who), f"loans/{loan.pk.hex}/repayments"
        made = phone.post(path, {"kind": "early_full", "account": who.account_id.hex}).json()
        assert phone.get(path).json() == {"items": [made], "next": None}


class TestWalls:
    @pytest.fixture
    def everything(self, vendors: Sandbox, run_steps: RunSteps) -> tuple[Borrower, list[tuple[str, str, Any]]]:
        who = make_borrower()
        drawdown = draft(who)
        loan = lend(who)
        made = loan.pk.hex
        give_money(who, 1)
        contract = Contract.objects.get(drawdown__loan=loan)
        repayment = {"kind": "early_full", "account": who.account_id.hex}
        done = caller(who).post(f"loans/{made}/repayments", repayment).json()
        return who, [
            ("GET", f"drawdowns/{drawdown.pk.hex}", None),
            ("POST", f"drawdowns/{drawdown.pk.hex}/disclosure", {"sha256": "0" * 64, "read_seconds": 5}),
            ("POST", f"drawdowns/{drawdown.pk.hex}/sign", codes(who, drawdown.pk.hex)),
            ("POST", f"drawdowns/{drawdown.pk.hex}/disburse", {"face_token": "x"}),
            ("GET", f"contracts/{contract.pk.hex}", None),
            ("GET", f"contracts/{contract.pk.hex}/pdf", None),
            ("GET", f"loans/{made}", None),
            ("GET", f"loans/{made}/schedule", None),
            ("GET", f"loans/{made}/repayments", None),
            ("GET", f"loans/{made}/repayments/{done['id']}", None),
            ("POST", f"loans/{made}/repayments/quote", {"kind": "due"}),
            ("POST", f"loans/{made}/repayments", repayment),
        ]

    def test_another_customer_and_another_bank_find_nothing(
        self, everything: tuple[Borrower, list[tuple[str, str, Any]]]
    ) -> None:
        who, calls = everything
        stranger = caller(make_customer())
        with in_bank("116"):
            elsewhere = caller(make_customer(), bank="116")
        own = caller(who)
        for method, path, sent in calls:
            assert problem(stranger.call(method, path, sent)) == (404, "not_found"), path
            assert problem(elsewhere.call(method, path, sent)) == (404, "not_found"), path
            assert problem(Caller(bank="116", token=own.token).call(method, path, sent)) == (401, "unauthenticated")
            assert problem(Caller().call(method, path, sent)) == (401, "unauthenticated"), path

    def test_lists_show_ones_own_only(self, everything: tuple[Borrower, list[tuple[str, str, Any]]]) -> None:
        stranger = caller(make_customer())
        for path in ("drawdowns", "loans"):
            assert stranger.get(path).json() == {"items": [], "next": None}


class TestJourney:
    def test_a_phone_finds_its_place_at_every_step(self, vendors: Sandbox, run_steps: RunSteps) -> None:
        nobody = make_customer()
        assert self.words(nobody) == (["done", "todo", "blocked", "blocked", "blocked", "blocked"], "apply")
        who = make_borrower()
        assert self.words(who.customer_id) == (["done", "done", "done", "todo", "blocked", "blocked"], "sign")
        drawdown = draft(who)
        assert self.words(who.customer_id) == (["done", "done", "done", "doing", "blocked", "blocked"], "sign")
        sign(who, drawdown)
        run_steps()
        assert self.words(who.customer_id) == (["done", "done", "done", "done", "todo", "blocked"], "drawdown")
        token = pass_face(who, again(drawdown), "drawdown")
        caller(who).post(f"drawdowns/{drawdown.pk.hex}/disburse", {"face_token": token})
        assert self.words(who.customer_id) == (["done", "done", "done", "done", "done", "todo"], "repay")
        loan = Loan.objects.get()
        set_day(loan.instalments.get(number=1).due_date)
        caller(who).post(f"loans/{loan.pk.hex}/repayments", {"kind": "due", "account": who.account_id.hex})
        assert self.words(who.customer_id) == (["done"] * 6, None)

    def test_a_failed_drawdown_leads_back_with_its_reason(self) -> None:
        who = make_borrower()
        drawdown = signed(who)
        Drawdown.objects.filter(pk=drawdown.pk).update(status="failed", reason_code="refused")
        steps = caller(who).get("journey").json()["steps"]
        assert steps[3] == {
            "name": "sign", "status": "todo", "resource": f"drawdowns/{drawdown.pk.hex}", "reason_code": "refused",
        }  # fmt: skip
        assert steps[4]["status"] == "blocked"

    @staticmethod
    def words(customer_id: uuid.UUID) -> tuple[list[str], str | None]:
        answer = caller(customer_id).get("journey")
        assert answer.status_code == 200
        return [step["status"] for step in answer.json()["steps"]], answer.json()["next"]


@pytest.mark.django_db(transaction=True)
def test_twenty_equal_signatures_with_one_key_are_one() -> None:
    with in_bank("125"):
        who = make_borrower()
        drawdown = draft(who)
        let_reading_time_pass(drawdown)
        phone, path = caller(who), f"drawdowns/{drawdown.pk.hex}"
        sha256 = phone.get(path).json()["disclosure"]["sha256"]
        phone.post(f"{path}/disclosure", {"sha256": sha256, "read_seconds": 5})
        given = codes(who, drawdown.pk.hex)

    def one() -> str:
        answer = phone.post(f"{path}/sign", given, key="one")
        return f"{answer.status_code} {answer.content!r}"

    (told_to_all,) = set(told(at_once(None, [one] * 20)))
    assert told_to_all.startswith("202 ")
    with in_bank("125"):
        assert who.line().held_fen == drawdown.amount_fen
        assert Step.objects.filter(kind="drawdown.sign").count() == 1


class TestVerifyWithoutTheRoot:
    def test_where_the_sandbox_has_to_give_the_root_and_is_away_it_says_so(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away() -> tuple[bytes, ...]:
            raise Unavailable("tsa", "certificate")

        monkeypatch.setattr("lending.signers.stamp_roots", away)
        assert problem(verify(b"%PDF-")) == (503, "vendor_unavailable")
