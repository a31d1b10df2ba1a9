from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_gaps'),
        ('lending', '0008_loan_reprice'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='earlywarning',
            name='lending_warning_by_status',
        ),
        migrations.AddIndex(
            model_name='earlywarning',
            index=models.Index(fields=['-status', '-id'], name='lending_warning_open_first'),
        ),
        migrations.AddIndex(
            model_name='observedfact',
            index=models.Index(fields=['-observed_date', '-id'], name='lending_observed_fact_newest'),
        ),
        migrations.AddIndex(
            model_name='reviewtask',
            index=models.Index(fields=['due_date', 'id'], name='lending_review_task_first'),
        ),
    ]
