"""Complaints: what is owed an answer first, everything of one on one page, and what staff do about it (CUST-01)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import Case, DateField, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.approvals import WORK_COMPLAINTS
from accounts.attribution import ANY, only_own
from accounts.complaining import extended_due, is_of_rejected
from accounts.complaint_subjects import page_of, subject_kinds, subject_of, title_of
from accounts.models import Complaint, ComplaintEntry
from accounts.models.complaint import (
    ANSWERED,
    BEST,
    CATEGORIES,
    CHANNELS,
    CLOSED,
    EXTENDED,
    MINI_PROGRAM,
    MOST_EXTENSIONS,
    OWED,
    RECEIVED,
    RECHECKS,
    STAFF,
    WORDS,
)
from accounts.operations import complaints
from accounts.operations.complaints import EXTEND_AGAIN, Grievance
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import opaque, state
from core.admin.pages import AddingPage, ReadOnlyTable
from core.approvals.operations import propose
from core.clock import business_date
from core.crypto.masking import mask_name
from core.errors import NotFound
from core.ids import parse_id
from verification import queries as verification

COLOURS: Final = {RECEIVED: "warning", EXTENDED: "warning", ANSWERED: "info", CLOSED: "success"}
SEE_COMPLAINTS: Final = "accounts.view_complaint"
ADD_COMPLAINTS: Final = "accounts.add_complaint"
NEAR_DAYS: Final = 3
LONGEST: Final = 2000
TOLD: Final = "客户可见。"
RECORD: Final = Act(
    title="登记投诉",
    submit="登记",
    explanation="登记客户通过电话、网点、信函等渠道提出的投诉。答复期限自今日起算，与小程序提交的相同。",
    done="投诉已登记",
)
ANSWER: Final = Act(
    title="答复",
    submit="发送答复",
    explanation=f"{TOLD}客户将收到短信提示，可在小程序查看、评价或继续补充。",
    done="答复已发送",
)
EXTEND: Final = Act(
    title="延期答复", submit="延期", explanation=f"{TOLD}情况复杂的方可延期，请写明原因。", done="已延期并告知客户"
)
EXTEND_ONCE_MORE: Final = Act(
    title="再次延期答复",
    submit="提交复核",
    explanation=f"{TOLD}情况特别复杂的可再延一次，须另一名员工复核，之后不得再延。请勿填写客户信息。",
    done="已提交，待另一名员工在“复核事项”中复核",
)
RECHECKED: Final = Act(
    title="登记复核结果",
    submit="登记",
    explanation=f"{TOLD}对被拒绝的开户或申请重新核查的结果。更正的，客户须重新办理；本操作不会自动开户或授信。",
    done="复核结果已登记",
)
NOTE: Final = Act(title="添加备注", submit="添加", explanation="仅员工可见，客户看不到。", done="备注已添加")
CLOSE: Final = Act(
    title="办结",
    submit="办结",
    explanation=f"{TOLD}已答复且客户在规定天数内未评价、未补充的，可以办结；办结后不能再修改。",
    done="投诉已办结",
)


class SaidForm(ActForm):
    """What is said."""

    said = forms.CharField(label="内容", max_length=LONGEST)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the words room."""
        super().__init__(*args, **kwargs)
        self.fields["said"].widget = UnfoldAdminTextareaWidget(attrs={"rows": 8})


class ReasonForm(ActForm):
    """Why the term is extended once more; kept with the proposal, so without a customer's data."""

    said = forms.CharField(label="原因", max_length=200)


class RecheckForm(SaidForm):
    """What the re-check came to, and what the customer is told of it."""

    result = forms.ChoiceField(label="复核结果", choices=RECHECKS)
    field_order = ("result", "said")


def _kinds() -> list[tuple[str, str]]:
    """Offer the kinds that the rooms have registered."""
    return [("", "—"), *((kind.word, kind.title) for kind in subject_kinds())]


class RecordForm(SaidForm):
    """Whose complaint it is, how it came, what it is about."""

    customer = forms.CharField(label="客户号", max_length=36, help_text="“客户”页面上的完整编号")
    channel = forms.ChoiceField(label="渠道", choices=[one for one in CHANNELS if one[0] != MINI_PROGRAM])
    category = forms.ChoiceField(label="类别", choices=CATEGORIES)
    subject_kind = forms.ChoiceField(label="所涉业务类型", choices=_kinds, required=False)
    subject_id = forms.CharField(label="所涉业务编号", max_length=36, required=False)
    field_order = ("customer", "channel", "category", "subject_kind", "subject_id", "said")

    def clean_customer(self) -> uuid.UUID:
        """Read the number."""
        return _number(self.cleaned_data["customer"])

    def clean(self) -> dict[str, Any]:
        """Ask for both parts of a subject or none."""
        given = super().clean() or self.cleaned_data
        number = given.get("subject_id") or ""
        if bool(given.get("subject_kind")) != bool(number):
            raise forms.ValidationError("所涉业务的类型与编号须同时填写")
        given["subject_id"] = _number(number) if number else None
        return given


