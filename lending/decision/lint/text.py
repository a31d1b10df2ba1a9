"""Reading expressions without running them: what they name, and what they may not hold.

The engine offers no syntax tree, so this reads tokens, after the engine itself has accepted the text. The
language allowed here is smaller than the engine's: whatever could hide a value's name, change with the clock,
or put something in the place of a missing value is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

FUNCTIONS: Final = frozenset(
    {
        *("abs", "avg", "ceil", "floor", "max", "median", "min", "round", "sum", "trunc"),
        *("all", "contains", "count", "endsWith", "filter", "flatten", "len", "map", "none", "one", "some"),
        *("lower", "startsWith", "string", "trim", "upper"),
    }
)
"""Pure functions whose failure is an error. `rand` and dates never replay; `bool` and `number` guess."""

_KEYWORDS: Final = frozenset({"and", "or", "not", "in", "true", "false"})

_PLAIN: Final = frozenset({"string", "number", "boolean"})

_VALUE = "o?v(?:oo?v)*"
_RANGE = rf"[\[(]{_VALUE}~{_VALUE}[\])]"
_LIST = rf"\[{_VALUE}(?:,{_VALUE})*\]"
_ITEM = rf"(?:c{_VALUE}|n?i(?:{_LIST}|{_RANGE})|{_RANGE}|{_LIST}|{_VALUE})"
_PLAIN_TEST: Final = re.compile(rf"{_ITEM}(?:,{_ITEM}|&c{_VALUE})*")
"""Cells under a field, each token one letter: see `_symbol`."""

_SYMBOLS: Final = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), "c"),
    **dict.fromkeys(("+", "-", "*", "/"), "o"),
    "..": "~",
    "and": "&",
    "in": "i",
    "not": "n",
    "[": "[",
    "]": "]",
    "(": "(",
    ")": ")",
    ",": ",",
}

_TOKEN: Final = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<string>"[^"]*"|'[^']*')
    | (?P<number>\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z_$\#][A-Za-z0-9_$\#]*)
    | (?P<mark>\?\?|\.\.|==|!=|<=|>=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_FORBIDDEN_MARKS: Final = {
    "`": "不得使用模板文本",
    "??": "不得用默认值代替缺失的数据，请先判断该来源是否可用",
    "=": "不得赋值",
    ";": "不得赋值",
    "{": "不得使用对象",
    "}": "不得使用对象",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression: `kind` is string, number, word or mark."""

    kind: str
    text: str


@dataclass(slots=True)
class Reading:
    """What an expression names. `own` are values of the same node, `elements` fields of list elements."""

    paths: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    elements: set[str] = field(default_factory=set)
    uses_cell_value: bool = False
    problems: list[str] = field(default_factory=list)


def tokens_of(text: str) -> list[Token]:
    """Cut an expression into tokens, spaces left out."""
    return [Token(str(match.lastgroup), match.group()) for match in _TOKEN.finditer(text) if match.lastgroup != "space"]


def read(text: str) -> Reading:
    """Read an expression that the engine has compiled."""
    reading = Reading()
    tokens = tokens_of(text)
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "word":
            position = _word(tokens, position, reading)
            continue
        if token.text in _FORBIDDEN_MARKS and token.kind == "mark":
            reading.problems.append(_FORBIDDEN_MARKS[token.text])
        if token.text == "[" and position and _ends_a_value(tokens[position - 1]):
            reading.problems.append("不得用方括号取值，请用点号写出名称")
        if token.text == "." and token.kind == "mark":
            reading.problems.append("点号前应为名称")
        position += 1
    return reading


def is_plain_test(text: str) -> bool:
    """Tell whether a cell under a field is a list of comparisons, intervals and values.

    The engine takes more, and means by it what nobody expects: in ``> 5 and x`` the x is compared with the
    field, and so is a condition of its own; both are then silently false.
    """
    return _PLAIN_TEST.fullmatch("".join(_symbol(atom) for atom in _atoms(text))) is not None


def plain_kinds(text: str) -> set[str]:
    """Return the kinds of the plain values in an expression."""
    return {atom.kind for atom in _atoms(text)} & _PLAIN


