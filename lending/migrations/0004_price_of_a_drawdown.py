from django.db import migrations, models


PRICE_OF_THE_LINE = """
UPDATE lending_drawdown d
SET annual_rate = l.annual_rate, lpr_rate = l.lpr_rate, lpr_date = l.lpr_date, spread_bp = l.spread_bp
FROM lending_credit_line l WHERE l.id = d.line_id AND d.contract_number IS NOT NULL
"""


class Migration(migrations.Migration):
    """A drawdown has the price of its contract date; what was signed before has that of its line (INT-01)."""

    dependencies = [
        ('accounts', '0005_longer_actors'),
        ('lending', '0003_long_cycle'),
    ]

    operations = [
        migrations.AddField(
            model_name='drawdown',
            name='annual_rate',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=8, null=True, verbose_name='年利率（%）'),
        ),
        migrations.AddField(
            model_name='drawdown',
            name='lpr_date',
            field=models.DateField(blank=True, null=True, verbose_name='LPR 公布日'),
        ),
        migrations.AddField(
            model_name='drawdown',
            name='lpr_rate',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=8, null=True, verbose_name='LPR（%）'),
        ),
        migrations.AddField(
            model_name='drawdown',
            name='spread_bp',
            field=models.IntegerField(blank=True, null=True, verbose_name='加点（基点）'),
        ),
        migrations.AlterField(
            model_name='creditline',
            name='annual_rate',
            field=models.DecimalField(decimal_places=4, max_digits=8, verbose_name='授信时年利率（%）'),
        ),
        migrations.AlterField(
            model_name='creditline',
            name='lpr_date',
            field=models.DateField(verbose_name='授信时 LPR 公布日'),
        ),
        migrations.AlterField(
            model_name='creditline',
            name='lpr_rate',
            field=models.DecimalField(decimal_places=4, max_digits=8, verbose_name='授信时 LPR（%）'),
        ),
        migrations.RunSQL(PRICE_OF_THE_LINE, migrations.RunSQL.noop, hints={"scope": "bank"}),
        migrations.AddConstraint(
            model_name='drawdown',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('signing', 'signed', 'disbursing', 'review')), _negated=True), models.Q(('annual_rate__isnull', False), ('lpr_date__isnull', False), ('lpr_rate__isnull', False), ('spread_bp__isnull', False)), _connector='OR'), name='lending_drawdown_signed_has_price'),
        ),
    ]
