"""Read list files as their publishers make them: the UN's XML, OFAC's CSV pair, and a plain CSV with a header line.

A plain CSV has the columns entry, name and, where known, id_number and birth_date (ISO 8601 or a year);
several lines of one entry are its names. The list of persons under joint discipline (ACC-09) has ground (convicted or
police) and listed_date as well, and an ID number in every entry: nobody is limited for a name alone.
"""

from __future__ import annotations

import calendar
import csv
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from verification.models.watchlist import GROUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Birth = tuple[date, date]
APPROXIMATE_YEARS: Final = 1
MONTHS: Final = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
OFAC_COLUMNS: Final = 12
OFAC_NULL: Final = "-0-"
OFAC_BIRTH: Final = re.compile(r"(?:alt\. )?DOB ([^;.]+)")
OFAC_CHINESE_ID: Final = re.compile(r"National ID No\. (\d{17}[\dXx])")
OFAC_QUOTED_ALIAS: Final = re.compile(r"a\.k\.a\. '([^;]+)'(?=[;.]|$)")
OFAC_DAY: Final = re.compile(r"(?:(?P<day>\d{1,2}) )?(?:(?P<month>[A-Z][a-z]{2}) )?(?P<year>\d{4})\Z")
ISO_DAY: Final = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?\Z")
CHINESE_ID: Final = re.compile(r"\d{17}[\dXx]\Z")


