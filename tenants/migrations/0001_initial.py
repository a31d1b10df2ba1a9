import core.ids
import django.db.models.deletion
import django.utils.timezone
import django_tenants.postgresql_backend.base
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('scene', models.CharField(editable=False, max_length=32, unique=True, verbose_name='场景值')),
                ('branch', models.CharField(blank=True, default='', max_length=60, verbose_name='网点')),
                ('staff', models.CharField(blank=True, default='', max_length=30, verbose_name='客户经理工号')),
                ('product', models.CharField(blank=True, default='', max_length=20, verbose_name='产品代码')),
                ('campaign', models.CharField(blank=True, default='', max_length=60, verbose_name='活动')),
                ('is_open', models.BooleanField(default=True, verbose_name='启用')),
                ('image', models.BinaryField(null=True, verbose_name='小程序码')),
                ('image_type', models.CharField(blank=True, default='', editable=False, max_length=30, verbose_name='图片格式')),
                ('created_by', models.CharField(blank=True, default='', editable=False, max_length=150, verbose_name='创建人')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': '推广码',
                'verbose_name_plural': '推广码',
                'db_table': 'tenants_entry',
            },
        ),
        migrations.CreateModel(
            name='Holiday',
            fields=[
                ('date', models.DateField(primary_key=True, serialize=False, verbose_name='日期')),
                ('is_working_day', models.BooleanField(verbose_name='是否工作日')),
                ('name', models.CharField(blank=True, default='', max_length=30, verbose_name='名称')),
            ],
            options={
                'verbose_name': '节假日',
                'verbose_name_plural': '节假日',
                'db_table': 'tenants_holiday',
            },
        ),
        migrations.CreateModel(
            name='LprQuote',
            fields=[
                ('published_date', models.DateField(primary_key=True, serialize=False, verbose_name='公布日期')),
                ('one_year_rate', models.DecimalField(decimal_places=4, max_digits=8, verbose_name='一年期（%）')),
                ('five_year_rate', models.DecimalField(decimal_places=4, max_digits=8, verbose_name='五年期以上（%）')),
            ],
            options={
                'verbose_name': '贷款市场报价利率',
                'verbose_name_plural': '贷款市场报价利率',
                'db_table': 'tenants_lpr_quote',
                'ordering': ['-published_date'],
            },
        ),
        migrations.CreateModel(
            name='SchemaTemplate',
            fields=[
                ('migrations_sha256', models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name='迁移摘要')),
                ('sql', models.TextField(verbose_name='建库脚本')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': '模板',
                'verbose_name_plural': '模板',
                'db_table': 'tenants_schema_template',
            },
        ),
        migrations.CreateModel(
            name='Bank',
            fields=[
                ('schema_name', models.CharField(db_index=True, max_length=63, unique=True, validators=[django_tenants.postgresql_backend.base._check_schema_name])),
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=12, unique=True, verbose_name='机构代码')),
                ('name', models.CharField(help_text='合同上的贷款人名称', max_length=100, verbose_name='法人全称')),
                ('display_name', models.CharField(max_length=60, verbose_name='展示名称')),
                ('city', models.CharField(max_length=30, verbose_name='城市')),
                ('region_code', models.CharField(max_length=6, verbose_name='注册地区划代码')),
                ('stage', models.CharField(choices=[('draft', '筹备'), ('test', '测试'), ('pilot', '试点'), ('live', '上线'), ('suspended', '暂停')], default='draft', max_length=10, verbose_name='阶段')),
                ('phone', models.CharField(default='96008', max_length=20, verbose_name='客服电话')),
                ('complaint_phone', models.CharField(default='96008', max_length=20, verbose_name='投诉电话')),
                ('address', models.CharField(blank=True, default='', max_length=120, verbose_name='住所')),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='开通时间')),
            ],
            options={
                'verbose_name': '银行',
                'verbose_name_plural': '银行',
                'db_table': 'tenants_bank',
                'ordering': ['code'],
                'constraints': [models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'test', 'pilot', 'live', 'suspended'])), name='tenants_bank_stage')],
            },
        ),
        migrations.CreateModel(
            name='BankParameter',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60, verbose_name='参数')),
                ('value', models.JSONField(verbose_name='取值')),
                ('effective_date', models.DateField(verbose_name='生效日期')),
                ('created_by', models.CharField(blank=True, default='', max_length=150, verbose_name='录入人')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='录入时间')),
            ],
            options={
                'verbose_name': '本行参数',
                'verbose_name_plural': '本行参数',
                'db_table': 'tenants_bank_parameter',
                'constraints': [models.UniqueConstraint(fields=('name', 'effective_date'), name='tenants_bank_parameter_once')],
            },
        ),
        migrations.CreateModel(
            name='EvidenceHeadCopy',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('bank', models.CharField(max_length=12, verbose_name='机构代码')),
                ('number', models.PositiveBigIntegerField(verbose_name='编号')),
                ('head_date', models.DateField(verbose_name='营业日期')),
                ('previous_size', models.BigIntegerField(verbose_name='上次存证数量')),
                ('tree_size', models.BigIntegerField(verbose_name='存证数量')),
                ('root', models.BinaryField(max_length=32, verbose_name='根摘要')),
                ('signed_at', models.DateTimeField(verbose_name='签名时间')),
                ('signature', models.BinaryField(verbose_name='签名')),
                ('pushed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='上报时间')),
            ],
            options={
                'verbose_name': '存证根',
                'verbose_name_plural': '存证根',
                'db_table': 'tenants_evidence_head',
                'constraints': [models.UniqueConstraint(fields=('bank', 'tree_size'), name='tenants_evidence_head_once')],
            },
        ),
        migrations.CreateModel(
            name='PlatformParameter',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60, verbose_name='参数')),
                ('value', models.JSONField(verbose_name='取值')),
                ('effective_date', models.DateField(verbose_name='生效日期')),
                ('created_by', models.CharField(blank=True, default='', max_length=150, verbose_name='录入人')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='录入时间')),
            ],
            options={
                'verbose_name': '平台参数',
                'verbose_name_plural': '平台参数',
                'db_table': 'tenants_platform_parameter',
                'constraints': [models.UniqueConstraint(fields=('name', 'effective_date'), name='tenants_platform_parameter_once')],
            },
        ),
        migrations.CreateModel(
            name='PushedFigure',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('bank', models.CharField(max_length=12, verbose_name='机构代码')),
                ('kind', models.CharField(max_length=40, verbose_name='指标')),
                ('date', models.DateField(verbose_name='营业日期')),
                ('value', models.BigIntegerField(help_text='金额单位为分，人数单位为人', verbose_name='数值')),
                ('pushed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='上报时间')),
            ],
            options={
                'verbose_name': '上报指标',
                'verbose_name_plural': '上报指标',
                'db_table': 'tenants_pushed_figure',
                'constraints': [models.UniqueConstraint(fields=('bank', 'kind', 'date'), name='tenants_pushed_figure_once')],
            },
        ),
        migrations.CreateModel(
            name='Scan',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='scans', to='tenants.entry', verbose_name='推广码')),
            ],
            options={
                'verbose_name': '扫码记录',
                'verbose_name_plural': '扫码记录',
                'db_table': 'tenants_scan',
                'indexes': [models.Index(fields=['entry', 'at'], name='tenants_scan_of_entry')],
            },
        ),
    ]