def _number(text: str) -> uuid.UUID:
    found = parse_id(text.strip().replace("-", "").lower())
    if found is None:
        raise forms.ValidationError("编号须为 32 位")
    return found


class EntryTable(ReadOnlyTable):
    """What was said, the oldest first; notes among staff included."""

    model = ComplaintEntry
    verbose_name_plural = "往来记录"
    fields = readonly_fields = ("created_at", "kind", "by", "said")
    ordering = ("id",)

    @display(description="提交人")
    def by(self, entry: ComplaintEntry) -> str:
        """Show who said it."""
        return "客户" if entry.kind == WORDS else entry.author


class ComplaintTable(ReadOnlyTable):
    """A customer's complaints, the newest first, for whoever may see them."""

    model = Complaint
    verbose_name_plural = "客户投诉"
    fields = readonly_fields = ("what", "channel", "status", "received_date", "due_date", "score")
    ordering = ("-id",)

    @display(description="类别")
    def what(self, row: Complaint) -> str:
        """Lead to the complaint."""
        address = reverse("admin:accounts_complaint_change", args=(row.pk,))
        return format_html('<a href="{}">{}</a>', address, row.get_category_display())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Complaint]:
        """Show what the list shows."""
        return visible(super().get_queryset(request), request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show it to whoever sees complaints."""
        del obj
        return bool(request.user.has_perm(SEE_COMPLAINTS))


def visible(rows: QuerySet[Complaint], request: HttpRequest) -> QuerySet[Complaint]:
    """Keep those of the customers whom a login may see; who sees only their own sees none about staff."""
    found = only_own(rows, request.user, path="customer_id")
    return found if request.user.has_perm(ANY) else found.exclude(category=STAFF)


class OverdueFilter(admin.SimpleListFilter):
    """By whether the answer is late."""

    title = "时限"
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is late, and what is owed."""
        del request, model_admin
        return [("overdue", "已逾期"), ("owed", "待答复")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Complaint]) -> QuerySet[Complaint]:
        """Choose them."""
        del request
        if self.value() not in {"overdue", "owed"}:
            return queryset
        owed = queryset.filter(status__in=OWED)
        return owed.filter(due_date__lt=business_date()) if self.value() == "overdue" else owed


