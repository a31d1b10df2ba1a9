"""The calls about complaints: file one, follow it, add words, say how satisfied one is. None of them ever stops (PU-07a)."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries
from accounts.complaining import complaints_of, told_of
from accounts.models import Complaint
from accounts.models.complaint import WORDS
from accounts.operations import complaints
from accounts.operations.complaints import Grievance
from accounts.rest import complaint_serializers as wire
from accounts.rest.views import location
from core.errors import StateConflict
from core.idempotency import Answer
from core.rest.endpoint import ContractView, caller, endpoint
from core.rest.fields import on_the_wire
from core.rest.lists import PAGE_PARAMETERS, page


def complaint_document(row: Complaint) -> dict[str, Any]:
    """Render a complaint without what was said."""
    dates = {name: getattr(row, name) for name in ("received_date", "due_date", "answered_date", "closed_date")}
    return {
        "id": row.pk.hex,
        "category": row.category,
        "subject_kind": row.subject_kind or None,
        "subject_id": None if row.subject_id is None else row.subject_id.hex,
        "status": row.status,
        **{name: None if day is None else day.isoformat() for name, day in dates.items()},
        "extensions": row.extensions,
        "score": row.score,
        "recheck": row.recheck or None,
    }


def whole_complaint_document(row: Complaint) -> dict[str, Any]:
    """Render a complaint with what was said both ways; who of the bank said it is not told."""
    entries = [
        {
            "from": "customer" if entry.kind == WORDS else "bank",
            "kind": entry.kind,
            "text": entry.said,
            "at": on_the_wire(entry.created_at),
        }
        for entry in told_of(row)
    ]
    return {**complaint_document(row), "entries": entries}


def _made(request: Request, row: Complaint) -> Answer:
    return Answer(201, complaint_document(row), location(request, f"complaints/{row.pk.hex}"))


class Complaints(ContractView):
    """The customer's complaints."""

    @endpoint(summary="投诉列表", answers={200: wire.ComplaintPage}, parameters=PAGE_PARAMETERS, tags=["complaints"])
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = complaints_of(caller(request).customer_id)
        return self.answer(Answer(200, page(request, rows, complaint_document), {}))

    @endpoint(
        summary="提交投诉",
        request=wire.ComplaintBody,
        answers={201: wire.ComplaintDocument},
        idempotent=True,
        tags=["complaints"],
    )
    def post(self, request: Request) -> Response:
        """File one, perhaps about something of one's own; a rejected opening or application included."""
        body = self.read(request, wire.ComplaintBody)
        grievance = Grievance(
            category=body["category"], said=body["text"], subject_kind=body.get("subject_kind") or "",
            subject_id=body.get("subject_id"),
        )  # fmt: skip
        return self.settle(
            request,
            lambda: complaints.file_complaint(customer_id=caller(request).customer_id, grievance=grievance),
            lambda row: _made(request, row),
        )


class OneComplaint(ContractView):
    """One complaint."""

    @endpoint(summary="查看投诉", answers={200: wire.WholeComplaintDocument}, by_id=True, tags=["complaints"])
    def get(self, request: Request, complaint_id: str) -> Response:
        """Show how far it is, until when it is to be answered, and what was said both ways."""
        row = queries.access_complaint(caller(request).customer_id, complaint_id)
        return self.answer(Answer(200, whole_complaint_document(row), {}))


class ComplaintEntries(ContractView):
    """What the customer adds."""

    @endpoint(
        summary="补充投诉内容",
        request=wire.WordsBody,
        answers={201: wire.ComplaintDocument},
        problems=[StateConflict],
        idempotent=True,
        by_id=True,
        tags=["complaints"],
    )
    def post(self, request: Request, complaint_id: str) -> Response:
        """Add words; after an answer the bank owes another."""
        row = queries.access_complaint(caller(request).customer_id, complaint_id)
        body = self.read(request, wire.WordsBody)
        return self.settle(
            request,
            lambda: complaints.add_words(
                complaint_id=row.pk, customer_id=caller(request).customer_id, said=body["text"]
            ),
            lambda moved: _made(request, moved),
        )


class ComplaintScore(ContractView):
    """How satisfied the customer is."""

    @endpoint(
        summary="评价投诉处理",
        request=wire.ScoreBody,
        answers={200: wire.ComplaintDocument},
        problems=[StateConflict],
        idempotent=True,
        by_id=True,
        tags=["complaints"],
    )
    def post(self, request: Request, complaint_id: str) -> Response:
        """Say it, 1 to 5, which closes the complaint."""
        row = queries.access_complaint(caller(request).customer_id, complaint_id)
        body = self.read(request, wire.ScoreBody)
        return self.settle(
            request,
            lambda: complaints.score_complaint(
                complaint_id=row.pk, customer_id=caller(request).customer_id, score=body["score"]
            ),
            lambda moved: Answer(200, complaint_document(moved), {}),
        )
