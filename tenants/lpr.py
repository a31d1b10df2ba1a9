"""The loan prime rate as published up to May 2025, with which a new installation begins.

Domain C3 (per cent; published on the 20th or the next working day; a month that is not listed is unchanged). Partly
from
public copies, partly from general knowledge: whoever runs the platform checks them. Later quotes are entered by the
province's staff, never by code.
"""

from __future__ import annotations

from typing import Final

PUBLISHED: Final = (
    ("2019-08-20", "4.25", "4.85"),
    ("2019-09-20", "4.20", "4.85"),
    ("2019-11-20", "4.15", "4.80"),
    ("2020-02-20", "4.05", "4.75"),
    ("2020-04-20", "3.85", "4.65"),
    ("2021-12-20", "3.80", "4.65"),
    ("2022-01-20", "3.70", "4.60"),
    ("2022-05-20", "3.70", "4.45"),
    ("2022-08-22", "3.65", "4.30"),
    ("2023-06-20", "3.55", "4.20"),
    ("2023-08-21", "3.45", "4.20"),
    ("2024-02-20", "3.45", "3.95"),
    ("2024-07-22", "3.35", "3.85"),
    ("2024-10-21", "3.10", "3.60"),
    ("2025-05-20", "3.00", "3.50"),
)
"""(published date, one year, over five years), oldest first."""

SEED: Final = (
    "INSERT INTO tenants_lpr_quote (published_date, one_year_rate, five_year_rate) VALUES "  # noqa: S608 -- constants
    + ", ".join(f"('{day}', {one_year}, {five_year})" for day, one_year, five_year in PUBLISHED)
    + " ON CONFLICT (published_date) DO NOTHING"
)
