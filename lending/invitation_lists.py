"""Reading a list of invited customers from a CSV file: all of it or none, every fault with its line, column and remedy."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from core.money import MoneyFormatError, yuan_to_fen
from lending.operations.registers import LONGEST_VILLAGE, Invited
from verification.numbers import check_digit_agrees, normalise_id_number

MOST_ROWS: Final = 50_000
NUMBER: Final = "身份证号"
LIMIT: Final = "预授额度（元）"
VILLAGE: Final = "村（社区）"
MANAGER: Final = "客户经理"
UNTIL: Final = "有效期止"
COLUMNS: Final = (NUMBER, LIMIT, VILLAGE, MANAGER, UNTIL)
ALIASES: Final = {
    **{name: name for name in COLUMNS},
    "身份证号码": NUMBER, "证件号码": NUMBER, "预授额度": LIMIT, "额度": LIMIT, "额度（元）": LIMIT, "村": VILLAGE,
    "社区": VILLAGE, "客户经理工号": MANAGER, "客户经理（工号）": MANAGER, "工号": MANAGER, "有效期": UNTIL,
}  # fmt: skip
ENCODINGS: Final = ("utf-8-sig", "gb18030")
SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
DAYS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """One fault of a file: in which line as a spreadsheet counts them, in which column, what is wrong and what to do."""

    line: int
    column: str
    text: str


class ListFaulty(ValueError):
    """A file with faults: nothing of it is entered."""

    def __init__(self, faults: list[LineFault]) -> None:
        """Keep the faults in the order of the lines."""
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def read_list(content: bytes, *, managers: Collection[str], today: date) -> list[Invited]:
    """Read a file in UTF-8 or GB18030 with the headers of `COLUMNS` in any order; only the ID number is required.

    `managers` are the logins that a customer manager may have; what ends before `today` is refused.

    Raises:
        ListFaulty: the file, or one of its lines, is ill-formed.
    """
    rows = csv.reader(io.StringIO(_text(content), newline=""), strict=True)
    try:
        return _read(rows, managers, today)
    except csv.Error as error:
        raise ListFaulty([_fault(rows.line_num, "", f"不是合法的 CSV（{error}），请检查引号和换行")]) from error


def _read(rows: Any, managers: Collection[str], today: date) -> list[Invited]:
    headers = _headers(next(rows, []))
    people: list[Invited] = []
    faults: list[LineFault] = []
    first_in: dict[str, int] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(people) >= MOST_ROWS:
            raise ListFaulty([_fault(rows.line_num, "", f"一次最多导入 {MOST_ROWS} 人，请拆分文件")])
        given = dict(zip(headers, (cell.strip() for cell in row), strict=False))
        found = list(_faults(given, rows.line_num, managers, today))
        if any(cell.strip() for cell in row[len(headers) :]):
            found.append(_fault(rows.line_num, "", "单元格比表头多，请检查多余的逗号"))
        number = normalise_id_number(given.get(NUMBER, ""))
        if number in first_in and not found:
            found.append(_fault(rows.line_num, NUMBER, f"与第 {first_in[number]} 行重复，请只保留一行"))
        first_in.setdefault(number, rows.line_num)
        faults += found
        people.append(Invited(id_number=number) if found else _person(number, given))
    if not people:
        faults.append(_fault(2, "", "文件中没有客户，请从第二行起每行填写一人"))
    if faults:
        raise ListFaulty(faults)
    return people


def _headers(cells: Sequence[str]) -> list[str]:
    """Return which column each place holds; a header that nobody knows is refused, so that no column is lost."""
    named = [cell.strip().replace("(", "（").replace(")", "）") for cell in cells]
    headers = [ALIASES.get(name, "") for name in named]
    offered = "、".join(COLUMNS)
    unknown = [name for name, header in zip(named, headers, strict=True) if name and not header]
    if headers.count(NUMBER) != 1:
        raise ListFaulty([_fault(1, NUMBER, f"首行须为表头并含“{NUMBER}”一列；可用的表头：{offered}")])
    if unknown:
        raise ListFaulty([_fault(1, name, f"不认识的表头，请删除该列或改为：{offered}") for name in unknown])
    twice = sorted({header for header in headers if header and headers.count(header) > 1})
    if twice:
        raise ListFaulty([_fault(1, header, "该列出现两次，请只保留一列") for header in twice])
    return headers


def _text(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListFaulty([_fault(1, "", "文件不是 UTF-8 或 GB18030 编码的文本，请另存为 CSV 后重试")])


def _faults(given: Mapping[str, str], line: int, managers: Collection[str], today: date) -> Iterator[LineFault]:
    number = given.get(NUMBER, "")
    if SCIENTIFIC.fullmatch(number):
        yield _fault(line, NUMBER, "被表格软件改成了科学计数，请把该列设为文本后重新填写")
    elif not check_digit_agrees(normalise_id_number(number)):
        yield _fault(line, NUMBER, "号码有误（应为 18 位且校验位正确），请核对")
    if not _is_amount(given.get(LIMIT, "")):
        yield _fault(line, LIMIT, "应为大于零的元金额，例如 30000.00，不含逗号，请改正或留空")
    if len(given.get(VILLAGE, "")) > LONGEST_VILLAGE:
        yield _fault(line, VILLAGE, f"最多 {LONGEST_VILLAGE} 个字，请缩短")
    manager = given.get(MANAGER, "")
    if manager and manager not in managers:
        yield _fault(line, MANAGER, f"没有工号为 {manager[:20]} 的在职员工，请核对或留空")
    until = given.get(UNTIL, "")
    if until and (_day(until) is None or (_day(until) or today) < today):
        yield _fault(line, UNTIL, f"应为不早于 {today} 的日期，例如 2027-06-30，请改正或留空")


def _is_amount(text: str) -> bool:
    try:
        return not text or yuan_to_fen(text) > 0
    except MoneyFormatError:
        return False


def _day(text: str) -> date | None:
    for form in DAYS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day has no time zone
        except ValueError:
            continue
    return None


def _person(number: str, given: Mapping[str, str]) -> Invited:
    limit, until = given.get(LIMIT, ""), given.get(UNTIL, "")
    return Invited(
        id_number=number, limit_fen=yuan_to_fen(limit) if limit else None, village=given.get(VILLAGE, ""),
        manager=given.get(MANAGER, ""), valid_until_date=_day(until) if until else None,
    )  # fmt: skip


def _fault(line: int, column: str, text: str) -> LineFault:
    return LineFault(line=line, column=column, text=text)
