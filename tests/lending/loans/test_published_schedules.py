"""Schedules that another loan system publishes, to the fen."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.money import fen_to_yuan, yuan_to_fen
from lending.loans.schedule import build_schedule
from lending.loans.terms import ScheduleTerms

PUBLISHED: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("published_schedules.json").read_text(encoding="utf-8")
)["schedules"]


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: str(published["id"]))
def test_gives_the_published_rows(published: dict[str, Any]) -> None:
    multiple = published.get("instalment_multiple")
    schedule = build_schedule(
        ScheduleTerms(
            principal_fen=yuan_to_fen(published["principal"]),
            annual_rate=Decimal(published["annual_rate"]),
            method=published["method"],
            periods=published["periods"],
            start_date=date.fromisoformat(published["start"]),
            day_count=published["day_count"],
            instalment_multiple_fen=None if multiple is None else yuan_to_fen(multiple),
        )
    )
    rows = [
        [row.number, row.due_date.isoformat(), fen_to_yuan(row.principal_fen), fen_to_yuan(row.interest_fen)]
        for row in schedule.instalments
    ]
    assert rows == published["instalments"]


def test_every_published_schedule_adds_up_to_its_loan() -> None:
    assert len(PUBLISHED) == 5
    for published in PUBLISHED:
        principal = sum(yuan_to_fen(row[2]) for row in published["instalments"])
        assert principal == yuan_to_fen(published["principal"]), published["id"]
