from django.db import migrations

from verification import sql


class Migration(migrations.Migration):
    """What was agreed to never changes, by trigger."""

    dependencies = [("verification", "0001_initial")]
    operations = [
        migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"}),
    ]
