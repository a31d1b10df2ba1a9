from django.db import migrations

from core.steps import sql


class Migration(migrations.Migration):
    """Steps are inserted by a function, so that a hot write owes them in its own statement."""

    dependencies = [("core", "0002_guards")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"})]
