"""The directory of banks at the province: who is how far, and the acts that move a bank."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import state, whole
from core.admin.pages import ReadOnlyPage
from core.approvals.operations import propose
from tenants.approvals import RESUME_BANK
from tenants.models import Bank
from tenants.models.bank import DRAFT, LIVE, PILOT, SUSPENDED, TEST
from tenants.operations import LaunchFacts, ask_facts, move_bank, record_launch_facts, set_licensed_regions
from tenants.readiness import checklist, missing
from tenants.states import BANK, BEGIN_PILOT, BEGIN_TEST, GO_LIVE, RESUME, SUSPEND

COLOURS: Final = {DRAFT: "info", TEST: "info", PILOT: "warning", LIVE: "success", SUSPENDED: "danger"}
ACTS: Final = {
    BEGIN_TEST: Act(title="进入测试", submit="进入测试", explanation="测试阶段不对客户开放。", done="已进入测试阶段"),
    BEGIN_PILOT: Act(
        title="开始试点", submit="开始试点", explanation="试点阶段起，客户可以扫码办理业务。", done="已进入试点阶段"
    ),
    GO_LIVE: Act(title="正式上线", submit="正式上线", explanation="上线后计入开通银行。", done="已正式上线"),
    SUSPEND: Act(
        title="暂停业务",
        submit="暂停业务",
        explanation="暂停后不再受理扫码、申请、开户与提款，已签署尚未放款的用信随即取消；还款、查询与投诉不受影响。对下一次请求即生效。",
        done="业务已暂停",
        danger=True,
    ),
    RESUME: Act(
        title="恢复业务",
        submit="提交复核",
        explanation="复核通过后恢复到暂停之前的阶段，对下一次请求即生效。",
        done="已提交，待另一名员工在“复核事项”中复核；复核通过前仍为暂停",
    ),
}


LICENSE: Final = Act(
    title="设定经营区域",
    submit="保存",
    explanation="该行只能在此区域内办理线上贷款（LN-04），各产品的服务区域只能更小。下一笔申请起生效，存量贷款不受影响。",
    done="经营区域已更新",
)
FACTS: Final = Act(
    title="上线资料", submit="保存", explanation="评估报告过期后，该行即不能线上开户（A1-4）。", done="上线资料已更新"
)
ASK: Final = Act(
    title="重新核对", submit="重新核对", explanation="请该行的系统重新上报已发布产品数和签名证书有效期，数秒后可见。",
    done="已请求，请稍后刷新本页",
)  # fmt: skip
SCHEMA: Final = whole("schema_name", "数据库模式")  # the column is the framework's, and named in English
TABLE: Final = "admin/table.html"
DONE: Final = {True: "已齐备", False: "缺失"}
SEPARATORS: Final = re.compile(r"[\s,，、;；]+")


class ReasonForm(ActForm):
    """Why a bank is moved; kept in the history."""

    reason = forms.CharField(label="原因", max_length=200, help_text="写入状态变更与审计日志")


class GoLiveForm(ReasonForm):
    """The same above the checklist."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the checklist of the bank that the initial values name."""
        super().__init__(*args, **kwargs)
        self.table = _table(Bank.objects.get(code=self.initial["code"]))


class FactsForm(ActForm):
    """What the checklist asks of the province."""

    phone = forms.CharField(label="客服电话", max_length=20)
    complaint_phone = forms.CharField(label="投诉电话", max_length=20)
    core_account = forms.CharField(label="核心清算账户", max_length=40, required=False)
    evaluation_number = forms.CharField(label="评估报告编号", max_length=60, required=False)
    evaluation_by = forms.CharField(label="评估机构", max_length=100, required=False)
    evaluation_expires_date = forms.DateField(label="评估报告有效期至", required=False)
    false_accept_percent = forms.DecimalField(
        label="误识率（%）",
        max_digits=9,
        decimal_places=6,
        min_value=0,
        max_value=100,
        required=False,
        help_text="按评估报告填写",
    )
    false_reject_percent = forms.DecimalField(
        label="拒真率（%）",
        max_digits=9,
        decimal_places=6,
        min_value=0,
        max_value=100,
        required=False,
        help_text="按评估报告填写",
    )
    reason = forms.CharField(label="依据", max_length=200, help_text="写入审计日志")


class RegionsForm(ActForm):
    """Where a bank may lend, and why that changes."""

    regions = forms.CharField(
        label="行政区划代码或前缀", max_length=400, help_text="两位、四位或六位，多项请用逗号分隔，例如 3207, 320806"
    )
    reason = forms.CharField(label="依据", max_length=200, help_text="写入审计日志")


