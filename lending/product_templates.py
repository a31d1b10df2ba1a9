"""What the province's product templates mean here: their fields are columns of a version, read when a draft is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from core.errors import Problem
from lending.models import ProductVersion
from lending.models.product import MODEL_STAGE_OF
from lending.publishing import OWN_TO_A_VERSION, label_of
from tenants.operations import check_templates_by
from tenants.queries import TemplateView

NOT_OF_A_TEMPLATE: Final = OWN_TO_A_VERSION | {"product", "name", "target", "service_regions"} | set(MODEL_STAGE_OF)
COLUMNS: Final = {
    field.name: field
    for field in ProductVersion._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
    if field.name not in NOT_OF_A_TEMPLATE
}


class TemplateUnfit(Problem):
    """A template holds what no product has; the province has to mend it."""

    code = "template_unfit"
    status = 422
    title = "该模板不能用于新建产品，请联系省级管理机构修改模板"


def columns_of(template: TemplateView) -> dict[str, Any]:
    """Return a template as the columns of a first draft, name, target and the note of where it comes from included.

    Raises:
        TemplateUnfit: see there.
    """
    wrong = problems_of_fields(template.fields)
    if wrong:
        raise TemplateUnfit("；".join(wrong))
    cleaned = {name: COLUMNS[name].clean(value, None) for name, value in template.fields.items()}
    note = f"由模板 {template.code} 第 {template.number} 版新建"
    return {**cleaned, "name": template.name, "target": template.target, "change_note": note}


@check_templates_by
def problems_of_fields(fields: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a template's fields, in Chinese; empty where nothing is."""
    return list(_problems(fields))


def _problems(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if name not in COLUMNS:
            yield f"没有名为 {name} 的产品要素，请删除或改正"
            continue
        try:
            COLUMNS[name].clean(value, None)
        except ValidationError as error:
            yield f"{label_of(name)}（{name}）：{'、'.join(error.messages)}"
        except (TypeError, ValueError, AttributeError):
            yield f"{label_of(name)}（{name}）：取值类型有误，请改正"
