"""Filters of long lists that cost no more the longer the list is."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.admin import AllValuesFieldListFilter
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import models
from django.http import HttpRequest

NEWEST: Final = 10_000


class NewestValuesFilter(AllValuesFieldListFilter):
    """The values that a column has in the newest rows of a list, where Django's own reads all rows there are.

    An older value is found all the same where an address asks for it.
    """

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        """Find the values."""
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = model_admin.get_queryset(request).order_by("-pk").values(field_path)[:NEWEST]
        found = newest.aggregate(values=ArrayAgg(field_path, distinct=True, default=[]))["values"]
        asked = set(self.lookup_val or ()) - {str(value) for value in found}
        self.lookup_choices: Any = sorted({*found, *asked}, key=lambda value: (value is None, str(value)))
        self.title = f"{self.title}（近 {NEWEST:,} 条中出现的）"


def bounded(model: type[models.Model], wanted: Any) -> Any:
    """Return filters as a page lists them, with this one where Django would look for a column's values in all rows."""
    return [
        (each, NewestValuesFilter) if isinstance(each, str) and "__" not in each and _is_open(model, each) else each
        for each in wanted
    ]


def _is_open(model: type[models.Model], name: str) -> bool:
    """Tell whether a column has neither choices nor a filter of its own kind."""
    field: Any = model._meta.get_field(name)  # noqa: SLF001 -- how Django shows a model's columns
    return not field.is_relation and not field.choices and not isinstance(field, models.BooleanField | models.DateField)
