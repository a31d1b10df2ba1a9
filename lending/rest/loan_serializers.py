"""What goes in and out of the calls on drawdowns, contracts, loans and repayments."""

from __future__ import annotations

import uuid
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.ids import parse_id
from core.rest.fields import AmountField, IdField, OneOfField, RateField, WholeField
from core.rest.lists import page_schema
from lending.loans.classification import Category
from lending.loans.repaying import RepaymentKind
from lending.loans.replanning import Keep
from lending.loans.terms import MAX_PERIODS, RepaymentMethod
from lending.models.drawdown import STATUSES as DRAWDOWN_STATUSES
from lending.models.entrusted import STATUSES as ENTRUSTED_STATUSES
from lending.models.paper import KINDS as PAPER_KINDS
from lending.models.repayment import STATUSES as REPAYMENT_STATUSES
from lending.purposes import PURPOSES
from lending.queries.contracts import DOCUMENTS
from lending.rest.application_serializers import PurposeField
from lending.states.loans import DRAWDOWN_ON_THE_WIRE, LOAN_ON_THE_WIRE

METHODS: Final = [method.value for method in RepaymentMethod]
SHA256: Final = r"^[0-9a-f]{64}$"
REPAYMENT_KINDS: Final = [kind.value for kind in RepaymentKind]
KEEPS: Final = [keep.value for keep in Keep]
PAYEE_NUMBER: Final = r"^[0-9A-Za-z-]{6,34}$"
MOST_PROOFS: Final = 10
ID_SCHEMA: Final = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
HEX: Final = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}


class PayeeBody(serializers.Serializer[Any]):
    """To whom the money is passed on."""

    name = serializers.CharField(max_length=60, help_text="收款人户名")
    number = serializers.RegexField(PAYEE_NUMBER, help_text="收款人账号")
    bank = serializers.CharField(max_length=60, required=False, help_text="收款人开户行")


@extend_schema_field(
    {
        "oneOf": [ID_SCHEMA, {"type": "array", "items": ID_SCHEMA, "maxItems": MOST_PROOFS}],
        "description": "一个或多个 uploads 的编号，种类 proof",
    }
)
class ProofField(serializers.Field[list[uuid.UUID], Any, list[str], Any]):
    """What proves a drawdown's purpose: the id of an upload, or several."""

    def to_internal_value(self, data: Any) -> list[uuid.UUID]:
        """Read one id or a list of them."""
        given = data if isinstance(data, list) else [data]
        found = [parse_id(each) if isinstance(each, str) else None for each in given]
        ids = [each for each in found if each is not None]
        if len(ids) != len(given) or len(ids) > MOST_PROOFS:
            raise serializers.ValidationError(f"须为上传编号，最多 {MOST_PROOFS} 个")
        return ids

    def to_representation(self, value: list[uuid.UUID]) -> list[str]:
        """Write the ids."""
        return [each.hex for each in value]


class DrawdownBody(serializers.Serializer[Any]):
    """POST drawdowns."""

    credit_line = IdField()
    amount = AmountField()
    term = WholeField(min_value=1, max_value=MAX_PERIODS, help_text="期限（月）")
    method = OneOfField(METHODS)
    account = IdField(help_text="收款账户")
    purpose = PurposeField()
    payee = PayeeBody(required=False, help_text="受托支付的收款人；单笔超过自主支付上限时必填")
    proof = ProofField(required=False, help_text="用途凭证（uploads 的编号，种类 proof）；单笔超过自主支付上限时必填")


class DisclosureBody(serializers.Serializer[Any]):
    """POST drawdowns/{id}/disclosure."""

    sha256 = serializers.RegexField(SHA256)
    read_seconds = WholeField(min_value=0, max_value=86_400)


class PhoneCodeGiven(serializers.Serializer[Any]):
    """A one-time code and the message that it came with."""

    id = IdField()
    code = serializers.RegexField(r"^[0-9]{6}$")


class SignBody(serializers.Serializer[Any]):
    """POST drawdowns/{id}/sign."""

    face_token = serializers.CharField(max_length=128)
    phone_code = PhoneCodeGiven()


class DisburseBody(serializers.Serializer[Any]):
    """POST drawdowns/{id}/disburse."""

    face_token = serializers.CharField(max_length=128)


