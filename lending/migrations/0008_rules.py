from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):
    """Drawdowns that staff judge (ACC-09); interest by quarter (INT-06); penalties compounded by a switch (PEN-01)."""

    dependencies = [
        ('accounts', '0008_rules'),
        ('lending', '0007_hot_writes'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='drawdown',
            name='lending_drawdown_status',
        ),
        migrations.RemoveConstraint(
            model_name='drawdown',
            name='lending_drawdown_signed_has_number',
        ),
        migrations.RemoveConstraint(
            model_name='drawdown',
            name='lending_drawdown_signed_has_last_day',
        ),
        migrations.RemoveIndex(
            model_name='drawdown',
            name='lending_drawdown_waiting',
        ),
        migrations.AddField(
            model_name='instalment',
            name='penalty_compound_numerator',
            field=models.DecimalField(db_default=Decimal('0'), decimal_places=0, default=Decimal('0'), max_digits=60, verbose_name='罚息复利积数'),
        ),
        migrations.AddField(
            model_name='loan',
            name='compound_on_penalty',
            field=models.BooleanField(db_default=False, default=False, verbose_name='对罚息计收复利'),
        ),
        migrations.AddField(
            model_name='productversion',
            name='compound_on_penalty',
            field=models.BooleanField(db_default=False, default=False, help_text='PEN-01：默认不计；开启须同时对逾期利息计收复利', verbose_name='对罚息计收复利'),
        ),
        migrations.AddField(
            model_name='productversion',
            name='settlement',
            field=models.CharField(choices=[('monthly', '按月'), ('quarterly', '按季（季末月 20 日结息，21 日入账）')], default='monthly', help_text='INT-06：按季结息仅适用于先息后本和随借随还，其还款日为季末月 21 日，不用固定还款日', max_length=9, verbose_name='结息方式'),
        ),
        migrations.AlterField(
            model_name='drawdown',
            name='status',
            field=models.CharField(choices=[('draft', '草稿'), ('signing', '签署中'), ('signed', '已签署'), ('disbursing', '放款中'), ('review', '待人工审核'), ('disbursed', '已放款'), ('failed', '失败'), ('expired', '已失效')], default='draft', max_length=10, verbose_name='状态'),
        ),
        migrations.AddIndex(
            model_name='drawdown',
            index=models.Index(condition=models.Q(('status__in', ('signed', 'review'))), fields=['disburse_by_date'], name='lending_drawdown_waiting'),
        ),
        migrations.AddConstraint(
            model_name='drawdown',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'signing', 'signed', 'disbursing', 'review', 'disbursed', 'failed', 'expired'])), name='lending_drawdown_status'),
        ),
        migrations.AddConstraint(
            model_name='drawdown',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('signing', 'signed', 'disbursing', 'review')), _negated=True), ('contract_number__isnull', False), _connector='OR'), name='lending_drawdown_signed_has_number'),
        ),
        migrations.AddConstraint(
            model_name='drawdown',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('signed', 'review')), _negated=True), ('disburse_by_date__isnull', False), _connector='OR'), name='lending_drawdown_signed_has_last_day'),
        ),
    ]
