"""Give a bank's or the platform's parameter a new value: what the approval of a second person does."""

from __future__ import annotations

from datetime import date

from core.audit.log import record
from core.clock import business_date
from core.operations import within_transaction
from tenants.parameters import check, check_date, check_for_bank, known, platform_day, set_for_bank, set_for_platform


@within_transaction
def check_bank_value(*, name: str, value: int | str | bool, effective_date: date, product: str) -> None:
    """Refuse a value that this bank could not have if it were approved now.

    Raises:
        ParameterRefused: unknown or locked, wrong type, out of bounds, looser than the wider scope's, or too early a date.
    """
    check_for_bank(name=name, value=value, effective_date=effective_date, product=product)
    check_date(known(name), effective_date, today=business_date())


@within_transaction
def set_bank_parameter(
    *, name: str, value: int | str | bool, effective_date: date, product: str, proposed_by: str, decided_by: str
) -> None:
    """Record this bank's value from a date on, with its trace in the audit log; the next request feels it.

    Raises:
        ParameterRefused: see `check_bank_value`.
    """
    check_bank_value(name=name, value=value, effective_date=effective_date, product=product)
    set_for_bank(
        name=name, value=value, effective_date=effective_date, product=product, actor=proposed_by,
        approved_by=decided_by,
    )  # fmt: skip
    detail = {"value": value, "effective_date": str(effective_date), "product": product or None}
    record("parameter.bank_set", actor=f"{proposed_by}+{decided_by}", subject=name, detail=detail)


@within_transaction
def check_platform_value(*, name: str, value: int | str | bool, effective_date: date) -> None:
    """Refuse a value that the platform could not have if it were approved now.

    Raises:
        ParameterRefused: unknown or locked, wrong type, out of bounds, or too early a date.
    """
    spec = known(name)
    check(spec, value)
    check_date(spec, effective_date, today=platform_day())


@within_transaction
def set_platform_parameter(
    *, name: str, value: int | str | bool, effective_date: date, proposed_by: str, decided_by: str
) -> None:
    """Record the platform's value of a parameter from a date on; banks feel it at once, where theirs is not tighter.

    Raises:
        ParameterRefused: see `check_platform_value`.
    """
    check_platform_value(name=name, value=value, effective_date=effective_date)
    set_for_platform(name=name, value=value, effective_date=effective_date, actor=proposed_by, approved_by=decided_by)
    detail = {"value": value, "effective_date": str(effective_date)}
    record("parameter.platform_set", actor=f"{proposed_by}+{decided_by}", subject=name, detail=detail)