class PlannedInstalment(serializers.Serializer[Any]):
    """One row of a schedule before it is a loan's."""

    number = serializers.IntegerField()
    due_date = serializers.DateField()
    principal = AmountField()
    interest = AmountField()
    total = AmountField()
    balance = AmountField()


class DisclosureLine(serializers.Serializer[Any]):
    """One line of the table of costs."""

    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes it off the class again
    value = serializers.CharField()


class DisclosureDocument(serializers.Serializer[Any]):
    """The table of costs, to be read for `min_read_seconds` and confirmed by its hash."""

    sha256 = serializers.RegexField(SHA256)
    lines = DisclosureLine(many=True)
    all_in_annual_rate = RateField()
    all_in_basis = serializers.ChoiceField(["irr", "simple"])
    min_read_seconds = serializers.IntegerField()
    confirmed = serializers.BooleanField()


class ContractOfDrawdown(serializers.Serializer[Any]):
    """What was signed for a drawdown."""

    id = IdField()
    number = serializers.CharField()
    sha256 = serializers.RegexField(SHA256)


class EntrustedPayeeDocument(serializers.Serializer[Any]):
    """To whom a drawdown's money is passed on, masked, and how far that is."""

    name = serializers.CharField()
    number = serializers.CharField()
    bank = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField([status for status, _ in ENTRUSTED_STATUSES])
    reason_code = serializers.CharField(allow_null=True)


class DrawdownDocument(serializers.Serializer[Any]):
    """A drawdown."""

    id = IdField()
    status = serializers.ChoiceField(
        [status for status, _ in DRAWDOWN_STATUSES if status in DRAWDOWN_ON_THE_WIRE.values()]
    )
    credit_line = IdField()
    product = serializers.CharField()
    amount = AmountField()
    term = serializers.IntegerField()
    method = serializers.ChoiceField(METHODS)
    account = IdField()
    purpose = serializers.ChoiceField(sorted(PURPOSES))
    payee = EntrustedPayeeDocument(allow_null=True)
    proof = serializers.ListField(child=IdField())
    annual_rate = RateField()
    instalments = PlannedInstalment(many=True)
    total_interest = AmountField()
    disclosure = DisclosureDocument()
    contract = ContractOfDrawdown(allow_null=True)
    agreement = ContractOfDrawdown(
        allow_null=True, help_text="循环借款合同；产品按额度签订一次的，contract 为其项下的借据，其他产品为空"
    )
    loan = IdField(allow_null=True)
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="草稿失效时间")
    disburse_by = serializers.DateField(allow_null=True, help_text="最迟放款的营业日")


@extend_schema_field(
    {
        "oneOf": [
            {
                "type": "object",
                "properties": {
                    "leaf": HEX,
                    "index": {"type": "integer"},
                    "tree_size": {"type": "integer"},
                    "root": HEX,
                    "proof": {"type": "array", "items": HEX},
                    "content": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "required": ["leaf", "index", "tree_size", "root", "proof", "content"],
            },
            {"type": "string", "enum": ["pending"]},
        ],
        "nullable": True,
        "description": "存证：叶散列、序号、树的大小、根散列和包含证明（RFC 9162）；尚未入树为 pending",
    }
)
class EvidenceField(serializers.JSONField):
    """The proof that a contract's hash is in the evidence log, or `pending`."""


class ContractDocument(serializers.Serializer[Any]):
    """A signed contract, voucher (借据), or agreement of a line (循环借款合同)."""

    id = IdField()
    number = serializers.CharField()
    sha256 = serializers.RegexField(SHA256)
    kind = serializers.ChoiceField(DOCUMENTS)
    agreement = IdField(allow_null=True, help_text="借据所属的循环借款合同，可按 contracts/{id} 查看和下载")
    drawdown = IdField(help_text="循环借款合同为签订时的用信")
    loan = IdField(allow_null=True)
    contract_date = serializers.DateField()
    signed_at = serializers.DateTimeField()
    evidence = EvidenceField()


class VerifyBody(serializers.Serializer[Any]):
    """POST contracts/verify, multipart."""

    file = serializers.FileField(allow_empty_file=True, max_length=255)


class VerificationDocument(serializers.Serializer[Any]):
    """What can be said of a file; of one that is not valid `reasons` says why."""

    valid = serializers.BooleanField()
    document = serializers.ChoiceField([*DOCUMENTS, *(kind for kind, _ in PAPER_KINDS)], allow_null=True)
    number = serializers.CharField(allow_null=True)
    signed_at = serializers.DateTimeField(allow_null=True)
    evidence = EvidenceField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())


