from django.db import migrations

from accounts import sql
from accounts.ledger import sql as ledger


class Migration(migrations.Migration):
    """The ledger balances and is append-only, closed days and filings stay as they were, by trigger; an entry is one statement."""

    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(sql.INSTALL_BOOKS, sql.REMOVE_BOOKS, hints={"scope": "bank"}),
        migrations.RunSQL(sql.INSTALL_LIFE, sql.REMOVE_LIFE, hints={"scope": "bank"}),
        migrations.RunSQL(ledger.INSTALL, ledger.REMOVE, hints={"scope": "bank"}),
    ]
