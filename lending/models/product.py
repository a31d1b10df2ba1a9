"""Products and their versions, and who is invited to one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.crypto.fields import BlindIndexField, SealedTextField
from core.ids import new_id
from lending.decision.policy import LONGEST_TERM_MONTHS
from lending.loans.day_count import DayCount
from lending.loans.replanning import Keep
from lending.loans.repricing import ANNIVERSARY, EVERY_JANUARY, FIXED
from lending.loans.terms import RepaymentMethod, Settlement
from lending.models.bank_model import BankModelVersion
from lending.models.policy import PolicyColumns
from lending.purposes import BUSINESS_PURPOSES, CONSUMER, CONSUMER_PURPOSES, CONSUMPTION, KINDS

CODE: Final = r"^[A-Z][A-Z0-9]{1,7}$"
METHODS: Final = [
    (RepaymentMethod.EQUAL_INSTALMENT.value, "等额本息"),
    (RepaymentMethod.EQUAL_PRINCIPAL.value, "等额本金"),
    (RepaymentMethod.INTEREST_ONLY.value, "先息后本"),
    (RepaymentMethod.BULLET.value, "利随本清"),
    (RepaymentMethod.PAY_ANY_DAY.value, "随借随还"),
]
BULLET_LIKE: Final = frozenset(
    {RepaymentMethod.INTEREST_ONLY.value, RepaymentMethod.BULLET.value, RepaymentMethod.PAY_ANY_DAY.value}
)
LONGEST_BULLET_MONTHS: Final = 12
DAY_COUNTS: Final = [
    (DayCount.THIRTY_360.value, "按月计息（30/360）"),
    (DayCount.ACT_360.value, "按实际天数（实际/360）"),
    (DayCount.ACT_365.value, "按实际天数（实际/365）"),
]
TENORS: Final = [("1Y", "一年期"), ("5Y", "五年期以上")]


MODEL_STAGE_OF: Final = {"early_model": "early", "full_model": "full", "challenger_model": "full"}
"""The columns that name a model of the bank's own, and of which stage it must be."""
REPRICING: Final = [(FIXED, "固定利率"), (EVERY_JANUARY, "每年 1 月 1 日重定价"), (ANNIVERSARY, "每年对月对日重定价")]
KEEPS: Final = [(Keep.TERM.value, "期限不变，减少每期金额"), (Keep.INSTALMENT.value, "每期金额不变，缩短期限")]
SETTLEMENTS: Final = [
    (Settlement.MONTHLY.value, "按月"),
    (Settlement.QUARTERLY.value, "按季（季末月 20 日结息，21 日入账）"),
]
PER_DRAWDOWN: Final = "per_drawdown"
ONCE_PER_LINE: Final = "once_per_line"
CONTRACTING: Final = [
    (PER_DRAWDOWN, "每笔借款签订一份借款合同"),
    (ONCE_PER_LINE, "每个额度签订一份循环借款合同，每笔借款签借据"),
]
NOT_SHIFTED: Final = "not_shifted"
NEXT_WORKING_DAY: Final = "next_working_day"
HOLIDAY_RULES: Final = [(NOT_SHIFTED, "还款日不顺延"), (NEXT_WORKING_DAY, "还款日遇节假日顺延至下一工作日")]
CONSENTS: Final = [
    ("credit_query", "征信查询授权"),
    ("data_query", "其他信息查询授权"),
    ("third_party", "向第三方提供个人信息"),
    ("bureau_reporting", "征信报送授权"),
    ("auto_debit", "自动扣款授权"),
    ("e_sign", "电子签名与数字证书"),
    ("voice", "声纹信息处理"),
]
FACTS: Final = [("employer", "工作单位"), ("residence", "现居住地"), ("income", "收入")]
PURPOSE_CHOICES: Final = [*CONSUMER_PURPOSES.items(), *BUSINESS_PURPOSES.items()]
REGION: Final = r"^[1-9][0-9](?:[0-9]{2}){0,2}$"


def default_terms() -> list[int]:
    """Return the months that a draft begins with."""
    return [3, 6, 12]


def default_methods() -> list[str]:
    """Return the repayment method that a draft begins with."""
    return [RepaymentMethod.EQUAL_INSTALMENT.value]


def default_purposes() -> list[str]:
    """Return the purpose that a draft begins with."""
    return [CONSUMPTION]


