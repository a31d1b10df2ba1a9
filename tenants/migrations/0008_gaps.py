from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0007_bank_dossier'),
    ]

    operations = [
        migrations.AddField(
            model_name='staffaccess',
            name='aml_until_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='反洗钱查阅有效至'),
        ),
    ]
