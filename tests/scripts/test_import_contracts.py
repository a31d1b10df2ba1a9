"""The import contracts of our own find what they are there for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grimp
import pytest

from scripts.import_contracts import DoorsContract, RoomsContract

if TYPE_CHECKING:
    from pathlib import Path


def graph_of(*imports: tuple[str, str]) -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported, line_number=7, line_contents="")
    return graph


def doors() -> DoorsContract:
    return DoorsContract(
        name="doors",
        session_options={"root_packages": ["upper", "lower", "wiring"]},
        contract_options={
            "rooms": ["upper", "lower"],
            "doors": ["operations", "queries"],
            "more_doors": ["lower.context"],
            "free": ["wiring"],
        },
    )


class TestDoors:
    @pytest.mark.parametrize(
        ("importer", "imported"),
        [
            ("upper.operations.draw", "lower.operations"),
            ("upper.operations.draw", "lower.queries"),
            ("upper.tasks", "lower.operations.close"),
            ("upper.tasks", "lower.context"),
            ("upper.rest", "upper.models"),
            ("upper.models", "core.money"),
            ("wiring.urls", "lower.rest"),
        ],
    )
    def test_an_import_through_a_door_is_kept(self, importer: str, imported: str) -> None:
        assert doors().check(graph_of((importer, imported)), verbose=False).kept

    @pytest.mark.parametrize(
        ("importer", "imported"),
        [
            ("upper.operations.draw", "lower.models"),
            ("upper.operations.draw", "lower"),
            ("upper.rest.views", "lower.providers.own.client"),
            ("upper.tasks", "lower.operations_of_old"),
        ],
    )
    def test_an_import_round_the_doors_is_named_with_its_line(
        self, importer: str, imported: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        verdict = doors().check(graph_of((importer, imported)), verbose=False)
        assert not verdict.kept
        doors().render_broken_contract(verdict)
        assert f"{importer} -> {imported} (line 7)" in capsys.readouterr().out.replace("\n", " ")


class TestRooms:
    def test_a_package_that_nobody_has_placed_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("upper", "tools", "stranger"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").touch()
        contract = RoomsContract(
            name="rooms",
            session_options={"root_packages": ["upper"]},
            contract_options={"outside": ["tools"]},
        )
        graph = graph_of(("upper.one", "upper.two"))
        assert contract.check(graph, verbose=False).metadata == {"strangers": ["stranger"]}
        (tmp_path / "stranger" / "__init__.py").unlink()
        assert contract.check(graph, verbose=False).kept
