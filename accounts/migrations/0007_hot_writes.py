from django.db import migrations

from accounts.ledger import sql


class Migration(migrations.Migration):
    """An entry is booked by one statement."""

    dependencies = [("accounts", "0006_class_three_documents")]
    operations = [migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"})]
