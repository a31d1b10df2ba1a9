"""Stories of borrowing by a customer with a line and an account: limits (S14), disclosure, the contract, an expired card."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.tenancy import in_bank
from scripts.phone import Phone
from tests.flows.drawing import METHOD, TERM, drafted, offered_line, signed_drawdown
from tests.lending.borrowers import set_day

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("borrower")]


@pytest.fixture(scope="module")
def borrower(first_chapter: Phone) -> tuple[Any, Any]:
    """Bring the customer to a line and an account, once for the module; return both."""
    return offered_line(first_chapter), first_chapter.open_account()


class TestLimits:
    @pytest.mark.parametrize(
        ("amount", "code"), [("499.99", "amount_out_of_range"), ("500.00", None), ("200000.01", "amount_out_of_range")]
    )
    def test_the_products_bounds_hold_to_the_fen(
        self, someone: Phone, borrower: tuple[Any, Any], amount: str, code: str | None
    ) -> None:
        line, account = borrower
        body = {
            "credit_line": line["id"], "amount": amount, "term": TERM, "method": METHOD, "account": account["id"],
            "purpose": "consumption",
        }  # fmt: skip
        answer = someone.call("POST", "drawdowns", body, expect=(201, 422))
        assert answer.json().get("code") == code

    def test_more_than_the_line_has_left_is_refused(self, someone: Phone, borrower: tuple[Any, Any]) -> None:
        line, account = borrower
        over = f"{float(line['available']) + 0.01:.2f}"
        body = {
            "credit_line": line["id"], "amount": over, "term": TERM, "method": METHOD, "account": account["id"],
            "purpose": "consumption",
        }  # fmt: skip
        assert someone.post("drawdowns", body, expect=422)["code"] in {"line_exceeded", "amount_out_of_range"}


class TestDisclosure:
    def test_too_fast_a_reader_is_asked_to_read(self, someone: Phone, borrower: tuple[Any, Any]) -> None:
        draft = drafted(someone, *borrower)
        body = {"sha256": draft["disclosure"]["sha256"], "read_seconds": 60}
        assert someone.post(f"drawdowns/{draft['id']}/disclosure", body, expect=422)["code"] == "disclosure_not_read"
        other = {"sha256": "0" * 64, "read_seconds": 60}
        assert someone.post(f"drawdowns/{draft['id']}/disclosure", other, expect=409)["code"] == "disclosure_changed"

    def test_without_a_confirmed_table_nothing_is_signed(self, someone: Phone, borrower: tuple[Any, Any]) -> None:
        draft = drafted(someone, *borrower)
        answer = someone.call("POST", "face-checks", {"action": "sign", "subject": draft["id"]})
        if answer.status_code == 202:
            check = someone.face("sign", draft["id"])
            code = someone.phone_code("sign", subject=draft["id"])
            body = {"face_token": check["face_token"], "phone_code": code}
            answer = someone.call("POST", f"drawdowns/{draft['id']}/sign", body)
        assert answer.status_code == 409


class TestContracts:
    def test_the_contract_is_proved_and_one_byte_changed_is_not(
        self, someone: Phone, borrower: tuple[Any, Any]
    ) -> None:
        signed = signed_drawdown(someone, *borrower)
        contract = signed["contract"]
        pdf = someone.call("GET", f"contracts/{contract['id']}/pdf", expect=200).content
        assert pdf.startswith(b"%PDF")
        verify = f"/b/{someone.bank}/api/v1/contracts/verify"

        def judged(content: bytes) -> dict[str, Any]:
            answer = someone.api.post(verify, files={"file": ("c.pdf", content, "application/pdf")})
            assert answer.status_code == 200
            result: dict[str, Any] = answer.json()
            return result

        good = judged(pdf)
        assert (good["valid"], good["number"]) == (True, contract["number"])
        assert good["evidence"] == "pending" or good["evidence"]["tree_size"] > good["evidence"]["index"]
        assert judged(pdf[:2000] + bytes([pdf[2000] ^ 1]) + pdf[2001:])["valid"] is False
        answer = someone.api.post("/b/116/api/v1/contracts/verify", files={"file": ("c.pdf", pdf, "application/pdf")})
        assert answer.json()["valid"] is False


class TestRepayingAlways:
    def test_an_expired_card_refuses_a_draw_and_takes_a_repayment(
        self, someone: Phone, borrower: tuple[Any, Any]
    ) -> None:
        from verification.models import Subject

        line, account = borrower
        drawn = someone.disburse(signed_drawdown(someone, line, account)["id"])
        loan_id = drawn["loan"]["id"] if isinstance(drawn["loan"], dict) else drawn["loan"]
        with in_bank("125"):
            Subject.objects.update(valid_from_date=date(2010, 1, 1), valid_until_date=date(2020, 1, 1))
        body = {
            "credit_line": line["id"], "amount": "1000.00", "term": TERM, "method": METHOD, "account": account["id"],
            "purpose": "consumption",
        }  # fmt: skip
        assert someone.post("drawdowns", body, expect=422)["code"] == "id_expired"
        with in_bank("125"):
            set_day(date.fromisoformat(drawn["instalments"][0]["due_date"]))
        assert someone.repay(loan_id, account["id"])["status"] == "posted"
