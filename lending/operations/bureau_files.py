"""Make the files that go to the credit bureau, and answer objections by correcting records (LN-17)."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from typing import Final, Literal

from django.db.models import QuerySet

from core import evidence, vault
from core.audit.log import record
from core.clock import business_date, now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.tenancy import current_bank
from lending import servicing_parameters
from lending.bureau_records import Content, is_negative, line_of, not_overdue, with_letter
from lending.loan_records import judged_on
from lending.models import BureauExport, BureauObjection, BureauRecord, Loan
from lending.models.bureau import CLOSE, MONTH_END
from lending.queries.bureau import contents_of
from lending.reporting import SEQUENCE
from lending.states import OBJECTION
from verification import queries as verified

MOST_IN_A_FILE: Final = 50_000
FILE: Final = "lending.bureau_export"
JSON_LINES: Final = "application/x-ndjson"
ID_CARD: Final = "居民身份证"
FROM_BOOKS: Final = "from_books"
NOT_OVERDUE: Final = "not_overdue"
HowCorrected = Literal["from_books", "not_overdue"]


class NothingToReport(Problem):
    """Nothing is there that may be reported and was not."""

    code = "nothing_to_report"
    status = 422
    title = "没有可以报送的记录"


def export_records(*, until_date: date, actor: str) -> BureauExport:
    """Make a file of what may be reported up to a business date and was not: JSON lines, sealed into the vault.

    One file holds 50,000 records at most, the oldest first; ask again for the next. A record that was corrected before it
    went out does not go out. The bytes are written before the transaction opens, so that none waits for a disk.

    Raises:
        NothingToReport: there is nothing.
        StateConflict: another file took some of the records meanwhile; ask again.
    """
    rows = list(_reportable(until_date)[:MOST_IN_A_FILE])
    if not rows:
        raise NothingToReport
    staged = vault.stage(_file_of(rows), content_type=JSON_LINES)
    return _keep_export(ids=[row.pk for row in rows], staged=staged, until_date=until_date, actor=actor)


def _reportable(until_date: date) -> QuerySet[BureauRecord]:
    rows = BureauRecord.objects.filter(
        export=None, released_date__isnull=False, corrected_by=None, business_date__lte=until_date
    )
    return rows.select_related("loan", "corrects").order_by("business_date", "pk")


def _file_of(rows: list[BureauRecord]) -> bytes:
    people = verified.identities({row.loan.customer_id for row in rows})
    bank = current_bank().code
    lines = []
    for row in rows:
        who = people.get(row.loan.customer_id)
        person = {
            "name": "" if who is None else who.name,
            "id_type": ID_CARD,
            "id_number": "" if who is None else who.id_number,
        }
        known = row.corrects if row.corrects is not None and row.corrects.export_id is not None else None
        line = line_of(
            row.content, record=row.pk.hex, corrects=None if known is None else known.pk.hex, bank=bank, person=person
        )
        lines.append(json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    return ("\n".join(lines) + "\n").encode()


@opens_transaction
def _keep_export(*, ids: list[uuid.UUID], staged: vault.StagedObject, until_date: date, actor: str) -> BureauExport:
    export_id = new_id()
    stored = vault.attach(staged, kind="bureau_export", owner=vault.Owner(kind=FILE, id=export_id), retention="bureau")
    made = BureauExport.objects.create(
        id=export_id, until_date=until_date, records=len(ids), object_id=stored.id, sha256=stored.sha256,
        evidence_leaf=evidence.append(FILE, export_id.hex, stored.sha256), made_by=actor,
    )  # fmt: skip
    if BureauRecord.objects.filter(pk__in=ids, export=None).update(export=made) != len(ids):
        raise StateConflict("另一份报送文件刚刚生成，请重试")
    record("bureau.exported", actor=actor, subject=export_id.hex, detail={"records": len(ids)})
    enqueue(SEQUENCE, export_id)
    return made


@opens_transaction
def raise_objection(*, record_id: uuid.UUID, said: str, actor: str) -> BureauObjection:
    """Enter a borrower's objection to a record; it is to be answered within `bureau.objection_days`.

    Raises:
        NotFound: there is no such record.
        StateConflict: the record was corrected, or an objection to it is open.
    """
    row = BureauRecord.objects.select_for_update(no_key=True).filter(pk=record_id).first()
    if row is None:
        raise NotFound
    if hasattr(row, "corrected_by"):
        raise StateConflict("该记录已被更正，请对更正后的记录提出异议")
    if BureauObjection.objects.filter(record=row, status="raised").exists():
        raise StateConflict("该记录有一笔异议正在核查")
    today = business_date()
    made = BureauObjection.objects.create(
        record=row, said=said, raised_date=today, raised_by=actor,
        answer_by_date=today + timedelta(days=servicing_parameters.objection_days()),
    )  # fmt: skip
    record("bureau.objection_raised", actor=actor, subject=made.pk.hex, detail={"record": record_id.hex})
    return made


@opens_transaction
def reject_objection(*, objection_id: uuid.UUID, answer: str, actor: str) -> None:
    """Answer an objection: the record is right and stays.

    Raises:
        NotFound, StateConflict: there is no such objection, or it is answered.
    """
    transition(
        OBJECTION, objection_id, "reject", actor=actor, reason=answer, decided_by=actor, answer=answer, decided_at=now()
    )
    record("bureau.objection_rejected", actor=actor, subject=objection_id.hex, detail={"answer": answer})


@within_transaction
def correct_record(*, objection_id: uuid.UUID, how: HowCorrected, answer: str, actor: str) -> None:
    """Answer an objection, as two persons have decided, by a correcting record; months after it follow suit.

    `from_books`: the record is made anew from the books as they are now, which were put right first. `not_overdue`: what
    was overdue was no fault of the borrower's (技术性逾期).

    Raises:
        NotFound, StateConflict: there is no such objection, it is answered, or the record would be no other.
    """
    objection = BureauObjection.objects.select_related("record").filter(pk=objection_id).first()
    if objection is None:
        raise NotFound
    former = BureauRecord.objects.select_for_update(no_key=True).get(pk=objection.record_id)
    content = not_overdue(former.content) if how == NOT_OVERDUE else _anew(former)
    if content == former.content:
        raise StateConflict("更正后的内容与原记录相同，无需更正")
    transition(
        OBJECTION,
        objection_id,
        "correct",
        actor=actor,
        reason=answer,
        decided_by=actor,
        answer=answer,
        decided_at=now(),
    )
    _correct(former=former, content=content)
    if former.kind == MONTH_END and content["payment_state"] != former.content["payment_state"]:
        _correct_later_months(former=former, letter=content["payment_state"])
    record("bureau.corrected", actor=actor, subject=former.pk.hex, detail={"how": how, "answer": answer})


def _anew(former: BureauRecord) -> Content:
    """Say it as the books say now that it was: what came in for an earlier day counts, for what a loan was called too."""
    loan, day = Loan.objects.select_related("contract").get(pk=former.loan_id), former.business_date
    found = contents_of(
        [loan.pk], moment=former.kind, day=day, moved_fen={loan.pk: int(former.content["moved_fen"])},
        called={loan.pk: judged_on(loan, day).category.value},
    )  # fmt: skip
    return found[loan.pk]


def _correct(*, former: BureauRecord, content: Content) -> None:
    bad = is_negative(content)
    BureauRecord.objects.create(
        loan_id=former.loan_id, kind=former.kind, business_date=former.business_date, content=content, negative=bad,
        corrects=former, released_date=former.released_date if bad else business_date(),
    )  # fmt: skip


def _correct_later_months(*, former: BureauRecord, letter: str) -> None:
    """Correct the payment string of every later month that was captured: it repeats the corrected month's letter."""
    later = BureauRecord.objects.filter(
        loan_id=former.loan_id, kind__in=(MONTH_END, CLOSE), business_date__gt=former.business_date, corrected_by=None
    )
    for row in later.order_by("business_date", "pk"):
        content = with_letter(row.content, of_month=former.business_date, letter=letter)
        if content != row.content:
            _correct(former=row, content=content)
