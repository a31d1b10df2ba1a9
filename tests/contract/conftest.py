"""A customer at each of two banks who has come as far as the contract goes, with the ids of everything on the way."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from accounts.models import AccountClosing, Reverification
from core.clock import now
from core.tenancy import in_bank
from scripts.phone import Phone
from scripts.story import METHOD, PRODUCT, TERM_MONTHS
from tests.over_rest import BANK, OTHER_BANK, Customer, api, committed, customer, doors

__all__ = [
    "api",
    "committed",
    "customer",
    "doors",
]
AMOUNT = "10000.00"


@dataclass(slots=True)
class Life:
    """A customer and the ids of what is the customer's: as the paths of the contract name them, and as its bodies do."""

    phone: Phone
    path_ids: dict[str, str] = field(default_factory=dict)
    body_ids: dict[str, str] = field(default_factory=dict)
    contract_pdf: bytes = b""


def registered(someone: Phone) -> Life:
    """Make a customer known to the bank."""
    life = Life(someone, {"bank": someone.bank, "code": PRODUCT}, {"product": PRODUCT})
    _become_known(life)
    return life


def with_a_line(someone: Phone) -> Life:
    """Bring a customer to a line, an account, a further card that asks for face and voice, and a first draft."""
    life = registered(someone)
    _get_a_line(life)
    _open_an_account(life)
    _show_a_further_card(life)
    life.path_ids["drawdown_id"] = life.body_ids["subject"] = _draft(life)["id"]
    return life


def with_a_loan(someone: Phone) -> Life:
    """Bring a customer to a loan that is drawn and repaid, and to a next draft."""
    life = with_a_line(someone)
    _borrow(life, life.phone.get(f"drawdowns/{life.path_ids['drawdown_id']}"))
    _move_money(life)
    _repay(life)
    _complain(life)
    life.body_ids["subject"] = _draft(life)["id"]
    return life


def _become_known(life: Life) -> None:
    someone = life.phone
    someone.log_in()
    someone.consent("privacy", "face")
    life.path_ids["consent_id"] = someone.get("consents")["items"][0]["id"]
    agreement = someone.get("agreements?purpose=privacy")["items"][0]
    life.body_ids["agreement_id"] = agreement["id"]
    front, back = someone.upload_card()
    started = someone.post("registrations", {"id_card_front": front, "id_card_back": back}, expect=202)
    path = f"registrations/{started['id']}"
    someone.until_settled(path, ("confirm",))
    someone.confirm_registration(started["id"])
    someone.give_phone(started["id"])
    assert someone.until_settled(path)["status"] == "registered"
    life.path_ids["registration_id"] = started["id"]
    life.body_ids |= {"id_card_front": front, "id_card_back": back}


def _get_a_line(life: Life) -> None:
    application = life.phone.apply(PRODUCT)
    assert application["status"] == "offered", application
    life.path_ids["application_id"] = application["id"]
    life.body_ids["credit_line"] = life.phone.accept(application["id"])["id"]


def _open_an_account(life: Life) -> None:
    account = life.phone.open_account()
    assert account["status"] == "active", account
    life.path_ids["account_id"] = life.body_ids["account"] = account["id"]
    life.path_ids["card_id"] = account["bound_cards"][0]["id"]
    life.body_ids |= {
        "from_account": account["id"],
        "card": life.path_ids["card_id"],
        "card_id": life.path_ids["card_id"],
    }
    _leave_traces(life, account["id"])


def _show_a_further_card(life: Life) -> None:
    someone = life.phone
    someone.consent("voice")
    card = someone.bind_card(someone.further_card())
    assert card["status"] == "step_up", card
    life.body_ids["further_card"] = card["id"]
    check = someone.voice("bind_card", card["id"])
    assert check["status"] == "passed", check
    life.path_ids["voice_check_id"] = check["id"]


def _leave_traces(life: Life, account: str) -> None:
    """Leave a closing that was refused and a reverification: what becomes of them is another test's matter."""
    with in_bank(life.phone.bank):
        face = {"account_id": account, "face_check_id": uuid.uuid4()}
        closing = AccountClosing.objects.create(
            **face, status="refused", reason_code="account_not_empty", ended_at=now()
        )
        proof = Reverification.objects.create(**face, status="verified", ended_at=now())
    life.path_ids |= {"closing_id": closing.pk.hex, "reverification_id": proof.pk.hex}


def _draft(life: Life) -> dict[str, Any]:
    ids = life.body_ids
    return life.phone.draft_drawdown(
        ids["credit_line"], ids["account"], AMOUNT, term=TERM_MONTHS, method=METHOD, purpose="consumption"
    )


def _borrow(life: Life, draft: dict[str, Any]) -> None:
    life.phone.read_disclosure(draft)
    life.path_ids["face_check_id"] = life.phone.face("sign", draft["id"])["id"]
    signed = life.phone.sign(draft["id"])
    assert signed["status"] == "signed", signed
    drawn = life.phone.disburse(draft["id"])
    assert drawn["status"] == "disbursed", drawn
    life.path_ids |= {"contract_id": signed["contract"]["id"], "loan_id": drawn["loan"]}
    life.contract_pdf = life.phone.call("GET", f"contracts/{signed['contract']['id']}/pdf", expect=200).content


def _move_money(life: Life) -> None:
    account, card = life.path_ids["account_id"], life.path_ids["card_id"]
    topped_up = life.phone.top_up(account, card, "100.00")
    sent = life.phone.transfer(account, {"card_id": card}, "100.00")
    assert (topped_up["status"], sent["status"]) == ("posted", "posted")
    life.path_ids |= {"top_up_id": topped_up["id"], "transfer_id": sent["id"]}


def _repay(life: Life) -> None:
    repaid = life.phone.repay(life.path_ids["loan_id"], life.body_ids["account"], kind="early_full")
    assert repaid["status"] == "posted", repaid
    life.path_ids["repayment_id"] = repaid["id"]


def _complain(life: Life) -> None:
    said = {
        "category": "loan",
        "text": "还款后短信迟到",
        "subject_kind": "loan",
        "subject_id": life.path_ids["loan_id"],
    }
    life.path_ids["complaint_id"] = life.phone.post("complaints", said, expect=201)["id"]


@pytest.fixture(scope="module")
def life_a(customer: Customer) -> Life:
    """Give a customer of bank A who has been through everything."""
    return with_a_loan(customer(BANK))


@pytest.fixture(scope="module")
def line_a(customer: Customer) -> Life:
    """Give a customer of bank A with a line and an account."""
    return with_a_line(customer(BANK))


@pytest.fixture(scope="module")
def newcomer_a(customer: Customer) -> Life:
    """Give a customer of bank A who is known and no more."""
    return registered(customer(BANK))


@pytest.fixture(scope="module")
def line_b(customer: Customer) -> Life:
    """Give a customer of bank B with a line and an account."""
    return with_a_line(customer(OTHER_BANK))
