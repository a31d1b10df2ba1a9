"""``manage.py quote``: one JSON object or a Chinese table, one line for an error, never a database."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from lending.management.commands.quote import Command

ROOT = Path(__file__).parents[3]
M1 = {
    "--principal": "100000.00",
    "--annual-rate": "6",
    "--method": "equal_instalment",
    "--periods": "12",
    "--start": "2024-01-15",
    "--day-count": "30/360",
}
NO_DATABASE = """
import sys
from django.conf import settings
settings.configure(USE_I18N=False, DATABASES={})
from lending.management.commands.quote import Command
Command().run_from_argv(["manage.py", "quote", *sys.argv[1:]])
"""


def arguments(changes: dict[str, str | None] | None = None) -> list[str]:
    """Return the command line of M1 with some options changed, or left out where they are None."""
    options = {**M1, **(changes or {})}
    return [f"{flag}={value}" for flag, value in options.items() if value is not None]


def quoted(**changes: str) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    out = StringIO()
    flags = {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    call_command(Command(stdout=out), *arguments(dict(flags)), "--json")
    answer = json.loads(out.getvalue())
    assert isinstance(answer, dict)
    return answer


class TestJson:
    def test_has_the_fields_of_the_contract(self) -> None:
        answer = quoted()
        assert list(answer) == ["instalments", "total_interest", "all_in_annual_rate", "all_in_basis"]
        assert len(answer["instalments"]) == 12
        assert answer["instalments"][0] == {
            "number": 1,
            "due_date": "2024-02-15",
            "principal": "8106.64",
            "interest": "500.00",
            "total": "8606.64",
            "balance": "91893.36",
        }
        assert answer["instalments"][-1]["total"] == "8606.69"
        assert answer["instalments"][-1]["balance"] == "0.00"
        assert (answer["total_interest"], answer["all_in_annual_rate"], answer["all_in_basis"]) == (
            "3279.73",
            "6.0000",
            "irr",
        )

    def test_due_day(self) -> None:
        answer = quoted(
            principal="50000",
            annual_rate="5.4",
            method="interest_only",
            periods="6",
            day_count="act/360",
            due_day="21",
        )
        assert [row["interest"] for row in answer["instalments"]] == [
            "45.00",
            "232.50",
            "217.50",
            "232.50",
            "225.00",
            "232.50",
            "180.00",
        ]
        assert (answer["all_in_annual_rate"], answer["all_in_basis"]) == ("5.4750", "simple")

    def test_first_due(self) -> None:
        answer = quoted(start="2024-03-08", first_due="2024-04-20", day_count="act/360")
        assert answer["instalments"][0]["interest"] == "716.67"
        assert len(answer["instalments"]) == 12

    def test_instalment_multiple(self) -> None:
        answer = quoted(instalment_multiple="1")
        assert {row["total"] for row in answer["instalments"][:-1]} == {"8607.00"}


class TestTable:
    def test_is_chinese_and_complete(self) -> None:
        out = StringIO()
        call_command(Command(stdout=out), *arguments())
        lines = out.getvalue().splitlines()
        assert lines[0].split() == ["期数", "还款日", "本金", "利息", "应还合计", "剩余本金"]
        assert lines[1].split() == ["1", "2024-02-15", "8106.64", "500.00", "8606.64", "91893.36"]
        assert len(lines) == 1 + 12 + 3
        assert lines[-2:] == ["利息合计：3279.73 元", "年化综合成本：6.0000%（按月内部收益率折算）"]

    def test_a_simple_rate_is_labelled_so(self) -> None:
        out = StringIO()
        call_command(Command(stdout=out), *arguments({"--day-count": "act/360"}))
        assert out.getvalue().rstrip().endswith("6.0833%（单利）")


class TestErrors:
    @pytest.mark.parametrize(
        ("flag", "value"),
        [
            ("--principal", "-100.00"),
            ("--principal", "0"),
            ("--principal", "0.00"),
            ("--principal", "100.001"),
            ("--principal", "1e5"),
            ("--principal", "NaN"),
            ("--principal", "1,000.00"),
            ("--principal", "10000000000000.00"),
            ("--principal", ""),
            ("--annual-rate", "-1"),
            ("--annual-rate", "6.00001"),
            ("--annual-rate", "abc"),
            ("--annual-rate", "1000"),
            ("--method", "annuity"),
            ("--periods", "0"),
            ("--periods", "-1"),
            ("--periods", "361"),
            ("--periods", "12.5"),
            ("--periods", "1_2"),
            ("--start", "2024-02-30"),
            ("--start", "20240115"),
            ("--start", "2024-W03-1"),
            ("--start", "15.01.2024"),
            ("--day-count", "30/365"),
            ("--first-due", "2024-01-15"),
            ("--first-due", "2023-12-15"),
            ("--first-due", "soon"),
            ("--due-day", "0"),
            ("--due-day", "32"),
            ("--due-day", "x"),
            ("--instalment-multiple", "0"),
            ("--instalment-multiple", "-1"),
            ("--instalment-multiple", "1.005"),
            ("--instalment-multiple", "1000000"),
        ],
    )
    def test_a_bad_value_is_one_line_on_standard_error_and_code_2(
        self, flag: str, value: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            Command().run_from_argv(["manage.py", "quote", *arguments({flag: value}), "--json"])
        captured = capsys.readouterr()
        assert caught.value.code == 2
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert f"{flag}: " in captured.err

    @pytest.mark.parametrize("flag", sorted(M1))
    def test_a_missing_option_is_one_line_and_code_2(self, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            Command().run_from_argv(["manage.py", "quote", *arguments({flag: None})])
        captured = capsys.readouterr()
        assert caught.value.code == 2
        assert captured.err.count("\n") == 1
        assert f"{flag}: 缺少该参数，请给出" in captured.err

    def test_called_from_code_it_raises(self) -> None:
        with pytest.raises(CommandError, match="--periods: 期数应在 1 至 360"):
            call_command(Command(), *arguments({"--periods": "0"}))


class TestPurity:
    def test_the_command_runs_where_no_database_is_configured(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", NO_DATABASE, *arguments(), "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["total_interest"] == "3279.73"

    def test_the_arithmetic_knows_neither_django_nor_the_clock(self) -> None:
        pure = sorted(path.stem for path in (ROOT / "lending" / "loans").glob("*.py") if path.stem != "__init__")
        script = f"import sys\nfor name in {pure!r}: __import__('lending.loans.' + name)\n"
        script += "print(*[name for name in sys.modules if name.split('.')[0] in ('django', 'psycopg')])"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
