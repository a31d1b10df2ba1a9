import django.contrib.postgres.fields
import django.core.validators
import lending.models.product
from django.db import migrations, models


class Migration(migrations.Migration):
    """A business whose money comes back late may borrow for up to ten years, on stated grounds (LN-03)."""

    dependencies = [
        ('lending', '0002_guards'),
    ]

    operations = [
        migrations.AddField(
            model_name='productversion',
            name='long_cycle_grounds',
            field=models.CharField(blank=True, db_default='', default='', help_text='LN-03：仅个人经营贷款；经营现金流回收周期较长的行业（如林果、奶牛养殖），说明理由后期限最长可至十年', max_length=200, verbose_name='期限超过常规上限的理由'),
        ),
        migrations.AlterField(
            model_name='productversion',
            name='terms_months',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)]), default=lending.models.product.default_terms, size=None, verbose_name='可选期限（月）'),
        ),
    ]
