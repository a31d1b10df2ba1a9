"""Numbers that a bank or a regulator may change: effective-dated, scope platform > bank > product.

Every parameter is declared once in `CATALOGUE` with type, default, bounds and meaning. The value in force on a business
date is the bank's latest row not after that date, else the platform's, else the default; a parameter that is declared
`by_product` may have a row of one product besides. The narrower scope may only tighten: each parameter says which
direction is tighter, and a value that is looser than the wider scope's has no effect (the wider one's holds).

What nobody may switch off or loosen is no parameter: it is declared by `lock` and shown to staff with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, TypeVar

from core.clock import business_date, now
from core.db.asks import Ask, Rows, alone, answered
from core.errors import Problem
from core.operations import forget_remembered, memory, within_transaction
from core.tenancy import current_bank

Tighter = Literal["lower", "higher", "subset", "superset", "fixed", "free"]
SETS: Final = ("subset", "superset")
EARLIEST_CUTOFF: Final = timedelta(hours=4)  # before midnight: the earliest that a bank's day may change (PU-05)
T = TypeVar("T", int, str, bool)


class ParameterRefused(Problem):
    """A parameter's new value is of the wrong type, out of bounds or looser than the wider scope allows."""

    code = "parameter_refused"
    status = 422
    title = "参数取值不符合要求"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    `tighter` says in which direction a narrower scope may move it: a number lower or higher; a set of words, written with
    commas, to a subset or a superset; `fixed` not at all; `free` anywhere within the bounds. A switch is tighter off
    (`lower`) or on (`higher`). `by_product` lets a product have a value of its own. `notice_days` is how many days after
    the business date a new value takes effect at the earliest.
    """

    name: str
    default: int | str | bool
    meaning: str
    unit: str = ""
    source: str = ""
    tighter: Tighter = "free"
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    by_product: bool = False
    notice_days: int = 0


@dataclass(frozen=True, slots=True)
class Locked:
    """What is the same for everyone and cannot be set in any scope: its name, what always holds, why, and by which rule."""

    name: str
    meaning: str
    always: str
    reason: str
    source: str


CATALOGUE: Final[dict[str, Parameter]] = {}
LOCKED: Final[dict[str, Locked]] = {}
_PLATFORM: Final = """
SELECT (SELECT p.value::text FROM public.tenants_platform_parameter p
        WHERE p.name = %s AND p.effective_date <= %s ORDER BY p.effective_date DESC LIMIT 1)"""
_NARROWER: Final = """,
       (SELECT b.value::text FROM tenants_bank_parameter b
        WHERE b.name = %s AND b.product = %s AND b.effective_date <= %s ORDER BY b.effective_date DESC LIMIT 1)"""
ALL_IN_FORCE: Final = """
(SELECT DISTINCT ON (p.name) FALSE, p.name, p.value::text FROM public.tenants_platform_parameter p
 WHERE p.name = ANY(%s) AND p.effective_date <= %s ORDER BY p.name, p.effective_date DESC)
UNION ALL
(SELECT DISTINCT ON (b.name) TRUE, b.name, b.value::text FROM tenants_bank_parameter b
 WHERE b.name = ANY(%s) AND b.product = '' AND b.effective_date <= %s ORDER BY b.name, b.effective_date DESC)
