"""What a product version says about decisions: numbers that change without touching a model."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GRADES: Final = ("A", "B", "C", "D")
"""Grades that borrow, best first. `UNGRADED` stands for everybody else."""

UNGRADED: Final = "none"

ALL_IN_CEILING: Final = Decimal(24)
"""All-in annual cost that no loan may exceed, in per cent (金规〔2025〕9号 for partner loans; the house rule
for all)."""

LONGEST_TERM_MONTHS: Final = 120
"""No line and no loan is longer: ten years, for businesses whose money comes back late (LN-03, 令2024年第3号)."""

SHORT_TERM_MONTHS: Final = 12
"""A loan of up to a year is a short one: one year's LPR prices it (INT-01), its own term is all it is extended by (EXT-01)."""

_LONGEST_BY_ONE_YEAR_MONTHS = 60
_RATE_STEP = Decimal("0.0001")
_AMOUNT_MAX_FEN = 10**12


class PolicyFieldsError(ValueError):
    """Policy fields out of bounds or at odds; `problems` says why, field by field, in Chinese."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the problems by field."""
        super().__init__("；".join(f"{name}: {text}" for name, text in problems.items()))
        self.problems = dict(problems)


def _bounds(label: str, lowest: int, highest: int) -> dict[str, Any]:
    """Describe a number: its Chinese label and its bounds, both included."""
    return {"label": label, "lowest": Decimal(lowest), "highest": Decimal(highest)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFields:
    """The typed fields of a product version that decide; the defaults suit a wage earner's loan.

    `_fen` amounts in fen, `_rate` annual per cent, `_bp` basis points over LPR, `_percent` per cent,
    `_months` months. "At most" fields allow their own value: `max_queries_3m=6` refuses the seventh.
    `_reject_at` fields refuse it.
    """

    invitation_only: bool = field(default=False, metadata={"label": "仅限受邀客户"})
    reject_students: bool = field(default=True, metadata={"label": "不向在校学生放贷"})
    min_age: int = field(default=22, metadata=_bounds("最低年龄（周岁）", 18, 100))
    max_age: int = field(default=60, metadata=_bounds("最高年龄（周岁）", 18, 100))
    max_age_at_maturity: int = field(default=65, metadata=_bounds("到期时最高年龄（周岁）", 18, 100))
    id_validity_days: int = field(default=30, metadata=_bounds("身份证剩余有效天数下限", 0, 3650))

    reject_current_overdue: bool = field(default=True, metadata={"label": "有当前逾期即拒绝"})
    max_overdue_12m: int = field(default=2, metadata=_bounds("近 12 个月逾期期数上限", 0, 12))
    overdue_consecutive_reject_at: int = field(
        default=3, metadata=_bounds("近 24 个月连续逾期达到即拒绝（连三）", 1, 24)
    )
    overdue_total_reject_at: int = field(default=6, metadata=_bounds("近 24 个月累计逾期达到即拒绝（累六）", 1, 24))
    max_queries_3m: int = field(default=6, metadata=_bounds("近 3 个月征信查询次数上限", 0, 100))
    max_lenders: int = field(default=5, metadata=_bounds("在贷机构数上限", 0, 100))
    max_dti_percent: Decimal = field(default=Decimal(60), metadata=_bounds("月负债收入比上限（%）", 0, 100))

    allow_thin_file: bool = field(default=True, metadata={"label": "允许征信白户"})
    missing_source: Literal["review", "skip"] = field(
        default="review", metadata={"label": "政务数据缺失时：review 转人工，skip 跳过相关规则"}
    )
    declared_income_percent: Decimal = field(default=Decimal(60), metadata=_bounds("自报收入认可比例（%）", 0, 100))

    min_score: int = field(default=540, metadata=_bounds("准入最低分", 0, 1000))
    grade_a_min_score: int = field(default=720, metadata=_bounds("A 级最低分", 0, 1000))
    grade_b_min_score: int = field(default=660, metadata=_bounds("B 级最低分", 0, 1000))
    grade_c_min_score: int = field(default=600, metadata=_bounds("C 级最低分", 0, 1000))
    grade_d_min_score: int = field(default=540, metadata=_bounds("D 级最低分", 0, 1000))

    grade_a_spread_bp: int = field(default=100, metadata=_bounds("A 级加点（基点）", -500, 2400))
    grade_b_spread_bp: int = field(default=180, metadata=_bounds("B 级加点（基点）", -500, 2400))
    grade_c_spread_bp: int = field(default=300, metadata=_bounds("C 级加点（基点）", -500, 2400))
    grade_d_spread_bp: int = field(default=420, metadata=_bounds("D 级加点（基点）", -500, 2400))
    floor_rate: Decimal = field(default=Decimal("3.0000"), metadata=_bounds("年利率下限（%）", 0, 24))
    ceiling_rate: Decimal = field(default=Decimal("24.0000"), metadata=_bounds("年利率上限（%）", 0, 24))
    year_days: int = field(default=360, metadata=_bounds("计息年天数（360 或 365）", 360, 365))

    grade_a_income_multiple: Decimal = field(default=Decimal(12), metadata=_bounds("A 级月收入倍数", 0, 100))
    grade_b_income_multiple: Decimal = field(default=Decimal(9), metadata=_bounds("B 级月收入倍数", 0, 100))
    grade_c_income_multiple: Decimal = field(default=Decimal(6), metadata=_bounds("C 级月收入倍数", 0, 100))
    grade_d_income_multiple: Decimal = field(default=Decimal(3), metadata=_bounds("D 级月收入倍数", 0, 100))
    min_amount_fen: int = field(default=1_000_00, metadata=_bounds("最低额度", 1, _AMOUNT_MAX_FEN))
    max_amount_fen: int = field(default=200_000_00, metadata=_bounds("最高额度", 1, _AMOUNT_MAX_FEN))
    thin_file_max_amount_fen: int = field(default=20_000_00, metadata=_bounds("白户最高额度", 1, _AMOUNT_MAX_FEN))
    person_cap_fen: int = field(default=200_000_00, metadata=_bounds("单户各产品合计额度上限", 1, _AMOUNT_MAX_FEN))
    limit_step_fen: int = field(default=100_00, metadata=_bounds("额度取整单位（向下）", 1, _AMOUNT_MAX_FEN))
    term_months: int = field(default=12, metadata=_bounds("额度期限（月）", 1, LONGEST_TERM_MONTHS))

    def __post_init__(self) -> None:
        """Refuse fields that could not decide fairly.

        Raises:
            PolicyFieldsError: a value has another type, is out of its bounds, or contradicts another.
        """
        problems = _malformed(self)
        if not problems:
            problems = _contradictions(self)
        if problems:
            raise PolicyFieldsError(problems)

    @property
    def effective_ceiling_rate(self) -> Decimal:
        """The highest contract rate, in per cent: the bank's own, within an all-in cost of 24 %.

        At a year of 360 days the cost of a calendar year is the rate times 365/360, so 24 % all in is 23.6712
        %.
        """
        all_in = (ALL_IN_CEILING * self.year_days / 365).quantize(_RATE_STEP, rounding=ROUND_DOWN)
        return min(self.ceiling_rate, all_in)


def read_field(name: str, text: str) -> bool | int | Decimal | str:
    """Read a field that somebody has typed: its type is that of its default, amounts are in fen.

    Raises:
        PolicyFieldsError: there is no such field, or the value is ill-formed or out of its bounds.
    """
    item = next((item for item in fields(PolicyFields) if item.name == name), None)
    if item is None:
        raise PolicyFieldsError({name: "没有这一项"})
    value: bool | int | Decimal | str
    try:
        value = _READERS[type(item.default)](text.strip())
    except (ValueError, ArithmeticError, KeyError):
        raise PolicyFieldsError({name: "格式不正确"}) from None
    wrong = _complaint(item, value)
    if wrong:
        raise PolicyFieldsError({name: wrong})
    return value


_READERS: Final[Mapping[type, Callable[[str], Any]]] = {
    bool: {"true": True, "false": False}.__getitem__, int: int, Decimal: Decimal, str: str,
}  # fmt: skip


def lpr_tenor(term_months: int) -> Literal["1Y", "5Y"]:
    """Say which LPR prices a term: 1Y up to five years (beyond one by agreement), else 5Y (INT-01)."""
    return "1Y" if term_months <= _LONGEST_BY_ONE_YEAR_MONTHS else "5Y"


def label_of(name: str) -> str:
    """Return the Chinese label of a policy field."""
    return next(str(item.metadata["label"]) for item in fields(PolicyFields) if item.name == name)


def _malformed(policy: PolicyFields) -> dict[str, str]:
    found = {item.name: _complaint(item, getattr(policy, item.name)) for item in fields(policy)}
    return {name: text for name, text in found.items() if text}


def _complaint(item: Field[Any], value: Any) -> str:
    """Say what is wrong with a field's value, nothing where it may stand."""
    if isinstance(item.default, bool):
        return "" if isinstance(value, bool) else "应为是或否"
    if isinstance(item.default, str):
        return "" if value in ("review", "skip") else "应为 review 或 skip"
    if type(value) is not type(item.default):
        return "应为整数" if isinstance(item.default, int) else "应为精确小数"
    if not _within(value, item.metadata["lowest"], item.metadata["highest"]):
        return f"应在 {item.metadata['lowest']} 至 {item.metadata['highest']} 之间"
    if isinstance(value, Decimal) and value != value.quantize(_RATE_STEP):
        return "最多四位小数"
    return ""


def _within(value: Decimal | int, lowest: Decimal, highest: Decimal) -> bool:
    return Decimal(value).is_finite() and lowest <= value <= highest


def _contradictions(policy: PolicyFields) -> dict[str, str]:
    scores = [
        policy.grade_a_min_score,
        policy.grade_b_min_score,
        policy.grade_c_min_score,
        policy.grade_d_min_score,
    ]
    rules = {
        "max_age": (policy.max_age >= policy.min_age, "不得低于最低年龄"),
        "max_age_at_maturity": (policy.max_age_at_maturity >= policy.max_age, "不得低于最高年龄"),
        "grade_a_min_score": (scores == sorted(set(scores), reverse=True), "A、B、C、D 级最低分应依次递减"),
        "min_score": (policy.min_score >= policy.grade_d_min_score, "不得低于 D 级最低分"),
        "max_amount_fen": (policy.max_amount_fen >= policy.min_amount_fen, "不得低于最低额度"),
        "thin_file_max_amount_fen": (
            policy.thin_file_max_amount_fen >= policy.min_amount_fen,
            "不得低于最低额度",
        ),
        "person_cap_fen": (policy.person_cap_fen >= policy.min_amount_fen, "不得低于最低额度"),
        "limit_step_fen": (policy.limit_step_fen <= policy.min_amount_fen, "不得大于最低额度"),
        "year_days": (policy.year_days in (360, 365), "应为 360 或 365"),
        "floor_rate": (
            policy.floor_rate <= policy.effective_ceiling_rate,
            "高于可执行的年利率上限",
        ),
    }
    return {name: text for name, (holds, text) in rules.items() if not holds}
