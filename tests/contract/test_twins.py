"""The same request, twenty times at once, has one effect and twenty equal answers; a key is asked for and kept to."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from accounts.models import DepositAccount, Registration, TopUp
from core.idempotency.models import IdempotencyRecord
from core.tenancy import in_bank
from lending.models import Application, Drawdown
from scripts.phone import Phone
from scripts.story import METHOD, PRODUCT, TERM_MONTHS
from tests.at_once import at_once
from tests.contract.calls import BASE, CALLS, Call
from tests.contract.conftest import AMOUNT, Life
from tests.over_rest import BANK, Customer
from verification.models import Consent, FaceCheck, PhoneCode, VoiceCheck

TWENTY = 20
KEYED = [call for call in CALLS if call.keyed]


def _twenty(phone: Phone, path: str, body: Any) -> list[httpx.Response]:
    """Send one request twenty times at once under one key, each over a connection of its own."""
    key = uuid.uuid4().hex
    answers = at_once(None, [partial(phone.call, "POST", path, body, key=key)] * TWENTY)
    with in_bank(phone.bank):
        assert IdempotencyRecord.objects.filter(key=key).count() == 1
    return [answer for answer in answers if isinstance(answer, httpx.Response)]


def _all_equal(answers: list[httpx.Response]) -> bool:
    """Tell whether status, place and body are the same in all, to the byte."""
    return len({(answer.status_code, answer.content, answer.headers.get("Location")) for answer in answers}) == 1


def _consent(life: Life) -> tuple[str, Any, Any]:
    agreement = life.phone.get("agreements?purpose=marketing")["items"][0]
    body = {"agreement_id": agreement["id"], "sha256": agreement["sha256"], "read_seconds": 8}
    return "consents", body, Consent.objects.filter(purpose="marketing")


def _phone_code(life: Life) -> tuple[str, Any, Any]:
    body = {"phone": life.phone.person["phone"], "action": "relink"}
    return "phone-codes", body, PhoneCode.objects.filter(action="relink")


def _face_check(life: Life) -> tuple[str, Any, Any]:
    life.phone.read_disclosure(life.phone.get(f"drawdowns/{life.body_ids['subject']}"))
    body = {"action": "sign", "subject": life.body_ids["subject"]}
    return "face-checks", body, FaceCheck.objects.filter(business_id=life.body_ids["subject"])


def _voice_check(life: Life) -> tuple[str, Any, Any]:
    body = {"action": "bind_card", "subject": life.body_ids["further_card"]}
    return "voice-checks", body, VoiceCheck.objects.filter(business_id=life.body_ids["further_card"])


def _account(life: Life) -> tuple[str, Any, Any]:
    code = life.phone.phone_code("open_account")
    card = {"number": life.phone.person["card_number"], "phone": life.phone.person["phone"]}
    return "accounts", {"class": "II", "bound_card": card, "phone_code": code}, DepositAccount.objects.all()


def _application(life: Life) -> tuple[str, Any, Any]:
    body = {"product": PRODUCT, "purpose": "consumption", "facts": life.phone.facts()}
    return "applications", body, Application.objects.all()


def _drawdown(life: Life) -> tuple[str, Any, Any]:
    body = {
        "credit_line": life.body_ids["credit_line"], "amount": AMOUNT, "term": TERM_MONTHS, "method": METHOD,
        "account": life.body_ids["account"], "purpose": "consumption",
    }  # fmt: skip
    return "drawdowns", body, Drawdown.objects.all()


def _top_up(life: Life) -> tuple[str, Any, Any]:
    code = life.phone.phone_code("top_up", amount=AMOUNT)
    body = {"card": life.body_ids["card"], "amount": AMOUNT, "phone_code": code}
    return f"accounts/{life.body_ids['account']}/top-ups", body, TopUp.objects.all()


MAKERS: list[Callable[[Life], tuple[str, Any, Any]]] = [
    _consent, _phone_code, _face_check, _voice_check, _account, _application, _drawdown, _top_up,
]  # fmt: skip
FIRST_OF_ITS_KIND = (_account, _application)


class TestTwentyTwins:
    @pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__.strip("_"))
    def test_have_one_effect_and_equal_answers(
        self, line_a: Life, newcomer_a: Life, maker: Callable[[Life], tuple[str, Any, Any]]
    ) -> None:
        life = newcomer_a if maker in FIRST_OF_ITS_KIND else line_a
        path, body, rows = maker(life)
        with in_bank(BANK):
            before = rows.count()
        answers = _twenty(life.phone, path, body)
        with in_bank(BANK):
            assert rows.count() == before + 1
        assert {answer.status_code for answer in answers} <= {201, 202}
        assert _all_equal(answers)
        assert sum(answer.headers.get("Idempotent-Replayed") == "true" for answer in answers) == TWENTY - 1

    def test_have_one_effect_before_anything_is_known_of_the_customer(self, customer: Customer) -> None:
        someone = customer()
        someone.log_in()
        someone.consent("privacy")
        front, back = someone.upload_card()
        answers = _twenty(someone, "registrations", {"id_card_front": front, "id_card_back": back})
        assert {answer.status_code for answer in answers} == {202}
        assert _all_equal(answers)
        with in_bank(BANK):
            assert Registration.objects.filter(customer_id=someone.customer["id"]).count() == 1

    def test_get_the_same_refusal_where_it_is_refused(self, line_a: Life) -> None:
        body = {"agreement_id": line_a.body_ids["agreement_id"], "sha256": "0" * 64, "read_seconds": 8}
        answers = _twenty(line_a.phone, "consents", body)
        assert {answer.status_code for answer in answers} == {409}
        assert _all_equal(answers)


def _path(call: Call, life: Life) -> str:
    named = {"registrations": "registration_id", "consents": "consent_id", "face-checks": "face_check_id"}
    named |= {
        "voice-checks": "voice_check_id",
        "cards": "card_id",
        "accounts": "account_id",
        "applications": "application_id",
        "drawdowns": "drawdown_id",
    }
    path = call.path.removeprefix(BASE)
    found = life.path_ids.get(named.get(path.partition("/")[0], ""), uuid.uuid4().hex)  # the key is asked for first
    return path.replace("{}", found)


class TestKeys:
    @pytest.mark.parametrize("call", KEYED, ids=lambda call: call.name)
    def test_are_required(self, line_a: Life, call: Call) -> None:
        headers = {"Authorization": f"Bearer {line_a.phone.token}"}
        url = f"/b/{BANK}/api/v1/{_path(call, line_a)}"
        answer = line_a.phone.api.post(url, json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")

    def test_are_kept_to_one_request(self, line_a: Life) -> None:
        path, body, rows = _drawdown(line_a)
        key = uuid.uuid4().hex
        line_a.phone.call("POST", path, body, key=key, expect=201)
        with in_bank(BANK):
            before = rows.count()
        refused = line_a.phone.call("POST", path, {**body, "amount": "9000.00"}, key=key, expect=409)
        assert refused.json()["code"] == "idempotency_key_reused"
        elsewhere = line_a.phone.call("POST", "phone-codes", body, key=key, expect=(400, 409))
        assert elsewhere.json()["code"] in {"idempotency_key_reused", "invalid_request"}
        with in_bank(BANK):
            assert rows.count() == before

    def test_of_two_customers_have_nothing_to_do_with_each_other(self, line_a: Life, customer: Customer) -> None:
        other, key = customer(), uuid.uuid4().hex
        other.log_in()
        made = []
        for someone in (line_a.phone, other):
            agreement = someone.get("agreements?purpose=privacy")["items"][0]
            body = {"agreement_id": agreement["id"], "sha256": agreement["sha256"], "read_seconds": 8}
            made.append(someone.call("POST", "consents", body, key=key, expect=201))
        assert made[0].json()["id"] != made[1].json()["id"]
        assert "Idempotent-Replayed" not in made[1].headers
