"""Operations of two sorts, and requests that are answered once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import QuerySet

from core.audit.log import record
from core.audit.models import AuditEntry
from core.errors import NotFound, Unavailable
from core.idempotency import Answer, Claim, IdempotencyKeyReused, Replayed, claimed, request_digest
from core.idempotency.models import IdempotencyRecord
from core.operations import (
    TransactionForbidden,
    TransactionRequired,
    forbid_transaction,
    opens_snapshot,
    opens_transaction,
    within_transaction,
)
from core.tenancy import PUBLIC, NoCurrentBank, at, in_bank


def _written() -> QuerySet[AuditEntry]:
    """Return what the test wrote; the opening of the bank has entries of its own."""
    return AuditEntry.objects.filter(actor="test")


@within_transaction
def _write(text: str) -> str:
    record("test.written", actor="test", subject=text)
    return text


@opens_transaction
def _write_durably(text: str) -> str:
    return _write(text)


@opens_transaction
def _write_and_refuse(text: str) -> str:
    _write(text)
    raise NotFound


@opens_transaction
def _write_and_break(text: str) -> str:
    _write(text)
    raise Unavailable


def _claim(key: str = "k1", body: bytes = b"{}") -> Claim:
    return Claim(
        caller="customer:1",
        key=key,
        request_sha256=request_digest("POST", "/x", body),
        render=lambda result: Answer(202, {"text": result}, {"Location": "/x/1"}),
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestSorts:
    def test_a_within_operation_refuses_to_run_without_a_transaction(self) -> None:
        with pytest.raises(TransactionRequired):
            _write("a")
        assert _written().count() == 0

    def test_an_opening_operation_commits(self) -> None:
        assert _write_durably("a") == "a"
        assert _written().get().subject == "a"

    def test_an_opening_operation_refuses_to_be_nested(self) -> None:
        @opens_transaction
        def outer() -> None:
            _write_durably("a")

        with pytest.raises(TransactionForbidden):
            outer()
        assert _written().count() == 0

    def test_an_opening_operation_needs_a_current_bank(self) -> None:
        with at(PUBLIC), pytest.raises(NoCurrentBank):
            _write_durably("a")

    def test_an_outside_call_is_refused_inside_a_transaction(self) -> None:
        @opens_transaction
        def calls_out() -> None:
            forbid_transaction("call to a vendor")

        with pytest.raises(TransactionForbidden, match="call to a vendor"):
            calls_out()


@opens_snapshot
def _count_before_and_after(between: Callable[[], None]) -> tuple[str, int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        level = str(cursor.fetchone()[0])
    before = _written().count()
    between()
    return level, before, _written().count()


class TestSnapshot:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("warm", [True, False])
    def test_sees_one_moment_whatever_others_commit_meanwhile(self, warm: bool) -> None:  # noqa: FBT001 -- a parameter
        def elsewhere() -> None:
            def write() -> None:
                try:
                    with in_bank("125"):
                        _write_durably("a")
                finally:
                    connection.close()

            thread = threading.Thread(target=write)
            thread.start()
            thread.join(10)

        with in_bank("125"):
            if warm:  # otherwise the switch to the bank is this connection's first statement
                _written().count()
            assert _count_before_and_after(elsewhere) == ("repeatable read", 0, 0)
            assert _written().count() == 1
            with connection.cursor() as cursor:
                cursor.execute("SHOW transaction_isolation")
                assert cursor.fetchone()[0] == "read committed"

    @pytest.mark.django_db
    @pytest.mark.usefixtures("bank_a")
    def test_runs_inside_a_tests_own_transaction_and_refuses_any_other(self) -> None:
        assert _count_before_and_after(lambda: None)[1:] == (0, 0)

        @opens_transaction
        def outer() -> None:
            _count_before_and_after(lambda: None)

        with pytest.raises(TransactionForbidden):
            outer()
        with at(PUBLIC), pytest.raises(NoCurrentBank):
            _count_before_and_after(lambda: None)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestIdempotency:
    def test_the_answer_commits_with_the_effect_and_is_replayed(self) -> None:
        with claimed(_claim()) as first:
            _write_durably("a")
        assert first.answer == Answer(202, {"text": "a"}, {"Location": "/x/1"})
        with pytest.raises(Replayed) as replayed, claimed(_claim()):
            _write_durably("a")
        assert replayed.value.answer == Answer(202, {"text": "a"}, {"Location": "/x/1"}, replayed=True)
        assert _written().count() == 1

    def test_another_body_under_the_same_key_is_refused(self) -> None:
        with claimed(_claim()):
            _write_durably("a")
        with pytest.raises(IdempotencyKeyReused), claimed(_claim(body=b'{"other": 1}')):
            _write_durably("b")
        assert _written().count() == 1

    def test_a_business_refusal_is_kept_without_its_effect(self) -> None:
        with pytest.raises(NotFound), claimed(_claim()):
            _write_and_refuse("a")
        assert _written().count() == 0
        with pytest.raises(Replayed) as replayed, claimed(_claim()):
            _write_durably("a")
        assert replayed.value.answer.status == 404
        assert replayed.value.answer.body["code"] == "not_found"

    def test_a_passing_failure_keeps_nothing_so_that_the_same_key_may_try_again(self) -> None:
        with pytest.raises(Unavailable), claimed(_claim()):
            _write_and_break("a")
        assert IdempotencyRecord.objects.count() == 0
        with claimed(_claim()) as again:
            _write_durably("a")
        assert again.answer is not None
        assert again.answer.status == 202

    def test_the_keys_of_two_callers_are_apart(self) -> None:
        other = _claim()
        other.caller = "customer:2"
        with claimed(_claim()):
            _write_durably("a")
        with claimed(other):
            _write_durably("b")
        assert _written().count() == 2
