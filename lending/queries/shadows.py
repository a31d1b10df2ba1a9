"""Ask how challengers compare with the model that decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from lending.models import BankModelVersion, ShadowDecision
from lending.models.decision_model import ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One challenger beside the champion: how many decisions by `champion>challenger`."""

    title: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many applications both decided."""
        return sum(self.counts.values())

    @property
    def agreeing(self) -> int:
        """How many of them alike."""
        return sum(number for pair, number in self.counts.items() if pair.split(">")[0] == pair.split(">")[1])

    @property
    def failed(self) -> int:
        """In how many the challenger failed."""
        return sum(number for pair, number in self.counts.items() if pair.endswith(f">{ERROR}"))


def compared_challengers() -> Sequence[Comparison]:
    """Return every challenger's comparison, in two queries however many decisions there are."""
    rows = ShadowDecision.objects.values_list("challenger_id", "decision__outcome", "outcome")
    counts: dict[object, dict[str, int]] = defaultdict(dict)
    for challenger_id, champion, challenger, number in rows.annotate(number=Count("pk")).order_by():
        counts[challenger_id][f"{champion}>{challenger}"] = number
    versions = BankModelVersion.objects.filter(pk__in=list(counts)).select_related("model").defer("content")
    return [Comparison(title=str(row), counts=counts[row.pk]) for row in versions.order_by("model__code", "number")]
