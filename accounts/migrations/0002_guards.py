from django.db import migrations

from accounts import sql


class Migration(migrations.Migration):
    """The ledger balances and is append-only, by trigger."""

    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"})]
