from django.db import migrations

from accounts import sql


class Migration(migrations.Migration):
    """No line is added to an entry that is booked."""

    dependencies = [("accounts", "0002_guards")]
    operations = [
        migrations.RunSQL(sql.INSTALL_WRITTEN_ONCE, sql.REMOVE_WRITTEN_ONCE, hints={"scope": "bank"}),
    ]
