from django.db import migrations

from lending import sql
from lending.closing import sql as closing
from lending.hot import sql as hot
from lending.models import model_sql as models
from lending.models import review_sql as review
from lending.models import servicing_sql as servicing
from lending.models import sql as loans
from lending.models import warning_sql as warning


class Migration(migrations.Migration):
    """What was published, decided, signed, paid or reported never changes, by trigger; the functions of the day end."""

    dependencies = [("lending", "0001_initial"), ("accounts", "0002_guards"), ("core", "0002_guards")]
    operations = [
        migrations.RunSQL(sql.INSTALL, sql.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(loans.INSTALL, loans.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(servicing.INSTALL, servicing.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(loans.GUARD_AGREEMENTS, loans.UNGUARD_AGREEMENTS, hints={"scope": "bank"}),
        migrations.RunSQL(warning.INSTALL, warning.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(models.INSTALL, models.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(review.INSTALL, review.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(closing.INSTALL, closing.REMOVE, hints={"scope": "bank"}),
        migrations.RunSQL(hot.install(), hot.REMOVE, hints={"scope": "bank"}),
    ]
