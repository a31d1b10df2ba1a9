"""Numbers that a bank or a regulator may change: effective-dated, scope platform > bank > product.

Every parameter is declared once in `CATALOGUE` with type, default, bounds and meaning. The value in force on a business
date is the bank's latest row not after that date, else the platform's, else the default. The narrower scope may only
tighten: each parameter says which direction is tighter, and a bank's value that is looser than the platform's has no
effect (the platform's holds).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeVar

from core.clock import business_date
from core.db.asks import Ask, Rows, alone, answered
from core.errors import Problem
from core.operations import forget_remembered, memory, within_transaction
from core.tenancy import current_bank

Tighter = Literal["lower", "higher", "fixed", "free"]
T = TypeVar("T", int, str, bool)


class ParameterRefused(Problem):
    """A parameter's new value is of the wrong type, out of bounds or looser than the wider scope allows."""

    code = "parameter_refused"
    status = 422
    title = "参数取值不符合要求"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter; `tighter` says in which direction a narrower scope may move it."""

    name: str
    default: int | str | bool
    meaning: str
    unit: str = ""
    source: str = ""
    tighter: Tighter = "free"
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()


CATALOGUE: Final[dict[str, Parameter]] = {}
IN_FORCE: Final = """
SELECT (SELECT p.value::text FROM public.tenants_platform_parameter p
        WHERE p.name = %s AND p.effective_date <= %s ORDER BY p.effective_date DESC LIMIT 1),
       (SELECT b.value::text FROM tenants_bank_parameter b
        WHERE b.name = %s AND b.effective_date <= %s ORDER BY b.effective_date DESC LIMIT 1)
"""


def declare(parameter: Parameter) -> Parameter:
    """Add a parameter to the catalogue; done at import by the room that reads it."""
    CATALOGUE[parameter.name] = parameter
    return parameter


def value_of(name: str, *, kind: type[T], on: date | None = None) -> T:
    """Return the value in force at the current bank on a business date (default: the present one).

    Raises:
        KeyError: no room has declared the parameter.
        TypeError: the parameter is of another type than asked for.
    """
    return alone(asking_value(name, kind=kind, on=on))


def asking_value(name: str, *, kind: type[T], on: date | None = None) -> Ask[T]:
    """Ask for a parameter's value together with other things; an opening operation reads each once."""
    spec, day = CATALOGUE[name], on or business_date()
    known, key = memory(), f"parameter:{current_bank().schema}:{name}:{day}"
    if known is not None and key in known:
        remembered: T = known[key]
        return answered(remembered)

    def read(rows: Rows) -> T:
        platform, narrow = (None if text is None else json.loads(text) for text in rows.found[0])
        wide = spec.default if platform is None else platform
        value = wide if narrow is None else tightened(spec, wide, narrow)
        if not isinstance(value, kind):
            msg = f"parameter {name} is {type(value).__name__}, asked for as {kind.__name__}"
            raise TypeError(msg)
        if known is not None:
            known[key] = value
        return value

    return Ask(IN_FORCE, [name, day, name, day], read)


def values_of(names: Sequence[str], *, on: date) -> dict[str, Any]:
    """Return the values in force at the current bank on a day of several parameters, by their names; two statements.

    Raises:
        KeyError: no room has declared one of them.
    """
    from tenants.models import BankParameter, PlatformParameter

    wanted = {name: CATALOGUE[name] for name in names}
    in_force = {"name__in": list(wanted), "effective_date__lte": on}
    platform, narrow = (
        dict(model.objects.filter(**in_force).order_by("effective_date").values_list("name", "value"))
        for model in (PlatformParameter, BankParameter)
    )
    found = {}
    for name, spec in wanted.items():
        wide = platform.get(name, spec.default)
        found[name] = tightened(spec, wide, narrow[name]) if name in narrow else wide
    return found


def tightened(spec: Parameter, wide: Any, narrow: Any) -> Any:
    """Return the narrower scope's value where it is as tight as the wider one's, else the wider one's."""
    match spec.tighter:
        case "lower":
            return min(wide, narrow)
        case "higher":
            return max(wide, narrow)
        case "fixed":
            return wide
    return narrow


def check(spec: Parameter, value: Any) -> None:
    """Refuse a value of the wrong type or out of bounds.

    Raises:
        ParameterRefused: it is.
    """
    if type(value) is not type(spec.default):
        raise ParameterRefused(f"{spec.name} 须为 {type(spec.default).__name__} 类型")
    if spec.choices and value not in spec.choices:
        raise ParameterRefused(f"{spec.name} 只能取 {'、'.join(spec.choices)}")
    if isinstance(value, int) and not isinstance(value, bool):
        if spec.low is not None and value < spec.low:
            raise ParameterRefused(f"{spec.name} 不得低于 {spec.low}{spec.unit}")
        if spec.high is not None and value > spec.high:
            raise ParameterRefused(f"{spec.name} 不得高于 {spec.high}{spec.unit}")


@within_transaction
def set_for_bank(*, name: str, value: int | str | bool, effective_date: date, actor: str) -> None:
    """Record this bank's value from a date on; a looser value than the platform's is refused.

    Raises:
        ParameterRefused: unknown name, wrong type, out of bounds, or looser than the platform's value of that date.
    """
    from tenants.models import BankParameter

    spec = CATALOGUE.get(name)
    if spec is None:
        raise ParameterRefused(f"没有名为 {name} 的参数")
    check(spec, value)
    platform = _latest("platform", name, effective_date)
    wide = spec.default if platform is None else platform
    if tightened(spec, wide, value) != value:
        raise ParameterRefused(f"{name} 只能比平台取值 {wide}{spec.unit} 更严")
    BankParameter.objects.update_or_create(
        name=name, effective_date=effective_date, defaults={"value": value, "created_by": actor}
    )
    forget_remembered()


def _latest(scope: Literal["platform", "bank"], name: str, day: date) -> Any:
    from tenants.models import BankParameter, PlatformParameter

    model: Any = PlatformParameter if scope == "platform" else BankParameter
    return (
        model.objects.filter(name=name, effective_date__lte=day)
        .order_by("-effective_date")
        .values_list("value", flat=True)
        .first()
    )
