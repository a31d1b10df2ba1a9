from django.db import migrations, models


class Migration(migrations.Migration):
    """Who acts may be two logins of the longest, joined."""

    dependencies = [
        ('core', '0002_guards'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='actor',
            field=models.CharField(max_length=310, verbose_name='操作人'),
        ),
        migrations.AlterField(
            model_name='statechange',
            name='actor',
            field=models.CharField(max_length=310, verbose_name='操作人'),
        ),
        migrations.AlterField(
            model_name='vaultaccess',
            name='actor',
            field=models.CharField(max_length=310, verbose_name='读取人'),
        ),
    ]
