"""What a call refuses for a reason of its own: each published code over REST, with its field, and nothing is changed by it.

One customer for all tables (`acting`); each row sets a state, asks, and is undone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import transaction
from django.db.models import F
from django.test import Client

from accounts.models import AccountClosing, Card, Payment, Registration
from core.clock import business_date, now
from core.errors import CATALOGUE
from core.gateway import forget_breakers
from core.ids import new_id
from core.tenancy import PROVINCE_CODE, in_bank
from lending.models import Application, CreditLine, LoanPaper, Repayment
from tenants.models import Bank
from tenants.operations import switch_off
from tests import database
from tests.contract.acting import Acting, begin, set_today
from tests.lending.borrowers import close_product
from tests.over_rest import set_parameter
from tests.running_sandbox import Sandbox
from tests.undone import picture_of, undone
from verification.models import ActToken, Consent, Subject

Body = Callable[[Acting], Mapping[str, Any]]
State = Callable[[Acting], object]
NOBODY: Final = "f" * 32
NOBODY_LISTENS: Final = "http://127.0.0.1:9"
WATCHED: Final = (
    "accounts_account_closing", "accounts_card", "accounts_customer", "accounts_deposit_account", "accounts_hold",
    "accounts_journal_entry", "accounts_payment", "accounts_registration", "accounts_reverification",
    "accounts_suspension", "accounts_top_up", "accounts_transfer", "core_step", "lending_application", "lending_contract",
    "lending_credit_line", "lending_drawdown", "lending_entrusted_payment", "lending_loan", "lending_repayment",
    "verification_act_token", "verification_face_check", "verification_phone_code", "verification_voice_check",
)  # fmt: skip


@pytest.fixture(scope="module")
def begun(django_db_setup: None, django_db_blocker: Any) -> Iterator[Acting]:
    """Make the customer once for the whole module."""
    del django_db_setup
    with django_db_blocker.unblock(), undone(database.BANK_A):
        yield begin()


@pytest.fixture
def acting(begun: Acting, django_db_blocker: Any) -> Iterator[Acting]:
    """Give the customer to a row, which is undone."""
    with django_db_blocker.unblock(), undone(database.BANK_A):
        yield begun


def refused(
    acting: Acting, path: str, code: str, body: Mapping[str, Any] | None, *, field: str = "", newcomer: bool = False
) -> None:
    """Ask, and see the refusal: status and code as published, a text for the customer, the field, and nothing changed."""
    caller, before = acting.caller(newcomer=newcomer), picture_of(WATCHED)
    answer = caller.call("GET" if body is None else "POST", path.format(**acting.ids()), body)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (CATALOGUE[code].status, code), told
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told["title"] == CATALOGUE[code].title
    assert (field in told["errors"]) if field else (told["errors"] == {})
    assert picture_of(WATCHED) == before


SUBMIT: Final = {"purpose": "savings", "intention": {"method": "confirm", "evidence": "本人自愿开立账户"}}
# Each call that takes a face: its path, its act, the thing that the face is for, and the rest of its body.
BY_FACE: Final[list[tuple[str, str, str, Body]]] = [
    ("accounts/{opening}/submit", "open_account", "opening", lambda _: SUBMIT),
    ("accounts/{dormant}/reverify", "reverify", "dormant", lambda _: {}),
    ("accounts/{empty}/close", "close_account", "empty", lambda _: {}),
    ("cards/{further}/submit", "bind_card", "further", lambda a: {"voice_token": a.voice("further", "bind_card")}),
    ("applications/{application}/submit", "apply", "application", lambda _: {}),
    ("drawdowns/{draft}/sign", "sign", "draft", lambda a: {"phone_code": a.code("sign")}),
    ("drawdowns/{signed}/disburse", "drawdown", "signed", lambda _: {}),
    ("registrations/{moving}/relink", "relink", "moving", lambda a: {"phone_code": a.code("relink", newcomer=True)}),
]
ON_TOKENS: Final[Mapping[str, dict[str, Any]]] = {
    "used": {"used_at": F("created_at")},
    "expired": {"expires_at": F("created_at") + timedelta(microseconds=1)},
    "mismatch": {"business_id": NOBODY},
}
"""What makes a token useless."""


def spoil(factor: str, how: str) -> None:
    """Make the tokens of a factor that could be used useless in one way."""
    ActToken.objects.filter(factor=factor, used_at=None).update(**ON_TOKENS[how])


@pytest.mark.parametrize(("path", "action", "thing", "rest"), BY_FACE, ids=[row[0] for row in BY_FACE])
def test_a_face_that_is_good_is_taken(acting: Acting, path: str, action: str, thing: str, rest: Body) -> None:
    """So it is the token alone that the rows below are refused for."""
    body = {**rest(acting), "face_token": acting.face(thing, action)}
    answer = acting.caller(newcomer=action == "relink").post(path.format(**acting.ids()), body)
    assert answer.status_code == 202, answer.json()


@pytest.mark.parametrize("how", ON_TOKENS)
@pytest.mark.parametrize(("path", "action", "thing", "rest"), BY_FACE, ids=[row[0] for row in BY_FACE])
def test_a_face_that_is_no_good_for_the_act(
    acting: Acting, path: str, action: str, thing: str, rest: Body, how: str
) -> None:
    body = {**rest(acting), "face_token": acting.face(thing, action)}
    spoil("face", how)
    refused(acting, path, f"face_token_{how}", body, newcomer=action == "relink")


@pytest.mark.parametrize("how", ON_TOKENS)
def test_a_voice_that_is_no_good_for_the_act(acting: Acting, how: str) -> None:
    body = {"face_token": acting.face("further", "bind_card"), "voice_token": acting.voice("further", "bind_card")}
    spoil("voice", how)
    refused(acting, "cards/{further}/submit", f"voice_token_{how}", body)


def sign_body(acting: Acting) -> dict[str, Any]:
    return {"face_token": acting.face("draft", "sign"), "phone_code": acting.code("sign")}


def disburse_body(acting: Acting) -> dict[str, Any]:
    return {"face_token": acting.face("signed", "drawdown")}


def draft_body(acting: Acting, **changes: Any) -> dict[str, Any]:
    ids = acting.ids()
    return {
        "credit_line": ids["line"], "amount": "1000.00", "term": 12, "method": "equal_instalment", "purpose": "consumption",
        "account": ids["account"], **changes,
    }  # fmt: skip


def change_line(**fields: Any) -> State:
    """Set columns of the customer's line."""
    return lambda acting: CreditLine.objects.filter(pk=acting.who.line_id).update(**fields)


