"""A bank's own decision models: begun from a template, edited under the lint, tried on cases, published by a second person."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Final, cast

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import state
from core.admin.pages import AddingPage, ReadOnlyPage, ReadOnlyTable
from core.approvals.operations import propose
from core.errors import Problem
from lending.admin.case_form import case_form, read_case
from lending.admin.model_cases import pretty
from lending.admin.model_report import OUTCOMES, TEMPLATE, Report, table
from lending.approvals import MODEL_EDITOR, MODEL_PUBLISH
from lending.decision.features import Stage, features
from lending.modelling import TEMPLATES, ModelRefused, node_names, run_cases
from lending.models import BankModel, BankModelVersion, ModelCase
from lending.models.bank_model import CODE
from lending.operations.models import (
    add_case,
    discard_model_draft,
    ready_to_publish,
    save_model_draft,
    start_model,
    start_model_draft,
)

EDITOR: Final = "admin/decision_model_change.html"
NODES: Final = {
    "inputNode": "入口", "outputNode": "出口", "expressionNode": "计算", "decisionTableNode": "决策表",
}  # fmt: skip
KINDS: Final = {"boolean": "是否", "integer": "整数", "number": "数值", "string": "文本"}
STAGE_COLOURS: Final = {"early": "info", "full": "primary"}
START: Final = Act(
    title="新建决策模型",
    submit="新建",
    explanation="由模板生成一份草稿。修改、用例通过并由另一人复核发布后，产品版本才能选用；模型代码不可更改。",
    done="模型已新建，请编辑草稿",
)
EDIT: Final = Act(
    title="修改决策模型",
    submit="开始修改",
    explanation="由最新版本生成一份草稿（已有草稿则继续）。已发布的版本不变，选用它的产品也不变。",
    done="草稿已就绪",
)
PUBLISH: Final = Act(
    title="提交发布复核",
    submit="提交",
    explanation="由未参与修改的另一人在“复核事项”中通过后发布。提交后再修改草稿或用例，须重新提交。",
    done="已提交，等待复核",
)
DISCARD: Final = Act(title="放弃草稿", submit="放弃", explanation="草稿将被删除，已发布的版本不变。", done="草稿已删除",
                     danger=True)  # fmt: skip
ADD_CASE: Final = Act(
    title="新增模型用例",
    submit="保存用例",
    explanation="用例是模拟的申请人和应得的结果，不得填写真实客户的资料。该模型今后每个版本发布前，全部用例都须通过。",
    done="用例已保存",
)


class StartForm(ActForm):
    """What a new model is called and what it begins as."""

    code = forms.RegexField(CODE, label="模型代码", help_text="小写字母开头的字母、数字或连字符，例如 retail-full")
    title = forms.CharField(label="模型名称", max_length=40)
    template = forms.ChoiceField(label="模板", choices=[(name, title) for name, (_, title) in TEMPLATES.items()])


class ReasonForm(ActForm):
    """Why it is to be published."""

    reason = forms.CharField(label="发布理由", max_length=200)


class ModelVersionTable(ReadOnlyTable):
    """The versions of a model, the draft first."""

    model = BankModelVersion
    fields = ("version", "change_note", "created_by", "published_by", "published_at")
    readonly_fields = fields
    ordering = (models.F("number").desc(nulls_first=True),)
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[BankModelVersion]:
        """Leave the contents where they are."""
        rows: QuerySet[BankModelVersion] = super().get_queryset(request)
        return rows.defer("content").select_related("model")

    @display(description="版本")
    def version(self, row: BankModelVersion) -> str:
        """Show the number, or that it is a draft."""
        return f"第 {row.number} 版" if row.number else "草稿"


class ModelCaseTable(ReadOnlyTable):
    """The cases that every version of a model must pass."""

    model = ModelCase
    fields = ("name", "expected_outcome", "created_by", "created_at")
    readonly_fields = fields
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelCase]:
        """Leave out the withdrawn ones."""
        rows: QuerySet[ModelCase] = super().get_queryset(request)
        return rows.filter(removed_at=None)


class BankModelPage(AddingPage):
    """The models of this bank."""

    adding = START
    adding_form = StartForm
    list_display = (
        "title",
        "code",
        state("stage", "阶段", STAGE_COLOURS),
        "latest",
        "has_draft",
        "created_by",
        "created_at",
    )
    list_filter = ("stage",)
    search_fields = ("code", "title")
    ordering = ("code",)
    inlines = (ModelVersionTable, ModelCaseTable)
    actions_detail = ("edit", "add_case")
    readonly_fields = ("latest",)
    fieldsets = ((None, {"fields": (("title", "code"), ("stage", "latest"), ("created_by", "created_at"))}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BankModel]:
        """Fetch the latest number and whether there is a draft with each model."""
        rows: QuerySet[BankModel] = super().get_queryset(request)
        drafts = BankModelVersion.objects.filter(model=models.OuterRef("pk"), published_at=None)
        return rows.annotate(number=models.Max("versions__number"), draft=models.Exists(drafts))

    @display(description="最新版本")
    def latest(self, row: Any) -> str:
        """Show the latest published number."""
        return f"第 {row.number} 版" if row.number else "（尚未发布）"

    @display(description="有草稿", boolean=True)
    def has_draft(self, row: Any) -> bool:
        """Say whether somebody is changing the model."""
        return bool(row.draft)

    def perform_add(self, request: HttpRequest, given: Any) -> Any:
        """Add a model with a first draft."""
        return _version_address(start_model(**given, actor=actor_of(request)))

    def has_edit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer changes to whoever may change versions."""
        del object_id
        return bool(request.user.has_perm(MODEL_EDITOR))

    has_add_case_permission = has_edit_permission

    @action(description="修改", permissions=["edit"], icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin or go on with a draft."""
        run = lambda _: _version_address(start_model_draft(model_id=uuid.UUID(object_id), actor=actor_of(request)))  # noqa: E731
        return perform(self, request, EDIT, run=run, object_id=object_id)

    @action(description="新增用例", permissions=["add_case"], icon="add_task")
    def add_case(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Keep a case."""
        row = get_object_or_404(BankModel, pk=object_id)

        def run(given: Any) -> None:
            add_case(model_id=row.pk, **read_case(given, stage=row.stage), actor=actor_of(request))

        return perform(self, request, ADD_CASE, run=run, form_class=case_form(row.stage), object_id=object_id)


class BankModelVersionPage(ReadOnlyPage):
    """The versions of all models: a draft is edited on a page of its own, publishing is an act of two people."""

    list_display = ("model", "version", "change_note", "edited_at", "published_by", "published_at")
    list_filter = ("model",)
    list_select_related = ("model",)
    ordering = ("model__code", models.F("number").desc(nulls_first=True))
    actions_detail = ("edit", "look", "publish", "back_test", "discard")
    change_form_template = TEMPLATE
    readonly_fields = ("version", "editors")
    fieldsets = (
        (None, {"fields": (("model", "version"), "change_note", ("based_on", "editors"))}),
        ("记录", {"fields": (("created_by", "created_at"), ("edited_at",), ("published_by", "published_at"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[BankModelVersion]:
        """Leave the contents where they are until a page asks for one."""
        rows: QuerySet[BankModelVersion] = super().get_queryset(request)
        return rows.defer("content")

    @display(description="版本", ordering="number")
    def version(self, row: BankModelVersion) -> str:
        """Show the number, or that it is a draft."""
        return f"第 {row.number} 版" if row.number else "草稿"

    @display(description="修改人")
    def editors(self, row: BankModelVersion) -> str:
        """Name who had a hand in it, and cannot publish it."""
        return "、".join(row.edited_by) or "—"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show how the version does in the saved cases, and the nodes it is made of."""
        row = self.get_object(request, object_id)
        context = {**(extra_context or {}), "report": None if row is None else _report(row)}
        return cast("HttpResponse", super().change_view(request, object_id, form_url, context))

    # The acts.

    def _may(self, request: HttpRequest, object_id: Any, *, is_draft: bool) -> bool:
        if not request.user.has_perm(MODEL_EDITOR):
            return not is_draft and self.has_view_permission(request)
        return (
            object_id is None or BankModelVersion.objects.filter(pk=object_id, published_at__isnull=is_draft).exists()
        )

    def has_edit_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the editor of a draft."""
        return self._may(request, object_id, is_draft=True)

    has_publish_permission = has_edit_permission
    has_discard_permission = has_edit_permission

    def has_look_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the sight of what cannot be changed."""
        return self._may(request, object_id, is_draft=False)

    def has_back_test_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer a replay over past decisions."""
        del object_id
        return bool(request.user.has_perm("lending.add_backtest"))

    @action(description="编辑模型", permissions=["edit"], icon="account_tree")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Edit a draft: what has an error is shown with node, row and reason, and is not saved."""
        row = get_object_or_404(BankModelVersion.objects.select_related("model"), pk=object_id)
        if request.method != "POST":
            return self._editor(request, row, text=pretty(row.content), note=row.change_note)
        text, note = str(request.POST.get("text", "")), str(request.POST.get("change_note", ""))[:200]
        seen_at = str(request.POST.get("seen_at", ""))
        try:
            save_model_draft(version_id=row.pk, text=text, change_note=note, seen_at=seen_at, actor=actor_of(request))
        except Problem as problem:
            return self._editor(request, row, text=text, note=note, problem=problem, seen_at=seen_at)
        self.message_user(request, "草稿已保存，检查未发现错误")
        return HttpResponseRedirect(_version_address(row.pk))

    @action(description="查看模型", permissions=["look"], icon="account_tree")
    def look(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a model that cannot be changed."""
        row = get_object_or_404(BankModelVersion.objects.select_related("model"), pk=object_id)
        return self._editor(request, row, text=pretty(row.content), note=row.change_note, is_read_only=True)

    def _editor(
        self,
        request: HttpRequest,
        row: BankModelVersion,
        *,
        text: str,
        note: str,
        problem: Problem | None = None,
        seen_at: str = "",
        is_read_only: bool = False,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": str(row),
            "text": text,
            "change_note": note,
            "seen_at": seen_at or row.edited_at.isoformat(),
            "is_read_only": is_read_only,
            "problem": [] if problem is None else [problem.detail or problem.title],
            "findings": _findings(problem, text),
            "features": _features(row.model.stage),
            "back": _version_address(row.pk),
        }
        return TemplateResponse(request, EDITOR, context, status=200 if problem is None else 422)

    @action(description="提交发布", permissions=["publish"], icon="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put the draft before a second person."""

        def run(given: Any) -> None:
            values = ready_to_publish(version_id=uuid.UUID(object_id))
            propose(
                kind=MODEL_PUBLISH, subject=uuid.UUID(object_id).hex, values=values, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, PUBLISH, run=run, form_class=ReasonForm, object_id=object_id)

    @action(description="历史回放", permissions=["back_test"], icon="history")
    def back_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go on to a replay of this version."""
        del request
        return HttpResponseRedirect(f"{reverse('admin:lending_backtest_add')}?candidate={object_id}")

    @action(description="放弃草稿", permissions=["discard"], icon="delete")
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Drop the draft."""
        model_id = BankModelVersion.objects.values_list("model_id", flat=True).get(pk=object_id)

        def run(_: Any) -> str:
            discard_model_draft(version_id=uuid.UUID(object_id), actor=actor_of(request))
            return reverse("admin:lending_bankmodel_change", args=(model_id,))

        return perform(self, request, DISCARD, run=run, object_id=object_id)


def _version_address(version_id: uuid.UUID) -> str:
    return reverse("admin:lending_bankmodelversion_change", args=(version_id,))


def _findings(problem: Problem | None, text: str) -> dict[str, Any]:
    if not isinstance(problem, ModelRefused):
        return {}
    names = problem.names or node_names(text)
    rows = [
        [_node_link(found.node, names), found.row or "—", found.column or "—", found.reason]
        for found in problem.findings
    ]
    told = [{"node": found.node, "row": found.row, "reason": found.reason} for found in problem.findings]
    return {"headers": ["节点", "行", "列", "原因"], "rows": rows, "told": json.dumps(told, ensure_ascii=False)}


def _node_link(node: str, names: Mapping[str, str]) -> str:
    """Name a node so that the visual editor, where there is one, goes to it by a click."""
    if not node:
        return "模型"
    return format_html('<span class="cursor-pointer" data-jdm-node="{}">{}</span>', node, names.get(node, node))


def _features(stage: str) -> dict[str, Any]:
    rows = [
        [feature.label, feature.path, KINDS[feature.kind], feature.guard or "—"]
        for feature in features(cast("Stage", stage)).values()
    ]
    return {"headers": ["数据", "名称", "类型", "可能缺失，须先判断"], "rows": rows}


def _report(row: BankModelVersion) -> Report:
    cases = list(ModelCase.objects.filter(model_id=row.model_id, removed_at=None).order_by("name"))
    results = run_cases(row, cases)
    shown = [
        [
            result.case.name,
            "通过" if result.passed else "未通过",
            _outcome(result.case.expected_outcome, result.case.expected_reasons, result.case.expected_limit_fen),
            result.failure or _outcome(result.outcome, result.reasons, result.limit_fen),
        ]
        for result in results
    ]
    passed = sum(result.passed for result in results)
    note = f"{passed} / {len(results)} 通过" if results else "尚无用例；可在模型页新增"
    nodes = [[node["name"], NODES[node["type"]], node["id"]] for node in json.loads(row.content)["nodes"]]
    return Report(
        tables=[
            table("用例", ["用例", "结果", "应得", "实得"], shown, note=note),
            table("节点", ["节点", "类型", "编号"], nodes, note=f"共 {len(nodes)} 个"),
        ]
    )


def _outcome(outcome: str, reasons: Any, limit_fen: int | None) -> str:
    parts = [OUTCOMES.get(outcome, "—"), "、".join(reasons), "" if limit_fen is None else f"{exact(limit_fen)} 元"]
    return "；".join(part for part in parts if part)
