"""Every kind of step: who handles it, on which lane, under which lease."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import timedelta
from typing import Final

from core.steps.registry import KINDS, LANES, LEDGER, VENDOR
from tests.house.reading import PRODUCT, sources

NAME: Final = re.compile(r"[a-z_]+\.[a-z_]+\Z")
PLACE: Final = re.compile(r"[a-z]+/steps(\.py|/)")
REPEAT: Final = re.compile(r"\b(PURE|QUERYABLE|BURNS?)\b", re.IGNORECASE)
SHORTEST_LEASE: Final = timedelta(seconds=5)
LONGEST_LEASE: Final = timedelta(seconds=60)  # what a lost worker costs; STEP_LEASE_SECONDS caps it at as much


class TestEveryKind:
    def test_exists(self) -> None:
        assert KINDS, "importing the rooms registers their kinds"

    def test_is_named_by_its_object_and_what_is_done(self) -> None:
        assert [kind.name for kind in KINDS.values() if not NAME.match(kind.name)] == []

    def test_has_a_lane_that_workers_serve(self) -> None:
        assert {kind.lane for kind in KINDS.values()} <= set(LANES)

    def test_has_a_lease_long_enough_to_work_and_short_enough_to_lose(self) -> None:
        strange = {
            kind.name: kind.lease for kind in KINDS.values() if not SHORTEST_LEASE <= kind.lease <= LONGEST_LEASE
        }
        assert strange == {}

    def test_has_a_handler_that_says_what_it_does(self) -> None:
        assert [kind.name for kind in KINDS.values() if not inspect.getdoc(kind.handler)] == []

    def test_that_calls_outside_says_what_a_second_call_would_do(self) -> None:
        silent = [
            kind.name
            for kind in KINDS.values()
            if kind.lane in {VENDOR, LEDGER} and not REPEAT.search(inspect.getdoc(kind.handler) or "")
        ]
        assert silent == [], "the handler's docstring says PURE, QUERYABLE or BURNS"

    def test_that_gives_up_has_a_deadline_and_the_other_way_round(self) -> None:
        assert [kind.name for kind in KINDS.values() if (kind.deadline is None) != (kind.give_up is None)] == []


def test_kinds_are_registered_in_their_rooms_steps_only() -> None:
    places = {
        source.name
        for source in sources(*PRODUCT)
        for node in ast.walk(source.tree())
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("register_step")
    }
    assert sorted(place for place in places if not PLACE.match(place)) == []