class OverdueDocument(serializers.Serializer[Any]):
    """How long a loan is overdue, and what puts that right."""

    days = serializers.IntegerField()
    amount = AmountField()


class NextDueDocument(serializers.Serializer[Any]):
    """What is to be paid next."""

    number = serializers.IntegerField()
    due_date = serializers.DateField()
    amount = AmountField()


class LoanDocument(serializers.Serializer[Any]):
    """A loan as it stands on the business date."""

    id = IdField()
    status = serializers.ChoiceField(sorted(set(LOAN_ON_THE_WIRE.values())))
    product = serializers.CharField()
    drawdown = IdField()
    contract = IdField()
    credit_line = IdField()
    account = IdField()
    principal = AmountField()
    outstanding_principal = AmountField()
    accrued_interest = AmountField(help_text="截至营业日未付的合同利息")
    annual_rate = RateField()
    method = serializers.ChoiceField(METHODS)
    term = serializers.IntegerField()
    start_date = serializers.DateField()
    maturity_date = serializers.DateField()
    overdue = OverdueDocument()
    classification = serializers.ChoiceField([category.value for category in Category])
    next_due = NextDueDocument(allow_null=True)
    settled_date = serializers.DateField(allow_null=True)


class LoanInstalment(PlannedInstalment):
    """One row of a loan's schedule: `paid` is all that was paid on it, penalty and compound interest included."""

    paid = AmountField()
    status = serializers.ChoiceField(["pending", "due", "overdue", "paid"])


class ScheduleDocument(serializers.Serializer[Any]):
    """A loan's schedule."""

    instalments = LoanInstalment(many=True)


class RepaymentQuoteBody(serializers.Serializer[Any]):
    """POST loans/{id}/repayments/quote."""

    kind = OneOfField(REPAYMENT_KINDS)
    amount = AmountField(
        required=False, help_text="due、any：还款总额；early_partial：提前归还的本金，到期款项、利息和手续费另计"
    )
    keep = OneOfField(
        KEEPS, required=False, help_text="early_partial：期限不变（term）或每期金额不变（instalment），默认按产品约定"
    )


class AllocationDocument(serializers.Serializer[Any]):
    """What a repayment pays, by kind."""

    fee = AmountField()
    penalty = AmountField()
    compound = AmountField()
    interest = AmountField()
    principal = AmountField()
    total = AmountField()


class RepaymentBody(RepaymentQuoteBody):
    """POST loans/{id}/repayments."""

    account = IdField(help_text="还款账户")


class RepaymentDocument(serializers.Serializer[Any]):
    """A repayment; `balance_after` is the principal that the loan still owes after it."""

    id = IdField()
    loan = IdField()
    kind = serializers.ChoiceField(REPAYMENT_KINDS)
    status = serializers.ChoiceField([status for status, _ in REPAYMENT_STATUSES])
    account = IdField(allow_null=True, help_text="柜面或转账来款的还款没有账户")
    amount = AmountField()
    allocation = AllocationDocument()
    balance_after = AmountField(allow_null=True)
    reason_code = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    posted_at = serializers.DateTimeField(allow_null=True)
    reversed_at = serializers.DateTimeField(allow_null=True)


class JourneyStepDocument(serializers.Serializer[Any]):
    """One step of the way; `resource` is a path under the bank's base."""

    name = serializers.ChoiceField(["register", "apply", "open_account", "sign", "drawdown", "repay"])
    status = serializers.ChoiceField(["todo", "doing", "done", "skipped", "blocked"])
    resource = serializers.CharField(allow_null=True)
    reason_code = serializers.CharField(allow_null=True)


class JourneyDocument(serializers.Serializer[Any]):
    """Where the customer is."""

    steps = JourneyStepDocument(many=True)
    next = serializers.CharField(allow_null=True)


DrawdownPage = page_schema(DrawdownDocument, "DrawdownPage")
LoanPage = page_schema(LoanDocument, "LoanPage")
RepaymentPage = page_schema(RepaymentDocument, "RepaymentPage")
