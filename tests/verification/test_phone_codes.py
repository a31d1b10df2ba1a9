"""One-time codes: made, sent, tried and used up (SEC-02)."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from core.clock import now
from core.errors import InvalidRequest, NotFound, StateConflict, TooManyRequests
from core.gateway import Rejected, Unavailable
from core.idempotency import Answer, Claim, claimed
from core.operations import opens_transaction
from core.steps.models import Step
from core.tenancy import in_bank
from tests.at_once import at_once, told
from tests.verification.conftest import (
    BUSINESS,
    OTHER_BUSINESS,
    PHONE,
    Business,
    FakeVendors,
    RunSteps,
    due_now,
    enrolled,
)
from verification.models import PhoneCode, PhoneCodeTries
from verification.operations import PhoneCodeWrong, consume_phone_code, request_phone_code
from verification.operations.phone_codes import digits_of

bank = pytest.mark.usefixtures("bank_a")


def _code(subject_id: uuid.UUID, *, action: str = "register", **more: object) -> PhoneCode:
    view = request_phone_code(subject_id=subject_id, phone=PHONE, action=action, **more)  # type: ignore[arg-type]
    return PhoneCode.objects.get(pk=view.id)


def _consume(code: PhoneCode, digits: str | None = None, **more: object) -> None:
    asked = {
        "phone": PHONE,
        "action": code.action,
        "code": digits_of(code) if digits is None else digits,
        **more,
    }
    with transaction.atomic():
        consume_phone_code(code_id=code.id, **asked)  # type: ignore[arg-type]


def _other(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


@pytest.mark.django_db
@bank
class TestRequestPhoneCode:
    def test_a_code_lives_for_five_minutes_and_its_digits_are_stored_nowhere(self) -> None:
        code = _code(enrolled())
        assert code.expires_at - code.created_at == timedelta(seconds=300)
        digits = digits_of(code)
        assert re.fullmatch(r"\d{6}", digits)
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(c)::text FROM verification_phone_code c WHERE id = %s", [code.id])
            stored = cursor.fetchone()[0]
        assert PHONE not in stored
        assert f'"{digits}"' not in stored

    def test_the_text_goes_to_the_phone_and_says_what_for_and_how_much(
        self, fake_vendors: FakeVendors, run_steps: RunSteps, business: Business
    ) -> None:
        subject_id = enrolled()
        business.owners[BUSINESS] = subject_id
        code = _code(subject_id, action="sign", business_id=BUSINESS, amount_fen=100_000)
        assert run_steps() == 1
        (sent,) = fake_vendors.named("text")
        assert sent["phone"] == PHONE
        assert sent["parameters"] == {"code": digits_of(code)}
        assert "签署合同，金额1000.00元，5分钟内有效" in str(sent["text"])
        assert digits_of(code) in str(sent["text"])
        code.refresh_from_db()
        assert code.sent_at is not None

    def test_a_sender_that_is_down_is_tried_again_under_the_same_id(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        _code(enrolled())
        fake_vendors.text = Unavailable("sms", "sms.send")
        run_steps()
        fake_vendors.text = "m1"
        due_now()
        run_steps()
        first, second = fake_vendors.named("text")
        assert first["request_id"] == second["request_id"]
        assert Step.objects.get().state == "done"

    def test_a_code_that_has_expired_is_not_sent_any_more(self, fake_vendors: FakeVendors, run_steps: RunSteps) -> None:
        code = _code(enrolled())
        PhoneCode.objects.filter(pk=code.id).update(expires_at=now() - timedelta(seconds=1))
        run_steps()
        assert fake_vendors.calls == []
        assert Step.objects.get().reason == "expired"

    def test_a_phone_that_the_sender_refuses_ends_the_step(
        self, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        _code(enrolled())
        fake_vendors.text = Rejected("sms", "sms.send", code="invalid_phone")
        run_steps()
        step = Step.objects.get()
        assert (step.state, step.reason) == ("failed", "invalid_phone")

    @pytest.mark.parametrize("phone", ["", "12345", "12812345678", "+1 555 0100", "139123456789"])
    def test_what_is_no_mobile_number_is_refused(self, phone: str) -> None:
        with pytest.raises(InvalidRequest) as caught:
            request_phone_code(subject_id=enrolled(), phone=phone, action="register")
        assert "phone" in caught.value.errors

    def test_an_unknown_action_is_refused(self) -> None:
        with pytest.raises(InvalidRequest):
            request_phone_code(subject_id=enrolled(), phone=PHONE, action="dance")

    @pytest.mark.parametrize("action", ["top_up", "transfer"])
    def test_money_needs_its_amount(self, action: str) -> None:
        with pytest.raises(InvalidRequest) as caught:
            request_phone_code(subject_id=enrolled(), phone=PHONE, action=action)
        assert "amount" in caught.value.errors

    def test_an_amount_of_nothing_is_refused(self) -> None:
        with pytest.raises(InvalidRequest):
            request_phone_code(subject_id=enrolled(), phone=PHONE, action="transfer", amount_fen=0)

    def test_a_business_object_of_somebody_else_is_not_found(self, business: Business) -> None:
        business.owners[BUSINESS] = enrolled()
        with pytest.raises(NotFound):
            request_phone_code(subject_id=enrolled(), phone=PHONE, action="sign", business_id=BUSINESS)
        assert not PhoneCode.objects.exists()

    def test_a_business_object_that_calls_for_no_code_is_a_conflict(self, business: Business) -> None:
        subject_id = enrolled()
        business.owners[BUSINESS], business.ready = subject_id, False
        with pytest.raises(StateConflict):
            request_phone_code(subject_id=subject_id, phone=PHONE, action="sign", business_id=BUSINESS)

    def test_a_second_code_for_the_same_act_within_a_minute_is_too_soon(self) -> None:
        someone = enrolled()
        _code(someone)
        with pytest.raises(TooManyRequests) as caught:
            _code(someone)
        assert 55 <= int(str(caught.value.extra["retry_after"])) <= 60

    def test_the_eleventh_code_to_a_phone_within_a_day_is_refused(self) -> None:
        for hour in range(10):
            code = _code(enrolled())
            PhoneCode.objects.filter(pk=code.id).update(created_at=now() - timedelta(hours=1 + hour))
        with pytest.raises(TooManyRequests):
            _code(enrolled())
        oldest = PhoneCode.objects.earliest("created_at")
        PhoneCode.objects.filter(pk=oldest.id).update(created_at=now() - timedelta(hours=24, seconds=1))
        _code(enrolled())
        assert PhoneCode.objects.count() == 11

    def test_one_customer_gets_no_more_than_twenty_codes_a_day_whatever_the_phones(self) -> None:
        subject_id = enrolled()
        for number in range(20):
            request_phone_code(subject_id=subject_id, phone=f"1391234{number:04d}", action="register")
        with pytest.raises(TooManyRequests):
            request_phone_code(subject_id=subject_id, phone="13912349999", action="register")


@pytest.mark.django_db
@bank
class TestConsumePhoneCode:
    def test_the_right_code_is_used_up(self) -> None:
        code = _code(enrolled())
        _consume(code)
        code.refresh_from_db()
        assert code.used_at is not None
        with pytest.raises(PhoneCodeWrong):
            _consume(code)

    def test_a_wrong_code_is_refused_and_the_right_one_still_works(self) -> None:
        code = _code(enrolled())
        with pytest.raises(PhoneCodeWrong):
            _consume(code, _other(digits_of(code)))
        _consume(code)

    def test_an_expired_code_is_refused(self) -> None:
        code = _code(enrolled())
        PhoneCode.objects.filter(pk=code.id).update(expires_at=now())
        with pytest.raises(PhoneCodeWrong):
            _consume(code)

    def test_after_five_wrong_tries_the_right_code_no_longer_works(self) -> None:
        code = _code(enrolled())
        for _ in range(5):
            with pytest.raises(PhoneCodeWrong):
                _consume(code, _other(digits_of(code)))
        with pytest.raises(PhoneCodeWrong):
            _consume(code)

    def test_the_fifth_try_may_be_the_right_one(self) -> None:
        code = _code(enrolled())
        for _ in range(4):
            with pytest.raises(PhoneCodeWrong):
                _consume(code, _other(digits_of(code)))
        _consume(code)

    @pytest.mark.parametrize(
        "asked",
        [
            {"phone": "13987654321"},
            {"phone": None},
            {"action": "relink"},
            {"digits": ""},
            {"digits": "abcdef"},
        ],
    )
    def test_another_phone_action_or_code_is_refused(self, asked: dict[str, object]) -> None:
        code = _code(enrolled())
        with pytest.raises(PhoneCodeWrong):
            _consume(code, **asked)  # type: ignore[arg-type]
        code.refresh_from_db()
        assert code.used_at is None

    def test_a_code_for_one_business_object_and_amount_serves_no_other(self, business: Business) -> None:
        subject_id = enrolled()
        business.owners[BUSINESS] = subject_id
        code = _code(subject_id, action="sign", business_id=BUSINESS, amount_fen=100_000)
        for asked in (
            {"subject": OTHER_BUSINESS, "amount_fen": 100_000},
            {"subject": None, "amount_fen": 100_000},
            {"subject": BUSINESS, "amount_fen": 100_001},
            {"subject": BUSINESS, "amount_fen": None},
        ):
            with pytest.raises(PhoneCodeWrong):
                _consume(code, **asked)
        _consume(code, subject=BUSINESS, amount_fen=100_000)

    def test_a_code_without_a_business_object_serves_one_of_the_same_customer(self) -> None:
        subject_id = enrolled()
        code = _code(subject_id)
        with pytest.raises(PhoneCodeWrong):
            _consume(code, subject=BUSINESS, subject_id=enrolled())
        _consume(code, subject=BUSINESS, subject_id=subject_id)

    def test_an_unknown_code_is_refused_and_leaves_no_trace(self) -> None:
        unknown = uuid.uuid4()
        with pytest.raises(PhoneCodeWrong), transaction.atomic():
            consume_phone_code(code_id=unknown, code="123456", phone=PHONE, action="register")
        assert not PhoneCodeTries.objects.filter(code_id=unknown).exists()

    def test_a_code_of_another_bank_is_unknown(self) -> None:
        code = _code(enrolled())
        with in_bank("116"), pytest.raises(PhoneCodeWrong):
            _consume(code, digits="123456")
        assert not PhoneCodeTries.objects.filter(code_id=code.id).exists()


@pytest.mark.django_db(transaction=True)
@bank
class TestTriesSurvive:
    def test_a_wrong_try_is_counted_although_the_request_was_refused(self) -> None:
        code = _code(enrolled())

        @opens_transaction
        def act() -> None:
            consume_phone_code(code_id=code.id, code=_other(digits_of(code)), phone=PHONE, action="register")

        claim = Claim(caller="customer:x", key="k", request_sha256=b"h" * 32, render=lambda _: Answer(200, {}, {}))
        with pytest.raises(PhoneCodeWrong), claimed(claim):
            act()
        assert PhoneCodeTries.objects.get(code_id=code.id).tries == 1

    def test_of_a_hundred_guesses_at_once_no_more_than_five_are_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        code = _code(enrolled())
        compared: list[str] = []
        from verification.operations import phone_codes

        def compare(right: str, given: str) -> bool:
            compared.append(given)
            return right == given

        monkeypatch.setattr(phone_codes, "hmac", SimpleNamespace(compare_digest=compare))

        def guess(numbers: range) -> int:
            refused = 0
            for number in numbers:
                try:
                    _consume(code, _other(f"{(int(digits_of(code)) + number) % 1_000_000:06d}"))
                except PhoneCodeWrong:
                    refused += 1
            return refused

        assert at_once("125", [partial(guess, range(n * 10, n * 10 + 10)) for n in range(10)]) == [10] * 10
        assert len(compared) == 5

    def test_of_twenty_uses_of_the_right_code_one_wins(self) -> None:
        code = _code(enrolled())
        assert told(at_once("125", [lambda: _consume(code)] * 20)) == ["done"] + [PhoneCodeWrong.code] * 19