"""
DAYS_OF_CHANGE: Final = """
SELECT p.effective_date FROM public.tenants_platform_parameter p WHERE p.name = ANY(%s)
UNION SELECT b.effective_date FROM tenants_bank_parameter b WHERE b.name = ANY(%s) AND b.product = ''
ORDER BY 1
"""
IN_FORCE: Final = _PLATFORM + _NARROWER
IN_FORCE_OF_PRODUCT: Final = _PLATFORM + _NARROWER + _NARROWER


def declare(parameter: Parameter) -> Parameter:
    """Add a parameter to the catalogue; done at import by the room that reads it."""
    CATALOGUE[parameter.name] = parameter
    return parameter


def lock(locked: Locked) -> Locked:
    """Declare what no scope may change; done at import by the room that enforces it.

    Raises:
        ValueError: there is a parameter of that name.
    """
    if locked.name in CATALOGUE:
        msg = f"{locked.name} is a parameter: it cannot be locked as well"
        raise ValueError(msg)
    LOCKED[locked.name] = locked
    return locked


def value_of(name: str, *, kind: type[T], on: date | None = None, product: str = "") -> T:
    """Return the value in force at the current bank, for one of its products or for all, on a business date (default: now).

    Raises:
        KeyError: no room has declared the parameter.
        TypeError: the parameter is of another type than asked for, or knows no products.
    """
    return alone(asking_value(name, kind=kind, on=on, product=product))


def asking_value(name: str, *, kind: type[T], on: date | None = None, product: str = "") -> Ask[T]:
    """Ask for a parameter's value together with other things; an opening operation reads each once."""
    spec, day = CATALOGUE[name], on or business_date()
    if product and not spec.by_product:
        msg = f"parameter {name} is not declared by_product"
        raise TypeError(msg)
    known, key = memory(), f"parameter:{current_bank().schema}:{name}:{product}:{day}"
    if known is not None and key in known:
        remembered: T = known[key]
        return answered(remembered)

    def read(rows: Rows) -> T:
        platform, *narrower = (None if text is None else json.loads(text) for text in rows.found[0])
        value = spec.default if platform is None else platform
        for narrow in narrower:
            value = value if narrow is None else tightened(spec, value, narrow)
        if not isinstance(value, kind):
            msg = f"parameter {name} is {type(value).__name__}, asked for as {kind.__name__}"
            raise TypeError(msg)
        if known is not None:
            known[key] = value
        return value

    if product:
        return Ask(IN_FORCE_OF_PRODUCT, [name, day, name, "", day, name, product, day], read)
    return Ask(IN_FORCE, [name, day, name, "", day], read)


def values_of(names: Sequence[str], *, on: date) -> dict[str, Any]:
    """Return the values in force at the current bank on a day of several parameters, by their names; one statement.

    Raises:
        KeyError: no room has declared one of them.
    """
    wanted = {name: CATALOGUE[name] for name in names}
    told = alone(Ask(ALL_IN_FORCE, [list(wanted), on, list(wanted), on], lambda rows: rows.found))
    set_to = {(is_narrow, name): json.loads(value) for is_narrow, name, value in told}
    found = {}
    for name, spec in wanted.items():
        wide = set_to.get((False, name), spec.default)
        found[name] = tightened(spec, wide, set_to[True, name]) if (True, name) in set_to else wide
    return found


def days_of_change(names: Sequence[str]) -> list[date]:
    """Return the days from which some of these parameters have other values at the current bank, the earliest first."""
    return alone(Ask(DAYS_OF_CHANGE, [list(names)] * 2, lambda rows: [day for (day,) in rows.found]))


def words(value: str) -> tuple[str, ...]:
    """Return the words of a set, which is written with commas; nothing for an empty text."""
    return tuple(word for word in value.split(",") if word)


def tightened(spec: Parameter, wide: Any, narrow: Any) -> Any:
    """Return the tightest value that both scopes allow: the narrower's where it is as tight as the wider's."""
    match spec.tighter:
        case "lower":
            return min(wide, narrow)
        case "higher":
            return max(wide, narrow)
        case "subset":
            return ",".join(word for word in words(wide) if word in words(narrow))
        case "superset":
            return ",".join(dict.fromkeys((*words(wide), *words(narrow))))
        case "fixed":
            return wide
    return narrow


def is_as_tight(spec: Parameter, wide: Any, narrow: Any) -> bool:
    """Tell whether a narrower scope's value takes effect beside the wider one's."""
    holds = tightened(spec, wide, narrow)
    return set(words(holds)) == set(words(narrow)) if spec.tighter in SETS else bool(holds == narrow)


def check(spec: Parameter, value: Any) -> None:
    """Refuse a value of the wrong type or out of bounds.

    Raises:
        ParameterRefused: it is.
    """
    if type(value) is not type(spec.default):
        raise ParameterRefused(f"{spec.name} 须为 {type(spec.default).__name__} 类型")
    if spec.tighter in SETS:
        _check_set(spec, value)
    elif spec.choices and value not in spec.choices:
        raise ParameterRefused(f"{spec.name} 只能取 {'、'.join(spec.choices)}")
    if isinstance(value, int) and not isinstance(value, bool):
        if spec.low is not None and value < spec.low:
            raise ParameterRefused(f"{spec.name} 不得低于 {spec.low}{spec.unit}")
        if spec.high is not None and value > spec.high:
            raise ParameterRefused(f"{spec.name} 不得高于 {spec.high}{spec.unit}")


