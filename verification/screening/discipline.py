"""Joint discipline for telecom fraud: how long it lasts (ACC-09, 电信网络诈骗及其关联违法犯罪联合惩戒办法, from 2024-12-01).

Three years after a conviction, two where the police of a city have listed somebody. Who is listed again meanwhile is so
for the terms one after the other, at most five years on end; who is listed after the end begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from verification.models.watchlist import CONVICTED, POLICE


@dataclass(frozen=True, slots=True)
class Listing:
    """One time that somebody was listed: why, and from which day on."""

    ground: str
    listed_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How many years a listing lasts by its ground, and how many on end at most."""

    convicted_years: int
    police_years: int
    most_years: int

    def years_of(self) -> Mapping[str, int]:
        """Return the years by the ground."""
        return {CONVICTED: self.convicted_years, POLICE: self.police_years}


def in_force(listings: Iterable[Listing], terms: Terms, *, on_date: date) -> bool:
    """Tell whether somebody is under joint discipline on a day: from the day of listing up to the end, which is free."""
    return any(first <= on_date < end for first, end in spells(listings, terms))


def spells(listings: Iterable[Listing], terms: Terms) -> list[tuple[date, date]]:
    """Return the times of discipline, oldest first: the first day, and the first day that is free again."""
    found: list[tuple[date, date]] = []
    for listing in sorted(listings, key=lambda one: (one.listed_date, one.ground)):
        years = terms.years_of()[listing.ground]
        if found and listing.listed_date < found[-1][1]:
            first, end = found[-1]
            found[-1] = (first, min(years_after(end, years), years_after(first, terms.most_years)))
        else:
            end = years_after(listing.listed_date, min(years, terms.most_years))
            found.append((listing.listed_date, end))
    return found


def years_after(day: date, years: int) -> date:
    """Return the same date so many years later; a 29 February is a 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
