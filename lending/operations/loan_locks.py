"""The locks of the loan half of the room, in their fixed order: drawdown or loan, line, then what other rooms lock."""

from __future__ import annotations

import uuid
from itertools import islice
from typing import Any, Final, cast

from core.db.asks import Ask, Rows, alone, together
from core.db.rows import Shape, relate
from core.errors import Absent, NotFound
from core.operations import within_transaction
from lending.loan_records import keep_all_rows
from lending.models import (
    Contract,
    CreditLine,
    Disclosure,
    Drawdown,
    EntrustedPayment,
    Instalment,
    Loan,
    Product,
    RepaymentShare,
)
from lending.queries.products import published_version

DRAWDOWN: Final = Shape(Drawdown, without=["agreed", "signing"])
SHOWN: Final = Shape(Disclosure)
ENTRUSTED: Final = Shape(EntrustedPayment)
WHOLE: Final[dict[str, Shape[Any]]] = {
    "drawdown": DRAWDOWN,
    "line": Shape(CreditLine),
    "product": Shape(Product),
    "contract": Shape(Contract, without=["bundle"]),
    "shown": SHOWN,
    "entrusted": ENTRUSTED,
}
# What a payment looks at; the rows ask for any other column by themselves.
FOR_PAYMENT: Final[dict[str, Shape[Any]]] = {
    **WHOLE,
    "line": Shape(
        CreditLine,
        only=[
            "id", "customer", "product", "product_version", "status", "lpr_tenor", "starts_date",
            "reviewed_date", "valid_until_date",
        ],
    ),
    "product": Shape(Product, only=["id", "code", "is_open", "opens_date", "closes_date"]),
    "contract": Shape(Contract, only=["id", "drawdown", "agreement", "number", "sha256"]),
}  # fmt: skip


def _lock(shapes: dict[str, Shape[Any]]) -> str:
    columns = ", ".join(shape.columns(f"(f.{name})") for name, shape in shapes.items())
    return f"SELECT {columns}, f.proofs FROM lending_lock_drawdown(%s, %s) f"  # noqa: S608 -- put together from constants; values are parameters


LOAN: Final = Shape(Loan)
INSTALMENT: Final = Shape(Instalment)
SHARE: Final = Shape(RepaymentShare)
LOCK_LOAN: Final = f"SELECT {LOAN.columns('l')} FROM lending_loan l WHERE l.id = %s FOR NO KEY UPDATE"  # noqa: S608 -- as above
PLAN: Final = f"SELECT {INSTALMENT.columns('i')} FROM lending_instalment i WHERE i.loan_id = %s"  # noqa: S608 -- as above
PAID: Final = f"""
SELECT {SHARE.columns("s")} FROM lending_repayment_share s JOIN lending_instalment i ON i.id = s.instalment_id
WHERE i.loan_id = %s
"""  # noqa: S608 -- as above
LOCK: Final = _lock(WHOLE)
LOCK_FOR_PAYMENT: Final = _lock(FOR_PAYMENT)


@within_transaction
def lock_drawdown(*, drawdown_id: uuid.UUID) -> Drawdown:
    """Lock a drawdown; return it with its line, product version and product, its contract and its latest table.

    Raises:
        NotFound: there is no such drawdown.
    """
    return alone(Ask(LOCK, [drawdown_id, False], lambda rows: _locked(rows, WHOLE)))


@within_transaction
def locking_drawdown_and_line(*, drawdown_id: uuid.UUID) -> Ask[Drawdown]:
    """Lock a drawdown and then its line, together with other statements; the answer is that of `lock_drawdown`."""
    return Ask(LOCK_FOR_PAYMENT, [drawdown_id, True], lambda rows: _locked(rows, FOR_PAYMENT))


def _locked(rows: Rows, shapes: dict[str, Shape[Any]]) -> Drawdown:
    if rows.first is None:
        raise Absent
    values = iter(rows.first)
    read = {name: tuple(islice(values, shape.width)) for name, shape in shapes.items()}
    found: dict[str, Any] = {
        name: shape.read(read[name]) if read[name][0] is not None else None for name, shape in shapes.items()
    }
    drawdown, line = found["drawdown"], found["line"]
    relate(line, product=found["product"], product_version=published_version(line.product_version_id))
    relate(drawdown, line=line, contract=found["contract"], entrusted=found["entrusted"])
    for name in ("contract", "entrusted"):
        if found[name] is not None:
            relate(found[name], drawdown=drawdown)
    drawdown.shown_last, drawdown.proof_ids = found["shown"], next(values) or []
    return cast("Drawdown", drawdown)


@within_transaction
def lock_loan(*, loan_id: uuid.UUID) -> Loan:
    """Lock a loan and return it with its instalments and what was paid on them.

    Raises:
        NotFound: there is no such loan.
    """
    found = Ask(LOCK_LOAN, [loan_id], lambda rows: None if rows.first is None else LOAN.read(rows.first))
    plan = Ask(PLAN, [loan_id], lambda rows: [INSTALMENT.read(row) for row in rows.found])
    paid = Ask(PAID, [loan_id], lambda rows: [SHARE.read(row) for row in rows.found])
    together(found, plan, paid)
    loan = found.answer()
    if loan is None:
        raise NotFound
    keep_all_rows(loan, plan.answer(), paid.answer())
    return loan


@within_transaction
def lock_line(*, line_id: uuid.UUID) -> CreditLine:
    """Lock a line, before the account whose money moves with it."""
    return CreditLine.objects.select_for_update(no_key=True).get(pk=line_id)
