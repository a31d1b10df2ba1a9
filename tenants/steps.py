"""The durable steps of the tenants room."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from core.steps.registry import VENDOR, Done, Outcome, StepRun, register_step
from core.tenancy import in_bank
from tenants.models import Entry
from tenants.operations import entries, stopping
from tenants.operations.wechat import wechat_code_image


def _leave_without_image(_: StepRun) -> None:
    """Give up on an image: staff see the entry without one and ask again."""


@register_step(entries.FETCH_CODE, lane=VENDOR, deadline=timedelta(minutes=10), give_up=_leave_without_image)
def fetch_code(run: StepRun) -> Outcome:
    """Fetch a code's image from WeChat; asking twice does no harm (pure)."""
    scene = Entry.objects.values_list("scene", flat=True).get(pk=run.subject_id)
    image = wechat_code_image(scene)
    return Done(
        partial(
            entries.keep_image,
            entry_id=run.subject_id,
            content=image.content,
            content_type=image.content_type,
        )
    )


@register_step(stopping.STOPPED)
def stopped(run: StepRun) -> Outcome:
    """Tell a bank that it was suspended: the step is the province's, what it owes is the bank's."""
    code, _, occasion = run.subject.partition(":")
    with in_bank(code):
        stopping.hear_stop(occasion=occasion)
    return Done()