def change_person(**fields: Any) -> State:
    """Set columns of what is known of the customer."""

    def change(acting: Acting) -> None:
        with transaction.atomic():
            Subject.objects.filter(pk=acting.who.customer_id).update(**fields)

    return change


def days(count: int) -> timedelta:
    return timedelta(days=count)


def expire_line(acting: Acting) -> None:
    change_line(starts_date=business_date() - days(30), valid_until_date=business_date() - days(1))(acting)


def forget_review(acting: Acting) -> None:
    change_line(starts_date=business_date() - days(400))(acting)


def expire_id(acting: Acting) -> None:
    change_person(valid_until_date=business_date() - days(1))(acting)


def being_closed(thing: str) -> State:
    """Let an account be on its way to its end."""
    return lambda acting: AccountClosing.objects.create(account=acting.things[thing], face_check_id=new_id())


NEW_MONEY: Final[list[tuple[str, Body]]] = [
    ("drawdowns", draft_body),
    ("drawdowns/{draft}/sign", sign_body),
    ("drawdowns/{signed}/disburse", disburse_body),
]
STOPS: Final[Mapping[str, State]] = {
    "product_closed": lambda _: close_product(),
    "line_frozen": change_line(status="frozen"),
    "line_expired": expire_line,
    "line_review_due": forget_review,
    "id_expired": expire_id,
    "account_not_active": being_closed("account"),
}


@pytest.mark.parametrize("code", STOPS)
@pytest.mark.parametrize(("path", "body"), NEW_MONEY, ids=[path for path, _ in NEW_MONEY])
def test_new_money_stops_at_each_of_its_beats(acting: Acting, path: str, body: Body, code: str) -> None:
    given = body(acting)
    STOPS[code](acting)
    refused(acting, path, code, given)


def withdraw_consents(acting: Acting) -> None:
    Consent.objects.filter(subject_id=acting.who.customer_id).update(withdrawn_at=now())


def wrong(body: Body, **changes: Any) -> Body:
    """Change what is sent."""
    return lambda acting: {**body(acting), **changes}


def card_body(acting: Acting, action: str, *, newcomer: bool = False, number: str = "") -> dict[str, Any]:
    card: Card = acting.things["card"]
    card_is = {"number": number or card.number, "phone": acting.phone()}
    code = acting.code(action, newcomer=newcomer)
    return {**card_is, "phone_code": code} if action == "bind_card" else {
        "class": "II", "bound_card": card_is, "phone_code": code,
    }  # fmt: skip


WRONG_CODE: Final = {"id": NOBODY, "code": "000000"}
ONE_MORE: Final = "2000.01"
"""More than a Class III account may hold (ACC-07)."""


