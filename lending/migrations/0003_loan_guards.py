from django.db import migrations

from lending.models import sql


class Migration(migrations.Migration):
    """What was signed or paid never changes, by trigger."""

    dependencies = [("lending", "0002_guards")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"})]
