"""The error catalogue: complete, explained, and the committed file is current."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from django.core.management import CommandError, call_command

from core.errors import Problem
from core.management.commands import error_catalogue
from core.management.commands.error_catalogue import import_own_modules, meaning_of, own_problems

CHINESE: Final = re.compile(r"[一-鿿]")
CODE: Final = re.compile(r"[a-z]+(_[a-z]+)*\Z")


@pytest.fixture
def problems() -> list[type[Problem]]:
    """Return every problem that the code declares."""
    import_own_modules()
    return own_problems()


class TestEveryProblem:
    def test_has_a_title_that_a_customer_can_read(self, problems: list[type[Problem]]) -> None:
        assert [problem.code for problem in problems if not CHINESE.search(problem.title)] == []

    def test_has_a_docstring_of_its_own_that_says_when_it_is_raised(self, problems: list[type[Problem]]) -> None:
        assert [problem.code for problem in problems if not meaning_of(problem).endswith(".")] == []

    def test_has_a_stable_code_of_small_letters(self, problems: list[type[Problem]]) -> None:
        assert [problem.code for problem in problems if not CODE.match(problem.code)] == []

    def test_has_a_status_that_blames_the_right_side(self, problems: list[type[Problem]]) -> None:
        ours = {problem.code for problem in problems if problem.status >= 500}
        assert ours == {"internal_error", "vendor_unavailable", "check_suspended"}
        assert {problem.status for problem in problems} <= {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}

    def test_of_a_moment_is_never_the_stored_answer_to_a_key(self, problems: list[type[Problem]]) -> None:
        passing = {401, 429, 500, 503}
        assert [problem.code for problem in problems if problem.status in passing and problem.replayable] == []


class TestCatalogue:
    def test_the_committed_file_is_current(self) -> None:
        said = StringIO()
        call_command("error_catalogue", check=True, stdout=said)
        assert "is current" in said.getvalue()

    def test_a_stale_file_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stale = tmp_path / "errors.md"
        stale.write_text("# Errors\n", encoding="utf-8")
        monkeypatch.setattr(error_catalogue, "FILE", stale)
        with pytest.raises(CommandError, match="not what the code says"):
            call_command("error_catalogue", check=True)

    def test_writing_makes_what_the_check_accepts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(error_catalogue, "FILE", tmp_path / "errors.md")
        call_command("error_catalogue", stdout=StringIO())
        call_command("error_catalogue", check=True, stdout=StringIO())

    def test_a_row_shows_code_status_title_meaning_room_and_what_a_repetition_gets(
        self, problems: list[type[Problem]]
    ) -> None:
        rows = error_catalogue.catalogue(problems).splitlines()
        assert (
            "| `state_conflict` | 409 | 当前状态无法进行此操作，请刷新后重试 |"
            " The resource is not in a state in which this can be done; read it again. | core | stored |"
        ) in rows
        assert any(
            row.startswith("| `unauthenticated` | 401 |") and row.endswith("| core | tried anew |") for row in rows
        )

    def test_problems_of_tests_and_libraries_stay_out(self, problems: list[type[Problem]]) -> None:
        assert {error_catalogue.room_of(problem) for problem in problems} <= {
            "core", "tenants", "verification", "accounts", "lending", "config",
        }  # fmt: skip
