from django.db import migrations

from tenants import lpr, sql


class Migration(migrations.Migration):
    """The one statement that the sweep runs over all banks, and the quotes of the loan prime rate to begin with."""

    dependencies = [("tenants", "0001_initial")]
    operations = [
        migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "public"}),
        migrations.RunSQL(lpr.SEED, migrations.RunSQL.noop, hints={"scope": "public"}),
    ]
