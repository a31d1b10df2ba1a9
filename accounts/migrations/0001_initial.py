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
            name='Customer',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('stage', models.CharField(choices=[('new', '未注册'), ('registered', '已注册')], default='new', max_length=12, verbose_name='阶段')),
                ('openid', core.crypto.fields.SealedTextField(verbose_name='微信标识')),
                ('openid_index', core.crypto.fields.BlindIndexField(max_length=32, unique=True, verbose_name='微信标识摘要')),
                ('occupation', models.CharField(blank=True, default='', max_length=60, verbose_name='职业')),
                ('residence_address', core.crypto.fields.SealedTextField(blank=True, null=True, verbose_name='居住地址')),
                ('tax_residency', models.CharField(blank=True, default='', max_length=20, verbose_name='税收居民身份')),
                ('first_scan_id', models.UUIDField(blank=True, null=True, verbose_name='首次扫码')),
                ('last_scan_id', models.UUIDField(blank=True, null=True, verbose_name='最近扫码')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('registered_at', models.DateTimeField(blank=True, null=True, verbose_name='注册时间')),
            ],
            options={
                'verbose_name': '客户',
                'verbose_name_plural': '客户',
                'db_table': 'accounts_customer',
                'constraints': [models.CheckConstraint(condition=models.Q(('stage__in', ['new', 'registered'])), name='accounts_customer_stage')],
            },
        ),
        migrations.CreateModel(
            name='DepositAccount',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account_class', models.CharField(choices=[('I', 'Ⅰ类户'), ('II', 'Ⅱ类户'), ('III', 'Ⅲ类户')], max_length=3, verbose_name='类别')),
                ('keeper', models.CharField(choices=[('own', '本系统'), ('core', '核心系统')], default='own', max_length=4, verbose_name='记账方')),
                ('status', models.CharField(choices=[('checking', '核验中'), ('face', '待人脸核验'), ('opening', '开户中'), ('active', '正常'), ('rejected', '未通过'), ('closed', '已销户')], default='checking', max_length=10, verbose_name='状态')),
                ('number', core.crypto.fields.SealedTextField(blank=True, null=True, verbose_name='账号')),
                ('number_index', core.crypto.fields.BlindIndexField(max_length=32, null=True, unique=True, verbose_name='账号摘要')),
                ('reason_code', models.CharField(blank=True, default='', max_length=40, verbose_name='原因')),
                ('retryable', models.BooleanField(default=False, verbose_name='可重试')),
                ('balance_fen', models.BigIntegerField(default=0, verbose_name='余额（分）')),
                ('open_channel', models.CharField(default='MINIPROGRAM', max_length=12, verbose_name='开户渠道')),
                ('face_to_face', models.BooleanField(default=False, verbose_name='是否面签')),
                ('purpose', models.CharField(blank=True, default='', max_length=60, verbose_name='用途')),
                ('intention', models.JSONField(default=dict, verbose_name='开户意愿')),
                ('core_request_id', models.UUIDField(blank=True, null=True, verbose_name='核心请求号')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='申请时间')),
                ('opened_at', models.DateTimeField(blank=True, null=True, verbose_name='开户时间')),
                ('opened_date', models.DateField(blank=True, null=True, verbose_name='开户营业日')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='accounts.customer', verbose_name='客户')),
            ],
            options={
                'verbose_name': '存款账户',
                'verbose_name_plural': '存款账户',
                'db_table': 'accounts_deposit_account',
            },
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('claimant', models.CharField(max_length=64, verbose_name='占用方')),
                ('placed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='占用时间')),
                ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='解除时间')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='accounts.depositaccount', verbose_name='账户')),
            ],
            options={
                'verbose_name': '账户占用',
                'verbose_name_plural': '账户占用',
                'db_table': 'accounts_claim',
            },
        ),
        migrations.CreateModel(
            name='Card',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('checking', '核验中'), ('step_up', '待加强核验'), ('active', '已绑定'), ('rejected', '未通过'), ('unbound', '已解绑')], default='checking', max_length=10, verbose_name='状态')),
                ('reason_code', models.CharField(blank=True, default='', max_length=40, verbose_name='原因')),
                ('retryable', models.BooleanField(default=False, verbose_name='可重试')),
                ('number', core.crypto.fields.SealedTextField(verbose_name='卡号')),
                ('number_index', core.crypto.fields.BlindIndexField(max_length=32, verbose_name='卡号摘要')),
                ('last_four', models.CharField(max_length=4, verbose_name='卡号后四位')),
                ('phone', core.crypto.fields.SealedTextField(verbose_name='预留手机号')),
                ('issuer_bank', models.CharField(blank=True, default='', max_length=12, verbose_name='发卡行机构代码')),
                ('issuer_name', models.CharField(blank=True, default='', max_length=60, verbose_name='发卡行')),
                ('account_class', models.CharField(blank=True, default='', max_length=8, verbose_name='账户类别')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='核验时间')),
                ('unbound_at', models.DateTimeField(blank=True, null=True, verbose_name='解绑时间')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cards', to='accounts.customer', verbose_name='客户')),
                ('account', models.ForeignKey(blank=True, help_text='该卡绑定的账户，或本行卡所代表的账户', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cards', to='accounts.depositaccount', verbose_name='账户')),
            ],
            options={
                'verbose_name': '银行卡',
                'verbose_name_plural': '银行卡',
                'db_table': 'accounts_card',
            },
        ),
        migrations.CreateModel(
            name='Filing',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('open', '开立'), ('change', '变更'), ('close', '撤销')], max_length=6, verbose_name='种类')),
                ('status', models.CharField(choices=[('pending', '待备案'), ('acknowledged', '已备案')], default='pending', max_length=12, verbose_name='状态')),
                ('due_date', models.DateField(verbose_name='备案期限')),
                ('receipt', models.CharField(blank=True, default='', max_length=64, verbose_name='回执')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True, verbose_name='备案时间')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='filings', to='accounts.depositaccount', verbose_name='账户')),
            ],
            options={
                'verbose_name': '账户备案',
                'verbose_name_plural': '账户备案',
                'db_table': 'accounts_filing',
            },
        ),
        migrations.CreateModel(
            name='JournalEntry',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('business_ref', models.CharField(max_length=80, unique=True, verbose_name='业务参考号')),
                ('kind', models.CharField(max_length=30, verbose_name='业务种类')),
                ('booking_date', models.DateField(verbose_name='记账日')),
                ('value_date', models.DateField(verbose_name='起息日')),
                ('memo', models.CharField(blank=True, default='', max_length=100, verbose_name='摘要')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='记账时间')),
                ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='accounts.journalentry', verbose_name='冲正分录')),
            ],
            options={
                'verbose_name': '会计分录',
                'verbose_name_plural': '会计分录',
                'db_table': 'accounts_journal_entry',
            },
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('direction', models.CharField(choices=[('in', '入账'), ('out', '扣款')], max_length=3, verbose_name='方向')),
                ('amount_fen', models.BigIntegerField(verbose_name='金额（分）')),
                ('legs', models.JSONField(verbose_name='对方科目')),
                ('business_ref', models.CharField(max_length=80, unique=True, verbose_name='业务参考号')),
                ('kind', models.CharField(max_length=30, verbose_name='业务种类')),
                ('memo', models.CharField(blank=True, default='', max_length=100, verbose_name='摘要')),
                ('status', models.CharField(choices=[('pending', '处理中'), ('arrived', '核心已入账'), ('posted', '已记账'), ('failed', '失败')], default='pending', max_length=8, verbose_name='状态')),
                ('code', models.CharField(blank=True, default='', max_length=40, verbose_name='失败原因')),
                ('core_reference', models.CharField(blank=True, default='', max_length=64, verbose_name='核心流水')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='accounts.depositaccount', verbose_name='账户')),
                ('entry', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='accounts.journalentry', verbose_name='分录')),
            ],
            options={
                'verbose_name': '资金收付',
                'verbose_name_plural': '资金收付',
                'db_table': 'accounts_payment',
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('gl_code', models.CharField(max_length=8, verbose_name='科目')),
                ('amount_fen', models.BigIntegerField(verbose_name='金额（分，借正贷负）')),
                ('balance_after_fen', models.BigIntegerField(blank=True, null=True, verbose_name='账户余额（分）')),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='accounts.depositaccount', verbose_name='存款账户')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='postings', to='accounts.journalentry', verbose_name='分录')),
            ],
            options={
                'verbose_name': '分录明细',
                'verbose_name_plural': '分录明细',
                'db_table': 'accounts_posting',
            },
        ),
        migrations.CreateModel(
            name='Registration',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('reading', '识别中'), ('confirm', '待确认'), ('retake', '需重拍'), ('phone', '待验证手机号'), ('checking', '核验中'), ('registered', '已注册'), ('rejected', '未通过'), ('relink', '需换绑微信')], default='reading', max_length=12, verbose_name='状态')),
                ('reason_code', models.CharField(blank=True, default='', max_length=40, verbose_name='原因')),
                ('retryable', models.BooleanField(default=False, verbose_name='可重试')),
                ('reading_id', models.UUIDField(blank=True, null=True, verbose_name='证件识别')),
                ('identity', core.crypto.fields.SealedJSONField(blank=True, null=True, verbose_name='身份信息')),
                ('name_changed', models.BooleanField(default=False, verbose_name='姓名经客户更正')),
                ('address_changed', models.BooleanField(default=False, verbose_name='住址经客户更正')),
                ('occupation', models.CharField(blank=True, default='', max_length=60, verbose_name='职业')),
                ('residence_address', core.crypto.fields.SealedTextField(blank=True, null=True, verbose_name='居住地址')),
                ('tax_residency', models.CharField(blank=True, default='', max_length=20, verbose_name='税收居民身份')),
                ('phone', core.crypto.fields.SealedTextField(blank=True, null=True, verbose_name='手机号')),
                ('wechat_phone_code', core.crypto.fields.SealedTextField(blank=True, null=True, verbose_name='微信手机号凭证')),
                ('carrier_check_id', models.UUIDField(blank=True, null=True, verbose_name='运营商核验')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='registrations', to='accounts.customer', verbose_name='客户')),
                ('relink_customer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer', verbose_name='原客户')),
            ],
            options={
                'verbose_name': '注册申请',
                'verbose_name_plural': '注册申请',
                'db_table': 'accounts_registration',
            },
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('token_sha256', models.BinaryField(max_length=32, unique=True, verbose_name='令牌摘要')),
                ('device_id', models.CharField(max_length=128, verbose_name='设备')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='登录时间')),
                ('expires_at', models.DateTimeField(verbose_name='到期时间')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='accounts.customer', verbose_name='客户')),
            ],
            options={
                'verbose_name': '登录会话',
                'verbose_name_plural': '登录会话',
                'db_table': 'accounts_session',
            },
        ),
        migrations.AddIndex(
            model_name='depositaccount',
            index=models.Index(fields=['customer', 'status'], name='accounts_of_customer'),
        ),
        migrations.AddConstraint(
            model_name='depositaccount',
            constraint=models.CheckConstraint(condition=models.Q(('balance_fen__gte', 0)), name='accounts_balance_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='depositaccount',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['checking', 'face', 'opening', 'active', 'rejected', 'closed'])), name='accounts_deposit_account_status'),
        ),
        migrations.AddConstraint(
            model_name='depositaccount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'active'), _negated=True), ('number__isnull', False), _connector='OR'), name='accounts_active_has_number'),
        ),
        migrations.AddConstraint(
            model_name='depositaccount',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account_class', 'I'), _negated=True), ('keeper', 'core'), _connector='OR'), name='accounts_class_one_in_core'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('account', 'claimant'), name='accounts_claim_once'),
        ),
        migrations.AddConstraint(
            model_name='card',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['checking', 'step_up', 'active'])), fields=('customer', 'number_index'), name='accounts_card_once'),
        ),
        migrations.AddConstraint(
            model_name='card',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['checking', 'step_up', 'active', 'rejected', 'unbound'])), name='accounts_card_status'),
        ),
        migrations.AddConstraint(
            model_name='filing',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'open')), fields=('account',), name='accounts_filing_one_opening'),
        ),
        migrations.AddIndex(
            model_name='journalentry',
            index=models.Index(fields=['booking_date'], name='accounts_entry_by_day'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='accounts_payment_positive'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'posted'), _negated=True), ('entry__isnull', False), _connector='OR'), name='accounts_posted_payment_has_entry'),
        ),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(condition=models.Q(('account__isnull', False)), fields=['account', '-id'], name='accounts_statement'),
        ),
        migrations.AddIndex(
            model_name='posting',
            index=models.Index(fields=['gl_code'], include=('amount_fen',), name='accounts_posting_by_gl'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen', 0), _negated=True), name='accounts_posting_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='posting',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account', None), ('balance_after_fen', None)), models.Q(('account__isnull', False), ('balance_after_fen__isnull', False)), _connector='OR'), name='accounts_posting_account_has_balance'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(fields=['customer', '-id'], name='accounts_registration_of'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['reading', 'confirm', 'retake', 'phone', 'checking', 'registered', 'rejected', 'relink'])), name='accounts_registration_status'),
        ),
    ]
