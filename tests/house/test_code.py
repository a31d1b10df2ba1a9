"""How long functions and modules are, and what no file of the product does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.house.reading import OWN_CODE, PRODUCT, Source, sources

LONGEST_FUNCTION: Final = 70
LONGEST_MODULE: Final = 400
VAGUE: Final = {"utils", "util", "helpers", "helper", "misc", "common"}
LATER: Final = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
WAYS_OUT: Final = {"aiohttp", "http.client", "httpx", "requests", "socket", "urllib.request", "urllib3"}
SDK_ERRORS: Final = {
    "verification/providers/tencent/mapping.py": "names what the vendor's SDK raises; its calls run in gateway.outside",
}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(source: Source) -> Iterator[FunctionNode]:
    for node in ast.walk(source.tree()):
        if isinstance(node, FunctionNode):
            yield node


class TestEveryFile:
    def test_has_400_lines_at_most(self) -> None:
        long = {source.name: source.lines for source in sources(*OWN_CODE) if source.lines > LONGEST_MODULE}
        assert long == {}, "split it by business topic"

    def test_has_functions_of_70_lines_at_most(self) -> None:
        long = {
            f"{source.name}:{function.lineno} {function.name}": lines
            for source in sources(*OWN_CODE)
            for function in _functions(source)
            if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
        }
        assert long == {}

    def test_is_named_by_its_topic(self) -> None:
        vague = [source.name for source in sources(*OWN_CODE) if VAGUE & {source.path.stem, source.path.parent.name}]
        assert vague == []

    def test_leaves_nothing_for_later(self) -> None:
        marks = [
            f"{source.name}:{number}"
            for source in sources(*OWN_CODE)
            for number, line in enumerate(source.text.splitlines(), start=1)
            if LATER.search(line)
        ]
        assert marks == []

    def test_annotates_lazily(self) -> None:
        eager = [
            source.name
            for source in sources(*OWN_CODE)
            if any(isinstance(node, FunctionNode | ast.ClassDef) for node in source.tree().body)
            and "from __future__ import annotations" not in source.text
        ]
        assert eager == []


class TestEveryFileOfTheProduct:
    def test_uses_no_signals(self) -> None:
        listening = [
            f"{source.name}:{node.lineno}"
            for source in sources(*PRODUCT)
            for node in ast.walk(source.tree())
            if isinstance(node, ast.ImportFrom)
            and (str(node.module).startswith("django.dispatch") or str(node.module).endswith(".signals"))
        ]
        assert listening == []

    def test_opens_transactions_by_no_decorator_of_django(self) -> None:
        decorated = [
            f"{source.name}:{function.lineno} {function.name}"
            for source in sources(*PRODUCT)
            for function in _functions(source)
            if any("atomic" in ast.unparse(decorator) for decorator in function.decorator_list)
        ]
        assert decorated == [], "mark it opens_transaction"

    def test_locks_loans_and_what_they_hang_on_without_their_keys(self) -> None:
        locking = [
            f"{source.name}:{node.lineno}"
            for source in sources("lending")
            for node in ast.walk(source.tree())
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "select_for_update"
            and not any(word.arg == "no_key" for word in node.keywords)
        ]
        assert locking == [], (
            "no_key=True: else whoever refers to the row waits at his commit, against the order of locks"
        )

    def test_makes_outside_calls_by_the_gateway_only(self) -> None:
        calling = [
            f"{source.name}:{node.lineno}"
            for source in sources(*PRODUCT)
            if not source.name.startswith("core/gateway/") and source.name not in SDK_ERRORS
            for node in _run_time_nodes(source.tree())
            if isinstance(node, ast.Import | ast.ImportFrom) and _imported(node) & WAYS_OUT
        ]
        assert calling == [], "call through core.gateway: it times out, logs, counts, breaks the circuit and guards"


def _run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Give every node but those of `if TYPE_CHECKING:` blocks: naming a type is no call."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_time_nodes(child)


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        return {str(node.module)}
    return {alias.name for alias in node.names}
