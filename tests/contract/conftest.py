"""A customer at each of two banks who has come as far as the contract goes, with the ids of everything on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from scripts.phone import Phone
from scripts.story import METHOD, PRODUCT, TERM_MONTHS
from tests.over_rest import BANK, OTHER_BANK, Customer, api, committed, customer, doors

__all__ = ["api", "committed", "customer", "doors"]


@dataclass(frozen=True, slots=True)
class Life:
    """A customer and the ids of what is the customer's, by the name that the contract's paths give them."""

    phone: Phone
    ids: dict[str, str]
    contract_pdf: bytes


def live(someone: Phone) -> Life:
    """Walk a customer from login to the drawn loan."""
    ids: dict[str, Any] = {"bank": someone.bank, "code": PRODUCT}
    someone.log_in()
    someone.consent("privacy", "face")
    ids["consent_id"] = someone.get("consents")["items"][0]["id"]
    ids["upload"] = someone.upload_card()[0]
    ids["registration_id"] = someone.start_registration()
    path = f"registrations/{ids['registration_id']}"
    someone.until_settled(path, ("confirm",))
    someone.confirm_registration(ids["registration_id"])
    someone.give_phone(ids["registration_id"])
    assert someone.until_settled(path)["status"] == "registered"
    application = someone.apply(PRODUCT)
    assert application["status"] == "offered", application
    ids["application_id"] = application["id"]
    line = someone.accept(application["id"])
    account = someone.open_account()
    assert account["status"] == "active", account
    ids |= {"account_id": account["id"], "credit_line": line["id"]}
    return Life(someone, ids, b"")


@pytest.fixture(scope="module")
def life_a(customer: Customer) -> Life:
    """Give a customer of bank A."""
    return live(customer(BANK))


@pytest.fixture(scope="module")
def life_b(customer: Customer) -> Life:
    """Give a customer of bank B."""
    return live(customer(OTHER_BANK))
