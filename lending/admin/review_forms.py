"""The acts of the review queue and their forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django import forms

from core.admin.acts import Act, ActForm
from core.admin.amounts import exact
from core.admin.fields import YuanField
from core.clock import business_date
from lending.models import ReviewCase
from lending.models.review import APPLICATION, CANCELLED, GRANTED, TASK_OUTCOMES, TASKS
from lending.review_parameters import task_days
from lending.review_reasons import REASONS
from lending.review_verdicts import Verdict

TAKE: Final = Act(title="领取", submit="领取", done="已领取", explanation="领取后由您审核；不能处理的请退回队列。")
TAKE_NEXT: Final = Act(
    title="领取下一件", submit="领取", done="已领取", explanation="领取您有权审核的事项中等待最久、尚无人领取的一件。"
)
GIVE_BACK: Final = Act(title="退回队列", submit="退回", done="已退回队列", explanation="退回后其他审核人可以领取。")
GRANT: Final = Act(
    title="审核通过",
    submit="通过",
    explanation="授信在模型测算的额度内核定，客户确认后生效。达到本行双人审核金额的，提交后须由另一人复核。",
    done="已提交",
)
REFUSE: Final = Act(
    title="审核拒绝",
    submit="拒绝",
    explanation="客户看到统一的文案，审核理由仅行内可见。达到本行双人审核金额的，提交后须由另一人复核。",
    done="已提交",
    danger=True,
)
PICTURES: Final = Act(
    title="查看影像",
    submit="查看",
    done="",
    explanation="事由写入审计日志，每次打开影像都留有记录。链接 2 分钟内有效。",
)
ASK: Final = Act(
    title="发起补充核查", submit="发起", done="补充核查已发起",
    explanation="网点面核生成预约码，请告知客户携带身份证和预约码到网点办理。客户端仍显示人工审核中。",
)  # fmt: skip
FINISH: Final = Act(title="登记核查结果", submit="登记", done="核查结果已登记", explanation="登记后不能修改。")
BY_CODE: Final = Act(
    title="登记面核结果", submit="登记", done="面核结果已登记",
    explanation="请核对客户的身份证件和预约码，面核后登记结果。登记后不能修改。",
)  # fmt: skip
RESULTS: Final = [(word, title) for word, title in TASK_OUTCOMES if word != CANCELLED]
ABOUT_NOTES: Final = "请勿填写客户姓名、证件号码等信息"


def verdict_form(case: ReviewCase | None, outcome: str) -> type[ActForm]:
    """Return the form for one outcome of one case: its own reasons, and the limit where there is one to be set.

    A limit that is left empty is the model's.
    """
    known = [] if case is None else list(REASONS.get((case.kind, outcome), {}).items())
    fields: dict[str, Any] = {
        "code": forms.ChoiceField(label="主要理由", choices=known),
        "second_code": forms.ChoiceField(label="其他理由", choices=[("", "—"), *known], required=False),
    }
    if case is not None and case.kind == APPLICATION and outcome == GRANTED and case.amount_fen is not None:
        told = f"模型测算 {exact(case.amount_fen)} 元；不填按测算额度，只能下调"
        fields["limit"] = YuanField(label="核定额度（元）", required=False, help_text=told)
    fields["note"] = forms.CharField(label="审核说明", max_length=150, required=False, help_text=ABOUT_NOTES)
    return type("VerdictForm", (ActForm,), fields)


def verdict_of(outcome: str, given: Mapping[str, Any]) -> Verdict:
    """Return what was filled in."""
    codes = tuple(dict.fromkeys(code for code in (given["code"], given["second_code"]) if code))
    return Verdict(outcome=outcome, codes=codes, note=given["note"], limit_fen=given.get("limit"))


class PicturesForm(ActForm):
    """Why somebody needs to see the pictures."""

    reason = forms.CharField(label="查看事由", max_length=100, help_text="写入审计日志；" + ABOUT_NOTES)


class AskForm(ActForm):
    """What is to be checked, how and until when."""

    kind = forms.ChoiceField(label="方式", choices=TASKS)
    question = forms.CharField(label="核实内容", max_length=200, help_text=ABOUT_NOTES)
    due_date = forms.DateField(label="完成期限")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Propose the bank's usual time."""
        super().__init__(*args, **kwargs)
        self.fields["due_date"].initial = business_date() + timedelta(days=task_days())


class FinishForm(ActForm):
    """How it came out."""

    outcome = forms.ChoiceField(label="核实结果", choices=TASK_OUTCOMES)
    note = forms.CharField(label="结果说明", max_length=200, required=False, help_text=ABOUT_NOTES)


class ByCodeForm(ActForm):
    """Who came with which code, and what was seen."""

    code = forms.RegexField(label="预约码", regex=r"^\d{8}$", help_text="8 位数字")
    outcome = forms.ChoiceField(label="核实结果", choices=RESULTS)
    note = forms.CharField(label="结果说明", max_length=200, help_text=ABOUT_NOTES)