class ComplaintPage(AddingPage):
    """Complaints: what is owed an answer first, the most urgent on top; what was said is on the page of one alone."""

    adding = RECORD
    adding_form = RecordForm
    list_display = (opaque("id", "投诉编号"), state("status", "状态", COLOURS), "clock", "category", "about", "channel",
                    opaque("customer_id", "客户号"), "received_date", "due_date", "extensions", "score")  # fmt: skip
    list_filter = (OverdueFilter, "status", "category", "channel", ("overdue_date", admin.EmptyFieldListFilter),
                   "received_date")  # fmt: skip
    search_fields = ("id__exact", "customer__id__exact", "subject_id__exact")
    search_help_text = "按投诉、客户或所涉业务的编号（完整）查找"
    ordering = (
        Case(When(status__in=OWED, then=Value(0)), When(status=ANSWERED, then=Value(1)), default=Value(2),
             output_field=IntegerField()),
        "due_date", "-id",
    )  # fmt: skip
    actions_detail = ("answer", "extend", "record_recheck", "note", "close")
    inlines = (EntryTable,)
    readonly_fields = ("person", "about", "left", "score_in_words")
    fieldsets = (
        (None, {"fields": (("id", "status"), ("category", "channel"), ("person", "about"), "recorded_by")}),
        ("期限", {"fields": (("received_date", "due_date"), ("left", "extensions"), "overdue_date")}),
        ("处理", {"fields": (("answered_date", "closed_date"), ("score_in_words", "recheck"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Complaint]:
        """Show what a login may see, with the business date, which is asked for once."""
        today = Value(business_date(), output_field=DateField())
        return visible(super().get_queryset(request), request).annotate(today_date=today)

    @display(description="时限", label={"late": "danger", "near": "warning", "fine": "info"})
    def clock(self, row: Complaint) -> tuple[str, str] | None:
        """Show how many days are left, or for how many the answer is late."""
        if row.status not in OWED:
            return None
        days = (row.due_date - vars(row)["today_date"]).days
        if days < 0:
            return "late", f"逾期 {-days} 天"
        return ("near" if days <= NEAR_DAYS else "fine"), f"剩余 {days} 天"

    @display(description="时限")
    def left(self, row: Complaint) -> str:
        """Show the same on the page of one, in words alone."""
        told = self.clock(row)
        return "—" if told is None else told[1]

    @display(description="客户")
    def person(self, row: Complaint) -> str:
        """Lead to the customer, masked."""
        known = verification.identity(row.customer_id)
        address = reverse("admin:accounts_customer_change", args=(row.customer_id,))
        return format_html('<a href="{}">{}</a>', address, mask_name(known.name) if known else "未注册")

    @display(description="所涉业务")
    def about(self, row: Complaint) -> str:
        """Lead to what it is about; its state is read on the page of one complaint."""
        if row.subject_id is None:
            return "—"
        page = page_of(row.subject_kind)
        if not page:
            return title_of(row.subject_kind)
        address = reverse(f"admin:{page}_change", args=(row.subject_id,))
        return format_html('<a href="{}">{}</a>', address, getattr(row, "named", title_of(row.subject_kind)))

    @display(description="满意度")
    def score_in_words(self, row: Complaint) -> str:
        """Show the customer's score."""
        return "未评价" if row.score is None else f"{row.score} / {BEST}"

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Read the complaint's subject once, as it is now."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and row.subject_id is not None:
            try:
                found = subject_of(word=row.subject_kind, subject_id=row.subject_id, customer_id=row.customer_id)
            except NotFound:
                return row
            row.named = f"{title_of(row.subject_kind)}（{found.name}）"
        return row

    def adding_initial(self, request: HttpRequest) -> Mapping[str, Any]:
        """Begin with the customer from whose page one comes."""
        return {"customer": request.GET.get("customer", "")}

    def perform_add(self, request: HttpRequest, given: Any) -> str:
        """Enter what came otherwise than by the mini-program."""
        grievance = Grievance(
            category=given["category"], said=given["said"], subject_kind=given["subject_kind"],
            subject_id=given["subject_id"],
        )  # fmt: skip
        made = complaints.file_complaint(
            customer_id=given["customer"], grievance=grievance, channel=given["channel"], recorded_by=actor_of(request)
        )
        return reverse("admin:accounts_complaint_change", args=(made.pk,))

    def _at_hand(self, request: HttpRequest, object_id: Any, is_fit: Callable[[Complaint], bool]) -> bool:
        """Tell whether somebody works on complaints, and this one calls for the act."""
        if not request.user.has_perm(WORK_COMPLAINTS):
            return False
        if object_id is None:
            return True
        known: dict[str, Complaint | None] = vars(request).setdefault("looked_at", {})  # once for all acts of a page
        number = str(object_id)
        if number not in known:
            known[number] = self.get_queryset(request).filter(pk=object_id).first()
        row = known[number]
        return row is not None and is_fit(row)

    def has_answer_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act while an answer is owed."""
        return self._at_hand(request, object_id, lambda row: row.status in OWED)

    def has_extend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act while an answer is owed and the term can be extended."""

        def extendable(row: Complaint) -> bool:
            return row.status in OWED and row.extensions < MOST_EXTENSIONS and row.due_date >= business_date()

        return self._at_hand(request, object_id, extendable)

    def has_recheck_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act for what was rejected."""
        return self._at_hand(request, object_id, lambda row: row.status != CLOSED and is_of_rejected(row))

    def has_note_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act at any time."""
        return self._at_hand(request, object_id, lambda _: True)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act once it is answered."""
        return self._at_hand(request, object_id, lambda row: row.status == ANSWERED)

    def _act(
        self, request: HttpRequest, object_id: str, act: Act, operation: Callable[..., Any], form: type[ActForm]
    ) -> HttpResponse:
        def run(given: Mapping[str, Any]) -> None:
            operation(complaint_id=uuid.UUID(object_id), actor=actor_of(request), **given)

        return perform(self, request, act, run=run, form_class=form, object_id=object_id)

    @action(description="答复", permissions=["answer"], icon="reply")
    def answer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer the customer."""
        return self._act(request, object_id, ANSWER, complaints.answer_complaint, SaidForm)

    @action(description="延期", permissions=["extend"], icon="more_time")
    def extend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Extend the term; the second time by two people."""
        row = Complaint.objects.get(pk=object_id)
        until = f"延期后须在 {extended_due(row):%Y-%m-%d} 前（含当日）答复。"
        if row.extensions == 0:
            act = replace(EXTEND, explanation=f"{EXTEND.explanation}{until}")
            return self._act(request, object_id, act, complaints.extend_complaint, SaidForm)

        def again(*, complaint_id: uuid.UUID, said: str, actor: str) -> None:
            propose(kind=EXTEND_AGAIN, subject=complaint_id.hex, values={}, reason=said, actor=actor)

        act = replace(EXTEND_ONCE_MORE, explanation=f"{EXTEND_ONCE_MORE.explanation}{until}")
        return self._act(request, object_id, act, again, ReasonForm)

    @action(description="登记复核结果", permissions=["recheck"], icon="fact_check")
    def record_recheck(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record what looking again at the rejected thing came to."""
        return self._act(request, object_id, RECHECKED, complaints.record_recheck, RecheckForm)

    @action(description="添加备注", permissions=["note"], icon="edit_note")
    def note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Keep a note among staff."""
        return self._act(request, object_id, NOTE, complaints.note_complaint, SaidForm)

    @action(description="办结", permissions=["close"], icon="task_alt")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close what the customer has left alone."""
        return self._act(request, object_id, CLOSE, complaints.close_complaint, SaidForm)
