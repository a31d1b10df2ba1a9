"""Every code of the error catalogue is produced, and looked at, by at least one test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from core.errors import CATALOGUE
from tests.house.reading import ROOT

# Lists of what is documented: they name every code and prove of none that it is ever answered.
LISTS_ONLY: Final = ("tests/contract/calls.py", "tests/contract/test_document.py", "tests/house/test_errors.py")


def _words() -> Iterator[str]:
    """Give every name and every whole string that a test's code is made of; what an import merely fetches is no use."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.relative_to(ROOT).as_posix() in LISTS_ONLY:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            match node:
                case ast.Constant(value=str(text)):
                    yield text
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name


def test_every_code_of_the_catalogue_is_named_by_a_test() -> None:
    named = set(_words())
    silent = [code for code, problem in CATALOGUE.items() if code not in named and problem.__name__ not in named]
    assert silent == [], "write the test that is answered with it"
