"""The Celery task of the rounds: beat's bell makes each bank, and the province, look at its own clock."""

from __future__ import annotations

import structlog
from celery import shared_task

from core.steps import rounds
from core.tenancy import PROVINCE_CODE, in_bank
from tenants import directory

log = structlog.get_logger(__name__)


@shared_task(name="tenants.come_round", ignore_result=True)
def come_round() -> int:
    """Ask every bank, whatever its stage, and the province what they owe by now; return how many owe something.

    One bank's failure never stops another.
    """
    owing = 0
    for code in [*(card.code for card in directory.all_cards()), PROVINCE_CODE]:
        try:
            with in_bank(code):
                owing += rounds.owe_what_is_due() > 0
        except Exception:
            log.exception("round.failed", bank=code)
    return owing
