"""Fill a bank with borrowers who wait for their money: `python -m bench.borrowers --bank 125 --upto 5000`.

Everything that a disbursement checks is really there, in rows like those that the operations before it leave: the
person, the account kept here, the application with its authorisations, the line with the amount held, the drawdown
with its confirmed table of costs and its contract, a passed face check with its token. Ids and tokens follow from a
borrower's number, so that whoever draws, in this system or without it, finds the rows of a number without asking.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import django

BATCH: Final = 500
AMOUNT_FEN: Final = 10_000_00
LIMIT_FEN: Final = 50_000_00
MONTHS: Final = 12
BORN: Final = date(1960, 1, 1)
REGION: Final = "320706"
WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FAMILY: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文"
KINDS: Final = {
    "customer": 1, "account": 2, "card": 3, "session": 4, "application": 5, "line": 6, "drawdown": 7, "contract": 8,
    "face_check": 9, "check": 10, "face_token": 11, "disclosure": 12, "consent": 16,
}  # fmt: skip


def id_of(kind: str, number: int, nth: int = 0) -> uuid.UUID:
    """Return the id of a borrower's row of a kind; `nth` tells rows of one kind apart."""
    return uuid.UUID(f"{KINDS[kind] + nth:08x}-0000-7000-8000-{number:012x}")


def face_token_of(number: int) -> str:
    """Return the text of the token that a borrower pays out with."""
    return f"bench-face-{number:032d}"


def bearer_of(number: int) -> str:
    """Return the text of a borrower's login."""
    return f"bench-bearer-{number:030d}"