class ListFileUnreadable(ValueError):
    """Raised where a file is none of the known formats, or is damaged; says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntry:
    """One entry of a list: its names, the ranges in which its birth date lies, its resident ID numbers."""

    entry: str
    names: tuple[str, ...]
    person: bool = True
    births: tuple[Birth, ...] = ()
    id_numbers: tuple[str, ...] = ()
    ground: str = ""
    listed_date: date | None = None


def read_list(content: bytes, *, aliases: bytes | None = None) -> list[ListedEntry]:
    """Read a list file, whichever of the known formats it has; `aliases` is OFAC's second file.

    Raises:
        ListFileUnreadable: it is none of them, or a line cannot be read.
    """
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return list(_united_nations(content))
    text = _decoded(content)
    first = next(csv.reader(io.StringIO(text)), [])
    header = [column.strip().lower() for column in first]
    if "name" in header:
        return _plain(text)
    if len(first) == OFAC_COLUMNS:
        return list(_ofac(text, _decoded(aliases or b"")))
    raise ListFileUnreadable(
        "expected the UN's XML, OFAC's sdn.csv, or a CSV with the columns entry,name,id_number,birth_date"
    )


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListFileUnreadable("the file is neither UTF-8 nor GB 18030 text")


def _united_nations(content: bytes) -> Iterator[ListedEntry]:
    try:
        root = ET.fromstring(content)  # noqa: S314 -- an operator's file; expat bounds entity expansion, fetches nothing
    except ET.ParseError as error:
        raise ListFileUnreadable(f"the XML is damaged at line {error.position[0]}") from error
    if root.tag != "CONSOLIDATED_LIST":
        raise ListFileUnreadable(f"expected <CONSOLIDATED_LIST>, found <{root.tag}>")
    for element in root.iter("INDIVIDUAL"):
        yield _un_entry(element, "INDIVIDUAL", person=True)
    for element in root.iter("ENTITY"):
        yield _un_entry(element, "ENTITY", person=False)


def _un_entry(element: ET.Element, kind: str, *, person: bool) -> ListedEntry:
    parts = [_text(element, f"{ordinal}_NAME") for ordinal in ("FIRST", "SECOND", "THIRD", "FOURTH")]
    names = [" ".join(part for part in parts if part), _text(element, "NAME_ORIGINAL_SCRIPT")]
    names += [_text(alias, "ALIAS_NAME") for alias in element.iter(f"{kind}_ALIAS")]
    births = [_un_birth(birth) for birth in element.iter("INDIVIDUAL_DATE_OF_BIRTH")]
    births += [_iso(_text(alias, "DATE_OF_BIRTH"), spread=0) for alias in element.iter("INDIVIDUAL_ALIAS")]
    numbers = [_text(document, "NUMBER") for document in element.iter("INDIVIDUAL_DOCUMENT")]
    return ListedEntry(
        entry=_text(element, "REFERENCE_NUMBER") or _text(element, "DATAID"),
        names=_distinct(names),
        person=person,
        births=tuple(birth for birth in births if birth is not None),
        id_numbers=tuple(number for number in numbers if CHINESE_ID.match(number)),
    )


def _un_birth(element: ET.Element) -> Birth | None:
    spread = APPROXIMATE_YEARS if _text(element, "TYPE_OF_DATE").upper().startswith("APPROX") else 0
    first, last = _iso(_text(element, "FROM_YEAR"), spread=0), _iso(_text(element, "TO_YEAR"), spread=0)
    if first is not None and last is not None:
        return first[0], last[1]
    return _iso(_text(element, "DATE")[:10], spread=spread) or _iso(_text(element, "YEAR"), spread=spread)


def _text(element: ET.Element, name: str) -> str:
    return " ".join((element.findtext(name) or "").split())


def _ofac(text: str, aliases: str) -> Iterator[ListedEntry]:
    others: dict[str, list[str]] = {}
    for row in csv.reader(io.StringIO(aliases)):
        if len(row) >= 4:  # noqa: PLR2004 -- ent_num, alt_num, alt_type, alt_name, remarks; the last line is a Ctrl-Z
            others.setdefault(row[0].strip(), []).append(row[3])
    for row in csv.reader(io.StringIO(text)):
        if len(row) != OFAC_COLUMNS:
            continue
        number, name, kind, remarks = row[0].strip(), row[1], row[2].strip(), row[11]
        quoted = [alias.strip("'") for alias in OFAC_QUOTED_ALIAS.findall(remarks)]
        births = [_ofac_birth(found) for found in OFAC_BIRTH.findall(remarks)]
        yield ListedEntry(
            entry=number,
            names=_distinct([name, *others.get(number, []), *quoted]),
            person=kind == "individual",
            births=tuple(birth for birth in births if birth is not None),
            id_numbers=_distinct(OFAC_CHINESE_ID.findall(remarks)),
        )


def _ofac_birth(text: str) -> Birth | None:
    """Read `03 May 1938`, `May 1938`, `1938`, `circa …`, `… to …`; what is something else is no birth date."""
    plain = text.strip()
    spread = APPROXIMATE_YEARS if plain.startswith("circa ") else 0
    ends = [_ofac_day(end, spread) for end in re.split(r" to |-", plain.removeprefix("circa ").strip())]
    first, last = ends[0], ends[-1]
    return None if first is None or last is None else (first[0], last[1])


def _ofac_day(text: str, spread: int) -> Birth | None:
    found = OFAC_DAY.match(text.strip())
    if found is None:
        return None
    month = MONTHS.get((found["month"] or "").lower())
    return _range(int(found["year"]), month, int(found["day"]) if found["day"] else None, spread)


def _plain(text: str) -> list[ListedEntry]:
    rows: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=1):
        fields = {
            (name or "").strip().lower(): (value or "").strip() for name, value in row.items() if isinstance(value, str)
        }
        if not fields.get("name"):
            raise ListFileUnreadable(f"line {number + 1} has no name")
        rows.setdefault(fields.get("entry") or str(number), []).append(fields)
    return [_plain_entry(entry, lines) for entry, lines in rows.items()]


def _plain_entry(entry: str, lines: list[dict[str, str]]) -> ListedEntry:
    births = []
    for line in lines:
        written = line.get("birth_date", "")
        birth = _iso(written, spread=0)
        if written and birth is None:
            raise ListFileUnreadable(f"entry {entry}: birth_date must be 1980-01-31, 1980-01 or 1980")
        births.append(birth)
    return ListedEntry(
        entry=entry,
        names=_distinct(line["name"] for line in lines),
        births=tuple(birth for birth in births if birth is not None),
        id_numbers=_distinct(line.get("id_number", "") for line in lines),
        ground=_ground(entry, lines[0].get("ground", "")),
        listed_date=_listed_date(entry, lines[0].get("listed_date", "")),
    )


def _ground(entry: str, written: str) -> str:
    if written and written not in dict(GROUNDS):
        raise ListFileUnreadable(f"entry {entry}: ground must be one of {', '.join(dict(GROUNDS))}")
    return written


def _listed_date(entry: str, written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as error:
        raise ListFileUnreadable(f"entry {entry}: listed_date must be a day such as 2025-01-31") from error


def check_discipline(entries: Iterable[ListedEntry]) -> None:
    """Refuse a list of persons under joint discipline of which the term or the person cannot be told (ACC-09).

    Raises:
        ListFileUnreadable: an entry has no ID number, no ground or no day.
    """
    for entry in entries:
        if not (entry.id_numbers and entry.ground and entry.listed_date):
            raise ListFileUnreadable(f"entry {entry.entry}: id_number, ground and listed_date are needed")


def _iso(text: str, *, spread: int) -> Birth | None:
    found = ISO_DAY.match(text)
    if found is None:
        return None
    month, day = found["month"], found["day"]
    return _range(int(found["year"]), int(month) if month else None, int(day) if day else None, spread)


def _range(year: int, month: int | None, day: int | None, spread: int) -> Birth | None:
    """Return the days that a year, a month or a day covers, widened by `spread` years; None for a date that is none."""
    try:
        first = date(year - spread, month or 1, day or 1)
        last_month = month or 12
        return first, date(year + spread, last_month, day or calendar.monthrange(year + spread, last_month)[1])
    except ValueError:
        return None


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip() and text.strip() != OFAC_NULL))