class BankPage(ReadOnlyPage):
    """The banks of the province; they are opened by `manage.py open_bank`, and moved here."""

    list_display = ("code", "display_name", "name", "city", "region_code", state("stage", "阶段", COLOURS), "opened_at")
    list_filter = ("stage", "city")
    search_fields = ("code", "name", "display_name", "city")
    search_help_text = "按机构代码、名称或城市查找"
    ordering = ("code",)
    fieldsets = (
        (None, {"fields": (("code", "stage"), "name", "display_name", ("city", "region_code"), "regions")}),
        ("联系", {"fields": (("phone", "complaint_phone"), "address")}),
        (
            "上线资料",
            {
                "fields": (
                    "core_account",
                    ("evaluation_number", "evaluation_expires_date"),
                    "evaluation_by",
                    ("false_accept_percent", "false_reject_percent"),
                )
            },
        ),
        ("记录", {"fields": ((SCHEMA, "opened_at"),)}),
    )
    readonly_fields = ("regions", SCHEMA)
    actions_detail = (
        "checklist",
        "facts",
        "ask",
        "begin_test",
        "begin_pilot",
        "go_live",
        "license",
        "resume",
        "suspend",
    )

    @display(description="经营区域")
    def regions(self, row: Bank) -> str:
        """Show where the bank may lend."""
        return "、".join(row.lends_in)

    def _may(self, request: HttpRequest, object_id: Any, event: str) -> bool:
        if not request.user.has_perm("tenants.change_bank"):
            return False
        if object_id is None:
            return True
        stage = Bank.objects.filter(pk=object_id).values_list("stage", flat=True).first()
        return stage == SUSPENDED if event == RESUME else (stage, event) in BANK.table

    def has_begin_test_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the move where it is legal."""
        return self._may(request, object_id, BEGIN_TEST)

    def has_begin_pilot_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the move where it is legal."""
        return self._may(request, object_id, BEGIN_PILOT)

    def has_go_live_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the move where it is legal."""
        return self._may(request, object_id, GO_LIVE)

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the move where it is legal."""
        return self._may(request, object_id, SUSPEND)

    def has_resume_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the move where it is legal."""
        return self._may(request, object_id, RESUME)

    def has_license_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the setting of the regions."""
        del object_id
        return bool(request.user.has_perm("tenants.change_bank"))

    def has_facts_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the facts of the checklist to whoever moves banks."""
        return self.has_license_permission(request, object_id)

    def has_ask_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to ask the bank for its facts."""
        return self.has_license_permission(request, object_id)

    @action(description="上线检查", permissions=["view"], icon="checklist")
    def checklist(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what is there, what is missing, and what to do about it."""
        bank = Bank.objects.get(pk=object_id)
        lacking = len(missing(bank))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": f"上线检查：{bank.display_name}",
            "note": f"还缺 {lacking} 项，齐备前不能上线" if lacking else "各项已齐备，可以上线",
            "alarm": bool(lacking),
            "table": _table(bank),
        }
        return TemplateResponse(request, TABLE, context)

    @action(description="上线资料", permissions=["facts"], icon="edit_note")
    def facts(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter telephones, core account and evaluation report."""
        bank = Bank.objects.get(pk=object_id)

        def run(given: Any) -> None:
            told = {field.name: given[field.name] for field in fields(LaunchFacts)}
            record_launch_facts(
                code=bank.code, facts=LaunchFacts(**told), reason=given["reason"], actor=actor_of(request)
            )

        initial = {field.name: getattr(bank, field.name) for field in fields(LaunchFacts)}
        return perform(self, request, FACTS, run=run, form_class=FactsForm, initial=initial, object_id=object_id)

    @action(description="重新核对", permissions=["ask"], icon="sync")
    def ask(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the bank for the facts that lie in its schema."""
        code = Bank.objects.values_list("code", flat=True).get(pk=object_id)
        run = lambda _: ask_facts(code=code, actor=actor_of(request))  # noqa: E731 -- a closure over the request
        return perform(self, request, ASK, run=run, object_id=object_id)

    @action(description="经营区域", permissions=["license"], icon="map")
    def license(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Set where the bank may lend."""
        bank = Bank.objects.get(pk=object_id)

        def run(given: Any) -> None:
            regions = [part for part in SEPARATORS.split(given["regions"]) if part]
            set_licensed_regions(code=bank.code, regions=regions, reason=given["reason"], actor=actor_of(request))

        initial = {"regions": ", ".join(bank.lends_in)}
        return perform(
            self, request, LICENSE, run=run, form_class=RegionsForm, initial=initial, object_id=object_id
        )  # fmt: skip

    @action(description="进入测试", permissions=["begin_test"], icon="science")
    def begin_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move the bank."""
        return self._move(request, object_id, BEGIN_TEST)

    @action(description="开始试点", permissions=["begin_pilot"], icon="flag")
    def begin_pilot(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move the bank."""
        return self._move(request, object_id, BEGIN_PILOT)

    @action(description="正式上线", permissions=["go_live"], icon="rocket_launch")
    def go_live(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move the bank."""
        return self._move(request, object_id, GO_LIVE)

    @action(description="暂停业务", permissions=["suspend"], icon="pause_circle")
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move the bank."""
        return self._move(request, object_id, SUSPEND)

    @action(description="恢复业务", permissions=["resume"], icon="play_circle")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that the bank comes back to where it was suspended from."""
        code = Bank.objects.values_list("code", flat=True).get(pk=object_id)

        def run(given: Any) -> None:
            propose(kind=RESUME_BANK, subject=code, values={}, reason=given["reason"], actor=actor_of(request))

        return perform(self, request, ACTS[RESUME], run=run, form_class=ReasonForm, object_id=object_id)

    def _move(self, request: HttpRequest, object_id: str, event: str) -> HttpResponse:
        code = Bank.objects.values_list("code", flat=True).get(pk=object_id)
        return perform(
            self,
            request,
            ACTS[event],
            run=lambda given: (
                move_bank(code=code, event=event, reason=given["reason"], actor=actor_of(request)) and None
            ),
            form_class=GoLiveForm if event == GO_LIVE else ReasonForm,
            initial={"code": code},
            object_id=object_id,
        )


def _table(bank: Bank) -> dict[str, Any]:
    rows = [
        [item.title, DONE[item.is_done], item.found or "—", "" if item.is_done else item.advice]
        for item in checklist(bank)
    ]
    return {"headers": ["事项", "状态", "现有", "请办理"], "rows": rows}
