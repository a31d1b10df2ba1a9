import core.crypto.fields
import core.ids
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
                ('actor', models.CharField(max_length=100, verbose_name='操作人')),
                ('action', models.CharField(max_length=100, verbose_name='操作')),
                ('subject', models.CharField(max_length=100, verbose_name='对象')),
                ('detail', models.JSONField(default=dict, verbose_name='说明')),
            ],
            options={
                'verbose_name': '审计日志',
                'verbose_name_plural': '审计日志',
                'db_table': 'core_audit',
                'indexes': [models.Index(fields=['subject', 'at'], name='core_audit_subject'), models.Index(fields=['-at'], name='core_audit_newest')],
            },
        ),
        migrations.CreateModel(
            name='BankKey',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('data', '数据加密'), ('index', '检索摘要')], max_length=10, verbose_name='用途')),
                ('version', models.PositiveIntegerField(verbose_name='版本')),
                ('wrapped', models.BinaryField(max_length=128, verbose_name='密文密钥')),
                ('state', models.CharField(choices=[('active', '使用中'), ('retired', '已停用')], default='active', max_length=10, verbose_name='状态')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': '密钥',
                'verbose_name_plural': '密钥',
                'db_table': 'core_bank_key',
                'constraints': [models.UniqueConstraint(fields=('purpose', 'version'), name='core_bank_key_version_once'), models.UniqueConstraint(condition=models.Q(('state', 'active')), fields=('purpose',), name='core_bank_key_one_active'), models.CheckConstraint(condition=models.Q(('purpose__in', ['data', 'index'])), name='core_bank_key_purpose'), models.CheckConstraint(condition=models.Q(('state__in', ['active', 'retired'])), name='core_bank_key_state'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='core_bank_key_version_positive')],
            },
        ),
        migrations.CreateModel(
            name='BusinessDay',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False, verbose_name='编号')),
                ('date', models.DateField(verbose_name='营业日期')),
                ('moved_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='切换时间')),
            ],
            options={
                'verbose_name': '营业日',
                'verbose_name_plural': '营业日',
                'db_table': 'core_business_day',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='core_business_day_one_row')],
            },
        ),
        migrations.CreateModel(
            name='EvidenceHead',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveBigIntegerField(verbose_name='编号')),
                ('head_date', models.DateField(verbose_name='营业日期')),
                ('tree_size', models.BigIntegerField(verbose_name='存证数')),
                ('root', models.BinaryField(max_length=32, verbose_name='根散列')),
                ('previous_size', models.BigIntegerField(verbose_name='上次存证数')),
                ('signed_at', models.DateTimeField(verbose_name='签名时间')),
                ('signature', models.BinaryField(verbose_name='签名')),
            ],
            options={
                'verbose_name': '存证签名',
                'verbose_name_plural': '存证签名',
                'db_table': 'core_evidence_head',
                'constraints': [models.UniqueConstraint(fields=('number',), name='core_evidence_head_number_once'), models.CheckConstraint(condition=models.Q(('number__gte', 1), ('previous_size__gte', 0), ('tree_size__gte', models.F('previous_size'))), name='core_evidence_head_extends')],
            },
        ),
        migrations.CreateModel(
            name='EvidenceLeaf',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=60, verbose_name='种类')),
                ('subject', models.CharField(max_length=64, verbose_name='对象')),
                ('content_sha256', models.BinaryField(max_length=32, verbose_name='内容摘要')),
                ('salt', models.BinaryField(max_length=16, verbose_name='盐')),
                ('leaf_hash', models.BinaryField(max_length=32, verbose_name='叶散列')),
                ('index', models.BigIntegerField(null=True, verbose_name='序号')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': '存证',
                'verbose_name_plural': '存证',
                'db_table': 'core_evidence_leaf',
                'indexes': [models.Index(condition=models.Q(('index__isnull', True)), fields=['id'], name='core_evidence_leaf_pending'), models.Index(fields=['subject', 'kind'], name='core_evidence_leaf_subject')],
                'constraints': [models.UniqueConstraint(fields=('index',), name='core_evidence_leaf_index_once'), models.CheckConstraint(condition=models.Q(('index__isnull', True), ('index__gte', 0), _connector='OR'), name='core_evidence_leaf_index')],
            },
        ),
        migrations.CreateModel(
            name='EvidenceNode',
            fields=[
                ('pk', models.CompositePrimaryKey('level', 'index', blank=True, editable=False, primary_key=True, serialize=False)),
                ('level', models.PositiveSmallIntegerField(verbose_name='层')),
                ('index', models.BigIntegerField(verbose_name='位置')),
                ('hash', models.BinaryField(max_length=32, verbose_name='散列')),
            ],
            options={
                'verbose_name': '存证节点',
                'verbose_name_plural': '存证节点',
                'db_table': 'core_evidence_node',
                'constraints': [models.CheckConstraint(condition=models.Q(('level__gte', 1), ('index__gte', 0)), name='core_evidence_node_place')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('caller', models.CharField(max_length=64, verbose_name='调用方')),
                ('key', models.CharField(max_length=128, verbose_name='幂等键')),
                ('request_sha256', models.BinaryField(max_length=32, verbose_name='请求摘要')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='应答状态')),
                ('headers', models.JSONField(default=dict, verbose_name='应答头')),
                ('body', models.TextField(default='null', verbose_name='应答内容')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': '幂等记录',
                'verbose_name_plural': '幂等记录',
                'db_table': 'core_idempotency',
                'indexes': [models.Index(fields=['created_at'], name='core_idempotency_age')],
                'constraints': [models.UniqueConstraint(fields=('caller', 'key'), name='core_idempotency_once')],
            },
        ),
        migrations.CreateModel(
            name='StateChange',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('machine', models.CharField(max_length=30, verbose_name='对象类型')),
                ('subject_id', models.UUIDField(verbose_name='对象')),
                ('event', models.CharField(max_length=40, verbose_name='事件')),
                ('from_state', models.CharField(max_length=20, verbose_name='原状态')),
                ('to_state', models.CharField(max_length=20, verbose_name='新状态')),
                ('actor', models.CharField(max_length=100, verbose_name='操作人')),
                ('reason', models.CharField(blank=True, default='', max_length=200, verbose_name='原因')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
            ],
            options={
                'verbose_name': '状态变更',
                'verbose_name_plural': '状态变更',
                'db_table': 'core_state_change',
                'indexes': [models.Index(fields=['subject_id', 'id'], name='core_state_change_subject')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=60, verbose_name='种类')),
                ('lane', models.CharField(max_length=20, verbose_name='通道')),
                ('subject', models.CharField(max_length=64, verbose_name='对象')),
                ('state', models.CharField(choices=[('live', '进行中'), ('done', '完成'), ('failed', '失败'), ('parked', '待人工处理')], default='live', max_length=10, verbose_name='状态')),
                ('attempt', models.PositiveIntegerField(default=0, verbose_name='次数')),
                ('crashes', models.PositiveSmallIntegerField(default=0, verbose_name='异常次数')),
                ('run_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='执行时间')),
                ('lease_seconds', models.PositiveSmallIntegerField(default=30, verbose_name='租约秒数')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='租约到期')),
                ('deadline_at', models.DateTimeField(blank=True, null=True, verbose_name='截止时间')),
                ('reason', models.CharField(blank=True, default='', max_length=200, verbose_name='原因')),
                ('result', models.JSONField(default=dict, verbose_name='结果')),
                ('then_kind', models.CharField(blank=True, default='', max_length=60, verbose_name='后续种类')),
                ('then_subject', models.CharField(blank=True, default='', max_length=64, verbose_name='后续对象')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
            ],
            options={
                'verbose_name': '任务步骤',
                'verbose_name_plural': '任务步骤',
                'db_table': 'core_step',
                'indexes': [models.Index(condition=models.Q(('state', 'live')), fields=['lane', 'run_at'], name='core_step_due'), models.Index(fields=['subject'], name='core_step_subject'), models.Index(fields=['-created_at'], name='core_step_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ('live', 'parked'))), fields=('kind', 'subject'), name='core_step_one_unfinished'), models.CheckConstraint(condition=models.Q(('state__in', ['live', 'done', 'failed', 'parked'])), name='core_step_state')],
            },
        ),
        migrations.CreateModel(
            name='VaultAccess',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('object_id', models.UUIDField(verbose_name='对象编号')),
                ('actor', models.CharField(max_length=100, verbose_name='读取人')),
                ('purpose', models.CharField(max_length=100, verbose_name='用途')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='时间')),
            ],
            options={
                'verbose_name': '保管对象读取记录',
                'verbose_name_plural': '保管对象读取记录',
                'db_table': 'core_vault_access',
                'indexes': [models.Index(fields=['object_id', 'at'], name='core_vault_access_object'), models.Index(fields=['actor', 'at'], name='core_vault_access_actor')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('actor', ''), _negated=True), models.Q(('purpose', ''), _negated=True)), name='core_vault_access_by_whom_and_why')],
            },
        ),
        migrations.CreateModel(
            name='VaultObject',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sha256', core.crypto.fields.BlindIndexField(max_length=32, verbose_name='内容摘要（密钥散列）')),
                ('size', models.PositiveBigIntegerField(verbose_name='字节数')),
                ('content_type', models.CharField(max_length=100, verbose_name='内容类型')),
                ('stored_key', models.CharField(max_length=100, verbose_name='存储键')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': '保管对象',
                'verbose_name_plural': '保管对象',
                'db_table': 'core_vault_object',
                'constraints': [models.UniqueConstraint(fields=('sha256',), name='core_vault_object_once'), models.UniqueConstraint(fields=('stored_key',), name='core_vault_object_stored_key_once'), models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='core_vault_object_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='VaultReference',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('owner_kind', models.CharField(max_length=60, verbose_name='所属类别')),
                ('owner_id', models.UUIDField(verbose_name='所属编号')),
                ('purpose', models.CharField(max_length=60, verbose_name='用途')),
                ('retention', models.CharField(max_length=60, verbose_name='保管类别')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('object', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='references', to='core.vaultobject', verbose_name='对象')),
            ],
            options={
                'verbose_name': '保管对象引用',
                'verbose_name_plural': '保管对象引用',
                'db_table': 'core_vault_reference',
                'indexes': [models.Index(fields=['owner_kind', 'owner_id'], name='core_vault_reference_owner'), models.Index(fields=['retention', 'created_at'], name='core_vault_reference_age')],
                'constraints': [models.UniqueConstraint(fields=('object', 'owner_kind', 'owner_id', 'purpose'), name='core_vault_reference_once')],
            },
        ),
    ]
