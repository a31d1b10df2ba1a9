from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_guards'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='step',
            index=models.Index(condition=models.Q(('state', 'parked')), fields=['id'], name='core_step_parked'),
        ),
    ]
