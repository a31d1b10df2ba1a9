from django.db import migrations

from lending import sql
from lending.closing import sql as closing
from lending.hot import sql as hot
from lending.models import servicing_sql as servicing
from lending.models import sql as loans


class Migration(migrations.Migration):
    """What was published, decided, signed, paid or reported never changes, by trigger; the functions of the day end."""

    dependencies = [("lending", "0001_initial"), ("accounts", "0002_guards"), ("core", "0002_guards")]
    operations = [
        migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(loans.INSTALL, loans.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(servicing.INSTALL, servicing.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(closing.INSTALL, closing.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(hot.install(), hot.REMOVE, hints={"scope": "bank"}),
    ]
