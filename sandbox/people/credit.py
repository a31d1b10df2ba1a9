"""Say what the credit bureau and government offices know of a person: from ID number and profile alone.

Ordinary people fall into four bands by the hash of their ID number. Every band passes the usual admission
rules (no current arrears, at most two late instalments in twelve months, at most six queries in three months,
at most five lenders, debt under half of income) and differs in score and burden, so that offers spread over
the grades. Income is in yuan a month, late instalments are counted over 12 months, queries over 3, history is
in months:

| band | share | score   | income       | debt/income | utilisation | late | queries | lenders | history |
|------|-------|---------|--------------|-------------|-------------|------|---------|---------|---------|
| A    | 25 %  | 720-850 | 9,000-25,000 | 0-15 %      | 0.05-0.30   | 0    | 0-1     | 0-2     | 60-180  |
| B    | 35 %  | 660-719 | 6,500-14,000 | 5-25 %      | 0.15-0.50   | 0    | 0-2     | 1-3     | 36-120  |
| C    | 25 %  | 610-659 | 5,000-9,000  | 15-35 %     | 0.30-0.70   | 0-1  | 1-4     | 1-4     | 24-84   |
| D    | 15 %  | 560-609 | 4,000-6,500  | 25-40 %     | 0.50-0.85   | 1-2  | 2-5     | 2-4     | 12-60   |

`poor_credit`: score 400-520, income 3,500-6,000, debt 60-90 %, 4-9 late, 3 or more in a row, queries 7-12,
lenders 6-9. `overdue`: the band's record with one or two instalments overdue today and a score under 541.
`thin` and `student`: no record; `thin` works and pays social security for 6 to 12 months, `student` does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal

from sandbox.people import names
from sandbox.people.person import read_profile
from sandbox.people.regions import find_region

if TYPE_CHECKING:
    from sandbox.people.person import Person, Traits

Band = Literal["A", "B", "C", "D"]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Range:
    """The ranges one band is drawn from, both ends included; shares in per cent."""

    weight: int
    score: tuple[int, int]
    income: tuple[int, int]
    debt: tuple[int, int]
    utilisation: tuple[int, int]
    late: tuple[int, int]
    queries: tuple[int, int]
    lenders: tuple[int, int]
    history: tuple[int, int]


BANDS: Final[dict[Band, _Range]] = {
    "A": _Range(25, (720, 850), (9000, 25000), (0, 15), (5, 30), (0, 0), (0, 1), (0, 2), (60, 180)),
    "B": _Range(35, (660, 719), (6500, 14000), (5, 25), (15, 50), (0, 0), (0, 2), (1, 3), (36, 120)),
    "C": _Range(25, (610, 659), (5000, 9000), (15, 35), (30, 70), (0, 1), (1, 4), (1, 4), (24, 84)),
    "D": _Range(15, (560, 609), (4000, 6500), (25, 40), (50, 85), (1, 2), (2, 5), (2, 4), (12, 60)),
}
_POOR: Final = _Range(0, (400, 520), (3500, 6000), (60, 90), (85, 99), (4, 9), (7, 12), (6, 9), (12, 60))
_FULL_RECORD_MONTHS: Final = 24


def band_of(id_number: str) -> Band:
    """Tell the band that a person's ordinary record falls into, by the hash of the ID number."""
    bands: list[Band] = list(BANDS)
    rng = Random(f"band/{id_number}")
    return rng.choices(bands, weights=[BANDS[band].weight for band in bands])[0]


def _ranges(person: Person, traits: Traits) -> _Range:
    return _POOR if "poor_credit" in traits.words else BANDS[band_of(person.id_number)]


def monthly_income_yuan(person: Person) -> int:
    """Give the person's income in whole yuan a month; a student earns nothing."""
    traits = read_profile(person.profile)
    if "student" in traits.words:
        return 0
    low, high = _ranges(person, traits).income
    return Random(f"income/{person.id_number}").randrange(low, high + 1, 50)


