"""`docs/rules.md` leads from every rule of accounts and loans to tests that exist and to numbers that are declared."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lending.models import ProductVersion
from tenants.parameters import CATALOGUE
from tests.house.reading import ROOT

PAGE: Final = ROOT / "docs" / "rules.md"
FAMILIES: Final = {"ACC": 15, "INT": 8, "PEN": 2, "ALLOC": 3, "EARLY": 1, "EXT": 1, "RISK": 5, "GL": 1, "CUST": 1}
"""How many rules each family has, numbered from 01 (domain B1, B3, B5)."""
PARTLY: Final = {"AML": (5, 7, 8)}
"""Of which families only some rules are on the page, and which (domain B4)."""
RULES: Final = [
    *(f"{family}-{number:02d}" for family, last in FAMILIES.items() for number in range(1, last + 1)),
    *(f"{family}-{number:02d}" for family, numbers in PARTLY.items() for number in numbers),
]
EXAMPLES: Final = [*(f"M{number}" for number in range(1, 11)), "schedules"]
NOT_BUILT: Final = "not built"
NAMED: Final = re.compile(rf"^Test({'|'.join(family.capitalize() for family in [*FAMILIES, *PARTLY])})(\d\d)")
TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:::(\w+))?`")
NUMBER: Final = re.compile(r"`([a-z_.0-9]+)` (.+)")
UNITS: Final = {
    "": "", "个": "", "个工作日": "working days", "个月": "months", "人": "persons", "元": "yuan", "基点": "bp",
    "分钟": "minutes after midnight", "%": "%", "次": "times", "笔": "pieces",
    "天": "days", "年": "years", "岁": "years", "期": "instalments", "分": "points",
}  # fmt: skip
WORDS: Final = {None: "none", True: "on", False: "off"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a rule or an example, its tests and its numbers."""

    name: str
    tests: str
    numbers: str


def _rows() -> Iterator[Row]:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] not in {"rule", "example"}:
            yield Row(cells[0], cells[2], cells[3] if len(cells) > 3 else "none")


@cache
def _definitions(path: Path) -> dict[str, set[str]]:
    """Return the classes of a test module with their functions, and its functions under an empty name."""
    found: dict[str, set[str]] = {"": set()}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            found[""].add(node.name)
    return found


def _exists(path: str, first: str, second: str) -> bool:
    if not (ROOT / path).is_file():
        return False
    found = _definitions(ROOT / path)
    if second:
        return second in found.get(first, set())
    return first in found[""] or any(name.startswith("test_") for name in found.get(first, ()))


def test_every_rule_and_every_example_is_on_the_page_once() -> None:
    names = [row.name for row in _rows()]
    assert names == [*RULES, *EXAMPLES]


def test_every_test_on_the_page_exists() -> None:
    missing = []
    for row in _rows():
        named = TEST.findall(row.tests)
        if not named and row.tests != NOT_BUILT:
            missing.append(f"{row.name}: no test, and does not say that it is not built")
        missing += [f"{row.name}: {each}" for each in named if not _exists(*each)]
        assert len(named) == len(row.tests.split("<br>")) or row.tests == NOT_BUILT, row.name
    assert missing == []


def test_every_test_that_bears_a_rules_name_is_on_the_page_under_it() -> None:
    on_page = {(row.name, path, name) for row in _rows() for path, name, _ in TEST.findall(row.tests)}
    named = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in _definitions(path):
            if found := NAMED.match(name):
                named.add((f"{found[1].upper()}-{found[2]}", path.relative_to(ROOT).as_posix(), name))
    assert named - on_page == set()


def test_every_rule_that_is_built_has_a_test_named_after_it() -> None:
    without = [
        row.name
        for row in _rows()
        if row.name in RULES
        and row.tests != NOT_BUILT
        and not any(
            (found := NAMED.match(name)) and f"{found[1].upper()}-{found[2]}" == row.name
            for _, name, _ in TEST.findall(row.tests)
        )
    ]
    assert without == []


def test_every_number_on_the_page_is_declared_with_this_default_and_unit() -> None:
    wrong = []
    for row in _rows():
        for item in row.numbers.split("<br>") if row.numbers != "none" else []:
            found = NUMBER.fullmatch(item)
            if found is None or found[2] != _declared(found[1]):
                wrong.append(f"{row.name}: {item}, not {found and _declared(found[1])}")
    assert wrong == []


def test_every_parameter_whose_source_is_a_rule_stands_beside_it() -> None:
    missing = []
    for row in _rows():
        told = {found[1] for item in row.numbers.split("<br>") if (found := NUMBER.fullmatch(item))}
        sources = {name for name, spec in CATALOGUE.items() if re.search(rf"{row.name}\b", spec.source)}
        missing += [f"{row.name}: {name}" for name in sorted(sources - told)]
    assert missing == []


def test_what_is_not_built_is_told_below_the_tables() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## What is not built of a rule")[2]
    assert [row.name for row in _rows() if row.tests == NOT_BUILT and f"**{row.name}**" not in text] == []


def _declared(name: str) -> str | None:
    """Write a number as the page does: its default and its unit; None where there is no such number."""
    room, _, column = name.partition(".")
    if room == "product":
        columns = {field.name: field for field in ProductVersion._meta.concrete_fields}
        if column not in columns:
            return None
        default = columns[column].get_default()
        return WORDS[default] if default is None or isinstance(default, bool) else str(default)
    if name not in CATALOGUE:
        return None
    spec = CATALOGUE[name]
    return f"{spec.default} {UNITS[spec.unit]}".strip() or "none"
