"""What a contract is to state: gathered and fixed when the customer signs, read back by every attempt at signing.

`agreed` is plain JSON, kept sealed with the drawdown; `contract_of` makes the same `ContractData` of it each time.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from accounts.queries import AccountView
from lending import parameters
from lending.contracts.data import (
    AgreementNamed,
    Borrower,
    Confirmation,
    ContractData,
    Instalment,
    Lender,
    Payee,
    Penalty,
    Rate,
    ReceivingAccount,
)
from lending.contracts.render import standard_agreement, standard_template, voucher_template
from lending.loan_terms import day_count_of, early_fee_percent_of
from lending.loans.terms import Schedule
from lending.models import Disclosure, Drawdown, EntrustedPayment, ProductVersion
from lending.models.product import NEXT_WORKING_DAY
from lending.pricing import Price
from lending.purposes import label_of
from tenants.directory import BankCard
from verification.queries import Identity

TABLE: Final = "综合融资成本明示表"
COMPLAINTS: Final = "贷款人营业网点、微信小程序“投诉建议”"
ADDRESS_UNKNOWN: Final = "以贷款人营业执照登记的住所为准"
BASES: Final = {"irr": "monthly_irr", "simple": "simple"}
DEBTS: Final = {
    "fee_fen": "费用", "compound_fen": "复利", "penalty_fen": "罚息", "interest_fen": "利息", "principal_fen": "本金",
}  # fmt: skip
HASH_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """A consent that rests behind the contract."""

    id: uuid.UUID
    title: str
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who concludes a contract, and to which account the money goes."""

    lender: BankCard
    borrower: Identity
    phone: str
    account: AccountView


def agreed_on(
    drawdown: Drawdown,
    *,
    parties: Parties,
    price: Price,
    schedule: Schedule,
    disclosure: Disclosure,
    consents: Sequence[ConsentGiven],
    made_at: datetime,
) -> dict[str, Any]:
    """Return what a contract is to state, all but its number, as JSON."""
    version = drawdown.line.product_version
    return {
        "contract_date": disclosure.business_date.isoformat(),
        "made_at": made_at.isoformat(),
        "product_name": version.name,
        **who_agrees(parties),
        "principal_fen": drawdown.amount_fen,
        "purpose": label_of(drawdown.purpose),
        "term_months": drawdown.term_months,
        "maturity_date": schedule.maturity_date.isoformat(),
        "method": drawdown.method,
        "rate": {
            "annual_rate": str(price.annual_rate),
            "lpr_rate": str(price.lpr_rate),
            "lpr_tenor": price.lpr_tenor,
            "lpr_date": price.lpr_date.isoformat(),
            "spread_bp": price.spread_bp,
            "all_in_annual_rate": str(schedule.all_in_annual_rate),
            "all_in_basis": BASES[schedule.all_in_basis],
            "day_count": day_count_of(version, drawdown.method),
            "repricing": version.repricing,
        },
        "penalty": penalty_of(version),
        "instalments": [
            [row.number, row.due_date.isoformat(), row.principal_fen, row.interest_fen, row.balance_fen]
            for row in schedule.instalments
        ],
        "account": {"number": parties.account.number, "bank_name": parties.lender.name},
        "payee": _payee(drawdown),
        **confirmations(disclosure, consents),
        "shifts_due_dates": version.holiday_rule == NEXT_WORKING_DAY,
        "early_repayment_fee_percent": str(early_fee_percent_of(version, drawdown.method)),
        **order_on(disclosure.business_date),
    }


def who_agrees(parties: Parties) -> dict[str, Any]:
    """Return lender and borrower as a contract states them."""
    return {
        "lender": _lender(parties.lender),
        "borrower": {
            "name": parties.borrower.name,
            "id_number": parties.borrower.id_number,
            "phone": parties.phone,
            "address": parties.borrower.address,
        },
    }


def penalty_of(version: ProductVersion) -> dict[str, Any]:
    """Return what default costs by a product version."""
    return {
        "overdue_markup_percent": str(version.overdue_markup_percent),
        "misuse_markup_percent": str(version.misuse_markup_percent),
        "compound": version.compound_penalty,
        "compound_on_penalty": version.compound_on_penalty,
        "grace_days": version.grace_days,
    }


def order_on(day: date) -> dict[str, Any]:
    """Return in which order debts are paid by the rules of a day (ALLOC-01)."""
    return {
        "repayment_order": [DEBTS[kind] for kind in parameters.allocation_order(day)],
        "principal_first_days": parameters.non_accrual_days(day),
    }


def confirmations(disclosure: Disclosure, consents: Sequence[ConsentGiven]) -> dict[str, Any]:
    """Return what the customer has confirmed before signing."""
    return {
        "disclosure": _confirmation(TABLE, disclosure.pk, bytes(disclosure.sha256)),
        "consents": [_confirmation(given.title, given.id, given.sha256) for given in consents],
    }


