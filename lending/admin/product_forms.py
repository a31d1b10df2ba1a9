"""The form of a product's draft: amounts in yuan, choices as boxes to tick, lists separated by commas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin.fields import YuanField

SEPARATORS: Final = str.maketrans({"，": ",", "、": ",", "；": ",", ";": ",", " ": ","})


class ListField(forms.CharField):
    """A list of short values separated by commas."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, each: Callable[[str], Any], **kwargs: Any) -> None:
        """Keep how one value is read."""
        super().__init__(**kwargs)
        self.each = each

    def prepare_value(self, value: Any) -> Any:
        """Show the values with commas between."""
        return ", ".join(str(item) for item in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Read the values.

        Raises:
            ValidationError: one of them is ill-formed.
        """
        parts = [part for part in str(value or "").translate(SEPARATORS).split(",") if part]
        try:
            return [self.each(part) for part in parts]
        except ValueError as error:
            raise forms.ValidationError("请用逗号分隔各项，例如 3, 6, 12") from error

    def validate(self, value: Any) -> None:
        """Ask for at least one value where one is required."""
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Leave the values to the model's own validators."""


def draft_formfield(field: models.Field[Any, Any]) -> forms.Field | None:
    """Return the form field for a column that the stock one does not suit, None for every other."""
    label = str(field.verbose_name)
    if field.name.endswith("_fen"):
        return YuanField(label=f"{label}（元）", required=not field.blank)
    if not isinstance(field, ArrayField):
        return None
    choices = field.base_field.choices
    if choices:
        return forms.MultipleChoiceField(
            label=label, choices=list(choices), required=not field.blank, widget=UnfoldAdminCheckboxSelectMultipleWidget
        )
    each = int if isinstance(field.base_field, models.IntegerField) else str
    return ListField(label=label, required=not field.blank, each=each, help_text="多项请用逗号分隔")
