from django.db import migrations

from core.audit import sql as audit
from core.evidence import sql as evidence
from core.steps import sql as steps
from core.vault import sql as vault


class Migration(migrations.Migration):
    """Append-only by trigger: vault, evidence, audit; steps are inserted by a function."""

    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunSQL(audit.INSTALL, audit.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(evidence.INSTALL, evidence.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(vault.INSTALL, vault.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(steps.INSTALL, steps.REMOVE, hints={"scope": "bank"}),
    ]
