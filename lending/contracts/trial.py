"""Trying a template before it is published: a contract of no one, set and looked over."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from lending.contracts.agreement import AgreementData, MethodOffered, PriceRule
from lending.contracts.data import (
    Borrower,
    Confirmation,
    ContractData,
    Instalment,
    Lender,
    Penalty,
    Rate,
    ReceivingAccount,
)
from lending.contracts.errors import SigningError, TemplateError
from lending.contracts.render import render_agreement, render_contract
from lending.contracts.signing import refuse_without_seal_anchor

_SAMPLE_HASH = "0123456789abcdef" * 4


def trial_data(*, legal_name: str = "样例农村商业银行股份有限公司") -> ContractData:
    """Return a small consistent contract of an invented borrower: 10,000.00 in two instalments."""
    return ContractData(
        number="0002026XF0000000001",
        template_version="试排",
        contract_date=date(2026, 1, 15),
        made_at=datetime(2026, 1, 15, tzinfo=UTC),
        product_name="样例贷款",
        lender=Lender(
            legal_name=legal_name,
            address="样例市样例路1号",
            service_phone="0500-00000000",
            complaint_phone="0500-00000001",
            complaint_channel="营业网点、微信小程序“投诉建议”",
        ),
        borrower=Borrower(name="样例", id_number="320583199001010010", phone="13900000000", address="样例市样例路2号"),
        principal_fen=1_000_000,
        purpose="家庭日常消费",
        term_months=2,
        start_date=date(2026, 1, 15),
        maturity_date=date(2026, 3, 15),
        method="equal_principal",
        rate=Rate(
            annual_rate=Decimal("6.0000"),
            lpr_rate=Decimal("3.0000"),
            lpr_tenor="1Y",
            lpr_date=date(2025, 12, 22),
            spread_bp=300,
            all_in_annual_rate=Decimal("6.0000"),
            all_in_basis="monthly_irr",
            day_count="30/360",
        ),
        penalty=Penalty(overdue_markup_percent=Decimal(50), misuse_markup_percent=Decimal(100), compound=True),
        instalments=(
            Instalment(
                number=1,
                due_date=date(2026, 2, 15),
                principal_fen=500_000,
                interest_fen=5_000,
                balance_fen=500_000,
            ),
            Instalment(number=2, due_date=date(2026, 3, 15), principal_fen=500_000, interest_fen=2_500, balance_fen=0),
        ),
        account=ReceivingAccount(number="6223240000000000010", bank_name=legal_name),
        disclosure=Confirmation(title="综合融资成本明示表", id="0" * 32, sha256=_SAMPLE_HASH),
        consents=(Confirmation(title="个人征信查询授权书", id="1" * 32, sha256=_SAMPLE_HASH),),
    )


def trial_agreement(*, legal_name: str = "样例农村商业银行股份有限公司") -> AgreementData:
    """Return a small consistent agreement of the same invented borrower: 50,000.00 for a year."""
    contract = trial_data(legal_name=legal_name)
    return AgreementData(
        number="0002026XF0000000002",
        template_version="试排",
        contract_date=contract.contract_date,
        made_at=contract.made_at,
        product_name=contract.product_name,
        lender=contract.lender,
        borrower=contract.borrower,
        limit_fen=5_000_000,
        start_date=date(2026, 1, 10),
        valid_until_date=date(2027, 1, 10),
        terms_months=(3, 6, 12),
        purposes=(contract.purpose,),
        methods=(
            MethodOffered(method="equal_principal", day_count="30/360", early_fee_percent=Decimal(1)),
            MethodOffered(method="pay_any_day", day_count="act/360", early_fee_percent=Decimal(0)),
        ),
        price=PriceRule(
            annual_rate=contract.rate.annual_rate,
            lpr_rate=contract.rate.lpr_rate,
            lpr_tenor=contract.rate.lpr_tenor,
            lpr_date=contract.rate.lpr_date,
            spread_bp=contract.rate.spread_bp,
            repricing=contract.rate.repricing,
        ),
        penalty=contract.penalty,
        shifts_due_dates=False,
        disclosure=contract.disclosure,
        consents=contract.consents,
    )


def try_agreement_template(template_source: str, *, legal_name: str = "样例农村商业银行股份有限公司") -> bytes:
    """Set the trial agreement in a template, as `try_template` sets a contract.

    Raises:
        TemplateError, GlyphMissing: see there.
    """
    return _sealable(render_agreement(template_source, trial_agreement(legal_name=legal_name)))


def try_template(template_source: str, *, legal_name: str = "样例农村商业银行股份有限公司") -> bytes:
    """Set the trial contract in a template and return the PDF, to be looked at before publishing.

    What this lets pass will render and take a seal; whether its words are right is for people to read.

    Raises:
        TemplateError: the template does not compile, or marks no place for the seal.
        GlyphMissing: it holds a character that the font lacks.
    """
    return _sealable(render_contract(template_source, trial_data(legal_name=legal_name)))


def _sealable(pdf: bytes) -> bytes:
    """Return a PDF that marks a place for the seal.

    Raises:
        TemplateError: it marks none.
    """
    try:
        refuse_without_seal_anchor(pdf)
    except SigningError as error:
        raise TemplateError(line=None, reason=str(error)) from error
    return pdf
