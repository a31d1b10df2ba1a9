"""Files of records as the schema has them, and corrections after an objection (LN-17)."""

from __future__ import annotations

import json
import uuid
from copy import deepcopy
from datetime import date, timedelta

import jsonschema
import pytest

from core import vault
from core.approvals.models import Proposal
from core.approvals.operations import SameHands, propose, withdraw
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.evidence.models import EvidenceLeaf
from lending.approvals import CORRECT_RECORD
from lending.bureau_records import not_overdue, with_letter
from lending.models import BureauExport, BureauObjection, BureauRecord, Loan
from lending.operations import bureau_files
from lending.operations.bureau_files import NothingToReport, export_records, raise_objection
from tests.lending.borrowers import Borrower
from tests.lending.bureau.reporting import DUE, SCHEMA, START, catch_up, line, records, sent_on
from tests.lending.test_receipt_repayment import came_in
from tests.lending.test_receipt_repayment import pay as pay_from_receipt
from tests.made_once import made_once
from tests.second_person import approve
from verification import queries as verified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


class TestFiles:
    def test_each_line_is_as_the_schema_says_and_names_the_person(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        catch_up(date(2026, 3, 1))
        made = export_records(until_date=business_date(), actor="ops")
        content = vault.read(made.object_id, purpose="test", actor="test").decode()
        lines = [json.loads(each) for each in content.splitlines()]
        assert [each["moment"] for each in lines] == ["open", "month_end"]  # February's is bad and waits
        for each in lines:
            jsonschema.validate(each, SCHEMA, cls=jsonschema.Draft202012Validator)
        identity = verified.identity(who.customer_id)
        assert identity is not None
        assert lines[0]["person"] == {"name": identity.name, "id_type": "居民身份证", "id_number": identity.id_number}
        assert (lines[0]["balance"], lines[0]["bank"], lines[0]["account"]) == (
            "100000.00",
            "125",
            loan.contract.number,
        )
        assert EvidenceLeaf.objects.get(pk=made.evidence_leaf).content_sha256 == bytes(made.sha256)

    def test_a_record_goes_out_once(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(date(2026, 2, 2))
        assert export_records(until_date=business_date(), actor="ops").records == 2
        with pytest.raises(NothingToReport):
            export_records(until_date=business_date(), actor="ops")
        assert BureauExport.objects.count() == 1

    def test_only_what_lies_up_to_the_day_goes_out(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(date(2026, 2, 2))
        assert export_records(until_date=START, actor="ops").records == 1
        assert BureauRecord.objects.filter(export=None).count() == 1

    def test_the_schema_refuses_what_it_does_not_know(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(START + timedelta(days=1))
        sound = line(BureauRecord.objects.get())
        for change in ({"payment_states": "N" * 23}, {"balance": 1}, {"moment": "other"}, {"phone": "1"}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**sound, **change}, SCHEMA, cls=jsonschema.Draft202012Validator)


def put_right(objection: BureauObjection, how: str) -> Proposal:
    return propose(
        kind=CORRECT_RECORD, subject=objection.pk.hex, values={"how": how}, reason="系统故障所致", actor="desk"
    )


def object_to_february(lent: tuple[Borrower, Loan]) -> tuple[Borrower, Loan, BureauObjection]:
    """February's month was reported as overdue, and March's after it; the borrower objects to the former."""
    who, loan = lent
    catch_up(DUE + timedelta(days=1))
    sent_on(loan, DUE + timedelta(days=1))
    catch_up(date(2026, 4, 1))
    export_records(until_date=business_date(), actor="ops")
    february = records(loan, "month_end")[1]
    return who, loan, raise_objection(record_id=february.pk, said="当日已存入足额款项", actor="desk")


objected_once = made_once(object_to_february, scope="class", after="lent_once")


class TestObjections:
    @pytest.fixture
    def objected(
        self, objected_once: tuple[Borrower, Loan, BureauObjection], bank_a: str
    ) -> tuple[Borrower, Loan, BureauObjection]:
        del bank_a
        return deepcopy(objected_once)

    def test_is_to_be_answered_within_twenty_days(self, objected: tuple[Borrower, Loan, BureauObjection]) -> None:
        _, _, objection = objected
        assert objection.answer_by_date - objection.raised_date == timedelta(days=20)
        with pytest.raises(StateConflict):
            raise_objection(record_id=objection.record_id, said="x", actor="desk")
        with pytest.raises(NotFound):
            raise_objection(record_id=uuid.uuid4(), said="x", actor="desk")

    def test_is_corrected_by_a_record_and_later_months_follow_suit(
        self, objected: tuple[Borrower, Loan, BureauObjection]
    ) -> None:
        _, loan, objection = objected
        before = {row.pk: row.content for row in BureauRecord.objects.all()}
        approve(proposal_id=put_right(objection, "not_overdue").pk, actor="chief")
        february, march = BureauRecord.objects.filter(corrects__isnull=False).order_by("business_date")
        assert february.corrects_id == objection.record_id
        assert (february.content["payment_states"], february.content["overdue_days"]) == ("/" * 22 + "*N", 0)
        assert (february.negative, february.content["classification"]) == (False, "normal")
        assert march.content["payment_states"] == "/" * 21 + "*N2"
        assert march.negative
        assert {row.pk: row.content for row in BureauRecord.objects.filter(pk__in=before)} == before
        made = export_records(until_date=business_date(), actor="ops")
        told = [json.loads(each) for each in vault.read(made.object_id, purpose="t", actor="t").decode().splitlines()]
        assert [each["corrects"] for each in told] == [objection.record_id.hex, records(loan, "month_end")[2].pk.hex]
        catch_up(date(2026, 5, 1))
        assert records(loan, "month_end")[-1].content["payment_states"] == "/" * 20 + "*N23"
        objection.refresh_from_db()
        assert (objection.status, objection.decided_by) == ("corrected", "desk+chief")

    def test_one_person_corrects_nothing_and_what_is_right_is_not_corrected(
        self, objected: tuple[Borrower, Loan, BureauObjection]
    ) -> None:
        _, _, objection = objected
        before = BureauRecord.objects.count()
        with pytest.raises(SameHands):
            approve(proposal_id=put_right(objection, "not_overdue").pk, actor="desk")
        withdraw(proposal_id=Proposal.objects.get(status="proposed").pk, actor="desk")
        with pytest.raises(StateConflict):
            approve(proposal_id=put_right(objection, "from_books").pk, actor="chief")
        assert BureauRecord.objects.count() == before
        assert BureauObjection.objects.get().status == "raised"

    def test_is_corrected_from_the_books_once_these_were_put_right(
        self, objected: tuple[Borrower, Loan, BureauObjection]
    ) -> None:
        _, loan, objection = objected
        pay_from_receipt(loan, came_in(8_606_64), on=DUE)
        approve(proposal_id=put_right(objection, "from_books").pk, actor="chief")
        made = BureauRecord.objects.get(corrects_id=objection.record_id)
        assert (made.content["overdue_days"], made.content["payment_states"][-2:]) == (0, "*N")
        figures = [made.content[name] for name in ("remaining_instalments", "balance_fen", "paid_in_month_fen")]
        assert figures == [11, 91_893_36, 8_606_64]

    def test_may_be_rejected_with_an_answer(self, objected: tuple[Borrower, Loan, BureauObjection]) -> None:
        _, _, objection = objected
        before = BureauRecord.objects.count()
        bureau_files.reject_objection(objection_id=objection.pk, answer="经核查无误", actor="desk")
        with pytest.raises(StateConflict):
            approve(proposal_id=put_right(objection, "not_overdue").pk, actor="chief")
        assert BureauRecord.objects.count() == before
        assert BureauObjection.objects.get().answer == "经核查无误"

    def test_letters_are_replaced_in_the_months_that_still_show_them(self) -> None:
        content = {"date": "2026-04-30", "payment_states": "/" * 20 + "*1NN"}
        assert with_letter(content, of_month=date(2026, 2, 28), letter="N")["payment_states"] == "/" * 20 + "*NNN"
        assert with_letter(content, of_month=date(2024, 4, 30), letter="N") == content
        bad = {
            "state": "overdue", "classification": "special_mention", "overdue_days": 3, "overdue_fen": 5,
            "due_in_month_fen": 0, "payment_state": "1", "payment_states": "/" * 23 + "1",
        }  # fmt: skip
        assert not_overdue(bad) == {
            **bad, "state": "normal", "classification": "normal", "overdue_days": 0, "overdue_fen": 0,
            "payment_state": "*", "payment_states": "/" * 23 + "*",
        }  # fmt: skip
