"""Read the published contract and hold requests against it: document and sandbox cannot drift apart."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from jsonschema import Draft202012Validator

CONTRACT_FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "gateway-openapi.yaml"
_JSON: Final = "application/json"

Repeat = Literal["pure", "queryable"]
Document = dict[str, Any]


@functools.cache
def document() -> Document:
    """Give the whole OpenAPI document."""
    loaded: Document = yaml.safe_load(CONTRACT_FILE.read_bytes())
    return loaded


@functools.cache
def operations() -> dict[str, Document]:
    """Give every operation by its id, with its method and path beside what the document says."""
    found = {}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            found[operation["operationId"]] = operation | {"method": method.upper(), "path": path}
    return found


def repeat_of(operation_id: str) -> Repeat:
    """Tell how often an operation may be sent."""
    repeat: Repeat = operations()[operation_id]["x-repeat"]
    return repeat


def request_problem(operation_id: str, body: object) -> str | None:
    """Tell what is wrong with a request's body; None when nothing is, or when the operation takes none."""
    described = operations()[operation_id].get("requestBody")
    if described is None:
        return None
    return _problem(("request", operation_id), described["content"][_JSON]["schema"], body)


def header_problem(name: str, value: str) -> str | None:
    """Tell what is wrong with a header that the contract describes by a parameter of that name."""
    return _problem(("header", name), document()["components"]["parameters"][name]["schema"], value)


def fits(schema: str, value: object) -> bool:
    """Tell whether a value is as a schema of the contract, named there, describes it."""
    return _problem(("schema", schema), document()["components"]["schemas"][schema], value) is None


def response_problem(operation_id: str, status: int, body: object) -> str | None:
    """Tell how an answer departs from what the contract promises; None when it does not."""
    described = operations()[operation_id]["responses"].get(str(status))
    if described is None:
        return f"{operation_id} does not document status {status}"
    if "$ref" in described:
        described = document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    return _problem(("response", operation_id, status), described["content"][_JSON]["schema"], body)


_validators: Final[dict[tuple[object, ...], Any]] = {}


def _problem(key: tuple[object, ...], schema: Document, value: object) -> str | None:
    if key not in _validators:
        whole = {"components": document()["components"], **schema}
        _validators[key] = Draft202012Validator(whole)
    error = next(iter(sorted(_validators[key].iter_errors(value), key=lambda found: list(map(str, found.path)))), None)
    if error is None:
        return None
    place = ".".join(str(step) for step in error.absolute_path) or "body"
    # The message of a failed pattern or enumeration quotes the value, which may be a name or an ID number.
    return f"{place}: fails {error.validator}"
