"""One customer's way from the scan to the first repayment, step by step with times."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import httpx

from scripts.phone import Phone
from scripts.product import Product

PRODUCT: Final = "XF01"
METHOD: Final = "equal_instalment"
AMOUNT: Final = "10000.00"
TERM_MONTHS: Final = 12


@dataclass(slots=True)
class Story:
    """What happened: the steps with their seconds, of which the customer's own reading time is left out."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    read_seconds: float = 0.0

    def wait(self, seconds: float) -> None:
        """Wait as a customer does; long waits are reading time and not the machine's."""
        if seconds >= 1:
            self.read_seconds += seconds
        time.sleep(seconds)

    @contextmanager
    def step(self, name: str, say: Callable[[str], None]) -> Iterator[None]:
        """Time one step."""
        before, started = self.read_seconds, time.monotonic()
        yield
        seconds = time.monotonic() - started - (self.read_seconds - before)
        self.steps.append({"name": name, "seconds": round(seconds, 3)})
        say(f"  {len(self.steps):2}. {name:<22} {seconds:7.2f} s")


def tell(running: Product, bank: str, region: str, *, say: Callable[[str], None]) -> Story:
    """Walk one synthetic customer through everything at one bank.

    Raises:
        CallFailed: a call did not answer as the contract says.
    """
    story = Story()
    with (
        httpx.Client(base_url=running.base_url, timeout=30) as api,
        httpx.Client(base_url=running.sandbox_url, timeout=30) as vendors,
    ):
        people = vendors.get("/sandbox/people", params={"n": 1, "region": region, "age": 35}).json()
        person = (people["people"] if isinstance(people, dict) else people)[0]
        phone = Phone(api=api, vendors=vendors, bank=bank, person=person, wait=story.wait)
        _walk(running, phone, story, say)
    return story


def _walk(running: Product, phone: Phone, story: Story, say: Callable[[str], None]) -> None:  # noqa: PLR0915 -- one walk
    with story.step("entry made by staff", say):
        scene = running.manage(
            "make_entry", "--bank", phone.bank, "--branch", "城东支行", "--staff", "12500001"
        ).strip()
    with story.step("scan", say):
        arrival = phone.post("/api/v1/entries/resolve", {"scene": scene}, expect=200)
    with story.step("login", say):
        phone.log_in(arrival["entry_token"])
        phone.consent("privacy", "face")
    with story.step("register", say):
        phone.register()
    with story.step("apply and decide", say):
        application = phone.apply(PRODUCT)
        if application["status"] != "offered":
            raise AssertionError(f"no offer: {application}")
    with story.step("accept the line", say):
        line = phone.accept(application["id"])
    with story.step("open Class II account", say):
        account = phone.open_account()
        if account["status"] != "active":
            raise AssertionError(f"no account: {account}")
    with story.step("draft and disclosure", say):
        amount = AMOUNT if float(line["available"]) >= float(AMOUNT) else line["available"]
        draft = phone.draft_drawdown(
            line["id"], account["id"], amount, term=TERM_MONTHS, method=METHOD, purpose="consumption"
        )
        phone.read_disclosure(draft)
    with story.step("sign", say):
        signed = phone.sign(draft["id"])
        if signed["status"] != "signed":
            raise AssertionError(f"not signed: {signed}")
    with story.step("contract verified", say):
        pdf = phone.call("GET", f"contracts/{signed['contract']['id']}/pdf", expect=200).content
        verified = phone.api.post(
            f"/b/{phone.bank}/api/v1/contracts/verify",
            files={"file": ("contract.pdf", pdf, "application/pdf")},
        ).json()
        story.facts["contract_valid"] = verified["valid"]
    with story.step("disburse", say):
        drawn = phone.disburse(draft["id"])
        if drawn["status"] != "disbursed":
            raise AssertionError(f"not disbursed: {drawn}")
    loan_id = drawn["loan"]["id"] if isinstance(drawn["loan"], dict) else drawn["loan"]
    loan = phone.get(f"loans/{loan_id}")
    due = date.fromisoformat(loan["next_due"]["due_date"] if isinstance(loan["next_due"], dict) else loan["next_due"])
    with story.step("business date advances", say):
        running.manage("advance_day", "--bank", phone.bank, "--to", due.isoformat())
    with story.step("first repayment", say):
        repaid = phone.repay(loan_id, account["id"])
        if repaid["status"] != "posted":
            raise AssertionError(f"not repaid: {repaid}")
    with story.step("books checked", say):
        books = json.loads(running.manage("check_books", "--bank", phone.bank, "--json"))
        story.facts["ledger_balanced"] = books["balanced"]
        lines = phone.get("credit-lines")
        items = lines["items"] if isinstance(lines, dict) else lines
        story.facts["line_available_again"] = next(row for row in items if row["id"] == line["id"])["available"]
        journey = phone.get("journey")
        story.facts["journey"] = {row["name"]: row["status"] for row in journey["steps"]}