def default_consents() -> list[str]:
    """Return the authorisations that every product of the union asks for unless its bank says otherwise (LN-06)."""
    return ["credit_query", "data_query", "bureau_reporting", "auto_debit", "e_sign"]


def default_facts() -> list[str]:
    """Return what applicants must state unless the bank says otherwise."""
    return ["income"]


class Product(models.Model):
    """One loan product of this bank, named by its code in entries, contracts and on the wire.

    Open or closed: a closed product takes no applications and lends nothing new; loans go on (PU-07a). It may open and close
    by schedule as well: it takes applications from `opens_date` on, and none from `closes_date` on (business dates). What it
    offers stands in its versions; which is in force on a day: `lending.queries.products`.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    code = models.CharField(
        "产品代码",
        max_length=8,
        unique=True,
        validators=[RegexValidator(CODE, "应为大写字母开头的 2 至 8 位字母或数字")],
    )
    is_open = models.BooleanField("受理申请", default=True, editable=False)
    opens_date = models.DateField("受理起始日", null=True, blank=True, editable=False)
    closes_date = models.DateField("停止受理日", null=True, blank=True, editable=False)
    created_by = models.CharField("创建人", max_length=150, blank=True, default="", editable=False)
    created_at = models.DateTimeField("创建时间", default=timezone.now, editable=False)

    class Meta:
        db_table = "lending_product"
        verbose_name = verbose_name_plural = "产品"
        ordering: ClassVar[list[str]] = ["code"]
        permissions = [("publish_product", "可以发布产品和开关受理")]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=CODE), name="lending_product_code"),
            models.CheckConstraint(
                condition=Q(opens_date=None) | Q(closes_date=None) | Q(closes_date__gt=F("opens_date")),
                name="lending_product_schedule",
            ),
        ]

    def __str__(self) -> str:
        """Show the code."""
        return self.code

    @property
    def has_schedule(self) -> bool:
        """Tell whether the day matters to whether it is open."""
        return self.opens_date is not None or self.closes_date is not None

    def is_open_on(self, day: date) -> bool:
        """Tell whether it takes applications and lends on a business date; the same in SQL: `open_on`."""
        begun = self.opens_date is None or self.opens_date <= day
        return self.is_open and begun and (self.closes_date is None or day < self.closes_date)


def open_on(day: date, prefix: str = "") -> Q:
    """Return the condition that a product, or the one behind `prefix`, is open on a business date."""
    named = {
        "is_open": Q(**{f"{prefix}is_open": True}),
        "begun": Q(**{f"{prefix}opens_date": None}) | Q(**{f"{prefix}opens_date__lte": day}),
        "going_on": Q(**{f"{prefix}closes_date": None}) | Q(**{f"{prefix}closes_date__gt": day}),
    }
    return named["is_open"] & named["begun"] & named["going_on"]


class ProductVersion(PolicyColumns):
    """All that a product offers and by which it decides, as it was published at one moment.

    States by `published_at`: draft (at most one a product, no number, may be changed) → published (numbered, never
    changed again, by trigger). It is in force from `effective_date` on, a business date not before that of its publishing;
    an empty one in a draft means the day of publishing. `edited_by` are the logins that had a hand in the draft: none of them
    may approve it. Applications keep the version that they began with. Rates are annual per cent; what decides is described
    in `lending.decision.policy`.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="versions", verbose_name="产品")
    number = models.PositiveIntegerField("版本号", null=True, blank=True, editable=False)
    name = models.CharField("产品名称", max_length=40)
    kind = models.CharField("贷款类别", max_length=10, choices=KINDS, default=CONSUMER)
    target = models.CharField("适用人群", max_length=100, blank=True, default="")
    introduction = models.TextField("产品介绍", max_length=2000, blank=True, default="")

    terms_months = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TERM_MONTHS)]),
        verbose_name="可选期限（月）",
        default=default_terms,
    )
    methods = ArrayField(
        models.CharField(max_length=20, choices=METHODS), verbose_name="还款方式", default=default_methods
    )
    day_count = models.CharField("计息基础", max_length=8, choices=DAY_COUNTS, default=DayCount.THIRTY_360.value)
    line_term_months = models.PositiveSmallIntegerField(
        "额度期限（月）", default=12, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TERM_MONTHS)]
    )
    long_cycle_grounds = models.CharField(
        "期限超过常规上限的理由", max_length=200, blank=True, default="", db_default="",
        help_text="LN-03：仅个人经营贷款；经营现金流回收周期较长的行业（如林果、奶牛养殖），说明理由后期限最长可至十年",
    )  # fmt: skip
    purposes = ArrayField(
        models.CharField(max_length=20, choices=PURPOSE_CHOICES), verbose_name="贷款用途", default=default_purposes
    )
    required_facts = ArrayField(
        models.CharField(max_length=20, choices=FACTS), verbose_name="必填资料", default=default_facts, blank=True
    )
    required_consents = ArrayField(
        models.CharField(max_length=20, choices=CONSENTS), verbose_name="须签署的授权", default=default_consents
    )
    service_regions = ArrayField(
        models.CharField(max_length=6, validators=[RegexValidator(REGION, "应为两位、四位或六位行政区划代码")]),
        verbose_name="服务区域（行政区划代码或前缀）",
    )

    overdue_markup_percent = models.DecimalField(
        "逾期罚息加收（%）", max_digits=6, decimal_places=2, default=Decimal(50),
        validators=[MinValueValidator(30), MaxValueValidator(50)],
        help_text="PEN-01，银发〔2003〕251号：在合同利率基础上加收 30% 至 50%",
    )  # fmt: skip
    misuse_markup_percent = models.DecimalField(
        "挪用罚息加收（%）", max_digits=6, decimal_places=2, default=Decimal(100),
        validators=[MinValueValidator(50), MaxValueValidator(100)],
        help_text="PEN-01，银发〔2003〕251号：在合同利率基础上加收 50% 至 100%",
    )  # fmt: skip
    compound_penalty = models.BooleanField("对逾期利息计收复利", default=True)
    compound_on_penalty = models.BooleanField(
        "对罚息计收复利", default=False, db_default=False,
        help_text="PEN-01：默认不计；开启须同时对逾期利息计收复利",
    )  # fmt: skip
    grace_days = models.PositiveSmallIntegerField("宽限期（天）", default=0, validators=[MaxValueValidator(3)])
    early_repayment_fee_percent = models.DecimalField(
        "提前还款手续费（%）", max_digits=6, decimal_places=2, default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(3)],
    )  # fmt: skip
    due_day = models.PositiveSmallIntegerField(
        "固定还款日", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(28)],
        help_text="留空则为放款日的对日（INT-06）",
    )  # fmt: skip
    settlement = models.CharField(
        "结息方式", max_length=9, choices=SETTLEMENTS, default=Settlement.MONTHLY.value,
        help_text="INT-06：按季结息仅适用于先息后本和随借随还，其还款日为季末月 21 日，不用固定还款日",
    )  # fmt: skip
    first_period_min_days = models.PositiveSmallIntegerField(
        "首期最少天数", default=0, validators=[MaxValueValidator(31)],
        help_text="固定还款日距放款日不足此天数的，首次还款顺延至下月",
    )  # fmt: skip
    holiday_rule = models.CharField(
        "还款日遇节假日", max_length=18, choices=HOLIDAY_RULES, default=NOT_SHIFTED,
        help_text="INT-07：顺延的，顺延期间照计利息，不计罚息",
    )  # fmt: skip
    repricing = models.CharField(
        "利率方式", max_length=14, choices=REPRICING, default=FIXED, help_text="INT-01：按最近公布的 LPR 加点重定价"
    )
    min_days = models.PositiveSmallIntegerField(
        "最少计息天数", default=0, validators=[MaxValueValidator(1)], help_text="INT-03：当日借当日还的计息天数"
    )
    prepayment_keeps = models.CharField(
        "部分提前还款后", max_length=10, choices=KEEPS, default=Keep.TERM.value, help_text="M8"
    )
    early_model = models.ForeignKey(
        BankModelVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="初筛模型",
        help_text="留空则使用标准模型",
    )  # fmt: skip
    full_model = models.ForeignKey(
        BankModelVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="授信模型",
        help_text="留空则使用标准模型",
    )  # fmt: skip
    challenger_model = models.ForeignKey(
        BankModelVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="挑战者模型",
        help_text="与授信模型同时试算，只作记录，不影响客户",
    )  # fmt: skip
    contracting = models.CharField(
        "合同签订方式", max_length=13, choices=CONTRACTING, default=PER_DRAWDOWN, db_default=PER_DRAWDOWN,
        help_text=(
            "每笔借款签订合同：客户每次用信各签一份完整的借款合同。每个额度签订一份：额度下首次用信时签订一份循环借款合同"
            "（最高借款余额、期限、还款方式和定价规则），以后每笔只签一份借据；每笔用信仍须阅读明示表、人脸核验和短信验证码。"
            "额度或利率高于合同、条款或合同文本变更、额度期满的，下一笔用信自动另签新合同"
        ),
    )  # fmt: skip
    contract_template = models.TextField(
        "合同模板（typst）", blank=True, default="", help_text="每笔签订时使用；留空则使用标准合同"
    )
    agreement_template = models.TextField(
        "循环借款合同模板（typst）", blank=True, default="", db_default="",
        help_text="每个额度签订一份时使用；留空则使用标准循环借款合同",
    )  # fmt: skip

    change_note = models.CharField("变更说明", max_length=200, blank=True, default="")
    effective_date = models.DateField(
        "生效日期", null=True, blank=True, help_text="营业日，不早于发布当日；留空则发布后立即生效"
    )
    edited_by = ArrayField(
        models.CharField(max_length=150), verbose_name="修改人", default=list, blank=True, editable=False
    )
    created_by = models.CharField("创建人", max_length=150, blank=True, default="", editable=False)
    created_at = models.DateTimeField("创建时间", default=timezone.now, editable=False)
    published_by = models.CharField("发布人", max_length=ACTOR_LENGTH, blank=True, default="", editable=False)
    published_at = models.DateTimeField("发布时间", null=True, blank=True, editable=False)

    class Meta:
        db_table = "lending_product_version"
        verbose_name = verbose_name_plural = "产品版本"
        ordering: ClassVar[list[str]] = ["product", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="lending_product_version_number_once"),
            models.UniqueConstraint(
                fields=["product"], condition=Q(published_at=None), name="lending_product_version_one_draft"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, number=None) | Q(published_at__isnull=False, number__gte=1),
                name="lending_product_version_published_has_number",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(effective_date__isnull=False),
                name="lending_product_version_published_has_date",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _ in KINDS]), name="lending_product_version_kind"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(min_amount_fen__gt=0, min_amount_fen__lte=F("max_amount_fen")),
                name="lending_product_version_amounts",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None)
                | Q(floor_rate__gte=0, floor_rate__lte=F("ceiling_rate"), ceiling_rate__lte=24),
                name="lending_product_version_rates",
            ),
            models.CheckConstraint(
                condition=Q(contracting__in=[word for word, _ in CONTRACTING]),
                name="lending_product_version_contracting",
            ),
            # LN-01a: consumer loans whose principal falls due at the end carry a line of twelve months at most.
            models.CheckConstraint(
                condition=Q(published_at=None)
                | ~Q(kind=CONSUMER)
                | ~Q(methods__overlap=sorted(BULLET_LIKE))
                | Q(line_term_months__lte=LONGEST_BULLET_MONTHS),
                name="lending_product_version_bullet_line",
            ),
        ]

    def __str__(self) -> str:
        """Show name and number."""
        return f"{self.name} {f'第 {self.number} 版' if self.number else '草稿'}"