def to_card(acting: Acting, card: str) -> dict[str, Any]:
    ids = acting.ids()
    return {"from_account": ids["account"], "to": {"card_id": ids[card]}, "amount": "10.00"}


def bind_further(acting: Acting) -> None:
    """Bind the further card this very moment: money may go out to it when it has cooled."""
    Card.objects.filter(pk=acting.things["further"].pk).update(
        status="active", bound_at=now(), step_up_face_id=new_id(), step_up_voice_id=new_id()
    )


def owe_core(acting: Acting) -> None:
    Payment.objects.create(
        account=acting.things["empty"], direction="in", amount_fen=1, legs=[], business_ref="test", kind="test",
        order_date=business_date(), request_id=uuid.uuid4(),
    )  # fmt: skip


def close_body(acting: Acting) -> dict[str, Any]:
    return {"face_token": acting.face("empty", "close_account")}


def little_capital(_: Acting) -> None:
    """Let a tenth of the bank's capital be less than anybody draws."""
    set_parameter(database.BANK_A, "bank.net_capital_yuan", 1)


def nothing(_: Acting) -> None:
    """Leave everything as it is."""


# Path, code, body, what is set before; then the field that is named, and who asks where it is the newcomer.
ACCOUNTS: Final[list[tuple[str, str, Body, State]]] = [
    ("accounts", "card_bound_already", lambda a: card_body(a, "open_account"), nothing),
    ("accounts", "card_number_invalid", lambda a: card_body(a, "open_account", number="6217990000000000"), nothing),
    ("accounts/{empty}/close", "account_busy", close_body, owe_core),
    ("accounts/{empty}/close", "state_conflict", close_body, being_closed("empty")),
    (
        "accounts/{class_three}/top-ups", "balance_limit_exceeded",
        lambda a: {
            "card": a.ids()["card"], "amount": ONE_MORE,
            "phone_code": a.code("top_up", amount_fen=2_000_01, phone=a.things["card"].phone),
        },
        nothing,
    ),
    ("transfers", "card_cooling", lambda a: to_card(a, "further"), bind_further),
    ("transfers", "state_conflict", lambda a: to_card(a, "further"), nothing),
    ("voice-checks/{voice_check}/complete", "consent_missing", lambda _: {"upload": NOBODY}, nothing),
]  # fmt: skip
"""Refusals of accounts, cards and their money."""
BORROWING: Final[list[tuple[str, str, Body, State]]] = [
    (
        "applications", "state_conflict",
        lambda _: {"product": "XF01", "purpose": "consumption", "facts": {"income": {"monthly": "12000.00"}}}, nothing,
    ),
    ("drawdowns", "line_exceeded", draft_body, change_line(held_fen=F("limit_fen") - F("drawn_fen"))),
    ("drawdowns/{draft}/sign", "line_exceeded", sign_body, change_line(held_fen=F("limit_fen") - F("drawn_fen"))),
    ("drawdowns/{draft}/sign", "concentration_exceeded", sign_body, little_capital),
    ("drawdowns/{draft}/sign", "disclosure_changed", sign_body, change_line(spread_bp=350)),
    ("drawdowns/{draft}/sign", "phone_code_wrong", wrong(sign_body, phone_code=WRONG_CODE), nothing),
    ("drawdowns/{signed}/sign", "state_conflict", sign_body, nothing),
    ("drawdowns/{draft}/disburse", "state_conflict", disburse_body, nothing),
    ("loans/{loan}/repayments/quote", "repayment_exceeds_debt", lambda _: {"kind": "due", "amount": "1.00"}, nothing),
    ("loans/{settled}/repayments/quote", "state_conflict", lambda _: {"kind": "due"}, nothing),
]  # fmt: skip
"""Refusals on the way to a loan and back."""
ROWS: Final = [*ACCOUNTS, *BORROWING]


def off(scope: str, target: str = "") -> State:
    """Switch something off at the province."""

    def switch(_: Acting) -> None:
        with in_bank(PROVINCE_CODE):
            switch_off(scope=scope, target=target, bank="", reason="test", actor="test")

    return switch


def end_evaluation(_: Acting) -> None:
    """Let the report behind remote opening end yesterday."""
    with in_bank(PROVINCE_CODE):
        Bank.objects.filter(code="125").update(evaluation_expires_date=business_date() - timedelta(days=1))


