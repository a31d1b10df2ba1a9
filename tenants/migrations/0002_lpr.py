from django.db import migrations

from tenants import lpr


class Migration(migrations.Migration):
    """The published quotes of the loan prime rate, with which a new installation begins."""

    dependencies = [("tenants", "0001_initial"), ("tenants", "0002_due_steps")]
    operations = [migrations.RunSQL(lpr.SEED, migrations.RunSQL.noop, hints={"scope": "public"})]
