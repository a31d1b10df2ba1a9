"""Ask for a bank's own models: by which one a product version decides, and what a version says."""

from __future__ import annotations

import json
import uuid
from functools import lru_cache
from typing import Any, Final

from django.db.models import QuerySet

from core.tenancy import current_bank
from lending.decision.engine import DecisionModel
from lending.decision.standard import standard_model
from lending.models import BankModelVersion, ProductVersion
from lending.models.decision import EARLY

MOST_KEPT: Final = 256


def model_for(version: ProductVersion, *, stage: str) -> DecisionModel:
    """Return the model by which a product version decides at a stage: the bank's own that it names, or the standard one.

    Raises:
        BankModelVersion.DoesNotExist: it names one that is not published.
    """
    model_id = version.early_model_id if stage == EARLY else version.full_model_id
    if model_id is None:
        return standard_model("early" if stage == EARLY else "full")
    return published_model(model_id)


def published_model(version_id: uuid.UUID) -> DecisionModel:
    """Return a published version of a bank's model; kept by the process, because it never changes.

    Raises:
        BankModelVersion.DoesNotExist: this bank has published no such version.
    """
    return _published(current_bank().schema, version_id)


@lru_cache(maxsize=MOST_KEPT)
def _published(schema: str, version_id: uuid.UUID) -> DecisionModel:
    del schema  # beside the id, so that a version is never found at another bank
    rows = BankModelVersion.objects.select_related("model")
    return model_of_version(rows.get(pk=version_id, published_at__isnull=False))


def choosable_models(*, stage: str) -> QuerySet[BankModelVersion]:
    """Return the models of a stage that a product may name: the published ones, the newest first."""
    rows = BankModelVersion.objects.filter(published_at__isnull=False, model__stage=stage).select_related("model")
    return rows.defer("content").order_by("model__code", "-number")


def model_of_version(row: BankModelVersion) -> DecisionModel:
    """Return what a version of a bank's model says, draft or published, as the engine runs it."""
    content: dict[str, Any] = json.loads(row.content)
    return DecisionModel.of(bank=current_bank().code, name=row.model.code, content=content)
