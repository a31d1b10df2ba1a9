"""A method that a resource lacks is 405 for everybody: who asks has nothing to prove for an answer that tells nothing."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.contract.calls import CALLS
from tests.contract.test_document import BESIDE
from tests.database import BANK_A

pytestmark = pytest.mark.django_db
METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
AN_ID: Final = "0190c7f05f5e7c1e8f3a0b1c2d3e4f50"
HAS: Final[dict[str, set[str]]] = {}
for _call in CALLS:
    HAS.setdefault(_call.path, set()).add(_call.method)
for _method, _path in BESIDE:
    HAS.setdefault(_path, set()).add(_method)
LACKS: Final = [(method, path) for path, has in sorted(HAS.items()) for method in sorted(METHODS - has)]


def _ask(method: str, path: str, token: str | None = None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    real = path.replace("{bank}", BANK_A).replace("{}", AN_ID)
    return Client().generic(method, real, b"{}", content_type="application/json", headers=headers)


@pytest.mark.parametrize(("method", "path"), LACKS, ids=lambda part: part)
def test_is_405_without_a_token_and_names_the_methods_that_there_are(method: str, path: str) -> None:
    answer = _ask(method, path)
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(re.split(r", ", answer.headers["Allow"])) == HAS[path]
    if method != "HEAD":
        problem = answer.json()
        assert set(problem) == {"type", "title", "status", "code", "detail", "errors", "trace_id"}
        assert (problem["status"], problem["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/api/v1/banks", "/b/{bank}/api/v1/consents", "/b/{bank}/api/v1/credit-lines"])
def test_a_worthless_token_changes_nothing(path: str) -> None:
    assert _ask("PUT", path, token="a" * 40).status_code == 405


@pytest.mark.parametrize("path", ["/b/{bank}/api/v1/consents", "/b/{bank}/api/v1/credit-lines"])
def test_a_method_that_there_is_still_asks_for_the_token(path: str) -> None:
    assert _ask("GET", path).status_code == 401
    assert _ask("GET", path, token="a" * 40).status_code == 401


def test_the_published_document_says_the_same() -> None:
    generator: Any = SchemaGenerator
    document = generator(urlconf="config.urls_contract").get_schema(request=None, public=True)
    published: dict[str, set[str]] = {}
    for path, item in document["paths"].items():
        anonymous = re.sub(r"\{(?!bank\})[a-z_]+\}", "{}", path)
        published.setdefault(anonymous, set()).update(method.upper() for method in item)
    assert published == HAS
