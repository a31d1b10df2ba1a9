"""Which refusals the run has seen at which call; a whole run fails when a documented one was never produced.

Every answer that the product gives a test in this process passes the middleware. Each xdist worker hands its list to
the controller, which holds the sum against the published document when the whole suite was run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

Answered = tuple[str, str, str]
ROOT: Final = Path(__file__).resolve().parent.parent
PROBLEM: Final = "application/problem+json"
CODE: Final = re.compile(r"`([a-z0-9_]+)`")
IN_A_ROUTE: Final = re.compile(r"<(?:[a-z]+:)?[a-z_]+>|\{(?!bank\})[a-z_]+\}")
AT_A_BANK: Final = re.compile(r"/b/[^/]+(/.*)")
BANK_URLS: Final = "config.urls_bank"
OUTPUT: Final = "answered"
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C takes a twentieth of the time

_seen: set[Answered] = set()


class Recorder:
    """Middleware that remembers method, route and code of every problem document."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Stand before everything else."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on, and remember the answer if it is a refusal by a call that there is."""
        asked = request.path_info
        answer = self.get_response(request)
        if answer.headers.get("Content-Type") == PROBLEM:
            code = json.loads(answer.content)["code"]  # type: ignore[attr-defined]
            _seen.add((str(request.method), path_of(asked), code))
        return answer


def path_of(asked: str) -> str:
    """Name a path as the published document does, each id as `{}`; of no bank, too; empty where there is no call."""
    at_bank = AT_A_BANK.fullmatch(asked)
    try:
        match = resolve(at_bank[1], BANK_URLS) if at_bank else resolve(asked, settings.ROOT_URLCONF)
    except Resolver404:
        return ""
    return ("/b/{bank}/" if at_bank else "/") + IN_A_ROUTE.sub("{}", match.route)


@cache
def published() -> dict[str, Any]:
    """Return the published document."""
    text = (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=LOADER)  # noqa: S506 -- either is the safe one
    return document


def documented() -> Iterator[Answered]:
    """Give every refusal that the published document names, call by call, its paths as the document names them."""
    for path, item in published()["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items() if isinstance(operation, dict) else ():
                for code in CODE.findall(answer.get("description", "")) if str(status) >= "400" else ():
                    yield method.upper(), path, code


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this worker has seen; in a whole run, fail for what nobody has."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[OUTPUT] = sorted(_seen)
    elif _is_whole(session) and session.exitstatus == pytest.ExitCode.OK and _missing():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker has seen."""
    _seen.update(tuple(one) for one in getattr(node, "workeroutput", {}).get(OUTPUT, ()))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how many of the documented refusals were produced, and which were not."""
    if not _is_whole(terminalreporter.config):
        return
    missing, every = _missing(), set(documented())
    terminalreporter.write_line(f"{len(every) - len(missing)} of {len(every)} documented refusals were produced.")
    for method, path, code in missing:
        terminalreporter.write_line(f"NEVER PRODUCED {method} {path} {code}", red=True)


def _missing() -> list[Answered]:
    return sorted((method, path, code) for method, path, code in documented() if not was_seen(method, path, code))


def was_seen(method: str, path: str, code: str) -> bool:
    """Tell whether a test of this process has had the answer."""
    return (method, IN_A_ROUTE.sub("{}", path), code) in _seen


def _is_whole(of: Any) -> bool:
    """Tell whether nothing was left out: no path, no -k, no -m."""
    config = getattr(of, "config", of)
    option = config.option
    return not (config.args_source.name == "ARGS" or option.keyword or option.markexpr or getattr(option, "lf", False))
