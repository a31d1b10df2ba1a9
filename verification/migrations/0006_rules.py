from django.db import migrations, models


class Migration(migrations.Migration):
    """Why and since when somebody is under joint discipline (ACC-09)."""

    dependencies = [
        ('verification', '0005_account_acts'),
    ]

    operations = [
        migrations.AddField(
            model_name='watchlistname',
            name='ground',
            field=models.CharField(blank=True, choices=[('convicted', '受过刑事处罚'), ('police', '设区的市级以上公安机关认定')], default='', max_length=10, verbose_name='惩戒事由'),
        ),
        migrations.AddField(
            model_name='watchlistname',
            name='listed_date',
            field=models.DateField(blank=True, null=True, verbose_name='惩戒起始日'),
        ),
    ]
