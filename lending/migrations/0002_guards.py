from django.db import migrations

from lending import sql


class Migration(migrations.Migration):
    """What was published or decided never changes, by trigger."""

    dependencies = [("lending", "0001_initial")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"})]
