"""What goes in and out of the calls about complaints."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from accounts.complaint_subjects import subject_kinds
from accounts.models.complaint import BEST, CATEGORIES, ENTRY_KINDS, NOTE, RECHECKS, STATUSES, WORST
from core.rest.fields import IdField, OneOfField, WholeField
from core.rest.lists import page_schema

LONGEST: Final = 2000
SUBJECT_HELP: Final = "所涉业务的类型，与 subject_id 同时提供；须为本人的业务"


def _kinds() -> list[str]:
    """Return the words of all rooms, once all have registered theirs."""
    return [kind.word for kind in subject_kinds()]


class ComplaintBody(serializers.Serializer[Any]):
    """POST complaints; `subject_kind` and `subject_id` name the customer's own thing that it is about, if it is about one."""

    category = OneOfField([word for word, _ in CATEGORIES])
    text = serializers.CharField(max_length=LONGEST)
    subject_id = IdField(required=False, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Add the kinds that the rooms have registered by now."""
        kind = OneOfField(_kinds(), required=False, allow_null=True, help_text=SUBJECT_HELP)
        return {**super().get_fields(), "subject_kind": kind}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for both parts of a subject or none."""
        if (attrs.get("subject_kind") is None) != (attrs.get("subject_id") is None):
            raise serializers.ValidationError({"subject_id": ["subject_kind 与 subject_id 须同时提供"]})
        return attrs


class WordsBody(serializers.Serializer[Any]):
    """POST complaints/{id}/entries."""

    text = serializers.CharField(max_length=LONGEST)


class ScoreBody(serializers.Serializer[Any]):
    """POST complaints/{id}/score."""

    score = WholeField(min_value=WORST, max_value=BEST, help_text="1 很不满意，5 很满意")


class ComplaintDocument(serializers.Serializer[Any]):
    """A complaint without what was said: answers to POST are kept, words are not kept twice."""

    id = IdField()
    category = serializers.ChoiceField([word for word, _ in CATEGORIES])
    subject_id = IdField(allow_null=True)
    status = serializers.ChoiceField([word for word, _ in STATUSES])
    received_date = serializers.DateField()
    due_date = serializers.DateField(help_text="银行须答复的最后一日；延期后为延期后的日期")
    extensions = serializers.IntegerField()
    answered_date = serializers.DateField(allow_null=True)
    closed_date = serializers.DateField(allow_null=True)
    score = serializers.IntegerField(allow_null=True)
    recheck = serializers.ChoiceField(
        [word for word, _ in RECHECKS], allow_null=True, help_text="被拒绝业务的复核结果；overturned 时请重新办理"
    )

    def get_fields(self) -> dict[str, Any]:
        """Add the kinds that the rooms have registered by now."""
        return {**super().get_fields(), "subject_kind": serializers.ChoiceField(_kinds(), allow_null=True)}


class ComplaintEntryDocument(serializers.Serializer[Any]):
    """One thing that was said, by the customer or by the bank."""

    kind = serializers.ChoiceField([word for word, _ in ENTRY_KINDS if word != NOTE])
    text = serializers.CharField()
    at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is a word of Python."""
        return {"from": serializers.ChoiceField(["customer", "bank"]), **super().get_fields()}


class WholeComplaintDocument(ComplaintDocument):
    """A complaint with what was said both ways, the oldest first."""

    entries = ComplaintEntryDocument(many=True)


ComplaintPage = page_schema(ComplaintDocument, "ComplaintPage")
