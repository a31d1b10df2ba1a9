import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What was found on a watchlist is judged, and may be about somebody who is no subject."""

    dependencies = [
        ('verification', '0002_guards'),
    ]

    operations = [
        migrations.AddField(
            model_name='screeningalert',
            name='judged_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='甄别时间'),
        ),
        migrations.AddField(
            model_name='screeningalert',
            name='judged_by',
            field=models.CharField(blank=True, default='', max_length=310, verbose_name='甄别人'),
        ),
        migrations.AddField(
            model_name='screeningalert',
            name='opinion',
            field=models.CharField(blank=True, default='', max_length=200, verbose_name='甄别意见'),
        ),
        migrations.AlterField(
            model_name='check',
            name='subject',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='verification.subject', verbose_name='主体'),
        ),
        migrations.AlterField(
            model_name='screeningalert',
            name='status',
            field=models.CharField(choices=[('open', '待处理'), ('cleared', '已排除'), ('confirmed', '已确认')], default='open', max_length=10, verbose_name='状态'),
        ),
        migrations.AlterField(
            model_name='screeningalert',
            name='subject',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.subject', verbose_name='主体'),
        ),
        migrations.AddConstraint(
            model_name='check',
            constraint=models.CheckConstraint(condition=models.Q(('subject__isnull', False), ('kind', 'watchlist'), _connector='OR'), name='verification_check_has_subject'),
        ),
        migrations.AddConstraint(
            model_name='screeningalert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('judged_at', None), ('judged_by', ''), ('status', 'open')), models.Q(('judged_at__isnull', False), ('status__in', ['cleared', 'confirmed']), models.Q(('judged_by', ''), _negated=True), models.Q(('opinion', ''), _negated=True)), _connector='OR'), name='verification_alert_judged'),
        ),
    ]