def bureau_record(person: Person) -> Record:
    """Give the bureau's record of a person; amounts in yuan as strings, months and instalments as counts.

    `thin` and `student` have none: `found` is false and every count is zero.
    """
    traits = read_profile(person.profile)
    if traits.words & {"thin", "student"}:
        return empty_bureau_record()
    ranges = _ranges(person, traits)
    rng = Random(f"bureau/{person.id_number}/{person.profile}")
    late = rng.randint(*ranges.late)
    poor = "poor_credit" in traits.words
    record: Record = {
        "found": True,
        "overdue_now": 0,
        "overdue_12m": late,
        "max_consecutive_24m": rng.randint(3, late) if poor else min(late, 1),
        "total_overdue_24m": late + (rng.randint(2, 6) if poor else rng.randint(0, late)),
        "queries_3m": rng.randint(*ranges.queries),
        "lenders": rng.randint(*ranges.lenders),
        "monthly_debt_payment": _yuan(monthly_income_yuan(person) * rng.randint(*ranges.debt) // 100),
        "card_utilisation": f"{rng.randint(*ranges.utilisation) / 100:.2f}",
        "history_months": rng.randint(*ranges.history),
        "score": rng.randint(*ranges.score),
    }
    if record["lenders"] == 0:
        record["monthly_debt_payment"] = _yuan(0)
    if "overdue" in traits.words:
        now = rng.randint(1, 2)
        record |= {
            "overdue_now": now,
            "overdue_12m": record["overdue_12m"] + now,
            "max_consecutive_24m": max(record["max_consecutive_24m"], now),
            "total_overdue_24m": record["total_overdue_24m"] + now,
            "score": min(record["score"], 560) - 20 * now,
        }
    return record


def empty_bureau_record() -> Record:
    """Give the answer for somebody the bureau has no record of: not found, no score, every count zero."""
    counts = (
        "overdue_now",
        "overdue_12m",
        "max_consecutive_24m",
        "total_overdue_24m",
        "queries_3m",
        "lenders",
    )
    return {
        "found": False,
        **dict.fromkeys(counts, 0),
        "monthly_debt_payment": _yuan(0),
        "card_utilisation": "0.00",
        "history_months": 0,
        "score": None,
    }


def government_record(person: Person) -> Record:
    """Give what government offices know: social security, housing fund, tax, household, enrolment.

    Social security and the housing fund name the county of the employer: the ID number's own, or the one
    that `works_at:REGION` gives. A student has a household and an enrolment only.
    """
    traits = read_profile(person.profile)
    household = {"region_code": person.id_number[:6]}
    nothing: Record = {"social_security": None, "housing_fund": None, "tax": None}
    if "student" in traits.words:
        return nothing | {"household": household, "student": {"enrolled": True}}
    rng = Random(f"government/{person.id_number}/{person.profile}")
    region = find_region(traits.works_at or person.id_number[:6])
    income = monthly_income_yuan(person)
    employer = names.employer(rng, region)
    months = rng.randint(6, 12) if "thin" in traits.words else rng.randint(18, _FULL_RECORD_MONTHS)
    work = {"months_paid_24m": months, "monthly_base": _yuan(income), "employer_name": employer}
    fund = work | {"monthly_deposit": _yuan(income * 16 // 100), "region_code": region.code}
    return {
        "social_security": work | {"region_code": region.code},
        "housing_fund": fund if income >= BANDS["B"].income[0] else None,
        "tax": _tax(income),
        "household": household,
        "student": {"enrolled": False},
    }


def _tax(income: int) -> Record | None:
    """Give last year's tax on wages above 5,000 yuan a month, at the first bracket's 3 per cent."""
    taxable = max(income - 5000, 0) * 12
    if taxable == 0:
        return None
    return {"annual_income": _yuan(income * 12), "tax_paid": _yuan(min(taxable, 36000) * 3 // 100)}


def _yuan(amount: int) -> str:
    return f"{amount}.00"
