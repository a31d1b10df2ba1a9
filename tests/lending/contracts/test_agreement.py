"""Agreements of lines and vouchers: what they state, what they refuse, and when an agreement serves a drawdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from lending.agreements import Bounds, SignAnew, why_anew
from lending.contracts.agreement import AgreementData
from lending.contracts.data import AgreementNamed, Payee
from lending.contracts.errors import ContractDataError, TemplateError
from lending.contracts.render import (
    render_agreement,
    render_voucher,
    standard_agreement,
    standard_template,
    voucher_template,
)
from lending.contracts.signing import refuse_without_seal_anchor
from lending.contracts.trial import trial_agreement, trial_data, try_agreement_template
from tests.lending.contracts.reading import open_pdf, text_of

DAY = date(2026, 5, 1)
SIGNED = Bounds(
    limit_fen=5_000_000, annual_rate=Decimal("6.0000"), valid_until_date=date(2027, 1, 10),
    terms={"methods": ["bullet"], "penalty": {"grace_days": 0}}, template="STD-0123abcd",
)  # fmt: skip
NEEDS: dict[str, tuple[dict[str, Any], SignAnew | None]] = {
    "the very same": ({}, None),
    "its last day": ({"day": date(2027, 1, 10)}, None),
    "the day after": ({"day": date(2027, 1, 11)}, SignAnew.TIME_OVER),
    "a line that ends sooner": ({"valid_until_date": date(2026, 6, 1)}, None),
    "a line that was made longer, within the time signed for": ({"valid_until_date": date(2028, 1, 10)}, None),
    "a lower limit": ({"limit_fen": 4_999_999}, None),
    "a limit higher by a fen": ({"limit_fen": 5_000_001}, SignAnew.LIMIT_HIGHER),
    "a lower price": ({"annual_rate": Decimal("5.9999")}, None),
    "the same price written shorter": ({"annual_rate": Decimal(6)}, None),
    "a price higher by a hundredth of a basis point": ({"annual_rate": Decimal("6.0001")}, SignAnew.PRICE_HIGHER),
    "a product version with another method": ({"terms": {**SIGNED.terms, "methods": []}}, SignAnew.OTHER_TERMS),
    "other days of grace": ({"terms": {**SIGNED.terms, "penalty": {"grace_days": 1}}}, SignAnew.OTHER_TERMS),
    "another text": ({"template": "OWN-0123abcd"}, SignAnew.OTHER_TEXT),
    "a line that has ended": ({"line_stands": False}, SignAnew.LINE_ENDED),
    "nothing signed yet": ({"signed": None}, SignAnew.NEVER_SIGNED),
}


@pytest.mark.parametrize("what", NEEDS)
def test_a_new_agreement_is_needed_only_beyond_what_was_signed(what: str) -> None:
    changes, reason = NEEDS[what]
    told = {name: changes.get(name, usual) for name, usual in (("day", DAY), ("line_stands", True), ("signed", SIGNED))}
    wanted = replace(SIGNED, **{name: value for name, value in changes.items() if name not in told})
    assert why_anew(told["signed"], wanted, day=told["day"], line_stands=told["line_stands"]) is reason


def test_every_reason_has_words_for_staff() -> None:
    assert len({reason.text for reason in SignAnew}) == len(SignAnew)


CONTRADICTIONS: dict[str, Callable[[AgreementData], AgreementData]] = {
    "no limit": lambda d: replace(d, limit_fen=0),
    "a day after the line's": lambda d: replace(d, contract_date=date(2027, 1, 11)),
    "a day before the line's": lambda d: replace(d, contract_date=date(2026, 1, 9)),
    "no method": lambda d: replace(d, methods=()),
    "a price that is not LPR plus spread": lambda d: replace(d, price=replace(d.price, spread_bp=299)),
    "a negative markup": lambda d: replace(d, penalty=replace(d.penalty, misuse_markup_percent=Decimal(-1))),
    "a debt named twice": lambda d: replace(d, repayment_order=("利息", "利息", "罚息", "复利", "本金")),
    "a hash that is none": lambda d: replace(d, disclosure=replace(d.disclosure, sha256="0" * 63)),
    "a blank purpose": lambda d: replace(d, purposes=(" ",)),
    "a naive time": lambda d: replace(d, made_at=datetime(2026, 1, 15)),  # noqa: DTZ001 -- the defect itself
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_an_agreement_refuses(what: str) -> None:
    with pytest.raises(ContractDataError):
        CONTRADICTIONS[what](trial_agreement())


@pytest.fixture(scope="module")
def agreement_pdf() -> bytes:
    return try_agreement_template(standard_agreement())


@pytest.fixture(scope="module")
def voucher_pdf() -> bytes:
    named = AgreementNamed(number="0002026XF0000000002", contract_date=date(2026, 1, 15))
    return render_voucher(voucher_template(), replace(trial_data(), agreement=named))


@pytest.mark.parametrize(
    "stated",
    [
        "个人循环借款合同", "人民币（大写）伍万元整（小写：¥50,000.00元）", "自2026年1月10日起至2027年1月10日止",
        "3、6、12个月之一", "等额本金，按月归还；随借随还，按日计息", "不高于6.00%", "加300个基点", "320583199001010010",
        "家庭日常消费", "签订本合同不等于借款", "每笔借款的金额", "以双方签署的借据为准", "12.00%",
        "等额本金，按月归还的，提前还款按提前归还本金的1%收取违约金", "随借随还，按日计息的，提前还款不收取违约金和手续费",
        "须由双方另签新的循环借款合同", "0123456789abcdef0123456789abcdef", "文本版本：试排",
    ],
)  # fmt: skip
def test_the_agreement_states(agreement_pdf: bytes, stated: str) -> None:
    assert stated in text_of(agreement_pdf).replace("\u3000", "").replace(" ", "").replace("\n", "")


@pytest.mark.parametrize(
    "stated",
    [
        "个人借款借据",
        "编号0002026XF0000000002，2026年1月15日签订", "壹万元整（小写：¥10,000.00元）", "6.00%：以2025年12月22日",
        "年化6.00%（按月内部收益率×12计算，单利）", "逾期年利率9.00%；挪用年利率12.00%", "6223240000000000010",
        "自主支付", "2026-02-155,000.0050.005,050.005,000.00", "合计10,000.0075.0010,075.00", "320583199001010010",
    ],
)  # fmt: skip
def test_the_voucher_states(voucher_pdf: bytes, stated: str) -> None:
    assert stated in text_of(voucher_pdf).replace("\u3000", "").replace(" ", "").replace("\n", "")


def test_other_terms_change_the_words_of_both() -> None:
    agreement, contract = trial_agreement(), trial_data()
    penalty = replace(contract.penalty, compound_on_penalty=True, grace_days=3)
    agreed = render_agreement(
        standard_agreement(),
        replace(
            agreement,
            penalty=penalty,
            shifts_due_dates=True,
            price=replace(
                agreement.price, spread_bp=-25, annual_rate=Decimal("2.7500"), lpr_tenor="5Y", repricing="anniversary"
            ),
        ),
    )
    text = text_of(agreed).replace(" ", "").replace("\n", "")
    for stated in (
        "减25个基点",
        "5年期以上",
        "放款后每满一年",
        "顺延至其后第一个工作日",
        "3日内足额还清",
        "对复利不再计收复利",
    ):
        assert stated in text, stated
    voucher = render_voucher(
        voucher_template(),
        replace(
            contract,
            method="interest_only",
            penalty=penalty,
            payee=Payee(name="样例商户", number="6223240000000000028", bank_name=None),
            early_repayment_fee_percent=Decimal("0.5"),
            rate=replace(contract.rate, all_in_basis="simple", day_count="act/365", repricing="every_january"),
            agreement=AgreementNamed(number="0002026XF0000000002", contract_date=date(2026, 1, 2)),
        ),
    )
    text = text_of(voucher).replace(" ", "").replace("\n", "")
    for stated in (
        "受托支付",
        "6223240000000000028",
        "按提前归还本金的0.5%",
        "实际天数/365",
        "每年1月1日",
        "2026年1月2日签订",
    ):
        assert stated in text, stated


def test_both_are_pdf_a_4_take_a_seal_and_are_the_same_bytes_each_time(
    agreement_pdf: bytes, voucher_pdf: bytes
) -> None:
    for pdf in (agreement_pdf, voucher_pdf):
        assert b"<pdfaid:part>4</pdfaid:part>" in open_pdf(pdf).root["/Metadata"].data
        refuse_without_seal_anchor(pdf)
    assert render_agreement(standard_agreement(), trial_agreement()) == agreement_pdf


def test_a_voucher_without_an_agreement_and_a_template_without_a_seal_are_refused() -> None:
    with pytest.raises(ContractDataError):
        render_voucher(voucher_template(), trial_data())
    with pytest.raises(TemplateError, match="印章"):
        try_agreement_template("没有签章位置")
    with pytest.raises(TemplateError):
        try_agreement_template(standard_template())  # the words of a contract for one drawdown are no agreement's
