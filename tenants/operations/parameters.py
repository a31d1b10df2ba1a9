"""Set a bank's own value of a parameter, as an act of its own."""

from __future__ import annotations

from datetime import date

from core.audit.log import record
from core.clock import business_date
from core.operations import opens_transaction
from tenants.parameters import ParameterRefused, set_for_bank


@opens_transaction
def set_bank_parameter(*, name: str, value: int | str | bool, effective_date: date, actor: str) -> None:
    """Record this bank's value from a date on, with its trace in the audit log; the next request feels it.

    Raises:
        ParameterRefused: unknown name, wrong type, out of bounds, looser than the platform's, or a date that has passed.
    """
    if effective_date < business_date():
        raise ParameterRefused("生效日期不得早于当前营业日")
    set_for_bank(name=name, value=value, effective_date=effective_date, actor=actor)
    detail = {"value": value, "effective_date": str(effective_date)}
    record("parameter.bank_set", actor=actor, subject=name, detail=detail)