class Invitation(models.Model):
    """One person whom the bank has invited to one product, perhaps with a limit promised in advance (A2-5).

    The limit caps what is offered. `village` and `manager` (the login of a customer manager, who sees these customers) say
    whose list it is. In force while `valid_until_date` has not passed, for ever where it is empty.

    PII: the ID number, sealed and found by keyed hash, to know the invited again; removed by the bank when the list is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="invitations", verbose_name="产品")
    id_number = SealedTextField("身份证号")
    id_number_index = BlindIndexField("身份证号摘要")
    limit_fen = models.BigIntegerField("预授额度（分）", null=True, blank=True)
    valid_until_date = models.DateField("有效期止", null=True, blank=True)
    village = models.CharField("村（社区）", max_length=60, blank=True, default="")
    manager = models.CharField("客户经理（工号）", max_length=150, blank=True, default="")
    created_by = models.CharField("录入人", max_length=150, blank=True, default="", editable=False)
    created_at = models.DateTimeField("录入时间", default=timezone.now, editable=False)

    class Meta:
        db_table = "lending_invitation"
        verbose_name = verbose_name_plural = "受邀客户"
        constraints = [
            models.UniqueConstraint(fields=["product", "id_number_index"], name="lending_invitation_once"),
            models.CheckConstraint(condition=Q(limit_fen=None) | Q(limit_fen__gt=0), name="lending_invitation_limit"),
        ]
        indexes = [models.Index(fields=["manager"], name="lending_invitation_manager")]
        permissions = [("view_own_invitation", "可以查看本人名下的受邀客户")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
