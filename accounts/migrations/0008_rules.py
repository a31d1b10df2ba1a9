from django.db import migrations, models


class Migration(migrations.Migration):
    """Openings that staff judge (ACC-10)."""

    dependencies = [
        ('accounts', '0007_hot_writes'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='depositaccount',
            options={'permissions': [('review_opening', '可以审核开户申请')], 'verbose_name': '存款账户', 'verbose_name_plural': '存款账户'},
        ),
        migrations.RemoveConstraint(
            model_name='depositaccount',
            name='accounts_deposit_account_status',
        ),
        migrations.AlterField(
            model_name='depositaccount',
            name='status',
            field=models.CharField(choices=[('checking', '核验中'), ('review', '待人工审核'), ('face', '待人脸核验'), ('opening', '开户中'), ('active', '正常'), ('rejected', '未通过'), ('closed', '已销户')], default='checking', max_length=10, verbose_name='状态'),
        ),
        migrations.AddConstraint(
            model_name='depositaccount',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['checking', 'review', 'face', 'opening', 'active', 'rejected', 'closed'])), name='accounts_deposit_account_status'),
        ),
    ]
