"""What servicing loans does on a new business day: looks at outflows, raises warnings, captures reports, minds notices."""

from __future__ import annotations

from lending.operations.bureau import capture_bureau_records, mind_notices
from lending.operations.purpose_watch import scan_purposes
from lending.operations.warning import raise_warnings
from lending.queries.bureau import uncaptured_days
from lending.queries.purpose_watch import unscanned_days


def follow_servicing() -> None:
    """Do it for every business date that is over and was missed; each day by itself, so that twice is once."""
    for day in unscanned_days():
        scan_purposes(day=day)
    raise_warnings()
    for day in uncaptured_days():
        capture_bureau_records(day=day)
    mind_notices()
