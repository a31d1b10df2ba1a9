"""Statements that travel together: in order, at their place, with the commit only where nothing can undo it."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from core.audit.models import AuditEntry
from core.clock import now
from core.db.asks import Ask, alone, answered, execute, fetch_one, owe, together
from core.db.rows import Shape, as_json, insert, inserting, new_row
from core.idempotency import Answer, Claim, Replayed, claimed, request_digest
from core.idempotency.models import IdempotencyRecord
from core.ids import new_id
from core.operations import opens_transaction
from core.states.models import StateChange
from core.tenancy import in_bank

IDLE = psycopg.pq.TransactionStatus.IDLE
WRITTEN = "SELECT count(*) FROM core_audit WHERE actor = %s"


def written(actor: str = "asks") -> int:
    row = fetch_one(WRITTEN, [actor])
    assert row is not None
    return int(row[0])


def entry(actor: str = "asks") -> Ask[None]:
    return inserting(AuditEntry(action="asked", actor=actor, subject="x"))[0]


def number(value: int) -> Ask[int]:
    return Ask("SELECT %s::int", [value], lambda rows: int(rows.found[0][0]))


def is_idle() -> bool:
    return bool(connection.connection.info.transaction_status == IDLE)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTogether:
    def test_each_gets_its_own_answer_and_what_is_known_sends_nothing(self) -> None:
        asks = [number(1), answered(2), number(3)]
        together(*asks)
        assert [ask.answer() for ask in asks] == [1, 2, 3]

    def test_nothing_is_answered_before_it_is_sent(self) -> None:
        with pytest.raises(RuntimeError, match="before the statement was sent"):
            number(1).answer()

    def test_what_is_owed_comes_before_any_other_statement_and_goes_with_a_rollback(self) -> None:
        owe(entry())
        assert AuditEntry.objects.filter(actor="asks").count() == 1
        with pytest.raises(ValueError, match="undone"), transaction.atomic():
            owe(entry())
            raise ValueError("undone")
        assert written() == 1

    def test_a_constraints_refusal_has_the_meaning_of_the_ask_that_knows_it(self) -> None:
        class AlreadyThereError(Exception):
            pass

        row = IdempotencyRecord(caller="asks", key="k", request_sha256=b"1")
        insert(row)
        twin = inserting(IdempotencyRecord(caller="asks", key="k", request_sha256=b"2"))[0]
        with pytest.raises(IntegrityError, match="core_idempotency_once"), transaction.atomic():
            together(twin)
        meant = Ask(twin.statement, twin.values, lambda _: None, {"core_idempotency_once": AlreadyThereError})
        with pytest.raises(AlreadyThereError), transaction.atomic():
            together(entry(), meant)
        assert written() == 0

    def test_a_statement_that_is_prepared_at_one_bank_finds_the_rows_of_the_other(self, bank_b: str) -> None:
        ask = entry()
        with in_bank("125"):
            execute(ask.statement, ask.values)
        for _ in range(7):  # the first five plans are made for their values, the later ones for any
            with in_bank("125"):
                assert written() == 1
            with in_bank(bank_b):
                assert written() == 0


@opens_transaction
def _only_owe(actor: str) -> str:
    owe(entry(actor))
    return actor


@opens_transaction
def _ask_nothing() -> bool:
    return is_idle()


@opens_transaction
def _ask_once() -> bool:
    alone(number(1))
    return is_idle()


class TestCommit:
    @pytest.mark.django_db(transaction=True)
    def test_a_transaction_begins_with_its_first_statement_and_ends_with_its_last(self) -> None:
        with in_bank("125"):
            assert written() == 0
            assert _ask_nothing() is True
            assert _ask_once() is False
            assert is_idle()
            _only_owe("asks")
            assert is_idle()
            assert written() == 1
            with pytest.raises(TransactionManagementError):
                owe(entry())

    @pytest.mark.django_db(transaction=True)
    def test_an_operation_that_only_owes_has_no_effect_under_a_key_that_was_answered(self) -> None:
        def claim() -> Claim:
            digest = request_digest("POST", "/x", b"{}")
            return Claim(caller="asks", key="k", request_sha256=digest, render=lambda made: Answer(202, made, {}))

        with in_bank("125"):
            with claimed(claim()):
                _only_owe("asks")
            with pytest.raises(Replayed) as replayed, claimed(claim()):
                _only_owe("asks")
            assert replayed.value.answer == Answer(202, "asks", {}, replayed=True)
            assert written() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRows:
    def test_a_row_by_column_is_stored_as_the_model_stores_it(self) -> None:
        subject = new_id()
        fields = {"machine": "asks", "event": "e", "from_state": "a", "to_state": "b", "actor": "t", "reason": "原因\n"}
        table = StateChange._meta.db_table
        execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s)",
            [as_json([new_row(StateChange, subject_id=subject, **fields)])],
        )
        stored = StateChange.objects.get(subject_id=subject)
        assert {name: getattr(stored, name) for name in fields} == fields
        assert stored.pk.version == 7
        insert(StateChange(subject_id=new_id(), **fields))
        assert StateChange.objects.filter(machine="asks").count() == 2

    def test_a_row_by_column_knows_its_columns(self) -> None:
        with pytest.raises(TypeError, match="StateChange has no column stae"):
            new_row(StateChange, stae="x")

    def test_a_shape_reads_what_the_orm_reads(self) -> None:
        made = IdempotencyRecord.objects.create(caller="asks", key="k", request_sha256=b"\x00\xff", headers={"a": "b"})
        shape = Shape(IdempotencyRecord)
        found = fetch_one(
            f"SELECT {shape.columns('r')} FROM core_idempotency r WHERE r.id = %s",
            [made.pk],
        )
        assert found is not None
        read, stored = shape.read(found), IdempotencyRecord.objects.get(pk=made.pk)
        names = [field.attname for field in IdempotencyRecord._meta.concrete_fields]
        assert [getattr(read, name) for name in names] == [getattr(stored, name) for name in names]

    def test_values_are_written_as_the_database_reads_them_and_no_others(self) -> None:
        one = uuid.UUID(int=1)
        assert as_json([one, date(2026, 2, 3), Decimal("6.0000"), b"\x01"]) == (
            f'["{one.hex}","2026-02-03","6.0000","\\\\x01"]'
        )
        moment = now()
        assert as_json({"a": moment}) == f'{{"a":"{moment.isoformat()}"}}'
        with pytest.raises(TypeError, match="cannot hold a set"):
            as_json({"a": {1}})
