from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """What was recorded as money from outside by mistake is voided by another person, and its voucher is free again."""

    dependencies = [("accounts", "0003_written_once")]
    operations = [
        migrations.RemoveConstraint(model_name="receipt", name="accounts_receipt_once"),
        migrations.AddField(
            model_name="receipt",
            name="voided_by",
            field=models.CharField(blank=True, default="", max_length=100, verbose_name="作废人"),
        ),
        migrations.AddField(
            model_name="receipt",
            name="voided_date",
            field=models.DateField(blank=True, null=True, verbose_name="作废日"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                condition=Q(voided_date=None), fields=("channel", "reference"), name="accounts_receipt_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(
                condition=Q(voided_date=None, voided_by="")
                | (Q(voided_date__isnull=False, left_fen=0) & ~Q(voided_by="") & ~Q(voided_by=F("recorded_by"))),
                name="accounts_receipt_voided",
            ),
        ),
    ]
