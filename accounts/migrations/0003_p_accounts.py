from django.db import migrations, models

from accounts import sql


class Migration(migrations.Migration):
    """No line is added to an entry that is booked; what the core says of a balance has its time."""

    dependencies = [("accounts", "0002_guards")]
    operations = [
        migrations.AddField(
            model_name="depositaccount",
            name="balance_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="核心告知时点"),
        ),
        migrations.RunSQL(sql.INSTALL_WRITTEN_ONCE, sql.REMOVE_WRITTEN_ONCE, hints={"scope": "bank"}),
    ]
