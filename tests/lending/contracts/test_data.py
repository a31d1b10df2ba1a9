"""What contract data may say, and what a template sees of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from lending.contracts.data import Confirmation, ContractData, as_view
from lending.contracts.errors import ContractDataError
from lending.contracts.trial import trial_data

Change = Callable[[ContractData], ContractData]


def with_row(number: int, **changes: Any) -> Change:
    def change(data: ContractData) -> ContractData:
        rows = list(data.instalments)
        rows[number] = replace(rows[number], **changes)
        return replace(data, instalments=tuple(rows))

    return change


CONTRADICTIONS: dict[str, Change] = {
    "a principal that the instalments do not repay": lambda d: replace(d, principal_fen=999_999),
    "a principal of nothing": lambda d: replace(d, principal_fen=0),
    "no instalments": lambda d: replace(d, instalments=()),
    "instalments out of order": lambda d: replace(d, instalments=d.instalments[::-1]),
    "a balance that does not follow": with_row(0, balance_fen=499_999),
    "negative interest": with_row(0, interest_fen=-1),
    "a due date before the start": with_row(0, due_date=date(2026, 1, 15)),
    "a last instalment that is not due at maturity": lambda d: replace(d, maturity_date=date(2026, 3, 16)),
    "a rate that is not LPR plus spread": lambda d: replace(d, rate=replace(d.rate, spread_bp=299)),
    "an all-in rate below the rate": lambda d: replace(d, rate=replace(d.rate, all_in_annual_rate=Decimal("5.9999"))),
    "a negative markup": lambda d: replace(d, penalty=replace(d.penalty, overdue_markup_percent=Decimal(-1))),
    "negative days of grace": lambda d: replace(d, penalty=replace(d.penalty, grace_days=-1)),
    "a negative fee": lambda d: replace(d, early_repayment_fee_percent=Decimal(-1)),
    "a term of no months": lambda d: replace(d, term_months=0),
    "a naive time": lambda d: replace(d, made_at=datetime(2026, 1, 15)),  # noqa: DTZ001 -- the defect itself
    "a blank number": lambda d: replace(d, number=" "),
    "a blank lender": lambda d: replace(d, lender=replace(d.lender, legal_name="")),
    "a blank consent": lambda d: replace(d, consents=(replace(d.consents[0], title="\u3000"),)),
    "a hash that is none": lambda d: replace(d, disclosure=replace(d.disclosure, sha256="0" * 63)),
    "a hash in capitals": lambda d: replace(d, consents=(Confirmation(title="授权书", id="1", sha256="A" * 64),)),
}


class TestContractData:
    @pytest.mark.parametrize("what", CONTRADICTIONS)
    def test_it_refuses(self, what: str) -> None:
        with pytest.raises(ContractDataError):
            CONTRADICTIONS[what](trial_data())

    def test_it_takes_interest_first_and_the_principal_at_the_end(self) -> None:
        data = trial_data()
        first = replace(data.instalments[0], principal_fen=0, balance_fen=1_000_000)
        last = replace(data.instalments[1], principal_fen=1_000_000)
        changed = replace(data, method="interest_only", instalments=(first, last))
        assert [row["balance"]["figures"] for row in as_view(changed)["instalments"]] == ["10,000.00", "0.00"]


class TestAsView:
    def test_amounts_are_figures_and_capitals_of_the_same_fen(self) -> None:
        view = as_view(trial_data())
        assert view["principal"] == {"figures": "10,000.00", "capitals": "壹万元整"}
        assert view["total_interest"]["figures"] == "75.00"
        assert view["total"]["figures"] == "10,075.00"
        assert [row["total"]["figures"] for row in view["instalments"]] == ["5,050.00", "5,025.00"]

    @pytest.mark.parametrize(
        ("rate", "shown"), [("6.0000", "6.00"), ("8.3500", "8.35"), ("8.3501", "8.3501"), ("10", "10.00")]
    )
    def test_rates_have_two_decimals_or_as_many_as_they_need(self, rate: str, shown: str) -> None:
        data = trial_data()
        data = replace(data, rate=replace(data.rate, all_in_annual_rate=Decimal(rate)))
        assert as_view(data)["rate"]["all_in_annual_rate"] == shown

    def test_penalty_rates_are_worked_out_exactly(self) -> None:
        data = trial_data()
        data = replace(data, penalty=replace(data.penalty, overdue_markup_percent=Decimal("33.3")))
        penalty = as_view(data)["penalty"]
        assert (penalty["overdue_rate"], penalty["misuse_rate"]) == ("7.998", "12.00")
        assert (penalty["overdue_markup_percent"], penalty["misuse_markup_percent"]) == ("33.3", "100")

    def test_times_are_in_utc_and_dates_are_iso(self) -> None:
        made_at = datetime(2026, 1, 1, 7, 30, tzinfo=timezone(timedelta(hours=8)))
        view = as_view(replace(trial_data(), made_at=made_at))
        assert view["made_at"] == {
            "year": 2025,
            "month": 12,
            "day": 31,
            "hour": 23,
            "minute": 30,
            "second": 0,
        }
        assert view["contract_date"] == "2026-01-15"

    def test_it_is_json_and_the_same_moment_looks_the_same_in_any_zone(self) -> None:
        data = trial_data()
        elsewhere = replace(data, made_at=data.made_at.astimezone(timezone(timedelta(hours=-5))))
        assert json.dumps(as_view(data)) == json.dumps(as_view(elsewhere))
        assert data.made_at.tzinfo is UTC
