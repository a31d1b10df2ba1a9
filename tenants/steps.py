"""The durable steps of the tenants room."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from core.clock import business_date
from core.steps.registry import VENDOR, Done, Outcome, StepRun, register_step
from core.tenancy import in_bank
from tenants import mechanism
from tenants.models import BankDossier, Entry
from tenants.operations import bank_dossiers, entries, province, stopping
from tenants.operations.figures import record_figures
from tenants.operations.wechat import wechat_code_image
from tenants.readiness import facts_now


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


@register_step(province.REPORT_FACTS)
def report_facts(run: StepRun) -> Outcome:
    """Have a bank push the facts of its checklist: the step is the province's, the facts are the bank's."""
    code = run.subject.partition(":")[0]
    with in_bank(code):
        record_figures(on=business_date(), figures=facts_now())
    return Done()


@register_step(stopping.STOPPED)
def stopped(run: StepRun) -> Outcome:
    """Tell a bank that it was suspended: the step is the province's, what it owes is the bank's."""
    code, _, occasion = run.subject.partition(":")
    with in_bank(code):
        stopping.hear_stop(occasion=occasion)
    return Done()


@register_step(bank_dossiers.BANK_DOSSIER)
def bank_dossier(run: StepRun) -> Outcome:
    """Have a bank make and deliver its dossier: the step is the province's, the dossier is the bank's."""
    asked = BankDossier.objects.defer("file").get(pk=run.subject_id)
    with in_bank(asked.bank):
        made = mechanism.issue(asked.pk, f"province:{asked.asked_by}")
        bank_dossiers.deliver(request_id=asked.pk, dossier=made)
    return Done()
