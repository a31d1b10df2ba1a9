"""Every parameter says what it means, in which unit, whose rule it is and between which bounds it may move."""

from __future__ import annotations

import ast
import re
from typing import Final

from tenants.parameters import CATALOGUE, Parameter, check
from tests.house.reading import PRODUCT, sources

CHINESE: Final = re.compile(r"[一-鿿]")


def _is_number(parameter: Parameter) -> bool:
    return isinstance(parameter.default, int) and not isinstance(parameter.default, bool)


class TestEveryParameter:
    def test_exists(self) -> None:
        assert CATALOGUE, "importing the rooms declares their parameters"

    def test_is_explained_to_staff_in_chinese(self) -> None:
        assert [name for name, parameter in CATALOGUE.items() if not CHINESE.search(parameter.meaning)] == []

    def test_names_its_source(self) -> None:
        nameless = [name for name, parameter in CATALOGUE.items() if not parameter.source]
        assert nameless == [], "a rule's id and document, or 工程取值 where the choice is ours"

    def test_has_a_unit_and_bounds_where_it_is_a_number(self) -> None:
        loose = [
            name
            for name, parameter in CATALOGUE.items()
            if _is_number(parameter) and (not parameter.unit or parameter.low is None or parameter.high is None)
        ]
        assert loose == []

    def test_has_a_default_that_it_accepts(self) -> None:
        for parameter in CATALOGUE.values():
            check(parameter, parameter.default)

    def test_is_read_somewhere(self) -> None:
        declared: dict[str, str] = {}
        used: set[str] = set()
        for source in sources(*PRODUCT):
            for node in ast.walk(source.tree()):
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "declare":
                        declared[f"{source.name}:{node.lineno} {node.target.id}"] = node.target.id
                elif isinstance(node, ast.Attribute):
                    used.add(node.attr)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    used.add(node.id)
        assert [place for place, name in declared.items() if name not in used] == [], "a control that moves nothing"
