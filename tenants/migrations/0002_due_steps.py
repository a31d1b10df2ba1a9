from django.db import migrations

from tenants import sql


class Migration(migrations.Migration):
    """The one statement that the sweep runs over all banks."""

    dependencies = [("tenants", "0001_initial")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "public"})]
