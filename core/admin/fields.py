"""Fields of forms that several rooms have."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from core.money import FEN_PER_YUAN, fen_to_yuan

PLAIN: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
HIGHEST_YUAN: Final = Decimal(10) ** 10


class YuanField(forms.DecimalField):
    """An amount in yuan on the form, in fen behind it; not below `lowest` yuan.

    What a Chinese keyboard makes of figures (full width, separators) is read as well.
    """

    widget = UnfoldAdminDecimalFieldWidget
    default_error_messages: ClassVar = {"invalid": "请填写金额（元），最多两位小数，例如 50000.00"}

    def __init__(self, *, lowest: Decimal = Decimal(0), **kwargs: Any) -> None:
        """Take two decimals."""
        super().__init__(max_digits=13, decimal_places=2, min_value=lowest, max_value=HIGHEST_YUAN, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show fen as yuan; what was typed stays as it was typed."""
        return fen_to_yuan(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """Read yuan."""
        if not isinstance(value, str):
            return super().to_python(value)
        text = unicodedata.normalize("NFKC", value).replace(",", "").strip()
        if text and not PLAIN.fullmatch(text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)

    def clean(self, value: Any) -> Any:
        """Return fen, None where nothing need be given and nothing is."""
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * FEN_PER_YUAN)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare in yuan."""
        before = self.prepare_value(initial)
        try:
            return self.disabled is False and self.to_python(before) != self.to_python(data)
        except forms.ValidationError:
            return True