def offer(acting: Acting) -> None:
    """Let the application be offered, and its product be switched off."""
    Application.objects.filter(pk=acting.things["application"].pk).update(
        status="offered", offer_expires_date=business_date() + timedelta(days=9), credit_query_consent_id=new_id(),
        data_query_consent_id=new_id(),
    )  # fmt: skip
    off("product", "XF03")(acting)


def opening_body(acting: Acting) -> dict[str, Any]:
    return {**SUBMIT, "face_token": acting.face("opening", "open_account")}


# Path, code, body, what is set before; whoever registers is the newcomer (PU-07a, A1-4).
STOPPED: Final[list[tuple[str, str, Body, State]]] = [
    ("accounts", "business_stopped", lambda a: card_body(a, "open_account"), off("province")),
    ("accounts", "remote_open_not_approved", lambda a: card_body(a, "open_account"), end_evaluation),
    ("accounts/{opening}/submit", "business_stopped", opening_body, off("province")),
    ("accounts/{opening}/submit", "remote_open_not_approved", opening_body, end_evaluation),
    (
        "applications/{application}/submit", "product_closed",
        lambda a: {"face_token": a.face("application", "apply")}, off("product", "XF03"),
    ),
    ("applications/{application}/accept", "product_closed", lambda _: {}, offer),
    (
        "face-checks", "check_suspended",
        lambda a: {"action": "drawdown", "subject": a.ids()["signed"]}, off("check", "face"),
    ),
    (
        "registrations", "check_suspended",
        lambda _: {"id_card_front": NOBODY, "id_card_back": NOBODY}, off("check", "id_card"),
    ),
]  # fmt: skip
"""What the province has stopped, or whose time is over."""


@pytest.mark.parametrize(("path", "code", "body", "state"), STOPPED, ids=[f"{row[0]} {row[1]}" for row in STOPPED])
def test_what_is_stopped(acting: Acting, path: str, code: str, body: Body, state: State) -> None:
    given = body(acting)
    state(acting)
    refused(acting, path, code, given, newcomer=path == "registrations")


