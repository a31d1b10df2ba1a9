"""Who did what, and which state moved where: append-only, only shown."""

from __future__ import annotations

from typing import Final

from django.contrib.admin.models import LogEntry
from unfold.decorators import display

from core.admin.columns import actor, opaque, words
from core.admin.pages import ReadOnlyPage

DETAIL: Final = words("detail", "说明")


class AuditPage(ReadOnlyPage):
    """The audit log, newest first."""

    list_display = ("at", actor(), "action", "subject", DETAIL)
    list_filter = ("action", "at")
    fields = ("at", "actor", "action", "subject", DETAIL)
    readonly_fields = (DETAIL,)
    search_fields = ("subject__startswith", "actor__startswith")
    search_help_text = "按对象或操作人查找"
    ordering = ("-at",)


class StateChangePage(ReadOnlyPage):
    """The history of every state machine, newest first."""

    list_display = (
        "at", "machine", opaque("subject_id", "对象"), "from_state", "event", "to_state", actor(), "reason",
    )  # fmt: skip
    list_filter = ("machine", "event", "at")
    search_fields = ("subject_id__exact", "actor__startswith")
    search_help_text = "按对象编号（完整）或操作人查找"
    ordering = ("-id",)


class FormLogPage(ReadOnlyPage):
    """What staff saved by the admin's own forms, newest first."""

    list_display = ("action_time", "user", "content_type", "object_repr", "changed")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    fields = ("action_time", "user", "content_type", "object_id", "object_repr", "action_flag", "changed")
    readonly_fields = ("changed",)
    ordering = ("-action_time",)

    @display(description="变更内容")
    def changed(self, row: LogEntry) -> str:
        """Say what was saved."""
        return row.get_change_message()
