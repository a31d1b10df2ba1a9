"""What the province's staff do by two people (`core.approvals`)."""

from __future__ import annotations

import uuid
from typing import Final

from core.approvals.registry import Approved, register_approval
from tenants.operations import product_templates

PUBLISH_TEMPLATE: Final = "template.publish"
TEMPLATE_EDITOR: Final = "tenants.change_producttemplate"
TEMPLATE_PUBLISHER: Final = "tenants.publish_producttemplate"


@register_approval(
    PUBLISH_TEMPLATE, title="发布产品模板", proposer=TEMPLATE_EDITOR, decider=TEMPLATE_PUBLISHER,
    page="tenants_producttemplate",
)  # fmt: skip
def publish_template(approved: Approved) -> None:
    """Publish a template as it was proposed; the subject is its draft."""
    product_templates.publish_template(
        template_id=uuid.UUID(approved.subject), values=approved.values, decided_by=approved.decided_by,
        actor=approved.actor,
    )  # fmt: skip