@pytest.mark.parametrize(("path", "code", "body", "state"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_a_state_that_does_not_allow_it(acting: Acting, path: str, code: str, body: Body, state: State) -> None:
    given = body(acting)
    state(acting)
    field = {"consent_missing": "voice"}.get(code, "")
    refused(acting, path, code, given, field=field)


def test_nothing_is_signed_without_the_consents_that_it_rests_on(acting: Acting) -> None:
    body = sign_body(acting)
    withdraw_consents(acting)
    refused(acting, "drawdowns/{draft}/sign", "consent_missing", body, field="e_sign")


def register(acting: Acting) -> None:
    """Let the newcomer's registration have ended."""
    Registration.objects.filter(pk=acting.things["registration"].pk).update(status="registered")


def phone_body(acting: Acting) -> dict[str, Any]:
    code = acting.code("register", newcomer=True, phone="13900000000")
    return {"phone": "13900000000", "phone_code": code}


def relink_body(acting: Acting) -> dict[str, Any]:
    return {"face_token": acting.face("moving", "relink"), "phone_code": acting.code("relink", newcomer=True)}


NEWCOMERS: Final[list[tuple[str, str, Body, State]]] = [
    ("registrations/{registration}/phone", "phone_code_wrong", wrong(phone_body, phone_code=WRONG_CODE), nothing),
    ("registrations/{registration}/phone", "phone_code_wrong", wrong(phone_body, phone="13900000001"), nothing),
    ("registrations/{registration}/phone", "state_conflict", phone_body, register),
    ("registrations/{registration}/relink", "state_conflict", relink_body, nothing),
    ("registrations/{moving}/relink", "phone_code_wrong", wrong(relink_body, phone_code=WRONG_CODE), nothing),
    ("accounts", "state_conflict", lambda a: card_body(a, "open_account", newcomer=True), nothing),
    ("cards", "state_conflict", lambda a: card_body(a, "bind_card", newcomer=True), nothing),
    (
        "applications", "state_conflict",
        lambda _: {"product": "XF01", "purpose": "consumption", "facts": {"income": {"monthly": "12000.00"}}}, nothing,
    ),
    ("shares", "state_conflict", lambda _: {}, nothing),
]  # fmt: skip


@pytest.mark.parametrize(("path", "code", "body", "state"), NEWCOMERS, ids=[f"{row[0]} {row[1]}" for row in NEWCOMERS])
def test_somebody_whom_the_bank_does_not_know_yet(
    acting: Acting, path: str, code: str, body: Body, state: State
) -> None:
    given = body(acting)
    state(acting)
    refused(acting, path, code, given, newcomer=True)


def paid_to(acting: Acting, **changes: Any) -> dict[str, Any]:
    """Ask for a drawdown that is paid to somebody who sold something."""
    payee = {"name": "海州建材商行", "number": "6217000012345678", **changes.pop("payee", {})}
    return draft_body(acting, **{"payee": payee, "proof": acting.upload("proof").hex, **changes})


PAYING: Final[list[tuple[str, str, Body]]] = [
    ("payee_required", "payee", lambda a: draft_body(a, amount="1000.01")),
    ("payee_required", "proof", lambda a: draft_body(a, amount="1000.01")),
    ("upload_unknown", "proof", lambda a: paid_to(a, proof=NOBODY)),
    ("upload_unknown", "proof", lambda a: paid_to(a, proof=a.upload("face").hex)),
    ("payee_not_accepted", "", lambda a: paid_to(a, payee={"name": "林样例"})),
    ("payee_not_accepted", "", lambda a: paid_to(a, payee={"number": a.things["account"].number})),
    ("payee_refused", "", lambda a: paid_to(a, payee={"number": a.things["card"].number})),
    ("payee_refused", "", lambda a: paid_to(a, payee={"number": a.things["other"].number})),
    ("entrusted_payment_not_offered", "", lambda a: paid_to(a, amount="10000.01")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "field", "body"), PAYING)
def test_a_payee_who_cannot_be_paid(acting: Acting, code: str, field: str, body: Body) -> None:
    set_today("drawdown.self_payment_consumer_yuan", 1_000)
    refused(acting, "drawdowns", code, body(acting), field=field)


def test_a_new_id_card_of_pictures_that_are_not_the_customers(acting: Acting) -> None:
    pictures = {"id_card_front": NOBODY, "id_card_back": NOBODY}
    body = {"face_token": acting.face("dormant", "reverify"), **pictures}
    refused(acting, "accounts/{dormant}/reverify", "upload_unknown", body, field="id_card_front")


@pytest.mark.parametrize(("factor", "action", "thing"), [("face", "sign", "draft"), ("voice", "bind_card", "further")])
def test_more_checks_than_a_day_has(acting: Acting, factor: str, action: str, thing: str) -> None:
    acting.agree(factor)
    acting.face(thing, action) if factor == "face" else acting.voice(thing, action)
    set_today(f"{factor}.starts_per_day", 1)
    refused(acting, f"{factor}-checks", "too_many_requests", {"action": action, "subject": acting.ids()[thing]})


PAPERS: Final = (
    "loans/{loan}/repayments/{repayment}/receipt", "loans/{settled}/settlement-certificate", "loans/{loan}/statement",
)  # fmt: skip


class TestPapers:
    @pytest.mark.parametrize("path", PAPERS)
    def test_more_than_a_day_has(self, acting: Acting, path: str) -> None:
        for number in range(5):
            LoanPaper.objects.create(
                loan=acting.things["loan"], kind="settlement", number=f"JQ{number}", issued_date=business_date(),
                asked_by="test", content_keyed_hash=bytes([number]) * 32,
            )  # fmt: skip
        set_today("paper.per_customer_day", 5)
        refused(acting, path, "too_many_requests", None)

    @pytest.mark.parametrize("path", PAPERS)
    def test_without_a_time_stamp(self, acting: Acting, vendors: Sandbox, path: str) -> None:
        vendors.fault("tsa", status=500)
        refused(acting, path, "vendor_unavailable", None)

    def test_before_anybody_has_reached_the_time_stamp_authority(self, acting: Acting, settings: Any) -> None:
        settings.TSA_URL = NOBODY_LISTENS
        forget_breakers()
        refused(acting, PAPERS[0], "vendor_unavailable", None)
        forget_breakers()

    @pytest.mark.parametrize("path", PAPERS)
    def test_of_somebody_whose_name_cannot_be_set(self, acting: Acting, vendors: Sandbox, path: str) -> None:
        del vendors
        change_person(name="林\ue000")(acting)
        refused(acting, path, "state_conflict", None)

    def test_a_receipt_of_a_repayment_that_came_to_nothing(self, acting: Acting) -> None:
        Repayment.objects.filter(pk=acting.things["repayment"].pk).update(status="failed")
        refused(acting, PAPERS[0], "state_conflict", None)

    def test_a_settlement_certificate_of_a_loan_that_is_not_settled(self, acting: Acting) -> None:
        refused(acting, "loans/{loan}/settlement-certificate", "state_conflict", None)


@pytest.mark.usefixtures("acting")
def test_a_file_larger_than_any_contract_is_not_read(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 0
    answer = Client().post("/b/125/api/v1/contracts/verify", {"file": b"%PDF-" + b"0" * 65_536})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
