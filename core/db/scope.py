"""The base of the few models whose tables live in the public schema."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class PublicModel(models.Model):
    """A row that all banks may read and only the province (or a bank's own push) may write; never holds a customer."""

    lives_in_public: ClassVar[bool] = True

    class Meta:
        abstract = True
