from django.db import migrations

from core.audit import sql as audit
from core.evidence import sql as evidence
from core.vault import sql as vault


class Migration(migrations.Migration):
    """Append-only by trigger: vault, evidence, audit."""

    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunSQL(guard.INSTALL, guard.REMOVE, hints={"scope": "bank"}) for guard in (vault, evidence, audit)
    ]
