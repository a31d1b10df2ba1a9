from django.db import migrations

from lending.hot import sql


class Migration(migrations.Migration):
    """A drawdown becomes a loan by one statement."""

    dependencies = [("lending", "0006_entrusted_holds"), ("core", "0003_hot_writes")]
    operations = [migrations.RunSQL(sql.install(), sql.REMOVE, hints={"scope": "bank"})]
