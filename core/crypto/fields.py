"""Columns that are sealed before they leave the process, and columns that find them by keyed hash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.core.exceptions import FieldError
from django.core.validators import MaxLengthValidator
from django.db import models

from core.crypto.sealing import BLIND_INDEX_BYTES, seal, unseal

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.expressions import Combinable

# What a column takes and what it gives, in the way of django-stubs, whose plugin adds None for null=True.
# Django's own fields cannot be subscripted when the program runs.
_Set_contra = TypeVar("_Set_contra", contravariant=True)
_Get_co = TypeVar("_Get_co", covariant=True)
if TYPE_CHECKING:

    class _Field(models.Field[_Set_contra, _Get_co]): ...

    class _BinaryField(models.BinaryField[_Set_contra, _Get_co]): ...
else:

    class _Field(models.Field):
        def __class_getitem__(cls, _types: object) -> type:
            return cls

    class _BinaryField(models.BinaryField):
        def __class_getitem__(cls, _types: object) -> type:
            return cls


SEARCHABLE_BY: Final = frozenset({"isnull"})


class _SealedField(_Field[_Set_contra, _Get_co]):
    """A bytea column, sealed under the current bank's key and bound to "app.model.field"; NULL stays NULL.

    The same value is sealed differently each time, so nothing can be searched or sorted by it: any lookup but
    `isnull` is refused. A `BlindIndexField` beside it finds rows by equality.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Keep the field out of forms, where a sealed value has no place unless somebody puts it there."""
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    @property
    def context(self) -> str:
        """Name what the values are bound to; a renamed model or field needs its values sealed anew."""
        return f"{self.model._meta.label_lower}.{self.name}"  # noqa: SLF001 -- Django's documented model API

    def deconstruct(self) -> Any:
        """Name in migrations only what differs from the default."""
        name, path, args, kwargs = super().deconstruct()
        if kwargs.pop("editable", True):
            kwargs["editable"] = True
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        """Say that the column is a bytea."""
        return "BinaryField"

    def encode(self, value: Any) -> bytes:
        """Turn a value of the field's type into bytes."""
        raise NotImplementedError

    def decode(self, plain: bytes) -> Any:
        """Turn the bytes back into the value."""
        raise NotImplementedError

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002, ARG002 -- Django's signature
        """Seal the value on its way to the database."""
        return None if value is None else seal(self.encode(value), context=self.context)

    def from_db_value(self, value: Any, _expression: Any, _connection: BaseDatabaseWrapper) -> Any:
        """Unseal the value on its way from the database.

        Raises:
            SealBroken: the stored bytes were changed or come from another column or bank.
        """
        return None if value is None else self.decode(unseal(bytes(value), context=self.context))

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse every lookup but `isnull`.

        Raises:
            FieldError: the lookup would compare sealed bytes, which never match.
        """
        if lookup_name not in SEARCHABLE_BY:
            msg = f"{self.context} is sealed and cannot be searched by {lookup_name!r}: use its BlindIndexField"
            raise FieldError(msg)
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        """Refuse to be serialised: a dump of fixtures would hold the plain value.

        Raises:
            FieldError: always.
        """
        msg = f"{self.context} is sealed and is not serialised ({type(obj).__name__})"
        raise FieldError(msg)


class SealedTextField(_SealedField[_Set_contra, _Get_co]):
    """A sealed text, read and written as `str`; `full_clean` checks `max_length`, in characters."""

    _pyi_private_set_type: str | Combinable
    _pyi_private_get_type: str
    description = "加密文本"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Have the length checked, where one is given."""
        super().__init__(*args, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def encode(self, value: Any) -> bytes:
        """Encode as UTF-8.

        Raises:
            TypeError: the value is no text.
        """
        if not isinstance(value, str):
            msg = f"{self.context} holds text, not {type(value).__name__}"
            raise TypeError(msg)
        return value.encode()

    def decode(self, plain: bytes) -> str:
        """Decode UTF-8."""
        return plain.decode()


class SealedJSONField(_SealedField[_Set_contra, _Get_co]):
    """A sealed JSON document: reads and writes what `json` does; a top-level `null` is NULL."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any
    description = "加密JSON"
    empty_strings_allowed = False

    def encode(self, value: Any) -> bytes:
        """Encode as compact JSON; what JSON does not know (a Decimal, a date) is refused, not guessed.

        Raises:
            TypeError: the value holds something that is not JSON.
        """
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    def decode(self, plain: bytes) -> Any:
        """Decode JSON."""
        return json.loads(plain)


class BlindIndexField(_BinaryField[_Set_contra, _Get_co]):
    """The keyed hash (`blind_index`, 32 bytes) of a sealed value beside it; searched by equality."""

    _pyi_private_set_type: bytes | Combinable
    _pyi_private_get_type: bytes
    _pyi_lookup_exact_type: bytes
    description = "检索摘要"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fix the length."""
        kwargs["max_length"] = BLIND_INDEX_BYTES
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        """Refuse what is no keyed hash: a plain value here would be stored and searched in the clear.

        Raises:
            TypeError: the value is not 32 bytes.
        """
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if not isinstance(value, bytes | memoryview) or len(value) != BLIND_INDEX_BYTES:
            msg = f"{self.name} takes the {BLIND_INDEX_BYTES} bytes of blind_index()"
            raise TypeError(msg)
        return bytes(value)

    def from_db_value(self, value: Any, _expression: Any, _connection: BaseDatabaseWrapper) -> bytes | None:
        """Return plain bytes, whichever buffer the driver uses."""
        return None if value is None else bytes(value)
