"""Collections: the work list, and contacts within the rules (LN-15)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import amount, opaque
from core.admin.fields import YuanField
from core.admin.pages import ReadOnlyPage, ReadOnlyTable
from core.clock import SHANGHAI, business_date
from core.errors import NotFound
from lending.admin.drawdowns import person_of
from lending.loan_records import present_rows
from lending.loans.buckets import DAYS_OF_ONE, LAST, bucket_name, name_of
from lending.models import CollectionAgency, CollectionAssignment, CollectionContact, OverdueLoan
from lending.models.collection import CHANNELS, PERSONS, RESULTS
from lending.operations import collecting
from lending.queries.collection import agencies_in_force, loans_to_collect, overdue_loans
from lending.queries.loans import LoanStanding, loan_standing, loan_standings
from lending.queries.roll_rates import SETTLED, WRITTEN_OFF, month_ends_before, roll_rates
from verification import queries as verified

COLLECT: Final = "lending.collect_overdueloan"
ASSIGN: Final = "lending.assign_overdueloan"
TABLE: Final = "admin/table.html"
MONTHS_SHOWN: Final = 3
ASSIGNING: Final = Act(
    title="分派", submit="分派", explanation="之后由该员工（或其受托机构）联系借款人。", done="已分派"
)
CONTACTING: Final = Act(
    title="联系借款人",
    submit="登记并显示联系电话",
    explanation="先登记、后联系。每日 8 时至 22 时，仅限借款人本人，机构须在名单内并受托，每日次数有上限；不符合的不能登记。",
    done="已登记，请联系后登记结果",
)
ENDING: Final = Act(title="登记联系结果", submit="登记结果", done="联系结果已登记")


class BucketFilter(admin.SimpleListFilter):
    """By bucket, M1 to M7+ (RISK-03)."""

    title = "逾期阶段"
    parameter_name = "bucket"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the buckets."""
        del request, model_admin
        return [(str(bucket), bucket_name(bucket * DAYS_OF_ONE)) for bucket in range(1, LAST)] + [(str(LAST), "M7+")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Choose the loans whose oldest unpaid due date lies in the bucket."""
        del request
        if self.value() not in {str(bucket) for bucket in range(1, LAST + 1)}:
            return queryset
        bucket, today = int(self.value() or 0), business_date()
        found = queryset.filter(oldest_due_date__lte=today - timedelta(days=(bucket - 1) * DAYS_OF_ONE + 1))
        if bucket == LAST:
            return found
        return found.filter(oldest_due_date__gte=today - timedelta(days=bucket * DAYS_OF_ONE))


class MineFilter(admin.SimpleListFilter):
    """By who works on it."""

    title = "分派"
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer one's own, and what nobody has."""
        del request, model_admin
        return [("mine", "分派给我"), ("nobody", "尚未分派")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Choose them."""
        if self.value() == "mine":
            return queryset.filter(collector=actor_of(request))
        return queryset.filter(collector=None) if self.value() == "nobody" else queryset


class AssignForm(ActForm):
    """To whom."""

    collector = forms.CharField(label="催收员（员工账号）", max_length=150)
    agency = forms.ModelChoiceField(label="委托机构", queryset=CollectionAgency.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the agencies of the list."""
        super().__init__(*args, **kwargs)
        offer_agencies(self)


class ContactForm(ActForm):
    """How, and with whom."""

    channel = forms.ChoiceField(label="方式", choices=CHANNELS)
    person = forms.ChoiceField(label="联系对象", choices=PERSONS)
    agency = forms.ModelChoiceField(label="由受托机构联系", queryset=CollectionAgency.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the agencies of the list."""
        super().__init__(*args, **kwargs)
        offer_agencies(self)


def offer_agencies(form: ActForm) -> None:
    """Let a form choose among the agencies of the list."""
    field = form.fields["agency"]
    field.queryset = agencies_in_force()  # type: ignore[attr-defined]  # a choice among rows
    field.widget.choices = field.choices  # type: ignore[attr-defined]


class OutcomeForm(ActForm):
    """How it went."""

    result = forms.ChoiceField(label="结果", choices=RESULTS)
    promised_date = forms.DateField(label="承诺还款日", required=False, help_text="仅结果为“承诺还款”时填写")
    promised = YuanField(label="承诺金额（元）", required=False)
    note = forms.CharField(label="备注", max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the note room."""
        super().__init__(*args, **kwargs)
        self.fields["note"].widget = UnfoldAdminTextareaWidget()


class AssignmentTable(ReadOnlyTable):
    """Who has worked on a loan."""

    model = CollectionAssignment
    fk_name = "loan"
    fields = ("collector", "agency", "assigned_by", "assigned_at")
    readonly_fields = fields
    ordering = ("-id",)


class ContactTable(ReadOnlyTable):
    """The contacts with its borrower."""

    model = CollectionContact
    fk_name = "loan"
    fields = ("started_at", "channel", "agency", "actor", "how_it_went")
    readonly_fields = fields
    ordering = ("-id",)
    show_change_link = True

    @display(description="结果")
    def how_it_went(self, row: CollectionContact) -> str:
        """Show the outcome."""
        return row.outcome.get_result_display() if hasattr(row, "outcome") else "未登记"


def _stands(row: OverdueLoan) -> LoanStanding:
    """Return how a loan stands: on a list as was read for its page."""
    known: LoanStanding | None = vars(row).get("stands")
    return known or loan_standing(row)


class OverdueLoanPage(ReadOnlyPage):
    """The work list: loans that are overdue on the business date, the longest overdue first."""

    list_display = (opaque("id", "贷款编号"), "person", "bucket", "days", "overdue", "outstanding_fen_in_yuan", "worker",
                    "last_contact")  # fmt: skip
    list_filter = (BucketFilter, MineFilter, "line__product")
    search_fields = ("id__exact", "customer__id__exact", "contract__number__exact")
    search_help_text = "按贷款编号、客户编号（完整）或合同编号查找"
    list_per_page = 30
    ordering = ()
    inlines = (ContactTable, AssignmentTable)
    actions_list = ("roll_rates",)
    actions_detail = ("contact", "assign")
    readonly_fields = ("person", "bucket", "days", "overdue", "outstanding_fen_in_yuan", "worker", "last_contact")
    fieldsets = (
        (None, {"fields": (("id", "contract"), ("person", "account"))}),
        ("逾期", {"fields": (("bucket", "days"), ("overdue", "outstanding_fen_in_yuan"))}),
        ("催收", {"fields": (("worker", "last_contact"),)}),
    )
    outstanding_fen_in_yuan = staticmethod(amount("outstanding_fen", "剩余本金"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[OverdueLoan]:
        """Read what is overdue, with what its standing is computed from."""
        del request
        return overdue_loans().select_related("contract").prefetch_related(present_rows())

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> OverdueLoan | None:
        """Return a loan whether or not it is overdue still: its contacts can be read when it has left the list."""
        del request, from_field
        try:
            return loans_to_collect().filter(pk=uuid.UUID(object_id)).first()
        except ValueError:
            return None

    def read_with(self, rows: Sequence[Any]) -> None:
        """Read how the loans stand and who borrows."""
        standings = loan_standings(rows)
        people = verified.identities({row.customer_id for row in rows})
        for row in rows:
            row.stands = standings[row.pk]
            row.people = people

    @display(description="借款人")
    def person(self, row: OverdueLoan) -> str:
        """Show who borrows, masked."""
        return person_of(row.customer_id, among=vars(row).get("people"))

    @display(description="逾期阶段", ordering="-oldest_due_date", label=True)
    def bucket(self, row: OverdueLoan) -> str:
        """Show the bucket."""
        return bucket_name(_stands(row).standing.overdue_days)

    @display(description="逾期天数", ordering="-oldest_due_date")
    def days(self, row: OverdueLoan) -> int:
        """Show the days overdue on the business date."""
        return _stands(row).standing.overdue_days

    @display(description="逾期金额（元）")
    def overdue(self, row: OverdueLoan) -> str:
        """Show what puts the loan right."""
        return exact(_stands(row).standing.overdue.total_fen)

    @display(description="催收员", ordering="collector")
    def worker(self, row: OverdueLoan) -> str:
        """Show who works on it."""
        told: dict[str, Any] = vars(row)
        names = [name for name in (told.get("collector"), told.get("agency_name")) if name]
        return " / ".join(names) or "—"

    @display(description="最近联系", ordering="last_contact_at")
    def last_contact(self, row: OverdueLoan) -> str:
        """Show when the borrower was contacted last."""
        moment = vars(row).get("last_contact_at")
        return "—" if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"

    def has_contact_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to collectors."""
        del object_id
        return bool(request.user.has_perm(COLLECT))

    def has_assign_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to whoever gives out the work."""
        del object_id
        return bool(request.user.has_perm(ASSIGN))

    @action(description="迁徙率", permissions=["view"], icon="moving")
    def roll_rates(self, request: HttpRequest) -> HttpResponse:
        """Show of the last three months how the buckets flowed into each other (RISK-03)."""
        months = [roll_rates(month_end=last) for last in month_ends_before(business_date(), count=MONTHS_SHOWN)]
        places: list[int | str] = [*range(LAST + 1), SETTLED, WRITTEN_OFF]
        rows = [
            [f"{month.last_date:%Y-%m}", name_of(roll.bucket), roll.stood.loans, exact(roll.stood.principal_fen),
             *(exact(roll.went_to[place].principal_fen) if place in roll.went_to else "—" for place in places),
             "—" if roll.forward_percent is None else f"{roll.forward_percent:.2f}%"]
            for month in months
            for roll in month.rolls
        ]  # fmt: skip
        named = [*(f"至 {name_of(bucket)}" for bucket in range(LAST + 1)), "结清", "核销"]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": "逾期迁徙率",
            "note": "上月末各逾期阶段的贷款到本月末的去向，按上月末本金（元）计；迁徙率为转入更差阶段或核销的占比",
            "table": {"headers": ["月份", "上月末", "笔数", "本金", *named, "迁徙率"], "rows": rows},
        }
        return TemplateResponse(request, TABLE, context)

    @action(description="联系借款人", permissions=["contact"], icon="call")
    def contact(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter a contact; the next page shows the number."""

        def run(given: Any) -> str:
            begun = collecting.begin_contact(
                loan_id=uuid.UUID(object_id), channel=given["channel"], person=given["person"],
                agency_id=given["agency"].pk if given["agency"] else None, actor=actor_of(request),
            )  # fmt: skip
            return reverse("admin:lending_collectioncontact_finish", args=(begun.pk,))

        return perform(self, request, CONTACTING, run=run, form_class=ContactForm, object_id=object_id)

    @action(description="分派", permissions=["assign"], icon="assignment_ind")
    def assign(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give it to somebody."""

        def run(given: Any) -> None:
            collecting.assign_loan(
                loan_id=uuid.UUID(object_id), collector=given["collector"],
                agency_id=given["agency"].pk if given["agency"] else None, actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, ASSIGNING, run=run, form_class=AssignForm, object_id=object_id)


class CollectionContactPage(ReadOnlyPage):
    """Contacts, newest first."""

    list_display = (opaque("id", "联系编号"), opaque("loan_id", "贷款"), "started_at", "channel", "agency", "actor",
                    "overdue_days", amount("overdue_fen", "逾期金额"), "how_it_went")  # fmt: skip
    list_filter = ("channel", "contact_date", "agency")
    search_fields = ("id__exact", "loan__id__exact", "customer__id__exact", "actor__exact")
    search_help_text = "按联系编号、贷款编号、客户编号（完整）或催收员查找"
    list_select_related = ("agency", "outcome")
    ordering = ("-id",)
    actions_detail = ("finish",)
    readonly_fields = ("borrower", "overdue_fen_in_yuan", "how_it_went", "promise", "note")
    fieldsets = (
        (None, {"fields": (("id", "started_at"), ("loan", "borrower"), ("channel", "person"), ("actor", "agency"))}),
        ("当时", {"fields": (("overdue_days", "overdue_fen_in_yuan"),)}),
        ("结果", {"fields": (("how_it_went", "promise"), "note")}),
    )
    overdue_fen_in_yuan = staticmethod(amount("overdue_fen", "逾期金额"))

    @display(description="借款人")
    def borrower(self, row: CollectionContact) -> str:
        """Show who borrows, masked."""
        return person_of(row.customer_id)

    @display(description="结果")
    def how_it_went(self, row: CollectionContact) -> str:
        """Show the outcome."""
        return row.outcome.get_result_display() if hasattr(row, "outcome") else "未登记"

    @display(description="承诺")
    def promise(self, row: CollectionContact) -> str:
        """Show what was promised."""
        if not hasattr(row, "outcome") or row.outcome.promised_date is None:
            return "—"
        fen = row.outcome.promised_fen
        return f"{row.outcome.promised_date}{'' if fen is None else f' {exact(fen)} 元'}"

    @display(description="备注")
    def note(self, row: CollectionContact) -> str:
        """Show what the borrower said."""
        return (row.outcome.note or "—") if hasattr(row, "outcome") else "—"

    def has_finish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to who began the contact, while it has no outcome."""
        if not request.user.has_perm(COLLECT):
            return False
        own = CollectionContact.objects.filter(pk=object_id, actor=actor_of(request), outcome=None)
        return object_id is None or own.exists()

    @action(description="登记结果", permissions=["finish"], icon="edit_note")
    def finish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the borrower's number to who began the contact, and enter how it went."""

        def run(given: Any) -> None:
            collecting.end_contact(
                contact_id=uuid.UUID(object_id), result=given["result"], promised_date=given["promised_date"],
                promised_fen=given["promised"], note=given["note"], actor=actor_of(request),
            )  # fmt: skip

        act = replace(ENDING, explanation=self._number(request, object_id)) if request.method == "GET" else ENDING
        return perform(self, request, act, run=run, form_class=OutcomeForm, object_id=object_id)

    def _number(self, request: HttpRequest, object_id: str) -> str:
        try:
            phone = collecting.reveal_phone(contact_id=uuid.UUID(object_id), actor=actor_of(request))
        except NotFound:
            return "联系当日已过，不再显示联系电话；请登记结果。"
        return f"借款人本人电话：{phone}（查看已记入审计日志）。联系后登记结果，登记后不能修改。"
