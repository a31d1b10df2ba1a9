"""What campaigns and channels cost (D10)."""

from __future__ import annotations

import uuid
from datetime import date

from core.audit.log import record
from core.clock import business_date
from core.errors import Problem
from core.operations import opens_transaction
from tenants.models import CampaignCost


class CostRefused(Problem):
    """A cost cannot be recorded as it stands."""

    code = "campaign_cost_refused"
    status = 422
    title = "费用登记不符合要求"


@opens_transaction
def record_campaign_cost(
    *, campaign: str, branch: str, spent_date: date, amount_fen: int, note: str, actor: str
) -> uuid.UUID:
    """Record what was spent on a campaign or a channel on a day, in fen; a negative amount takes a mistake back.

    Raises:
        CostRefused: neither campaign nor channel is named, nothing was spent, or the day lies ahead.
    """
    campaign, branch = campaign.strip(), branch.strip()
    if not campaign and not branch:
        raise CostRefused("请填写活动或渠道（网点），与推广码上的写法一致")
    if amount_fen == 0:
        raise CostRefused("金额不能为零")
    if spent_date > business_date():
        raise CostRefused("发生日期不得晚于当前营业日")
    row = CampaignCost.objects.create(
        campaign=campaign, branch=branch, spent_date=spent_date, amount_fen=amount_fen, note=note, created_by=actor
    )
    detail: dict[str, str | int | bool | None] = {
        "campaign": campaign,
        "branch": branch,
        "on": spent_date.isoformat(),
        "fen": amount_fen,
    }
    record("campaign.cost_recorded", actor=actor, subject=row.pk.hex, detail=detail)
    return row.pk
