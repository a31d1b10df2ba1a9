"""What can be wrong with the terms of a loan: each error names the field, the reason and the next step."""

from __future__ import annotations

from typing import ClassVar


class TermsError(ValueError):
    """Terms from which no schedule can be made.

    `field` is the attribute of `ScheduleTerms` (or the argument) at fault, `detail` what is wrong with it and
    `next_step` what to give instead. `code` names the class of the error and never changes.
    """

    code: ClassVar[str] = "invalid_terms"

    def __init__(self, field: str, detail: str, next_step: str) -> None:
        """Keep the three parts apart, so that the caller can put the field in its own words."""
        super().__init__(f"{field}: {detail}，{next_step}")
        self.field = field
        self.detail = detail
        self.next_step = next_step


class InvalidTermError(TermsError):
    """One value is missing, of the wrong form or out of its range, or two of them contradict each other."""

    code = "invalid_term"


class InstalmentTooSmallError(TermsError):
    """The constant instalment does not cover the interest of a period, so the debt would grow.

    Happens where the first period is very long for the term, or where a coarse multiple rounds the instalment
    away. No schedule with a negative principal is ever made.
    """

    code = "instalment_too_small"
