"""Derive a whole person from a recipe: the seed and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from sandbox.people import names, numbers
from sandbox.people.person import Person, Sex, read_profile
from sandbox.people.regions import choose_region

if TYPE_CHECKING:
    from sandbox.people.person import Traits

_FIRST_CARD_AGE: Final = 16
_LONG_CARD_AGE: Final = 26
_ENDLESS_CARD_AGE: Final = 46
_MAX_AGE: Final = 110


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a person is made from.

    `salt` counts the attempts that collided with somebody who was there before; `made_on` is the day from
    which the age is counted, so that a person grows older and is never made anew.
    """

    seed: int
    salt: int
    profile: str
    region: str | None
    age: int | None
    sex: Sex | None
    made_on: date


def years_after(day: date, years: int) -> date:
    """Move a date by whole years; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def derive(recipe: Recipe) -> Person:
    """Derive the person: the same recipe gives the same person, to the last digit.

    Raises:
        ValueError: the profile, region or age makes no sense.
    """
    rng = Random(f"{recipe.seed}/{recipe.salt}")
    traits = read_profile(recipe.profile)
    region = choose_region(rng, recipe.region)
    either: tuple[Sex, Sex] = ("男", "女")
    sex: Sex = rng.choice(either) if recipe.sex is None else recipe.sex
    birth_date = _birth_date(rng, recipe, traits)
    name = names.name(rng, sex)
    id_number = numbers.id_number(
        rng, region=region.code, birth_date=birth_date, sex=sex, broken="wrong_check_digit" in traits.words
    )
    phone, carrier = numbers.phone_number(rng)
    card = numbers.class_one_card(rng, traits.class1_at) if traits.class1_at else numbers.outside_card(rng)
    valid_from, valid_until = _validity(rng, recipe.made_on, birth_date, expired="expired" in traits.words)
    return Person(
        person=f"p{recipe.seed:06d}",
        name=name,
        id_number=id_number,
        phone=phone,
        card_number=card,
        sex=sex,
        ethnicity=names.ethnicity(rng),
        birth_date=birth_date,
        address=names.address(rng, region),
        authority=region.authority,
        valid_from=valid_from,
        valid_until=valid_until,
        profile=recipe.profile,
        carrier=carrier,
        seed=recipe.seed,
    )


def _birth_date(rng: Random, recipe: Recipe, traits: Traits) -> date:
    """Choose a birth date that gives the age on `made_on`, a month or more away from both birthdays."""
    age = recipe.age
    if age is None:
        age = rng.randint(19, 23) if "student" in traits.words else rng.randint(22, 55)
    if not 0 <= age <= _MAX_AGE:
        message = f"nobody is {age} years old"
        raise ValueError(message)
    return years_after(recipe.made_on, -age) - timedelta(days=rng.randint(30, 330))


def _validity(rng: Random, made_on: date, birth_date: date, *, expired: bool) -> tuple[date, date | None]:
    """Choose the card's dates: 5 years for those under 16, 10 under 26, 20 under 46, then without end.

    Source: 居民身份证法 art. 5. An expired card is one whose end lies one to twenty months back.
    """
    if expired:
        until = made_on - timedelta(days=rng.randint(30, 600))
        years = 20 if years_after(birth_date, _ENDLESS_CARD_AGE) <= until else 10
        return years_after(until, -years), until
    latest = made_on - timedelta(days=60)
    earliest = max(made_on - timedelta(days=1500), years_after(birth_date, _FIRST_CARD_AGE))
    if earliest > latest:
        earliest = max(made_on - timedelta(days=1200), birth_date)
    valid_from = earliest + timedelta(days=rng.randint(0, max((latest - earliest).days, 0)))
    if valid_from >= years_after(birth_date, _ENDLESS_CARD_AGE):
        return valid_from, None
    if valid_from >= years_after(birth_date, _LONG_CARD_AGE):
        return valid_from, years_after(valid_from, 20)
    return valid_from, years_after(valid_from, 10 if valid_from >= years_after(birth_date, _FIRST_CARD_AGE) else 5)
