from django.db import migrations, models


class Migration(migrations.Migration):
    """Who acts may be two logins of the longest, joined."""

    dependencies = [
        ('accounts', '0004_receipt_voided'),
    ]

    operations = [
        migrations.AlterField(
            model_name='receipt',
            name='recorded_by',
            field=models.CharField(max_length=310, verbose_name='登记人'),
        ),
        migrations.AlterField(
            model_name='receipt',
            name='voided_by',
            field=models.CharField(blank=True, default='', max_length=310, verbose_name='作废人'),
        ),
        migrations.AlterField(
            model_name='receiptuse',
            name='checker',
            field=models.CharField(max_length=310, verbose_name='处理人'),
        ),
        migrations.AlterField(
            model_name='receiptuse',
            name='maker',
            field=models.CharField(max_length=310, verbose_name='登记人'),
        ),
        migrations.AlterField(
            model_name='reconciliationbreak',
            name='closed_by',
            field=models.CharField(blank=True, default='', max_length=310, verbose_name='核销人'),
        ),
        migrations.AlterField(
            model_name='refund',
            name='approved_by',
            field=models.CharField(max_length=310, verbose_name='批准人'),
        ),
        migrations.AlterField(
            model_name='refund',
            name='paid_by',
            field=models.CharField(blank=True, default='', max_length=310, verbose_name='付款登记人'),
        ),
        migrations.AlterField(
            model_name='suspension',
            name='lifted_by',
            field=models.CharField(blank=True, default='', max_length=310, verbose_name='恢复操作人'),
        ),
    ]
