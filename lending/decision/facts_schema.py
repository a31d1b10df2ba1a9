"""What an applicant states: a JSON Schema that phones can show, and complaints in Chinese.

The schema goes out as `facts_schema` of a product. Its standard keys are `employer`, `residence` and
`income`; a product says which of them it demands. Nothing else is accepted, so nothing that must not decide
can be collected by accident.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema.exceptions import ValidationError

_REGION: Final = {"type": "string", "pattern": "^[1-9][0-9]{5}(?!\\n)$"}
_EVIDENCE: Final = {"title": "证明材料", "type": "string", "minLength": 1, "maxLength": 64}

_PROPERTIES: Final[dict[str, dict[str, Any]]] = {
    "employer": {
        "title": "工作单位",
        "type": "object",
        "required": ["name", "region_code"],
        "additionalProperties": False,
        "properties": {
            "name": {
                "title": "单位名称",
                "type": "string",
                "minLength": 2,
                "maxLength": 100,
                "pattern": "\\S",
            },
            "region_code": {"title": "单位所在区县", **_REGION},
            "evidence": _EVIDENCE,
        },
    },
    "residence": {
        "title": "现居住地",
        "type": "object",
        "required": ["region_code", "since"],
        "additionalProperties": False,
        "properties": {
            "region_code": {"title": "居住区县", **_REGION},
            "since": {"title": "居住起始日期", "type": "string", "format": "date"},
            "evidence": _EVIDENCE,
        },
    },
    "income": {
        "title": "收入",
        "type": "object",
        "required": ["monthly"],
        "additionalProperties": False,
        "properties": {
            "monthly": {
                "title": "月收入（元）",
                "type": "string",
                "pattern": "^(?:0|[1-9][0-9]{0,8})(?:\\.[0-9]{1,2})?(?!\\n)$",
            },
        },
    },
}

STANDARD_KEYS: Final = tuple(_PROPERTIES)

_TEXTS: Final = {
    "required": "请填写{title}",
    "minLength": "请填写{title}",
    "maxLength": "{title}过长，最多 {limit} 个字",
    "type": "{title}的格式不正确",
    "additionalProperties": "不支持的内容，请勿填写",
}
_FORMS: Final = {
    "region_code": "{title}应为六位行政区划代码",
    "since": "{title}应为真实日期，例如 2024-05-01",
    "monthly": "{title}应为金额，最多两位小数，例如 8000.00",
}


def facts_schema(*, required: Iterable[str] = ()) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the facts that go with an application.

    Raises:
        KeyError: a required key is none of `STANDARD_KEYS`.
    """
    unknown = set(required) - set(STANDARD_KEYS)
    if unknown:
        raise KeyError(*sorted(unknown))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": "申请资料",
        "required": sorted(set(required), key=STANDARD_KEYS.index),
        "additionalProperties": False,
        "properties": deepcopy(_PROPERTIES),
    }


def facts_problems(schema: Mapping[str, Any], facts: object) -> dict[str, list[str]]:
    """Return what is wrong with facts: a dotted field to Chinese texts; empty when nothing is.

    The texts never repeat what the customer wrote.
    """
    problems: dict[str, list[str]] = {}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for error in sorted(validator.iter_errors(facts), key=lambda error: list(map(str, error.absolute_path))):
        for path, text in _complaints(schema, error):
            texts = problems.setdefault(path, [])
            if text not in texts:
                texts.append(text)
    return problems


def _complaints(schema: Mapping[str, Any], error: ValidationError) -> Iterator[tuple[str, str]]:
    path = [str(part) for part in error.absolute_path]
    stated: Any = error.instance
    demanded: Any = error.validator_value
    parts: Any = error.schema
    if error.validator == "required":
        missing = [name for name in demanded if name not in stated]
        names = [[*path, name] for name in missing]
    elif error.validator == "additionalProperties":
        names = [[*path, name] for name in sorted(set(stated) - set(parts["properties"]))]
    else:
        names = [path]
    for name in names:
        yield ".".join(name), _text(schema, name, error)


def _text(schema: Mapping[str, Any], path: list[str], error: ValidationError) -> str:
    leaf = path[-1] if path else ""
    template = _TEXTS.get(str(error.validator)) or _FORMS.get(leaf, "{title}的格式不正确")
    return template.format(title=_title(schema, path), limit=error.validator_value)


def _title(schema: Mapping[str, Any], path: list[str]) -> str:
    """Return the Chinese title of a field; the field's own name where the schema does not know it."""
    at: Mapping[str, Any] = schema
    for name in path:
        at = at.get("properties", {}).get(name, {"title": name})
    return str(at.get("title", "申请资料"))
