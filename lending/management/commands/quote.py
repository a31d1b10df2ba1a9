"""``manage.py quote``: the schedule of a loan from its terms alone, no database needed."""

from __future__ import annotations

import argparse
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import east_asian_width

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.money import MoneyFormatError, yuan_to_fen
from lending.loans.day_count import DayCount
from lending.loans.errors import InvalidTermError, TermsError
from lending.loans.rates import parse_annual_rate
from lending.loans.schedule import build_schedule
from lending.loans.terms import RepaymentMethod, ScheduleTerms
from lending.loans.wire import ScheduleFields, schedule_fields

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_BAD_TERMS = 2

_FLAGS = {
    "principal_fen": "--principal",
    "annual_rate": "--annual-rate",
    "method": "--method",
    "periods": "--periods",
    "start_date": "--start",
    "day_count": "--day-count",
    "first_due_date": "--first-due",
    "due_day": "--due-day",
    "instalment_multiple_fen": "--instalment-multiple",
}
_REQUIRED = {
    "--principal": "贷款金额（元），例如 100000.00",
    "--annual-rate": "年利率（%%），例如 6",
    "--method": "还款方式：" + "、".join(RepaymentMethod),
    "--periods": "期限（月），例如 12",
    "--start": "起始日，例如 2024-01-15",
    "--day-count": "计息基础：" + "、".join(DayCount),
}
"""The options without which there is no schedule; the parser lets them be left out, so that the error is ours."""
_WHOLE = re.compile(r"-?[0-9]{1,9}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BASIS_WORDS = {"irr": "按月内部收益率折算", "simple": "单利"}
_COLUMNS = {
    "number": "期数",
    "due_date": "还款日",
    "principal": "本金",
    "interest": "利息",
    "total": "应还合计",
    "balance": "剩余本金",
}
_Value = TypeVar("_Value")


class Command(BaseCommand):
    """Print the schedule of a loan as a table, or with ``--json`` as one JSON object.

    Bad terms end in one line on standard error that names the option, what is wrong and what to give instead,
    and in exit code 2.
    """

    help = "还款计划试算（不访问数据库）"
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options; all are read as text, so that nothing is converted before it is checked."""
        parser.usage = argparse.SUPPRESS  # an error is then one line
        for flag, text in _REQUIRED.items():
            parser.add_argument(flag, help=text)
        parser.add_argument("--first-due", help="首次还款日")
        parser.add_argument("--due-day", help="每月还款日，1 至 31")
        parser.add_argument("--instalment-multiple", help="等额本息每期金额取整到多少元的整数倍")
        parser.add_argument("--json", action="store_true", help="输出 JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Read the terms, make the schedule, print it.

        Raises:
            CommandError: with exit code 2, the terms are wrong.
        """
        try:
            fields = schedule_fields(build_schedule(_terms(options)))
        except TermsError as error:
            flag = _FLAGS.get(error.field, error.field)
            msg = f"{flag}: {error.detail}，{error.next_step}"
            raise CommandError(msg, returncode=EXIT_BAD_TERMS) from error
        self.stdout.write(json.dumps(fields, ensure_ascii=False, indent=2) if options["json"] else _table(fields))


def _terms(options: dict[str, Any]) -> ScheduleTerms:
    """Read the options into terms; the terms check themselves."""
    for field, flag in _FLAGS.items():
        if flag in _REQUIRED and options[flag.removeprefix("--").replace("-", "_")] is None:
            raise InvalidTermError(field, "缺少该参数", f"请给出{_REQUIRED[flag].replace('%%', '%')}")
    multiple = options["instalment_multiple"]
    return ScheduleTerms(
        principal_fen=_fen("principal_fen", options["principal"]),
        annual_rate=parse_annual_rate(str(options["annual_rate"])),
        method=options["method"],
        periods=_whole("periods", options["periods"]),
        start_date=_date("start_date", options["start"]),
        day_count=options["day_count"],
        first_due_date=_optional(_date, "first_due_date", options["first_due"]),
        due_day=_optional(_whole, "due_day", options["due_day"]),
        instalment_multiple_fen=_optional(_fen, "instalment_multiple_fen", multiple),
    )


def _optional(read: Callable[[str, str], _Value], field: str, text: str | None) -> _Value | None:
    return None if text is None else read(field, text)


def _fen(field: str, text: str) -> int:
    try:
        return yuan_to_fen(text)
    except MoneyFormatError as error:
        raise InvalidTermError(field, f"无法识别金额 {text!r}", str(error)) from error


def _whole(field: str, text: str) -> int:
    if not _WHOLE.fullmatch(str(text)):
        raise InvalidTermError(field, f"无法识别整数 {text!r}", "请给出整数，例如 12")
    return int(text)


def _date(field: str, text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidTermError(field, f"没有这样的日期 {text!r}", "请写成 2026-11-22 这样的形式")


def _table(fields: ScheduleFields) -> str:
    """Lay the schedule out for people, each column as wide as its widest cell."""
    rows = [list(_COLUMNS.values())]
    rows += [[str(value) for value in row.values()] for row in fields["instalments"]]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(" " * (w - _width(c)) + c for c, w in zip(row, widths, strict=True)) for row in rows]
    basis = _BASIS_WORDS[fields["all_in_basis"]]
    lines += [
        "",
        f"利息合计：{fields['total_interest']} 元",
        f"年化综合成本：{fields['all_in_annual_rate']}%（{basis}）",
    ]
    return "\n".join(lines)


def _width(text: str) -> int:
    """Return the columns of a terminal that a text takes; a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
