"""The review queue: one list of what waits for a person, one page for each case with everything on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display

from core import vault
from core.admin.acts import actor_of, perform
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage, ReadOnlyTable
from core.approvals.models import PROPOSED, Proposal
from core.approvals.operations import propose
from core.clock import SHANGHAI, business_date
from core.crypto.masking import mask_id_number_for_operations, mask_name
from core.errors import NotFound
from lending.admin import review_forms as acts
from lending.admin.review_filters import ClockFilter, LimitedPaginator, StateFilter, TakerFilter
from lending.models import ReviewCase, ReviewTask
from lending.models.review import APPLICATION, DRAWDOWN, GRANTED, OPENING, REFUSED, WARNING
from lending.operations import review_cases, review_tasks
from lending.queries import review as asked
from lending.review_clock import AMBER, GREEN, RED
from lending.review_reasons import reason_titles
from lending.review_verdicts import takes_two
from verification import queries as verified

KIND: Final = "application.review"
RIGHTS: Final = {
    APPLICATION: "lending.review_application",
    DRAWDOWN: "lending.review_application",
    OPENING: "accounts.review_opening",
    WARNING: "lending.close_earlywarning",
}
"""Who may work on which kind of case."""
PAGES: Final = {
    APPLICATION: "lending_application", DRAWDOWN: "lending_drawdown", OPENING: "accounts_depositaccount",
    WARNING: "lending_earlywarning",
}  # fmt: skip
SEES_ALERTS: Final = "verification.view_screeningalert"
SEES_LIST_HITS: Final = "verification.change_screeningalert"
COLOURS: Final = {GREEN: "success", AMBER: "warning", RED: "danger"}
KIND_COLOURS: Final = {APPLICATION: "primary", OPENING: "info", DRAWDOWN: "warning", WARNING: "danger"}
OUTCOME_COLOURS: Final = {GRANTED: "success", REFUSED: "danger"}
PICTURES_TEMPLATE: Final = "admin/review_pictures.html"
NOTHING: Final = "—"


class TaskTable(ReadOnlyTable):
    """The supplementary checks of a case."""

    model = ReviewTask
    fields = ("kind", "question", "due_date", "code", "outcome", "note", "operator", "finished_at")
    readonly_fields = fields
    show_change_link = True


class ReviewCasePage(ReadOnlyPage):
    """The queue, the oldest first; it costs the same number of statements at any length."""

    paginator = LimitedPaginator
    show_full_result_count = False
    list_display = (state("kind", "事项", KIND_COLOURS), opaque("subject_id", "编号"), "person", "product",
                    amount("amount_fen", "金额"), "opened_at", "clock", "taker", "checks")  # fmt: skip
    list_filter = (StateFilter, TakerFilter, ClockFilter, "kind")
    search_fields = ("subject_id__exact", "customer__id__exact")
    search_help_text = "按业务编号或客户编号（完整）查找"
    ordering = ("opened_at", "id")
    inlines = (TaskTable,)
    actions_list = ("take_next",)
    actions_detail = ("take", "grant", "refuse", "ask", "pictures", "give_back", "subject")
    readonly_fields = (
        "person", "clock", "taker", "amount_shown", "two", "why", "terms", "stated", "path", "verified", "hints",
        "history", "reasons", "waiting",
    )  # fmt: skip

    # What is shown.

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewCase]:
        """Leave out what this person may not learn."""
        return asked.visible_cases(sees_secrets=request.user.has_perm(SEES_LIST_HITS))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put everything on one page; what lists and registers say only before who may see it."""
        parts = [
            (None, {"fields": (("kind", "product"), ("person", "amount_shown"), ("opened_at", "clock"),
                               ("taker", "two"), "waiting")}),
            ("为何转人工", {"fields": ("why",)}),
            ("拟定方案", {"fields": ("terms",)}),
            ("申请资料", {"fields": ("stated",)}),
            ("核验结果", {"fields": ("verified",)}),
            ("决策路径", {"fields": ("path",)}),
            ("办理过程", {"fields": ("history",)}),
        ]  # fmt: skip
        if obj is not None and _sees_hints(request):
            parts.insert(2, ("关联方与名单", {"fields": ("hints",)}))
        if obj is not None and obj.outcome:
            decided: Any = (("outcome", "reasons"), "note", ("decided_by", "closed_at"))
            parts.insert(1, ("审核结论", {"fields": decided}))
        return parts

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Remember who looks: what the page shows depends on it."""
        case = super().get_object(request, object_id, from_field)
        if case is not None:
            case.sees_hints = _sees_hints(request)
        return case

    def read_with(self, rows: Sequence[Any]) -> None:
        """Read who the cases are about, how late they are and what they wait for."""
        people = verified.identities({row.customer_id for row in rows})
        today, measured = business_date(), asked.clock()
        waiting = {
            row["case_id"]: (row["open"], row["late"])
            for row in ReviewTask.objects.filter(case_id__in=[row.pk for row in rows], finished_at=None)
            .values("case_id")
            .annotate(open=Count("pk"), late=Count("pk", filter=Q(due_date__lt=today)))
        }
        for row in rows:
            row.who, row.measured = people.get(row.customer_id), measured
            row.waits = waiting.get(row.pk, (0, 0))

    @display(description="客户")
    def person(self, row: Any) -> str:
        """Show who it is about, masked (DATA-02)."""
        known = row.who if hasattr(row, "who") else verified.identity(row.customer_id)
        return NOTHING if known is None else f"{mask_name(known.name)} {mask_id_number_for_operations(known.id_number)}"

    @display(description="时限", label=COLOURS)
    def clock(self, row: Any) -> tuple[str, str]:
        """Show until when it is to be decided, in the colour of the clock."""
        measured = getattr(row, "measured", None) or asked.clock()
        due = measured.due(row).astimezone(SHANGHAI)
        shown = measured.colour(row)
        word = {GREEN: "", AMBER: "即将超时 ", RED: "已超时 "}[shown]
        return shown, f"{word}{due:%m-%d %H:%M}"

    @display(description="审核人", ordering="taken_by")
    def taker(self, row: ReviewCase) -> str:
        """Show who has taken it."""
        return row.taken_by or "未领取"

    @display(description="补充核查", label={"late": "danger", "open": "info"})
    def checks(self, row: Any) -> tuple[str, str] | str:
        """Show whether it waits for a check, and whether that is late."""
        waiting, late = row.waits
        if not waiting:
            return NOTHING
        return ("late", f"{late} 项超期") if late else ("open", f"{waiting} 项待完成")

    amount_shown = staticmethod(amount("amount_fen", "金额"))

    @display(description="审核方式")
    def two(self, row: ReviewCase) -> str:
        """Tell how many people decide."""
        return "两人审核" if takes_two(row) else "一人审核"

    @display(description="待复核")
    def waiting(self, row: ReviewCase) -> str:
        """Lead to what waits for a second person."""
        found = Proposal.objects.filter(kind=KIND, subject=row.pk.hex, status=PROPOSED).first()
        if found is None:
            return NOTHING
        address = reverse("admin:core_proposal_change", args=(found.pk,))
        return format_html('<a class="link" href="{}">{} 已提交，待复核</a>', address, found.proposed_by)

    @display(description="原因")
    def why(self, row: ReviewCase) -> str:
        """Show why a person is asked."""
        return _lines(asked.reasons(row))

    @display(description="方案")
    def terms(self, row: ReviewCase) -> str:
        """Show the proposed terms."""
        return _lines(asked.proposed(row))

    @display(description="申请人填报")
    def stated(self, row: ReviewCase) -> str:
        """Show what the customer stated."""
        return _lines(asked.stated(row))

    @display(description="模型逐步结果")
    def path(self, row: Any) -> str:
        """Show the decision's path."""
        return _lines(asked.path(row, sees_hints=getattr(row, "sees_hints", False)))

    @display(description="核验")
    def verified(self, row: Any) -> str:
        """Show the checks with their results."""
        return _lines(asked.checks(row, sees_alerts=getattr(row, "sees_hints", False)))

    @display(description="提示")
    def hints(self, row: ReviewCase) -> str:
        """Show what registers and lists say."""
        return _lines(asked.hints(row))

    @display(description="过程")
    def history(self, row: ReviewCase) -> str:
        """Show the moves of the thing under review."""
        return _lines(
            [
                (
                    f"{move.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
                    f"{move.from_state} → {move.to_state} {move.actor[:20]}",
                )
                for move in asked.history(row)
            ]
        )

    @display(description="审核理由")
    def reasons(self, row: ReviewCase) -> str:
        """Show the reviewer's reasons."""
        return reason_titles(row.kind, row.outcome, row.reason_codes)

    # Who may do what.

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show the queue to whoever may see it; a case of a list hit to those only who see list hits (AML-08)."""
        if obj is not None and obj.is_secret and not request.user.has_perm(SEES_LIST_HITS):
            return False
        return super().has_view_permission(request, obj)

    def _case(self, request: HttpRequest, object_id: Any) -> ReviewCase | None:
        rows = asked.visible_cases(sees_secrets=request.user.has_perm(SEES_LIST_HITS))
        return rows.filter(pk=object_id, closed_at=None).first()

    def _may(self, request: HttpRequest, object_id: Any, holds: Callable[[ReviewCase], bool]) -> bool:
        if not any(request.user.has_perm(right) for right in RIGHTS.values()):
            return False
        if object_id is None:
            return True
        case = self._case(request, object_id)
        return case is not None and request.user.has_perm(RIGHTS[case.kind]) and holds(case)

    def has_take_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer a case that nobody has."""
        return self._may(request, object_id, lambda case: not case.taken_by)

    def has_work_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the acts on a case to who has taken it."""
        return self._may(request, object_id, lambda case: case.taken_by == actor_of(request))

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the decision to who has taken it; a warning is closed on its own page."""
        return self._may(
            request, object_id, lambda case: case.taken_by == actor_of(request) and case.kind != WARNING
        )  # fmt: skip

    def has_subject_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Lead to the thing under review whoever may see the case; the page asks for its own right."""
        del object_id
        return self.has_view_permission(request)

    # The acts.

    @action(description="领取下一件", permissions=["take"], icon="move_to_inbox")
    def take_next(self, request: HttpRequest) -> HttpResponse:
        """Take the oldest case that nobody has."""
        kinds = [kind for kind, right in RIGHTS.items() if request.user.has_perm(right)]

        def run(_: Any) -> str:
            found = review_cases.take_next(
                kinds=kinds, sees_secrets=request.user.has_perm(SEES_LIST_HITS), actor=actor_of(request)
            )
            return reverse("admin:lending_reviewcase_change", args=(found,))

        return perform(self, request, acts.TAKE_NEXT, run=run)

    @action(description="领取", permissions=["take"], icon="front_hand")
    def take(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take this case."""

        def run(_: Any) -> None:
            review_cases.take_case(case_id=uuid.UUID(object_id), actor=actor_of(request))

        return perform(self, request, acts.TAKE, run=run, object_id=object_id)

    @action(description="退回队列", permissions=["work"], icon="undo")
    def give_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give it back."""

        def run(_: Any) -> None:
            review_cases.give_back(case_id=uuid.UUID(object_id), actor=actor_of(request))

        return perform(self, request, acts.GIVE_BACK, run=run, object_id=object_id)

    @action(description="通过", permissions=["decide"], icon="check_circle")
    def grant(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Grant it, alone or with a second person."""
        return self._decide(request, object_id, acts.GRANT, GRANTED)

    @action(description="拒绝", permissions=["decide"], icon="cancel")
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse it, alone or with a second person."""
        return self._decide(request, object_id, acts.REFUSE, REFUSED)

    def _decide(self, request: HttpRequest, object_id: str, act: Any, outcome: str) -> HttpResponse:
        case = self._case(request, object_id)
        form_class = acts.verdict_form(case, outcome)

        def run(given: Any) -> None:
            verdict = acts.verdict_of(outcome, given)
            if case is not None and takes_two(case):
                reason = f"{reason_titles(case.kind, outcome, list(verdict.codes))} {verdict.note}".strip()
                propose(
                    kind=KIND, subject=case.pk.hex, values=verdict.values, reason=reason[:200], actor=actor_of(request)
                )
            else:
                review_cases.decide_case(case_id=uuid.UUID(object_id), verdict=verdict, actor=actor_of(request))

        return perform(self, request, act, run=run, form_class=form_class, object_id=object_id)

    @action(description="补充核查", permissions=["decide"], icon="fact_check")
    def ask(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have something checked first."""

        def run(given: Any) -> None:
            review_tasks.ask_for_check(case_id=uuid.UUID(object_id), actor=actor_of(request), **given)

        return perform(self, request, acts.ASK, run=run, form_class=acts.AskForm, object_id=object_id)

    @action(description="查看影像", permissions=["work"], icon="photo_library")
    def pictures(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, keep it, and show the pictures for two minutes."""

        def run(given: Any) -> HttpResponse:
            found = review_cases.show_pictures(
                case_id=uuid.UUID(object_id), reason=given["reason"], actor=actor_of(request)
            )
            shown = [(title, reverse("admin:lending_reviewcase_picture", args=(token,))) for title, token in found]
            context = {
                **self.admin_site.each_context(request), "opts": self.opts, "title": acts.PICTURES.title,
                "pictures": shown, "back": reverse("admin:lending_reviewcase_change", args=(object_id,)),
            }  # fmt: skip
            answer = TemplateResponse(request, PICTURES_TEMPLATE, context)
            answer.headers["Cache-Control"] = "no-store"
            return answer

        return perform(self, request, acts.PICTURES, run=run, form_class=acts.PicturesForm, object_id=object_id)

    @action(description="查看业务", permissions=["subject"], icon="open_in_new")
    def subject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page of the thing under review."""
        rows = asked.visible_cases(sees_secrets=request.user.has_perm(SEES_LIST_HITS))
        case = rows.filter(pk=object_id).first()
        if case is None:
            raise Http404
        return HttpResponseRedirect(reverse(f"admin:{PAGES[case.kind]}_change", args=(case.subject_id,)))

    def get_urls(self) -> list[URLPattern]:
        """Add the address that opens a grant."""
        own = path("picture/<str:token>/", self.admin_site.admin_view(self.picture), name="lending_reviewcase_picture")
        return [own, *super().get_urls()]

    def picture(self, request: HttpRequest, token: str) -> HttpResponse:
        """Hand out what a grant opens; who opened it is on record."""
        if not self._may(request, None, lambda _: True):
            raise PermissionDenied
        try:
            opened = vault.open_grant(token)
        except NotFound as error:
            raise Http404 from error
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(opened.content, content_type=opened.content_type, headers=headers)


def _sees_hints(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(SEES_ALERTS))


def _lines(rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return NOTHING
    return format_html(
        '<table class="w-full">{}</table>',
        format_html_join(
            "", '<tr><td class="align-top pr-4 py-1 text-subtle whitespace-nowrap">{}</td>'
            '<td class="py-1 break-all">{}</td></tr>', rows,
        ),
    )  # fmt: skip
