from django.db import migrations

from accounts import complaint_sql, sql
from accounts.ledger import sql as ledger


class Migration(migrations.Migration):
    """The ledger balances and is append-only; closed days, filings and what was said of a complaint stay, by trigger.

    An entry is booked by one function.
    """

    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(sql.INSTALL_BOOKS, sql.REMOVE_BOOKS, hints={"scope": "bank"}),
        migrations.RunSQL(sql.INSTALL_LIFE, sql.REMOVE_LIFE, hints={"scope": "bank"}),
        migrations.RunSQL(complaint_sql.INSTALL, complaint_sql.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(ledger.INSTALL, ledger.REMOVE, hints={"scope": "bank"}),
    ]
