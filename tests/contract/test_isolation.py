"""What bank A gave its customer is worthless at bank B: token, ids, uploads, entries, proofs. One walk over every call."""

from __future__ import annotations

import os
import re
import uuid
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from accounts.models import Customer
from core.tenancy import in_bank
from scripts.phone import Phone
from tenants.models import Entry
from tenants.operations import make_entry
from tests.contract.calls import BASE, CALLS, Call
from tests.contract.conftest import Life, registered
from tests.contract.test_document import BESIDE
from tests.over_rest import BANK, OTHER_BANK
from tests.over_rest import Customer as CustomerMaker

pytestmark = pytest.mark.slow
OF_BANKS = [call for call in (*CALLS, *(Call(*named, 200) for named in sorted(BESIDE))) if call.path.startswith(BASE)]
PROTECTED = [call for call in OF_BANKS if call.needs_token]
# Which of the customer's things the path of a call names, by the first words of the path.
NAMES = {
    "consents": "consent_id", "registrations": "registration_id", "face-checks": "face_check_id",
    "voice-checks": "voice_check_id", "accounts": "account_id", "cards": "card_id", "applications": "application_id",
    "drawdowns": "drawdown_id", "contracts": "contract_id", "loans": "loan_id", "repayments": "repayment_id",
    "top-ups": "top_up_id", "transfers": "transfer_id", "complaints": "complaint_id",
    "closings": "closing_id", "reverifications": "reverification_id",
}  # fmt: skip
NAMING = [call for call in PROTECTED if "{}" in call.path]
# What a refused call may leave: its key with the answer, and a try at somebody's code or face.
TRACES = ("core_idempotency",)
ALIKE = ("type", "title", "status", "code", "detail", "errors")  # a resource of somebody else looks like none at all


def _path(call: Call, ids: dict[str, str]) -> str:
    """Fill each id of a path by the word before it."""
    words = call.path.removeprefix(BASE).split("/")
    filled = [ids[NAMES[words[index - 1]]] if word == "{}" else word for index, word in enumerate(words)]
    return "/".join(filled)


def _with_other_ids(body: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """Put ids that nothing has in the place of somebody's."""
    theirs = set(ids.values())
    return {
        name: _with_other_ids(value, ids) if isinstance(value, dict) else uuid.uuid4().hex if value in theirs else value
        for name, value in body.items()
    }


def _everything_at(bank: str) -> dict[str, str]:
    """Return a digest of every table of a bank, read as the owner."""
    url, name = os.environ["DATABASE_URL"], str(settings.DATABASES["default"]["NAME"])
    with psycopg.connect(url, dbname=name) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [f"bank_{bank}"]
        ).fetchall()
        digests = {}
        for (table,) in tables:
            query = sql.SQL("SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {} t")
            row = connection.execute(query.format(sql.Identifier(f"bank_{bank}", table))).fetchone()
            assert row is not None
            digests[str(table)] = str(row[0])
    return {table: digest for table, digest in digests.items() if table not in TRACES}


