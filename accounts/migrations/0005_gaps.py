from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_complaints'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='filing',
            index=models.Index(fields=['due_date', 'id'], name='accounts_filing_urgent_first'),
        ),
        migrations.AddIndex(
            model_name='journalentry',
            index=models.Index(condition=models.Q(('value_date__lt', models.F('booking_date'))), fields=['booking_date', 'value_date'], name='accounts_entry_late'),
        ),
        migrations.AddIndex(
            model_name='reconciliationbreak',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['id'], name='accounts_reconciliation_open'),
        ),
    ]
