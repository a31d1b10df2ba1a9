from django.db import migrations

from accounts.ledger import sql


class Migration(migrations.Migration):
    """An entry is booked by one statement."""

    dependencies = [("accounts", "0005_account_life")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"})]
