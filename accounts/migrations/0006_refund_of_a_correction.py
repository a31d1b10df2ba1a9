import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A refund may be of a wrong debit whose account is closed by now."""

    dependencies = [
        ('accounts', '0005_longer_actors'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='refund',
            name='accounts_refund_has_one_source',
        ),
        migrations.AddField(
            model_name='refund',
            name='correction',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='given_back', to='accounts.journalentry', verbose_name='错扣冲正分录'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('correction', None), ('top_up', None), ('transfer', None), ('use__isnull', False)), models.Q(('correction', None), ('top_up__isnull', False), ('transfer', None), ('use', None)), models.Q(('correction', None), ('top_up', None), ('transfer__isnull', False), ('use', None)), models.Q(('correction__isnull', False), ('top_up', None), ('transfer', None), ('use', None)), _connector='OR'), name='accounts_refund_has_one_source'),
        ),
    ]
