"""What the agreement of a line is to state: made of the line and its product, fixed when the customer signs, read back.

`agreed` is plain JSON, kept sealed with the drawdown in which it is signed, beside what its voucher states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from lending.agreements import Bounds
from lending.contracting import (
    ConsentGiven,
    Parties,
    agreement_template_of,
    confirmations,
    order_on,
    penalty_of,
    read_penalty,
    who_agrees,
)
from lending.contracts.agreement import AgreementData, MethodOffered, PriceRule
from lending.contracts.data import Borrower, Confirmation, Lender
from lending.disclosing import shortest
from lending.loan_terms import day_count_of, early_fee_percent_of
from lending.models import CreditLine, Disclosure, ProductVersion
from lending.models.product import DAY_COUNTS, METHODS, NEXT_WORKING_DAY, ONCE_PER_LINE, REPRICING
from lending.pricing import Price
from lending.purposes import label_of

METHOD_WORDS: Final = dict(METHODS)
DAY_COUNT_WORDS: Final = dict(DAY_COUNTS)


def signs_once(line: CreditLine) -> bool:
    """Tell whether a line's drawdowns are made under one agreement."""
    return line.product_version.contracting == ONCE_PER_LINE


def bounds_of(line: CreditLine, *, price: Price, legal_name: str, day: date) -> Bounds:
    """Return what an agreement of a line would say if it were signed on a business date, at the price of that day."""
    version = line.product_version
    return Bounds(
        limit_fen=line.limit_fen,
        annual_rate=price.annual_rate,
        valid_until_date=line.valid_until_date,
        terms={"lender": legal_name, **_terms(version, day)},
        template=agreement_template_of(version, product_code=line.product.code).text,
    )


def _terms(version: ProductVersion, day: date) -> dict[str, Any]:
    """Return what an agreement states of a product, but for its names: plain JSON, the same for the same terms."""
    methods = [
        [method, day_count_of(version, method), shortest(early_fee_percent_of(version, method))]
        for method in sorted(version.methods)
    ]
    return {
        "terms_months": sorted(version.terms_months),
        "purposes": [label_of(purpose) for purpose in sorted(version.purposes)],
        "methods": methods,
        "repricing": version.repricing,
        "penalty": penalty_of(version),
        "shifts_due_dates": version.holiday_rule == NEXT_WORKING_DAY,
        **order_on(day),
    }


def terms_in_words(terms: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the terms of an agreement as staff read them, by title."""
    penalty = terms["penalty"]
    unpaid = "利息和罚息" if penalty["compound_on_penalty"] else "利息"
    methods = [
        f"{METHOD_WORDS[method]}，{DAY_COUNT_WORDS[day_count]}，提前还款手续费 {fee}%"
        for method, day_count, fee in terms["methods"]
    ]
    return [
        ("贷款人", terms["lender"]),
        ("单笔期限", "、".join(map(str, terms["terms_months"])) + " 个月"),
        ("用途", "、".join(terms["purposes"])),
        ("还款方式", "；".join(methods)),
        ("利率方式", dict(REPRICING)[terms["repricing"]]),
        ("罚息加收", f"逾期 {penalty['overdue_markup_percent']}%，挪用 {penalty['misuse_markup_percent']}%"),
        ("复利", f"对未付{unpaid}计收" if penalty["compound"] else "不计收"),
        ("宽限期", f"{penalty['grace_days']} 天"),
        ("还款日遇节假日", "顺延" if terms["shifts_due_dates"] else "不顺延"),
        ("还款顺序", f"{'、'.join(terms['repayment_order'])}；逾期超过 {terms['principal_first_days']} 天先还本金"),
    ]


def line_agreed_on(
    line: CreditLine,
    *,
    price: Price,
    parties: Parties,
    disclosure: Disclosure,
    consents: Sequence[ConsentGiven],
    number: str,
    made_at: datetime,
) -> dict[str, Any]:
    """Return what an agreement is to state, as JSON, in the bounds of today."""
    bounds = bounds_of(line, price=price, legal_name=parties.lender.name, day=disclosure.business_date)
    return {
        "number": number,
        "contract_date": disclosure.business_date.isoformat(),
        "made_at": made_at.isoformat(),
        "product_name": line.product_version.name,
        **who_agrees(parties),
        "limit_fen": bounds.limit_fen,
        "start_date": line.starts_date.isoformat(),
        "valid_until_date": bounds.valid_until_date.isoformat(),
        "annual_rate": str(bounds.annual_rate),
        "price": {
            "lpr_rate": str(price.lpr_rate),
            "lpr_tenor": price.lpr_tenor,
            "lpr_date": price.lpr_date.isoformat(),
            "spread_bp": price.spread_bp,
        },
        "terms": bounds.terms,
        "template": bounds.template,
        **confirmations(disclosure, consents),
    }


def bounds_agreed(agreed: Mapping[str, Any]) -> Bounds:
    """Read the bounds of an agreement that is being signed."""
    return Bounds(
        limit_fen=agreed["limit_fen"],
        annual_rate=Decimal(agreed["annual_rate"]),
        valid_until_date=date.fromisoformat(agreed["valid_until_date"]),
        terms=agreed["terms"],
        template=agreed["template"],
    )


def agreement_of(agreed: Mapping[str, Any], *, template_version: str) -> AgreementData:
    """Read what was agreed back into the agreement's data.

    Raises:
        ContractDataError: it contradicts itself, or something that must be there is missing.
    """
    terms, price = agreed["terms"], agreed["price"]
    return AgreementData(
        number=agreed["number"],
        template_version=template_version,
        contract_date=date.fromisoformat(agreed["contract_date"]),
        made_at=datetime.fromisoformat(agreed["made_at"]),
        product_name=agreed["product_name"],
        lender=Lender(**agreed["lender"]),
        borrower=Borrower(**agreed["borrower"]),
        limit_fen=agreed["limit_fen"],
        start_date=date.fromisoformat(agreed["start_date"]),
        valid_until_date=date.fromisoformat(agreed["valid_until_date"]),
        terms_months=tuple(terms["terms_months"]),
        purposes=tuple(terms["purposes"]),
        methods=tuple(
            MethodOffered(method=method, day_count=day_count, early_fee_percent=Decimal(fee))
            for method, day_count, fee in terms["methods"]
        ),
        price=PriceRule(
            annual_rate=Decimal(agreed["annual_rate"]),
            lpr_rate=Decimal(price["lpr_rate"]),
            lpr_tenor=price["lpr_tenor"],
            lpr_date=date.fromisoformat(price["lpr_date"]),
            spread_bp=price["spread_bp"],
            repricing=terms["repricing"],
        ),
        penalty=read_penalty(terms["penalty"]),
        shifts_due_dates=terms["shifts_due_dates"],
        disclosure=Confirmation(**agreed["disclosure"]),
        consents=tuple(Confirmation(**given) for given in agreed["consents"]),
        repayment_order=tuple(terms["repayment_order"]),
        principal_first_days=terms["principal_first_days"],
    )
