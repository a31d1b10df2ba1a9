from django.db import migrations

from verification import sql


class Migration(migrations.Migration):
    """What was agreed to and what happened never changes, by trigger."""

    dependencies = [("verification", "0001_initial")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"})]