def _id_number(number: int) -> str:
    """Make an ID number with a right check digit, another for each borrower."""
    born = BORN + timedelta(days=number % 14_000)
    body = f"{REGION}{born:%Y%m%d}{number // 14_000:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def _name(number: int) -> str:
    family, rest = FAMILY[number % len(FAMILY)], number // len(FAMILY)
    return family + GIVEN[rest % len(GIVEN)] + GIVEN[rest // len(GIVEN) % len(GIVEN)]


@dataclass(slots=True)
class Common:
    """What all borrowers share: the product, the bank's texts and certificate, the day."""

    bank: str
    version: Any
    certificate_id: uuid.UUID
    texts: list[Any]
    today: date
    moment: Any
    tables: dict[str, list[Any]] = field(default_factory=dict)

    def put(self, row: Any) -> None:
        """Keep a row until its batch is written."""
        self.tables.setdefault(type(row).__name__, []).append(row)

    def write(self) -> None:
        """Write what was kept, table by table in the order in which rows were first kept."""
        for rows in self.tables.values():
            type(rows[0]).objects.bulk_create(rows)
        self.tables.clear()

    def leaf(self, kind: str, subject: str, digest: bytes) -> uuid.UUID:
        """Keep a leaf of the evidence log; return its id."""
        from core.evidence.leaves import LeafData, leaf_content
        from core.evidence.models import EvidenceLeaf
        from core.evidence.tree import leaf_hash
        from core.ids import new_id

        made = LeafData(new_id(), kind, subject, digest, digest[:16])
        self.put(EvidenceLeaf(
            id=made.id, kind=kind, subject=subject, content_sha256=digest, salt=made.salt,
            leaf_hash=leaf_hash(leaf_content(made)),
        ))  # fmt: skip
        return made.id


def _common(bank: str, product: str) -> Common:
    from core.clock import business_date, now
    from lending.models import BankCertificate, ProductVersion
    from verification.queries import current_agreements

    version = (
        ProductVersion.objects.filter(product__code=product, published_at__isnull=False)
        .select_related("product")
        .latest("number")
    )
    return Common(
        bank=bank,
        version=version,
        certificate_id=BankCertificate.objects.get(in_use=True).pk,
        texts=current_agreements(["e_sign", *version.required_consents]),
        today=business_date(),
        moment=now(),
    )


def _person(common: Common, number: int) -> None:
    from accounts.models import Card, Customer, DepositAccount, Session
    from accounts.operations.cards import NUMBER as CARD_NUMBER
    from accounts.operations.login import OPENID
    from accounts.queries import ACCOUNT_NUMBER
    from core.crypto import blind_index
    from verification.models import Subject
    from verification.queries import ID_NUMBER_DOMAIN, PHONE_DOMAIN

    customer_id, moment = id_of("customer", number), common.moment
    openid, id_number, phone = f"openid-{number}", _id_number(number), f"139{number:08d}"
    common.put(Customer(
        id=customer_id, stage="registered", openid=openid, openid_index=blind_index(openid, domain=OPENID),
        occupation="职员", residence_address="江苏省连云港市海州区样例路1号", tax_residency="cn_only",
        registered_at=moment,
    ))  # fmt: skip
    common.put(Subject(
        id=customer_id, name=_name(number), id_number=id_number,
        id_number_index=blind_index(id_number, domain=ID_NUMBER_DOMAIN), sex="male", ethnicity="汉",
        birth_date=date.fromisoformat(f"{id_number[6:10]}-{id_number[10:12]}-{id_number[12:14]}"),
        address="江苏省连云港市海州区样例路1号", authority="连云港市公安局", valid_from_date=date(2018, 5, 1),
        valid_until_date=date(2038, 5, 1), phone=phone, phone_index=blind_index(phone, domain=PHONE_DOMAIN),
        identified_at=moment,
    ))  # fmt: skip
    account_number, card_number = f"6223{common.bank}{number:012d}", f"6222{number:014d}"
    common.put(DepositAccount(
        id=id_of("account", number), customer_id=customer_id, account_class="II", keeper="own", status="active",
        number=account_number, number_index=blind_index(account_number, domain=ACCOUNT_NUMBER), opened_at=moment,
        opened_date=common.today,
    ))  # fmt: skip
    common.put(Card(
        id=id_of("card", number), customer_id=customer_id, status="active", number=card_number,
        number_index=blind_index(card_number, domain=CARD_NUMBER), last_four=card_number[-4:], phone=phone,
        issuer_name="样例银行", account_id=id_of("account", number), checked_at=moment,
    ))  # fmt: skip
    common.put(Session(
        id=id_of("session", number), customer_id=customer_id, device_id="bench",
        token_sha256=hashlib.sha256(bearer_of(number).encode()).digest(), expires_at=moment + timedelta(days=1),
    ))  # fmt: skip


def _line(common: Common, number: int) -> Any:
    from lending.models import Application, CreditLine
    from verification.models import Consent

    customer_id, application_id = id_of("customer", number), id_of("application", number)
    for nth, text in enumerate(common.texts):
        digest = hashlib.sha256(f"{text.pk.hex}{number}".encode()).digest()
        common.put(Consent(
            id=id_of("consent", number, nth), subject_id=customer_id, purpose=text.purpose, agreement=text,
            business_id=application_id.hex, sha256=digest, read_seconds=9, granted_at=common.moment,
            evidence_leaf=common.leaf("verification.consent", customer_id.hex, digest),
        ))  # fmt: skip
    common.put(Application(
        id=application_id, customer_id=customer_id, product_version=common.version, purpose="consumption",
        facts={"income": {"monthly": "12000.00"}}, status="accepted",
        offer_expires_date=common.today + timedelta(days=30), credit_query_consent_id=id_of("consent", number),
        data_query_consent_id=id_of("consent", number, 1),
    ))  # fmt: skip
    line = CreditLine(
        id=id_of("line", number), customer_id=customer_id, application_id=application_id,
        product=common.version.product, product_version=common.version, kind=common.version.kind,
        limit_fen=LIMIT_FEN, held_fen=AMOUNT_FEN, annual_rate=Decimal("6.0000"), lpr_rate=Decimal("3.0000"),
        lpr_tenor="1Y", lpr_date=date(2025, 5, 20), spread_bp=300, grade="A", starts_date=common.today,
        valid_until_date=common.today + timedelta(days=365),
    )  # fmt: skip
    common.put(line)
    return line


def _drawdown(common: Common, number: int, line: Any, months: int) -> None:
    from lending.models import Disclosure, Drawdown
    from lending.pricing import price_columns
    from lending.queries.disclosures import table_today

    customer_id, moment = id_of("customer", number), common.moment
    drawdown = Drawdown(
        id=id_of("drawdown", number), customer_id=customer_id, line=line, account_id=id_of("account", number),
        amount_fen=AMOUNT_FEN, term_months=months, method="equal_instalment", purpose="consumption", status="signed",
        expires_at=moment + timedelta(days=1), contract_number=f"{common.bank}{common.today.year}BN{number:08d}",
        disburse_by_date=common.today + timedelta(days=1), signed_at=moment,
        signing={"device": "bench", "address": "127.0.0.1", "read_seconds": 9},
    )  # fmt: skip
    shown = table_today(drawdown)
    for column, value in price_columns(shown.price).items():
        setattr(drawdown, column, value)
    drawdown.agreed = {"contract_date": common.today.isoformat(), "table": shown.content}
    common.put(drawdown)
    common.put(Disclosure(
        id=id_of("disclosure", number), drawdown=drawdown, business_date=common.today, content=shown.content,
        sha256=shown.sha256, shown_at=moment - timedelta(seconds=30), confirmed_at=moment, read_seconds=9,
    ))  # fmt: skip


def _contract(common: Common, number: int) -> None:
    from lending.models import Contract

    contract_id = id_of("contract", number)
    digest = hashlib.sha256(f"contract {number}".encode()).digest()
    leaf = common.leaf("lending.contract", contract_id.hex, digest)
    common.put(Contract(
        id=contract_id, drawdown_id=id_of("drawdown", number), customer_id=id_of("customer", number),
        certificate_id=common.certificate_id, number=f"{common.bank}{common.today.year}BN{number:08d}",
        contract_date=common.today, template_version="bench", object_id=contract_id, sha256=digest,
        bundle={"format": "contract-bundle/1"}, evidence_leaf=leaf, bundle_leaf=leaf, signed_at=common.moment,
    ))  # fmt: skip


def _face(common: Common, number: int) -> None:
    from verification.models import ActToken, Check, FaceCheck

    customer_id, drawdown_id, moment = id_of("customer", number), id_of("drawdown", number), common.moment
    common.put(Check(
        id=id_of("check", number), subject_id=customer_id, kind="face", purpose="drawdown",
        business_id=drawdown_id.hex, status="answered", outcome="passed", provider="tencent", answered_at=moment,
    ))  # fmt: skip
    common.put(FaceCheck(
        id=id_of("face_check", number), subject_id=customer_id, expected_id=customer_id, action="drawdown",
        business_id=drawdown_id.hex, status="passed", provider="tencent", similarity=Decimal("98.00"),
        check_row_id=id_of("check", number), finished_at=moment,
    ))  # fmt: skip
    token = face_token_of(number)
    common.put(ActToken(
        id=id_of("face_token", number), factor="face", face_check_id=id_of("face_check", number), subject_id=customer_id,
        action="drawdown", business_id=drawdown_id.hex, token_sha256=hashlib.sha256(token.encode()).digest(),
        token=token, created_at=moment, expires_at=moment + timedelta(hours=6),
    ))  # fmt: skip


def prepare(*, bank: str, upto: int, months: int = MONTHS, product: str = "XF01") -> None:
    """Make the borrowers 1 to `upto`, each ready to be paid out."""
    from django.db import transaction

    from core.tenancy import in_bank

    parts: tuple[Callable[[Common, int], None], ...] = (_contract, _face)
    with in_bank(bank):
        common = _common(bank, product)
        for batch in _batches(upto):
            with transaction.atomic():
                for number in batch:
                    _person(common, number)
                    _drawdown(common, number, _line(common, number), months)
                    for part in parts:
                        part(common, number)
                common.write()


def _batches(upto: int) -> Iterator[range]:
    for first in range(1, upto + 1, BATCH):
        yield range(first, min(first + BATCH, upto + 1))


def main() -> None:
    """Prepare, and say what was made."""
    parser = argparse.ArgumentParser(prog="python -m bench.borrowers", description=__doc__)
    parser.add_argument("--bank", required=True)
    parser.add_argument("--upto", required=True, type=int)
    asked = parser.parse_args()
    django.setup()
    prepare(bank=asked.bank, upto=asked.upto)
    print(json.dumps({"bank": asked.bank, "borrowers": asked.upto}))


if __name__ == "__main__":
    main()
