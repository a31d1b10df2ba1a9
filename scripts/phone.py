"""A customer with a phone: the journey from the scan to the first repayment, over the published contract only.

Used by `make demo`, `make journey` and the stories in tests/flows; it knows REST and the sandbox, nothing else.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

UNFINISHED: Final = frozenset(
    {"reading", "checking", "starting", "opening", "closing", "deciding", "signing", "disbursing", "posting"}
)
PATIENCE_SECONDS: Final = 60.0
PURPOSES_AT_LOGIN: Final = ("privacy", "face")


class CallFailed(AssertionError):
    """Raised where a call did not answer as the caller expects; shows the problem document."""


def _pause(seconds: float) -> None:
    time.sleep(seconds)


@dataclass(slots=True)
class Phone:
    """One person's phone at one bank. `api` reaches the product, `vendors` the sandbox."""

    api: httpx.Client
    vendors: httpx.Client
    bank: str
    person: Mapping[str, Any]
    device_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    wait: Callable[[float], None] = _pause
    token: str = ""
    customer: Mapping[str, Any] = field(default_factory=dict)

    # The wire.

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int | tuple[int, ...] | None = None,
        key: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Make one call of the contract; every POST gets an idempotency key unless one is given."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        url = path if path.startswith("/") else f"/b/{self.bank}/api/v1/{path}"
        answer = self.api.request(method, url, json=body, headers=headers, **options)
        wanted = (expect,) if isinstance(expect, int) else expect
        if wanted is not None and answer.status_code not in wanted:
            raise CallFailed(f"{method} {url}: {answer.status_code}, expected {wanted}: {answer.text[:2000]}")
        return answer

    def get(self, path: str, expect: int = 200) -> Any:
        """GET a resource."""
        return self.call("GET", path, expect=expect).json()

    def post(self, path: str, body: Any = None, *, expect: int | tuple[int, ...] = (200, 201, 202), **more: Any) -> Any:
        """POST and return the JSON answer."""
        return self.call("POST", path, {} if body is None else body, expect=expect, **more).json()

    def until_settled(self, path: str, until: tuple[str, ...] = ()) -> dict[str, Any]:
        """Poll a resource until its status is one of `until`, or, without them, none that is still on its way.

        Raises:
            CallFailed: it is still on its way after a minute and a half.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            resource: dict[str, Any] = self.get(path)
            status = resource["status"]
            if status in until or (not until and status not in UNFINISHED):
                return resource
            if until and status not in UNFINISHED and status != "started":
                raise CallFailed(f"{path} ended as {resource}, expected {until}")
            if time.monotonic() > end:
                raise CallFailed(f"{path} is still {status} after {PATIENCE_SECONDS:.0f} s: {resource}")
            self.wait(0.05)

    # The vendors' side of the phone.

    def wechat_code(self, **more: Any) -> str:
        """Return what wx.login gives."""
        answer = self.vendors.post("/sandbox/wechat/codes", json={"person": self.person["person"], **more})
        answer.raise_for_status()
        return str(answer.json()["code"])

    def inbox(self, phone: str) -> list[dict[str, Any]]:
        """Read the phone's last text messages, newest first."""
        messages: list[dict[str, Any]] = self.vendors.get("/sandbox/inbox", params={"phone": phone}).json()
        return messages

    def text_code(self, phone: str, *, known: set[str]) -> str:
        """Read the one-time code from the first text message that is not among the known ones.

        Raises:
            CallFailed: none arrives within a minute and a half.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            for message in self.inbox(phone):
                if message["request_id"] not in known and "code" in message["parameters"]:
                    return str(message["parameters"]["code"])
            self.wait(0.05)
        raise CallFailed("no text message with a code arrived")

    # The steps of the journey.

    def log_in(self, entry_token: str | None = None, **more: Any) -> None:
        """Log in with a WeChat code."""
        body = {"wechat_code": self.wechat_code(**more), "device_id": self.device_id}
        if entry_token:
            body["entry_token"] = entry_token
        answer = self.post("sessions", body, expect=201)
        self.token, self.customer = answer["access_token"], answer["customer"]

    def consent(self, *purposes: str, subject: str | None = None) -> None:
        """Read and confirm agreements."""
        for purpose in purposes:
            query = f"agreements?purpose={purpose}" + (f"&subject={subject}" if subject else "")
            agreements = self.get(query)
            for agreement in agreements if isinstance(agreements, list) else agreements["items"]:
                body = {"agreement_id": agreement["id"], "sha256": agreement["sha256"], "read_seconds": 8}
                self.post("consents", body | ({"subject": subject} if subject else {}), expect=201)

    def upload(self, kind: str, content: bytes) -> str:
        """Upload a picture or a recording."""
        file = ("voice.wav", content, "audio/wav") if kind == "voice" else (f"{kind}.jpg", content, "image/jpeg")
        answer = self.call("POST", "uploads", expect=201, data={"kind": kind}, files={"file": file})
        return str(answer.json()["id"])

    def upload_card(self) -> tuple[str, str]:
        """Upload both sides of the ID card."""
        sides = []
        for side in ("id_card_front", "id_card_back"):
            picture = self.vendors.get(self.person[f"{side}_url"])
            picture.raise_for_status()
            sides.append(self.upload(side, picture.content))
        return sides[0], sides[1]

    def phone_code(self, action: str, *, phone: str | None = None, **bound: Any) -> dict[str, str]:
        """Ask for a text message and read it."""
        number = phone or self.person["phone"]
        known = {message["request_id"] for message in self.inbox(number)}
        answer = self.post("phone-codes", {"phone": number, "action": action, **bound}, expect=202)
        return {"id": answer["id"], "code": self.text_code(number, known=known)}

    def start_registration(self) -> str:
        """Upload the card and start registering; return the registration's id."""
        front, back = self.upload_card()
        return str(self.post("registrations", {"id_card_front": front, "id_card_back": back}, expect=202)["id"])

    def confirm_registration(self, registration: str, **changed: str) -> None:
        """Confirm what was read from the card."""
        body = {
            "occupation": "农民",
            "residence_address": self.person.get("address", "本地"),
            "tax_residency": "cn_only",
        }
        self.post(f"registrations/{registration}/confirm", body | changed, expect=200)

    def give_phone(self, registration: str) -> None:
        """Prove the phone number by a code."""
        code = self.phone_code("register", subject=registration)
        self.post(
            f"registrations/{registration}/phone",
            {"phone": self.person["phone"], "phone_code": code},
            expect=202,
        )

    def register(self) -> dict[str, Any]:
        """Register: card, confirmation, phone, carrier."""
        registration = self.start_registration()
        self.until_settled(f"registrations/{registration}", ("confirm",))
        self.confirm_registration(registration)
        self.give_phone(registration)
        return self.until_settled(f"registrations/{registration}", ("registered",))

    def face(self, action: str, subject: str, *, outcome: str = "passed", person: str | None = None) -> dict[str, Any]:
        """Go through a face check; return it in its end state."""
        check = self.post("face-checks", {"action": action, "subject": subject}, expect=202)
        path = f"face-checks/{check['id']}"
        started = self.until_settled(path, ("started", "failed"))
        if started["status"] == "failed":
            return started
        token = started["start"]["token"]
        finish = {"person": person or self.person["person"], "outcome": outcome}
        self.vendors.post(f"/sandbox/face/{token}/finish", json=finish).raise_for_status()
        self.post(f"{path}/complete", {"result_token": token}, expect=202)
        return self.until_settled(path)

    def face_token(self, action: str, subject: str) -> str:
        """Pass a face check and return its token."""
        check = self.face(action, subject)
        if check["status"] != "passed":
            raise CallFailed(f"face check for {action} ended as {check}")
        return str(check["face_token"])

    def voice(
        self, action: str, subject: str, *, text: str | None = None, speaker: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Go through a voice check: read its text aloud, or another, or let somebody else read; return its end state."""
        check = self.post("voice-checks", {"action": action, "subject": subject}, expect=202)
        path = f"voice-checks/{check['id']}"
        started = self.until_settled(path, ("started",))
        said = {"text": started["text"] if text is None else text}
        recording = self.vendors.get((speaker or self.person)["voice_url"], params=said)
        recording.raise_for_status()
        self.post(f"{path}/complete", {"upload": self.upload("voice", recording.content)}, expect=202)
        return self.until_settled(path)

    def voice_token(self, action: str, subject: str) -> str:
        """Pass a voice check and return its token."""
        check = self.voice(action, subject)
        if check["status"] != "passed":
            raise CallFailed(f"voice check for {action} ended as {check}")
        return str(check["voice_token"])

    def further_card(self) -> str:
        """Get one more card from a bank and return its number."""
        made = self.vendors.post(f"/sandbox/people/{self.person['person']}/cards")
        made.raise_for_status()
        return str(made.json()["card_number"])

    def bind_card(self, number: str | None = None) -> dict[str, Any]:
        """Have a card checked at its bank; the first is bound by that, a further one waits for face and voice."""
        code = self.phone_code("bind_card")
        body = {
            "number": number or self.person["card_number"], "phone": self.person["phone"], "phone_code": code,
        }  # fmt: skip
        started = self.post("cards", body, expect=202)
        return self.until_settled(f"cards/{started['id']}")

    def step_up(self, card: str) -> dict[str, Any]:
        """Bind a further card by face and voice."""
        tokens = {"face_token": self.face_token("bind_card", card), "voice_token": self.voice_token("bind_card", card)}
        self.post(f"cards/{card}/submit", tokens, expect=202)
        return self.until_settled(f"cards/{card}")

    def facts(self, **more: Any) -> dict[str, Any]:
        """Return what an applicant of this bank's region states."""
        return {"income": {"monthly": "12000.00"}, **more}

    def apply(
        self, product: str, *, facts: Mapping[str, Any] | None = None, purpose: str = "consumption"
    ) -> dict[str, Any]:
        """Apply for a line and get it decided; return the application."""
        body = {
            "product": product,
            "purpose": purpose,
            "facts": dict(facts) if facts is not None else self.facts(),
        }
        application = self.post("applications", body, expect=202)
        path = f"applications/{application['id']}"
        checked = self.until_settled(path)
        if checked["status"] != "face":
            return checked
        self.consent(*application["required_consents"], subject=application["id"])
        token = self.face_token("apply", application["id"])
        self.post(f"{path}/submit", {"face_token": token}, expect=202)
        return self.until_settled(path)

    def accept(self, application: str) -> dict[str, Any]:
        """Accept an offer; return the credit line."""
        self.post(f"applications/{application}/accept", expect=200)
        lines = self.get("credit-lines")
        line: dict[str, Any] = next(line for line in _items(lines) if line["status"] == "active")
        return line

    def open_account(self) -> dict[str, Any]:
        """Open a Class II account bound to the person's card."""
        code = self.phone_code("open_account")
        card = {"number": self.person["card_number"], "phone": self.person["phone"]}
        account = self.post("accounts", {"class": "II", "bound_card": card, "phone_code": code}, expect=202)
        path = f"accounts/{account['id']}"
        checked = self.until_settled(path)
        if checked["status"] != "face":
            return checked
        token = self.face_token("open_account", account["id"])
        intention = {"method": "read_aloud", "evidence": "本人自愿开立账户"}
        self.post(
            f"{path}/submit",
            {"face_token": token, "purpose": "loan_repayment", "intention": intention},
            expect=202,
        )
        return self.until_settled(path)

    def draft_drawdown(
        self, line: str, account: str, amount: str, *, term: int, method: str, purpose: str
    ) -> dict[str, Any]:
        """Draft a drawdown."""
        body = {
            "credit_line": line, "amount": amount, "term": term, "method": method, "account": account,
            "purpose": purpose,
        }  # fmt: skip
        draft: dict[str, Any] = self.post("drawdowns", body, expect=201)
        return draft

    def read_disclosure(self, draft: Mapping[str, Any]) -> None:
        """Read the cost table for as long as the bank demands, and confirm it."""
        shown = draft["disclosure"]
        self.wait(float(shown["min_read_seconds"]) + 0.2)
        body = {"sha256": shown["sha256"], "read_seconds": shown["min_read_seconds"]}
        self.post(f"drawdowns/{draft['id']}/disclosure", body, expect=200)

    def sign(self, drawdown: str) -> dict[str, Any]:
        """Sign the contract."""
        token = self.face_token("sign", drawdown)
        code = self.phone_code("sign", subject=drawdown)
        self.post(f"drawdowns/{drawdown}/sign", {"face_token": token, "phone_code": code}, expect=202)
        return self.until_settled(f"drawdowns/{drawdown}")

    def disburse(self, drawdown: str) -> dict[str, Any]:
        """Have the money paid."""
        token = self.face_token("drawdown", drawdown)
        self.post(f"drawdowns/{drawdown}/disburse", {"face_token": token}, expect=202)
        return self.until_settled(f"drawdowns/{drawdown}")

    def repay(self, loan: str, account: str, *, kind: str = "due", amount: str | None = None) -> dict[str, Any]:
        """Repay what is due."""
        body = {"kind": kind, "account": account} | ({"amount": amount} if amount else {})
        answer = self.call("POST", f"loans/{loan}/repayments", body, expect=202)
        return self.until_settled(answer.headers["Location"])

    def top_up(self, account: str, card: str, amount: str) -> dict[str, Any]:
        """Bring money in from a bound card."""
        code = self.phone_code("top_up", amount=amount)
        body = {"card": card, "amount": amount, "phone_code": code}
        answer = self.call("POST", f"accounts/{account}/top-ups", body, expect=202)
        return self.until_settled(answer.headers["Location"])

    def transfer(self, account: str, to: Mapping[str, str], amount: str) -> dict[str, Any]:
        """Send money: to a bound card as it is, to anybody else with a code."""
        body: dict[str, Any] = {"from_account": account, "to": dict(to), "amount": amount}
        if "card_id" not in to:
            body["phone_code"] = self.phone_code("transfer", amount=amount)
        answer = self.call("POST", "transfers", body, expect=202)
        return self.until_settled(answer.headers["Location"])


def _items(answer: Any) -> list[dict[str, Any]]:
    return answer if isinstance(answer, list) else answer["items"]
