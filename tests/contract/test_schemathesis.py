"""Generated requests against the published document: with a token and live ids there is no 500 and no undocumented answer."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.calls import CALLS, Call
from tests.contract.conftest import Life
from tests.contract.test_document import BESIDE, _anonymous
from tests.depth import is_deep

pytestmark = [pytest.mark.slow, pytest.mark.deep]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES = {GenerationMode.POSITIVE: 6, GenerationMode.NEGATIVE: 4}
DEEPER = 5  # times as many in the deep run
EVERY_CALL = [*CALLS, *(Call(method, path, 200) for method, path in sorted(BESIDE))]


@pytest.fixture(scope="module")
def published(api: Any) -> Any:
    """Load the document that the running server publishes."""
    from config.wsgi import application

    return schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)


def _operation(published: Any, call: Call) -> Any:
    for path, methods in published.items():
        if _anonymous(path) == call.path and call.method in methods:
            return methods[call.method]
    raise AssertionError(f"{call.name} is not published")


def _alive(values: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """Put live ids in the place of generated ones, also inside the body's objects."""
    return {
        name: ids[name] if name in ids else _alive(value, ids) if isinstance(value, dict) else value
        for name, value in values.items()
    }


def _send(case: Any, life: Life, number: int) -> int:
    """Send a generated request: two in three name what exists, and all but one in five carry the token."""
    if number % 3:
        case.path_parameters = _alive(dict(case.path_parameters or {}), life.path_ids)
        if isinstance(case.body, dict):
            case.body = _alive(case.body, life.body_ids)
    elif case.path_parameters:
        case.path_parameters["bank"] = life.phone.bank
    headers = {"Authorization": f"Bearer {life.phone.token}"} if number % 5 else {}
    answer = case.call_and_validate(checks=CHECKS, headers=headers)
    return int(answer.status_code)


class TestEveryCall:
    @pytest.mark.parametrize(
        ("call", "mode"),
        [
            (call, mode)
            for call in EVERY_CALL
            for mode in EXAMPLES
            if mode is GenerationMode.POSITIVE or call.takes_body
        ],
        ids=lambda part: part.name if isinstance(part, Call) else part.value,
    )
    def test_answers_as_published(self, published: Any, life_a: Life, call: Call, mode: GenerationMode) -> None:
        life_a.phone.log_in()  # one example ends its session
        statuses: list[int] = []

        @settings(
            max_examples=EXAMPLES[mode] * (DEEPER if is_deep() else 1), derandomize=True, database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=_operation(published, call).as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            statuses.append(_send(case, life_a, len(statuses)))

        send()
        assert statuses
        if call.method == "GET" and mode is GenerationMode.POSITIVE:
            assert 200 in statuses  # live ids were really found
