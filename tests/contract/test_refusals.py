"""What every call refuses in the same way: no token, no key, a key used twice, an id of nothing, a body of no use."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Final

import pytest

from tests.answered import documented, published
from tests.contract.conftest import Life

JSON: Final = "application/json"
NAMED: Final = re.compile(r"\{([a-z_]+)\}")
NO_BANK: Final = "000"
NONSENSE: Final = "~"
DOCUMENT: Final = published()
DOCUMENTED: Final = sorted(set(documented()))
Asked = tuple[int, str]

# One body that is well-formed for every call that takes one: each reads what it knows.
AN_ID: Final = "0190c7f05f5e7c1e8f3a0b1c2d3e4f50"
CODE: Final = {"id": AN_ID, "code": "123456"}
CARD: Final = {"number": "6222020000000000", "phone": "13800000000"}
WELL_FORMED: Final = {
    **CARD, "class": "II", "bound_card": CARD, "phone_code": CODE, "face_token": "t", "voice_token": "t",
    "purpose": "consumption", "intention": {"method": "confirm", "evidence": "e"}, "product": "XF01", "facts": {},
    "agreement_id": AN_ID, "subject": AN_ID, "sha256": "0" * 64, "read_seconds": 8, "credit_line": AN_ID, "card": AN_ID,
    "amount": "100.00", "term": 12, "method": "bullet", "account": AN_ID, "from_account": AN_ID, "to": {"card_id": AN_ID},
    "action": "bind_card", "upload": AN_ID, "kind": "any", "id_card_front": AN_ID, "id_card_back": AN_ID,
    "occupation": "o", "residence_address": "r", "tax_residency": "cn_only", "category": "other", "text": "t", "score": 5,
}  # fmt: skip
OF_AN_ACCOUNT: Final = {"purpose": "savings"}


def calls(code: str) -> list[Any]:
    """Return the calls whose published answers have a code."""
    return [pytest.param(method, path, id=f"{method} {path}") for method, path, one in DOCUMENTED if one == code]


def ask(life: Life, method: str, path: str, ids: dict[str, str] | None = None, **how: Any) -> Asked:
    """Send a request as the life's customer and return status and code of the refusal.

    An id that is not given is one of nothing; `how` may hold `content`, its `kind`, `key`, `token` and `query`.
    """
    real = NAMED.sub(lambda name: (ids or {}).get(name[1], uuid.uuid4().hex), path)
    headers = {"Idempotency-Key": how.get("key", uuid.uuid4().hex), "Content-Type": how.get("kind", JSON)}
    if how.get("token", True):
        headers["Authorization"] = f"Bearer {life.phone.token}"
    if how.get("key") == "":
        del headers["Idempotency-Key"]
    answer = life.phone.api.request(
        method, real, content=how.get("content", b"{}"), headers=headers, params=how.get("query")
    )
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def of_the_bank(life: Life) -> dict[str, str]:
    """Return the ids of the life's own bank and of a product of it, and none of the customer's."""
    return {name: life.path_ids[name] for name in ("bank", "code")}


@pytest.mark.parametrize(("method", "path"), calls("unauthenticated"))
def test_without_a_token(life_a: Life, method: str, path: str) -> None:
    about_somebody = {"subject": AN_ID} if path.endswith("/agreements") else None  # the texts themselves are open
    refusal = ask(life_a, method, path, life_a.path_ids, token=False, query=about_somebody)
    assert refusal == (401, "unauthenticated")


@pytest.mark.parametrize(("method", "path"), calls("unsupported_media_type"))
def test_a_content_of_another_kind(life_a: Life, method: str, path: str) -> None:
    refusal = ask(life_a, method, path, life_a.path_ids, kind="text/csv", content=b"a,b\n")
    assert refusal == (415, "unsupported_media_type")


@pytest.mark.parametrize(("method", "path"), calls("invalid_request"))
def test_a_body_or_a_query_of_no_use(life_a: Life, method: str, path: str) -> None:
    operation = DOCUMENT["paths"][path][method.lower()]
    query = {one["name"]: NONSENSE for one in operation.get("parameters", ()) if one["in"] == "query"}
    content = b'{"amount": ' if "requestBody" in operation else b""
    kind = next(iter(operation.get("requestBody", {}).get("content", {JSON: None})))
    refusal = ask(life_a, method, path, life_a.path_ids, content=content, kind=kind, query=query)
    assert refusal == (400, "invalid_request")


@pytest.mark.parametrize(("method", "path"), calls("idempotency_key_required"))
def test_without_a_key(life_a: Life, method: str, path: str) -> None:
    assert ask(life_a, method, path, life_a.path_ids, key="") == (400, "idempotency_key_required")


@pytest.mark.parametrize(("method", "path"), calls("idempotency_key_reused"))
def test_a_key_of_another_request(life_a: Life, method: str, path: str) -> None:
    key = uuid.uuid4().hex
    agreement = life_a.phone.get("agreements?purpose=marketing")["items"][0]
    stale = {"agreement_id": agreement["id"], "sha256": "0" * 64, "read_seconds": 8}
    life_a.phone.call("POST", "consents", stale, key=key, expect=409)
    body = {**WELL_FORMED, **(OF_AN_ACCOUNT if "/accounts/" in path else {})}
    refusal = ask(life_a, method, path, life_a.path_ids, key=key, content=json.dumps(body).encode())
    assert refusal == (409, "idempotency_key_reused")


@pytest.mark.parametrize(("method", "path"), calls("not_found"))
def test_an_id_of_nothing_or_no_bank(life_a: Life, method: str, path: str) -> None:
    own = of_the_bank(life_a)
    named = set(NAMED.findall(path)) - {"bank"}
    ids = {**own, **({"code": "NONE"} if "code" in named else {})} if named else {"bank": NO_BANK}
    assert ask(life_a, method, path, ids) == (404, "not_found")