def _lender(card: BankCard) -> dict[str, str]:
    return {
        "legal_name": card.name,
        "address": card.address or ADDRESS_UNKNOWN,
        "service_phone": card.phone,
        "complaint_phone": card.complaint_phone,
        "complaint_channel": COMPLAINTS,
    }


def _payee(drawdown: Drawdown) -> dict[str, str | None] | None:
    row = EntrustedPayment.objects.filter(drawdown=drawdown).first()
    return (
        None
        if row is None
        else {"name": row.payee_name, "number": row.payee_number, "bank_name": row.payee_bank or None}
    )


def _confirmation(title: str, row_id: uuid.UUID, sha256: bytes) -> dict[str, str]:
    return {"title": title, "id": row_id.hex, "sha256": sha256.hex()}


def contract_of(agreed: Mapping[str, Any], *, number: str, template_version: str) -> ContractData:
    """Read what was agreed back into the contract's data.

    Raises:
        ContractDataError: it contradicts itself, or something that must be there is missing.
    """
    contract_date = date.fromisoformat(agreed["contract_date"])
    rate = dict(agreed["rate"])
    for name in ("annual_rate", "lpr_rate", "all_in_annual_rate"):
        rate[name] = Decimal(rate[name])
    rate["lpr_date"] = date.fromisoformat(rate["lpr_date"])
    under = agreed.get("agreement")
    return ContractData(
        number=number,
        template_version=template_version,
        contract_date=contract_date,
        made_at=datetime.fromisoformat(agreed["made_at"]),
        product_name=agreed["product_name"],
        lender=Lender(**agreed["lender"]),
        borrower=Borrower(**agreed["borrower"]),
        principal_fen=agreed["principal_fen"],
        purpose=agreed["purpose"],
        term_months=agreed["term_months"],
        start_date=contract_date,
        maturity_date=date.fromisoformat(agreed["maturity_date"]),
        method=agreed["method"],
        rate=Rate(**rate),
        penalty=read_penalty(agreed["penalty"]),
        instalments=tuple(_instalment(row) for row in agreed["instalments"]),
        account=ReceivingAccount(**agreed["account"]),
        payee=Payee(**agreed["payee"]) if agreed.get("payee") else None,
        disclosure=Confirmation(**agreed["disclosure"]),
        consents=tuple(Confirmation(**given) for given in agreed["consents"]),
        shifts_due_dates=agreed.get("shifts_due_dates", False),
        early_repayment_fee_percent=Decimal(agreed["early_repayment_fee_percent"]),
        **_order(agreed),
        agreement=None
        if under is None
        else AgreementNamed(number=under["number"], contract_date=date.fromisoformat(under["contract_date"])),
    )


def read_penalty(agreed: Mapping[str, Any]) -> Penalty:
    """Read back what default costs."""
    percents = {name: Decimal(agreed[name]) for name in ("overdue_markup_percent", "misuse_markup_percent")}
    return Penalty(**{**agreed, **percents})


def _order(agreed: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a contract says of the order of debts; one that was signed before it said so keeps the usual words."""
    if "repayment_order" not in agreed:
        return {}
    return {
        "repayment_order": tuple(agreed["repayment_order"]), "principal_first_days": agreed["principal_first_days"],
    }  # fmt: skip


def _instalment(row: Sequence[Any]) -> Instalment:
    number, due_date, principal_fen, interest_fen, balance_fen = row
    return Instalment(
        number=number,
        due_date=date.fromisoformat(due_date),
        principal_fen=principal_fen,
        interest_fen=interest_fen,
        balance_fen=balance_fen,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A contract's template, and its name as it stands in the foot of every page: product, version, hash."""

    source: str
    version: str

    @property
    def text(self) -> str:
        """Name the text alone: whose it is and its hash, whichever version uses it."""
        return text_named(self.version)


def text_named(template_version: str) -> str:
    """Return what a template's full name says of the text alone."""
    return template_version.rpartition(" ")[2]


def template_of(version: ProductVersion, *, product_code: str) -> Template:
    """Return the template by which a product's contracts are set: its own, else the standard one."""
    return _template(version, product_code, own=version.contract_template, standard=standard_template())


def agreement_template_of(version: ProductVersion, *, product_code: str) -> Template:
    """Return the template by which a product's agreements of lines are set: its own, else the standard one."""
    return _template(version, product_code, own=version.agreement_template, standard=standard_agreement())


def voucher_template_of(version: ProductVersion, *, product_code: str) -> Template:
    """Return the template by which drawdowns under an agreement are evidenced."""
    return _template(version, product_code, own="", standard=voucher_template())


def _template(version: ProductVersion, product_code: str, *, own: str, standard: str) -> Template:
    source = own.strip() or standard
    digest = hashlib.sha256(source.encode()).hexdigest()[:HASH_SHOWN]
    return Template(
        source=source, version=f"{product_code}-{version.number} {'OWN' if own.strip() else 'STD'}-{digest}"
    )


def bundle_digest(bundle: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a signing bundle in its canonical form: JSON, sorted keys, no blanks, UTF-8."""
    text = json.dumps(bundle, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
