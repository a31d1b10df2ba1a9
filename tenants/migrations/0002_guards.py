from django.db import migrations

from tenants import lpr, sql
from tenants.product_templates import seed


class Migration(migrations.Migration):
    """The one statement that the sweep runs over all banks; quotes of the loan prime rate and product templates to begin with."""

    dependencies = [("tenants", "0001_initial")]
    operations = [
        migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "public"}),
        migrations.RunSQL(lpr.SEED, migrations.RunSQL.noop, hints={"scope": "public"}),
        migrations.RunSQL(seed(), migrations.RunSQL.noop, hints={"scope": "public"}),
    ]