def _call(phone: Phone, call: Call, path: str, *, bank: str, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
    content: dict[str, Any] | None = {} if call.method == "POST" else None
    return phone.api.request(call.method, f"/b/{bank}/api/v1/{path}", headers=headers, json=content)


@pytest.fixture
def known_b(customer: CustomerMaker) -> Life:
    """Give a customer of bank B who is known there."""
    return registered(customer(OTHER_BANK))


class TestBankAsToken:
    def test_is_as_good_as_none_at_bank_b_whatever_is_called(self, life_a: Life) -> None:
        before = _everything_at(OTHER_BANK)
        for call in PROTECTED:
            path = _path(call, life_a.path_ids)
            answer = _call(life_a.phone, call, path, bank=OTHER_BANK, token=life_a.phone.token)
            assert (call.name, answer.status_code) == (call.name, 401)
            assert answer.json()["code"] == "unauthenticated"
        subject = f"agreements?subject={life_a.body_ids['subject']}"
        asked = Call("GET", BASE + subject, 200)
        assert _call(life_a.phone, asked, subject, bank=OTHER_BANK, token=life_a.phone.token).status_code == 401
        assert _everything_at(OTHER_BANK) == before
        assert life_a.phone.get("accounts")["items"]  # and at its own bank it is good


class TestBankAsIds:
    def test_are_absent_at_bank_b_whatever_is_called(self, life_a: Life, known_b: Life) -> None:
        before, at_home = _everything_at(OTHER_BANK), _everything_at(BANK)
        for call in NAMING:
            path = _path(call, life_a.path_ids)
            answer = _call(known_b.phone, call, path, bank=OTHER_BANK, token=known_b.phone.token)
            assert (call.name, answer.status_code) == (call.name, 404)
            assert answer.json()["code"] == "not_found"
            never = re.sub(r"[0-9a-f]{32}", lambda _: uuid.uuid4().hex, path)
            absent = _call(known_b.phone, call, never, bank=OTHER_BANK, token=known_b.phone.token)
            assert {name: absent.json()[name] for name in ALIKE} == {name: answer.json()[name] for name in ALIKE}
        assert _everything_at(OTHER_BANK) == before
        assert _everything_at(BANK) == at_home

    def test_are_absent_for_another_customer_of_bank_a_too(self, life_a: Life, customer: CustomerMaker) -> None:
        neighbour = registered(customer(BANK)).phone
        before = _everything_at(BANK)
        for call in NAMING:
            path = _path(call, life_a.path_ids)
            answer = _call(neighbour, call, path, bank=BANK, token=neighbour.token)
            assert (call.name, answer.status_code) == (call.name, 404)
        assert _everything_at(BANK) == before

    def test_are_worthless_in_the_body_of_a_call(self, life_a: Life, line_b: Life) -> None:
        ids, phone = life_a.body_ids, line_b.phone
        agreement = life_a.phone.get("agreements?purpose=privacy")["items"][0]
        consent = {"sha256": agreement["sha256"], "read_seconds": 8}
        own = phone.get("agreements?purpose=e_sign")["items"][0]
        own_consent = {"agreement_id": own["id"], "sha256": own["sha256"], "read_seconds": 8}
        draft = {
            "credit_line": line_b.body_ids["credit_line"], "amount": "1000.00", "term": 12, "method": "equal_instalment",
            "account": line_b.body_ids["account"], "purpose": "consumption",
        }  # fmt: skip
        own_card = {"card_id": line_b.body_ids["card"]}
        transfer = {"from_account": line_b.body_ids["account"], "to": own_card, "amount": "1.00"}
        tried: list[tuple[str, dict[str, Any]]] = [
            ("consents", consent | {"agreement_id": ids["agreement_id"]}),
            ("consents", own_consent | {"subject": ids["subject"]}),
            ("phone-codes", {"phone": phone.person["phone"], "action": "sign", "subject": ids["subject"]}),
            ("face-checks", {"action": "sign", "subject": ids["subject"]}),
            ("voice-checks", {"action": "bind_card", "subject": ids["further_card"]}),
            ("drawdowns", draft | {"credit_line": ids["credit_line"]}),
            ("drawdowns", draft | {"account": ids["account"]}),
            ("transfers", transfer | {"from_account": ids["account"]}),
            ("transfers", transfer | {"to": {"card_id": ids["card"]}}),
        ]
        before = _everything_at(OTHER_BANK)
        for path, body in tried:
            answer = phone.call("POST", path, body, expect=(404, 422)).json()
            absent = phone.call("POST", path, _with_other_ids(body, ids)).json()
            assert {name: answer[name] for name in ALIKE} == {name: absent[name] for name in ALIKE}
        assert _everything_at(OTHER_BANK) == before

    def test_are_worthless_as_pictures_of_a_newcomer(self, life_a: Life, customer: CustomerMaker) -> None:
        newcomer = customer(OTHER_BANK)
        newcomer.log_in()
        newcomer.consent("privacy")
        before = _everything_at(OTHER_BANK)
        body = {name: life_a.body_ids[name] for name in ("id_card_front", "id_card_back")}
        assert newcomer.call("POST", "registrations", body, expect=422).json()["code"] == "upload_unknown"
        assert _everything_at(OTHER_BANK) == before


class TestBankAsProofs:
    def test_a_contract_of_bank_a_is_none_of_bank_bs(self, life_a: Life) -> None:
        files = {"file": ("contract.pdf", life_a.contract_pdf, "application/pdf")}
        at_home = life_a.phone.api.post(f"/b/{BANK}/api/v1/contracts/verify", files=files).json()
        elsewhere = life_a.phone.api.post(f"/b/{OTHER_BANK}/api/v1/contracts/verify", files=files).json()
        assert (at_home["valid"], elsewhere["valid"]) == (True, False)
        assert elsewhere["evidence"] is None

    def test_a_face_passed_at_bank_a_opens_nothing_at_bank_b(self, life_a: Life, known_b: Life) -> None:
        face_token = life_a.phone.face_token("sign", life_a.body_ids["subject"])
        phone = known_b.phone
        code = phone.phone_code("open_account")
        card = {"number": phone.person["card_number"], "phone": phone.person["phone"]}
        account = phone.post("accounts", {"class": "II", "bound_card": card, "phone_code": code}, expect=202)
        path = f"accounts/{account['id']}"
        assert phone.until_settled(path)["status"] == "face"
        body = {
            "face_token": face_token, "purpose": "loan_repayment",
            "intention": {"method": "read_aloud", "evidence": "本人自愿开立账户"},
        }  # fmt: skip
        assert phone.call("POST", f"{path}/submit", body, expect=409).json()["code"] == "face_token_mismatch"
        assert phone.get(path)["status"] == "face"

    def test_a_voice_passed_at_bank_a_binds_no_card_at_bank_b(self, life_a: Life, line_b: Life) -> None:
        voice_token = life_a.phone.get(f"voice-checks/{life_a.path_ids['voice_check_id']}")["voice_token"]
        assert voice_token
        card, phone = line_b.body_ids["further_card"], line_b.phone
        body = {"face_token": phone.face_token("bind_card", card), "voice_token": voice_token}
        assert phone.call("POST", f"cards/{card}/submit", body, expect=409).json()["code"] == "voice_token_mismatch"
        assert phone.get(f"cards/{card}")["status"] == "step_up"

    def test_a_text_message_of_bank_a_opens_nothing_at_bank_b(self, life_a: Life, known_b: Life) -> None:
        code = life_a.phone.phone_code("relink")
        phone = known_b.phone
        card = {"number": phone.person["card_number"], "phone": life_a.phone.person["phone"]}
        body = {"class": "II", "bound_card": card, "phone_code": code}
        assert phone.call("POST", "accounts", body, expect=422).json()["code"] == "phone_code_wrong"

    def test_an_entry_of_bank_a_counts_for_nobody_at_bank_b(self, customer: CustomerMaker) -> None:
        with in_bank(BANK):
            made = make_entry(branch="城东支行", staff="12500001", product="", campaign="", actor="test")
            scene = Entry.objects.get(pk=made).scene
        someone = customer(OTHER_BANK)
        arrival = someone.post("/api/v1/entries/resolve", {"scene": scene}, expect=200)
        assert arrival["bank"] == BANK
        someone.log_in(arrival["entry_token"])
        with in_bank(OTHER_BANK):
            assert Customer.objects.get(pk=someone.customer["id"]).first_scan_id is None
