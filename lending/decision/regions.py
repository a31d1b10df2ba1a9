"""What ties an applicant to the bank's area (LN-04, 银保监办发〔2021〕24号).

Any one tie suffices: the ID number's county (where the household was registered when it was given), a
residence, an employer or a business licence. A declared tie counts only with evidence. Where the phone is
proves nothing; but a phone in another province contradicts somebody who says that they live or work here, so
such a claim does not count then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from lending.decision.region_codes import current_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

TieKind = Literal["id_address", "residence", "employer", "licence"]

_CODE: Final = re.compile(r"[1-9][0-9]{5}")
_PREFIX: Final = re.compile(r"[1-9][0-9](?:[0-9]{2}){0,2}")
_COUNTY_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence:
    """Where the customer says they live, since when, and what shows it."""

    region_code: str
    since_date: date
    evidence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Employer:
    """For whom the customer says they work, where, and what shows it."""

    name: str
    region_code: str
    evidence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionClaims:
    """What could tie the customer to an area. Codes are counties (GB/T 2260), current or former.

    `id_address_code` is the first six digits of the ID number. `licence_region_code` is the county of a
    business licence that has been checked. `device_region_code` is where the phone is, if the customer let us
    know.
    """

    id_address_code: str
    residence: Residence | None = None
    employer: Employer | None = None
    licence_region_code: str | None = None
    device_region_code: str | None = None


@dataclass(frozen=True, slots=True)
class RegionTie:
    """What decided: the kind of tie, the code as given, and the prefix of the service region over it."""

    kind: TieKind
    region_code: str
    prefix: str


def service_region_evidence(prefixes: Iterable[str], claims: RegionClaims, *, on_date: date) -> RegionTie | None:
    """Return the first tie that lies in the service region, None when there is none.

    Prefixes are GB/T 2260 codes of two, four or six digits; trailing pairs of zeros stand for a whole city or
    province (``320700``). Former codes are read as what they are today, on both sides. A former county that
    was divided counts only when the service region covers all its heirs.

    Raises:
        ValueError: a prefix is no such code.
    """
    regions = [_region(prefix) for prefix in prefixes]
    for kind, code in _ties(claims, regions, on_date):
        if not _CODE.fullmatch(code):
            continue
        covering = [_covering(regions, current) for current in current_codes(code)]
        if covering and all(covering):
            return RegionTie(kind, code, covering[0])
    return None


def _ties(claims: RegionClaims, regions: list[tuple[str, ...]], on_date: date) -> Iterator[tuple[TieKind, str]]:
    yield "id_address", claims.id_address_code
    if _contradicted(claims.device_region_code, regions):
        return
    residence = claims.residence
    if residence is not None and _shown(residence.evidence) and residence.since_date <= on_date:
        yield "residence", residence.region_code
    if claims.employer is not None and _shown(claims.employer.evidence):
        yield "employer", claims.employer.region_code
    if claims.licence_region_code is not None:
        yield "licence", claims.licence_region_code


def _contradicted(device_region_code: str | None, regions: list[tuple[str, ...]]) -> bool:
    """Tell whether the phone is in a province that the service region does not touch."""
    if device_region_code is None:
        return False
    return device_region_code[:2] not in {code[:2] for region in regions for code in region}


def _shown(evidence: str | None) -> bool:
    return bool(evidence and evidence.strip())


def _region(prefix: str) -> tuple[str, ...]:
    """Return a prefix as the current codes or prefixes it stands for."""
    if not _PREFIX.fullmatch(prefix):
        msg = f"{prefix!r} is no region code of two, four or six digits"
        raise ValueError(msg)
    shortened = re.sub(r"(?<=^..)(?:00)+$|(?<=^....)00$", "", prefix)
    return current_codes(shortened) if len(shortened) == _COUNTY_DIGITS else (shortened,)


def _covering(regions: list[tuple[str, ...]], code: str) -> str:
    return next((prefix for region in regions for prefix in region if code.startswith(prefix)), "")