def equalities(text: str) -> list[tuple[str, Token]]:
    """Return the pairs of a path and a plain value that an expression holds equal, or not, or looks up."""
    atoms = _atoms(text)
    pairs = []
    for position in range(1, len(atoms) - 1):
        before, after = atoms[position - 1], atoms[position + 1]
        if atoms[position].text in {"==", "!="}:
            pairs += [(one.text, two) for one, two in ((before, after), (after, before)) if one.kind == "path"]
        elif atoms[position].text == "in" and before.kind == "path" and after.text == "[":
            pairs += [(before.text, item) for item in _until(atoms[position + 2 :], "]")]
    return [(path, value) for path, value in pairs if value.kind in _PLAIN]


def literal(text: str) -> str | None:
    """Return the text that a cell states literally, None when it is anything else."""
    tokens = tokens_of(text)
    return tokens[0].text[1:-1] if len(tokens) == 1 and tokens[0].kind == "string" else None


def is_rounded_text(text: str, *, decimals: int) -> bool:
    """Tell whether an expression is ``string(round(…, decimals))`` as a whole: it leaves exactly."""
    texts = [token.text for token in tokens_of(text)]
    if texts[:4] != ["string", "(", "round", "("] or texts[-4:] != [",", str(decimals), ")", ")"]:
        return False
    return _never_closes(texts[4:-4])


def _atoms(text: str) -> list[Token]:
    """Return the tokens of an expression with dotted names joined and plain yes and no told apart."""
    atoms: list[Token] = []
    for token in tokens_of(text):
        dotted = len(atoms) > 1 and atoms[-1].text == "." and atoms[-2].kind == "path"
        if token.text in {"true", "false"}:
            atoms.append(Token("boolean", token.text))
        elif token.kind != "word" or token.text in _KEYWORDS:
            atoms.append(token)
        elif dotted:
            atoms[-2:] = [Token("path", f"{atoms[-2].text}.{token.text}")]
        else:
            atoms.append(Token("path", token.text))
    return atoms


def _symbol(atom: Token) -> str:
    if atom.kind in _PLAIN or (atom.kind == "path" and not set("$#") & set(atom.text)):
        return "v"
    return _SYMBOLS.get(atom.text, "x")


def _until(atoms: list[Token], end: str) -> list[Token]:
    texts = [atom.text for atom in atoms]
    return atoms[: texts.index(end)] if end in texts else []


def _never_closes(texts: list[str]) -> bool:
    """Tell whether brackets are balanced and no comma stands outside them."""
    depth = 0
    for text in texts:
        depth += (text in {"(", "["}) - (text in {")", "]"})
        if depth < 0 or (depth == 0 and text == ","):
            return False
    return depth == 0 and bool(texts)


def _ends_a_value(token: Token) -> bool:
    return token.text in {")", "]"} or token.kind == "string" or (token.kind == "word" and token.text not in _KEYWORDS)


def _word(tokens: list[Token], position: int, reading: Reading) -> int:
    """Read a name with its dots; return where to go on."""
    parts = [tokens[position].text]
    position += 1
    while position + 1 < len(tokens) and tokens[position].text == "." and tokens[position + 1].kind == "word":
        parts.append(tokens[position + 1].text)
        position += 2
    called = position < len(tokens) and tokens[position].text == "("
    _note(parts, reading, called=called)
    return position


def _note(parts: list[str], reading: Reading, *, called: bool) -> None:
    head, path = parts[0], ".".join(parts)
    if len(parts) == 1 and head in _KEYWORDS:
        return
    if called:
        if len(parts) > 1 or head not in FUNCTIONS:
            reading.problems.append(f"不得使用函数 {path}")
        return
    if head == "null":
        reading.problems.append("不得与 null 比较，请先判断该来源是否可用")
    elif head == "#":
        reading.elements.add(".".join(parts[1:]))
    elif head == "$":
        if len(parts) == 1:
            reading.uses_cell_value = True
        else:
            reading.own.add(".".join(parts[1:]))
    elif "$" in path or "#" in path:
        reading.problems.append(f"不得使用 {path}")
    else:
        reading.paths.add(path)