def _check_set(spec: Parameter, value: str) -> None:
    chosen = words(value)
    if not chosen or len(set(chosen)) != len(chosen) or ",".join(chosen) != value:
        raise ParameterRefused(f"{spec.name} 须为不重复的一项或多项，用英文逗号分隔")
    strange = [word for word in chosen if spec.choices and word not in spec.choices]
    if strange:
        raise ParameterRefused(f"{spec.name} 不能包含 {'、'.join(strange)}；可选：{'、'.join(spec.choices)}")


def platform_day() -> date:
    """Return the latest business date that a bank may have now: what holds from it on is back-dated at none of them."""
    return (now() + EARLIEST_CUTOFF).date()


def earliest_date(spec: Parameter, *, today: date) -> date:
    """Return from which day a value can hold that is agreed on today: never before the business date."""
    return today + timedelta(days=spec.notice_days)


def check_date(spec: Parameter, effective_date: date, *, today: date) -> None:
    """Refuse a value that would take effect too early; asked when it is proposed and again when it is approved.

    Raises:
        ParameterRefused: the date has passed, or the parameter needs longer notice; says what to do.
    """
    earliest = earliest_date(spec, today=today)
    if effective_date < earliest:
        told = (
            f"生效日期 {effective_date} 早于最早生效日期 {earliest}，不能追溯生效；请以 {earliest} 或之后的日期重新申请"
        )
        raise ParameterRefused(told)


def known(name: str) -> Parameter:
    """Return a parameter by its name.

    Raises:
        ParameterRefused: there is none, or what is called so is locked for everyone.
    """
    if name in LOCKED:
        locked = LOCKED[name]
        raise ParameterRefused(f"{locked.meaning}不可更改：{locked.reason}")
    if name not in CATALOGUE:
        raise ParameterRefused(f"没有名为 {name} 的参数")
    return CATALOGUE[name]


def check_for_bank(*, name: str, value: int | str | bool, effective_date: date, product: str = "") -> None:
    """Refuse a value that this bank, or one of its products, cannot have from a date on.

    Raises:
        ParameterRefused: unknown or locked name, wrong type, out of bounds, looser than the wider scope's value of that
            date, or a product's value of a parameter that knows none.
    """
    spec = known(name)
    check(spec, value)
    if product and not spec.by_product:
        raise ParameterRefused(f"{name} 不能按产品设置")
    wide = _wide(spec, effective_date, product)
    if not is_as_tight(spec, wide, value):
        scope = "本行" if product else "平台"
        raise ParameterRefused(f"{name} 只能比{scope}取值 {wide}{spec.unit} 更严")


@within_transaction
def set_for_bank(
    *, name: str, value: int | str | bool, effective_date: date, actor: str, product: str = "", approved_by: str = ""
) -> None:
    """Record this bank's value from a date on, for one product or all; a looser value than the wider scope's is refused.

    What staff set takes two people (`tenants.approvals`); by itself this is for what opens or furnishes a bank.

    Raises:
        ParameterRefused: see `check_for_bank`.
    """
    from tenants.models import BankParameter

    check_for_bank(name=name, value=value, effective_date=effective_date, product=product)
    BankParameter.objects.update_or_create(
        name=name,
        product=product,
        effective_date=effective_date,
        defaults={"value": value, "created_by": actor, "approved_by": approved_by, "created_at": now()},
    )
    forget_remembered()


@within_transaction
def set_for_platform(
    *, name: str, value: int | str | bool, effective_date: date, actor: str, approved_by: str = ""
) -> None:
    """Record the platform's value of a parameter from a date on; at the province.

    What staff set takes two people (`tenants.approvals`); by itself this is for what prepares an installation.

    Raises:
        ParameterRefused: unknown or locked name, wrong type, or out of bounds.
    """
    from tenants.models import PlatformParameter

    check(known(name), value)
    PlatformParameter.objects.update_or_create(
        name=name,
        effective_date=effective_date,
        defaults={"value": value, "created_by": actor, "approved_by": approved_by, "created_at": now()},
    )
    forget_remembered()


def _wide(spec: Parameter, day: date, product: str) -> Any:
    """Return the wider scope's value on a day: the platform's, or for a product what holds at the bank."""
    from tenants.models import BankParameter, PlatformParameter

    platform = _latest(PlatformParameter.objects.filter(name=spec.name), day)
    value = spec.default if platform is None else platform
    bank = _latest(BankParameter.objects.filter(name=spec.name, product=""), day) if product else None
    return value if bank is None else tightened(spec, value, bank)


def _latest(rows: Any, day: date) -> Any:
    return rows.filter(effective_date__lte=day).order_by("-effective_date").values_list("value", flat=True).first()
