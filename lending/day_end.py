"""What hangs on a new business day: what is over ends, the province gets its figures, the log is committed to."""

from __future__ import annotations

import uuid
from datetime import date

import structlog
from django.db.models import Q

from accounts import operations as accounts
from core.clock import business_date, now
from core.operations import opens_transaction
from lending.models import Drawdown
from lending.models.drawdown import DRAFT, WAITING
from lending.operations.day_change import end_drawdown, end_offers_and_lines
from lending.operations.loan_changes import move_off_holidays, reprice_again
from lending.operations.stopping import owe_cancelling_by_schedule
from lending.queries.loan_changes import loans_due_on_holidays, loans_priced_too_early
from lending.reporting import commit_head, push_figures
from lending.servicing_day import follow_servicing
from tenants.queries import is_working_day, missing_calendar_year

log = structlog.get_logger(__name__)


def follow_day() -> None:
    """Do what hangs on the present business day; each part by itself, so that doing it twice is doing it once.

    Raises:
        AnotherPush, HeadOvertaken: somebody else is at it; come again.
        LogRewritten, HeadRefused: the evidence log was tampered with; an operator's case.
    """
    _warn_of_missing_calendar()
    follow_late_entries()
    _follow_accounts()
    end_offers_and_lines()
    owe_cancelling_by_schedule()
    for drawdown_id, status in _over():
        end_drawdown(drawdown_id=drawdown_id, status=status)
    follow_servicing()
    push_figures(is_new_day=True)
    commit_head()


def follow_late_entries() -> None:
    """Bring loans up to what the province has entered after they were planned or priced: holidays, quotes (INT-01, INT-07)."""
    for loan_id in loans_due_on_holidays():
        move_off_holidays(loan_id=loan_id)
    for loan_id in loans_priced_too_early():
        reprice_again(loan_id=loan_id)


def move_off_a_holiday(*, day: date) -> None:
    """Move the loans that fall due on the next day where that was entered as a holiday since the present one began (INT-07).

    A loan that fails is logged and keeps no other waiting, nor the end of the day.
    """
    if is_working_day(day):
        return
    for loan_id in loans_due_on_holidays():
        try:
            move_off_holidays(loan_id=loan_id)
        except Exception:
            log.exception("day_end.not_moved_off_a_holiday", loan=loan_id.hex)


def _warn_of_missing_calendar() -> None:
    """Alarm where next year's holidays are due and nobody has entered them (INT-07)."""
    year = missing_calendar_year(business_date())
    if year is not None:
        log.error("calendar.year_missing", year=year)


@opens_transaction
def _follow_accounts() -> None:
    """Let the accounts' room owe what hangs on the day there: dormancy, ID cards, filings, the core's statement."""
    accounts.follow_day(day=business_date())


def _over() -> list[tuple[uuid.UUID, str]]:
    """Return the drafts whose time is over, and the drawdowns signed or in review whose last day has ended."""
    rows = Drawdown.objects.filter(
        Q(status=DRAFT, expires_at__lte=now()) | Q(status__in=WAITING, disburse_by_date__lt=business_date())
    )
    return list(rows.order_by("pk").values_list("pk", "status"))
