"""The form of a product's draft: amounts in yuan, choices as boxes to tick, lists separated by commas."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextInputWidget,
)

from core.money import FEN_PER_YUAN, fen_to_yuan

SEPARATORS: Final = str.maketrans({"，": ",", "、": ",", "；": ",", ";": ",", " ": ","})
HIGHEST_YUAN: Final = Decimal(10) ** 10


class YuanField(forms.DecimalField):
    """An amount in yuan on the form, in fen behind it."""

    widget = UnfoldAdminDecimalFieldWidget
    default_error_messages: ClassVar = {"invalid": "请填写金额（元），例如 50000.00"}

    def __init__(self, **kwargs: Any) -> None:
        """Take two decimals."""
        super().__init__(max_digits=13, decimal_places=2, min_value=Decimal(0), max_value=HIGHEST_YUAN, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show fen as yuan; what was typed stays as it was typed."""
        return fen_to_yuan(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """Read yuan, with or without separators."""
        return super().to_python(value.replace(",", "") if isinstance(value, str) else value)

    def clean(self, value: Any) -> Any:
        """Return fen."""
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * FEN_PER_YUAN)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare in yuan."""
        return super().has_changed(self.prepare_value(initial), data)


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
