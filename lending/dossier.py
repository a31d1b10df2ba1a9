"""What the dossier of a bank's identification mechanism says, in its four parts, from what is in force now (A1-3, A3-3)."""

from __future__ import annotations

from typing import Any, Final

from core.clock import business_date
from core.tenancy import current_bank
from tenants import directory
from tenants.mechanism import controls_in_force, evaluation, means_in_force
from tenants.switches import standing

# The order in which the operations call: `accounts.operations.opening` and `lending.operations.applying`, `deciding`.
OPENING: Final = (
    "本地规则：已注册、证件有效、年龄、税收居民身份、同类账户数、手机号与设备使用情况",
    "涉诈联合惩戒名单核对",
    "运营商核验：姓名、身份证号、手机号",
    "绑定银行卡要素核验",
    "公民身份信息联网核查",
    "人脸核验：活体检测，与联网核查照片或身份证照片比对",
    "真实意愿确认：开户目的，朗读、问答或短信验证码",
    "洗钱与制裁名单筛查，开户前再次筛查",
    "开立账户，并向人民银行账户管理系统备案",
)
APPLYING: Final = (
    "注册：身份证正反面识别、防伪告警、本人确认，运营商核验",
    "不需外部查询的准入规则；不符合的即拒绝，不作任何外部查询",
    "公民身份信息联网核查",
    "人脸核验",
    "洗钱与制裁名单筛查",
    "征信与政务数据授权查询，模型决策，需人工判断的转人工",
    "签约与提款各自再次人脸核验，签约另加短信验证码",
)
NONE: Final = "未登记"


def dossier_view() -> dict[str, Any]:
    """Return the parts as the template takes them, for the current bank: plain JSON."""
    card, now, report = directory.card_of(current_bank().code), standing(), evaluation()
    today = business_date()
    valid = report.expires_date is not None and report.expires_date >= today
    return {
        "legal_name": "" if card is None else card.name,
        "issued_date": today.isoformat(),
        "is_open": now.serves and valid,
        "opening": list(OPENING),
        "applying": list(APPLYING),
        "means": [
            [
                each.title, "启用" if not each.switch or now.makes(each.switch) else "省级停用", each.vendor,
                each.algorithm, each.threshold,
            ]
            for each in means_in_force()
        ],
        "controls": [list(row) for row in controls_in_force()],
        "report": [
            ["评估报告编号", report.number or NONE],
            ["评估机构", report.by or NONE],
            ["有效期至", NONE if report.expires_date is None else report.expires_date.isoformat()],
            ["状态", "有效" if valid else "无有效报告，线上开户已关闭"],
            ["误识率（FAR）", _percent(report.false_accept_percent)],
            ["拒真率（FRR）", _percent(report.false_reject_percent)],
        ],
    }  # fmt: skip


def _percent(value: Any) -> str:
    return NONE if value is None else f"{value.normalize():f}%"
