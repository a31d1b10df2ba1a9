from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0007_bank_dossier'),
    ]

    operations = [
        migrations.AddField(
            model_name='entry',
            name='sharer_id',
            field=models.UUIDField(blank=True, editable=False, null=True, verbose_name='分享客户'),
        ),
        migrations.AddField(
            model_name='staffaccess',
            name='aml_until_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='反洗钱查阅有效至'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('sharer_id',), name='tenants_entry_one_of_a_sharer'),
        ),
    ]
