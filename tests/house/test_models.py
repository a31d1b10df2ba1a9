"""What every table says and how its columns are named."""

from __future__ import annotations

import re
from typing import Any, Final

from django.db import models

from core.crypto.fields import BlindIndexField
from tests.house.reading import own_fields, own_models

CHINESE: Final = re.compile(r"[一-鿿]|LPR")  # the loan prime rate is called so in Chinese, too
PII_LINE: Final = re.compile(r"^\s*PII: \S", re.MULTILINE)
FRAMEWORKS: Final = ("django.", "django_tenants.")
FOREIGN: Final = {"tenants.Bank.schema_name": "a column of django-tenants"}

# Columns of a time that are named otherwise, each with the reason.
TIMES: Final = {
    "core.StateChange.at": "the moment is half the meaning of the row",
    "core.AuditEntry.at": "the moment is half the meaning of the row",
    "core.VaultAccess.at": "the moment is half the meaning of the row",
    "tenants.Scan.at": "the moment is half the meaning of the row",
    "core.Step.lease_until": "a lease runs until a moment",
    "verification.Subject.face_locked_until": "a lock runs until a moment",
    "verification.Subject.voice_locked_until": "a lock runs until a moment",
    "tenants.StaffAccess.locked_until": "a lock runs until a moment",
}
DATES: Final = {
    "core.BusinessDay.date": "the date is the whole meaning of the row",
    "tenants.Holiday.date": "the date is the primary key",
    "tenants.PushedFigure.date": "part of the key that the province upserts on",
}
MONEY_WORDS: Final = re.compile(r"金额|余额|（分")
RATIOS: Final = ("_rate", "_percent", "_multiple", "_numerator", "similarity")  # a numerator: an integer beyond BIGINT


def _ours(model: type[models.Model]) -> list[type]:
    """Return the classes of ours that a model is made of, itself included."""
    return [base for base in model.__mro__ if not f"{base.__module__}.".startswith((*FRAMEWORKS, "builtins"))]


class TestEveryModel:
    def test_says_what_a_row_means(self) -> None:
        by_django = [model for model in own_models() if (model.__doc__ or "").startswith(f"{model.__name__}(")]
        assert [model._meta.label for model in by_django] == []

    def test_says_in_a_line_of_its_own_what_it_holds_of_a_person(self) -> None:
        silent = [model._meta.label for model in own_models() if not PII_LINE.search(model.__doc__ or "")]
        assert silent == [], "the docstring needs a line `PII: what, why kept, until when` or `PII: none.`"

    def test_has_no_logic_in_save_or_delete(self) -> None:
        overriding = [
            f"{base.__module__}.{base.__name__}"
            for model in own_models()
            for base in _ours(model)
            if {"save", "delete"} & set(vars(base))
        ]
        assert overriding == []

    def test_names_its_constraints_and_indexes_after_its_room(self) -> None:
        strange = [
            f"{model._meta.label}: {item.name}"
            for model in own_models()
            for item in (*model._meta.constraints, *model._meta.indexes)
            if not item.name.startswith(f"{model._meta.app_label}_")
        ]
        assert strange == []

    def test_has_a_table_named_after_its_room_and_a_chinese_name_for_staff(self) -> None:
        strange = [
            model._meta.label
            for model in own_models()
            if not model._meta.db_table.startswith(f"{model._meta.app_label}_")
            or not CHINESE.search(str(model._meta.verbose_name))
        ]
        assert strange == []

    def test_has_no_foreign_key_across_schemas(self) -> None:
        crossing = [
            name
            for name, field in own_fields()
            if field.remote_field is not None and _in_public(field.model) != _in_public(field.remote_field.model)
        ]
        assert crossing == []

    def test_of_a_bank_loses_no_row_because_another_goes(self) -> None:
        cascading = [
            name
            for name, field in own_fields()
            if field.remote_field is not None
            and field.remote_field.on_delete is models.CASCADE
            and not _in_public(field.model)
        ]
        assert cascading == []


def _in_public(model: Any) -> bool:
    return bool(getattr(model, "lives_in_public", False))


class TestEveryColumn:
    def test_of_money_ends_with_fen_and_is_a_bigint(self) -> None:
        wrong = [
            name
            for name, field in own_fields()
            if (name.endswith("_fen") or MONEY_WORDS.search(str(field.verbose_name)))
            and not (name.endswith("_fen") and isinstance(field, models.BigIntegerField))
        ]
        assert wrong == []

    def test_with_decimals_is_a_rate_and_none_is_a_float(self) -> None:
        wrong = [
            name
            for name, field in own_fields()
            if isinstance(field, models.FloatField)
            or (isinstance(field, models.DecimalField) and not name.endswith(RATIOS))
        ]
        assert wrong == []

    def test_of_a_time_ends_with_at(self) -> None:
        times = [name for name, field in own_fields() if isinstance(field, models.DateTimeField)]
        assert [name for name in times if not name.endswith("_at") and name not in TIMES] == []

    def test_of_a_day_ends_with_date(self) -> None:
        days = [
            name
            for name, field in own_fields()
            if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField)
        ]
        assert [name for name in days if not name.endswith("_date") and name not in DATES] == []

    def test_of_a_keyed_hash_stands_beside_the_sealed_value(self) -> None:
        known = {name for name, _ in own_fields()}
        alone = [
            name
            for name, field in own_fields()
            if isinstance(field, BlindIndexField)
            and name.endswith("_index")
            and name.removesuffix("_index") not in known
        ]
        assert alone == []

    def test_is_called_in_chinese_for_staff(self) -> None:
        foreign = [
            name for name, field in own_fields() if name not in FOREIGN and not CHINESE.search(str(field.verbose_name))
        ]
        assert foreign == []


def test_the_lists_of_exceptions_name_columns_that_exist() -> None:
    assert (set(TIMES) | set(DATES) | set(FOREIGN)) - {name for name, _ in own_fields()} == set()
