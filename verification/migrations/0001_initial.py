import core.crypto.fields
import core.ids
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Check',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('carrier', '运营商实名'), ('id_check', '联网核查'), ('watchlist', '名单监测'), ('face', '人脸核验')], max_length=10, verbose_name='种类')),
                ('purpose', models.CharField(max_length=20, verbose_name='环节')),
                ('business_id', models.CharField(blank=True, default='', max_length=64, verbose_name='业务编号')),
                ('status', models.CharField(choices=[('asked', '核验中'), ('answered', '已有结果'), ('unanswered', '无应答')], default='asked', max_length=10, verbose_name='状态')),
                ('outcome', models.CharField(blank=True, choices=[('match', '一致'), ('mismatch', '不一致'), ('name_mismatch', '姓名不一致'), ('not_found', '无记录'), ('clear', '未命中'), ('review', '待甄别'), ('hit', '命中'), ('passed', '通过'), ('failed', '未通过')], default='', max_length=16, verbose_name='结果')),
                ('reason_code', models.CharField(blank=True, default='', max_length=40, verbose_name='原因')),
                ('provider', models.CharField(blank=True, default='', max_length=20, verbose_name='核验方')),
                ('asked', core.crypto.fields.SealedJSONField(null=True, verbose_name='核验要素')),
                ('detail', models.JSONField(default=dict, verbose_name='附加信息')),
                ('photo_id', models.UUIDField(blank=True, null=True, verbose_name='返回照片')),
                ('paid_calls', models.PositiveSmallIntegerField(default=0, verbose_name='外部调用次数')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发起时间')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='结果时间')),
                ('evidence_leaf', models.UUIDField(blank=True, null=True, verbose_name='存证')),
            ],
            options={
                'verbose_name': '核验记录',
                'verbose_name_plural': '核验记录',
                'db_table': 'verification_check',
            },
        ),
        migrations.CreateModel(
            name='PhoneCodeTries',
            fields=[
                ('code_id', models.UUIDField(primary_key=True, serialize=False, verbose_name='验证码')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='尝试次数')),
            ],
            options={
                'verbose_name': '验证码尝试次数',
                'verbose_name_plural': '验证码尝试次数',
                'db_table': 'verification_phone_code_tries',
            },
        ),
        migrations.CreateModel(
            name='AgreementText',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('privacy', '个人信息处理'), ('face', '人脸信息处理'), ('voice', '声纹信息处理'), ('credit_query', '征信查询授权'), ('data_query', '其他信息查询授权'), ('third_party', '向第三方提供个人信息'), ('auto_debit', '自动扣款授权'), ('e_sign', '电子签名与数字证书'), ('marketing', '营销信息'), ('bureau_reporting', '征信报送')], max_length=20, verbose_name='用途')),
                ('version', models.PositiveIntegerField(verbose_name='版本')),
                ('title', models.CharField(max_length=60, verbose_name='标题')),
                ('text', models.TextField(verbose_name='正文')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发布时间')),
            ],
            options={
                'verbose_name': '协议文本',
                'verbose_name_plural': '协议文本',
                'db_table': 'verification_agreement_text',
                'ordering': ['purpose', '-version'],
                'constraints': [models.UniqueConstraint(fields=('purpose', 'version'), name='verification_agreement_text_once'), models.CheckConstraint(condition=models.Q(('purpose__in', ['privacy', 'face', 'voice', 'credit_query', 'data_query', 'third_party', 'auto_debit', 'e_sign', 'marketing', 'bureau_reporting'])), name='verification_agreement_text_purpose')],
            },
        ),
        migrations.CreateModel(
            name='Subject',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', core.crypto.fields.SealedTextField(null=True, verbose_name='姓名')),
                ('id_number', core.crypto.fields.SealedTextField(null=True, verbose_name='身份证号')),
                ('id_number_index', core.crypto.fields.BlindIndexField(max_length=32, null=True, verbose_name='身份证号摘要')),
                ('sex', models.CharField(blank=True, choices=[('male', '男'), ('female', '女')], default='', max_length=6, verbose_name='性别')),
                ('ethnicity', models.CharField(blank=True, default='', max_length=12, verbose_name='民族')),
                ('birth_date', models.DateField(blank=True, null=True, verbose_name='出生日期')),
                ('address', core.crypto.fields.SealedTextField(null=True, verbose_name='住址')),
                ('authority', models.CharField(blank=True, default='', max_length=60, verbose_name='签发机关')),
                ('valid_from_date', models.DateField(blank=True, null=True, verbose_name='证件有效期起')),
                ('valid_until_date', models.DateField(blank=True, help_text='长期有效为空', null=True, verbose_name='证件有效期止')),
                ('phone', core.crypto.fields.SealedTextField(null=True, verbose_name='手机号')),
                ('phone_index', core.crypto.fields.BlindIndexField(max_length=32, null=True, verbose_name='手机号摘要')),
                ('identified_at', models.DateTimeField(blank=True, null=True, verbose_name='识别时间')),
                ('face_locked_until', models.DateTimeField(blank=True, null=True, verbose_name='人脸锁定至')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
            ],
            options={
                'verbose_name': '核验主体',
                'verbose_name_plural': '核验主体',
                'db_table': 'verification_subject',
                'indexes': [models.Index(fields=['phone_index'], name='verification_subject_phone')],
                'constraints': [models.UniqueConstraint(fields=('id_number_index',), name='verification_subject_id_number_once'), models.CheckConstraint(condition=models.Q(('identified_at__isnull', True), models.Q(('birth_date__isnull', False), ('id_number__isnull', False), ('id_number_index__isnull', False), ('name__isnull', False), ('phone__isnull', False), ('phone_index__isnull', False)), _connector='OR'), name='verification_subject_identified_is_known')],
            },
        ),
        migrations.CreateModel(
            name='FaceCheck',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('action', models.CharField(choices=[('apply', '申请额度'), ('open_account', '开立账户'), ('sign', '签署合同'), ('drawdown', '提款'), ('bind_card', '绑定银行卡'), ('relink', '更换微信')], max_length=16, verbose_name='用途')),
                ('business_id', models.CharField(max_length=64, verbose_name='业务编号')),
                ('status', models.CharField(choices=[('starting', '准备中'), ('started', '待完成'), ('checking', '核验中'), ('passed', '通过'), ('failed', '未通过')], default='starting', max_length=10, verbose_name='状态')),
                ('provider', models.CharField(max_length=20, verbose_name='核验方')),
                ('base_photo', models.CharField(blank=True, choices=[('id_check', '联网核查照片'), ('id_card', '身份证影像')], default='', max_length=10, verbose_name='比对照片')),
                ('start_token', core.crypto.fields.SealedTextField(null=True, verbose_name='核验令牌')),
                ('start_url', core.crypto.fields.SealedTextField(null=True, verbose_name='核验地址')),
                ('reason_code', models.CharField(blank=True, default='', max_length=40, verbose_name='原因')),
                ('similarity', models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name='相似度')),
                ('frame_id', models.UUIDField(blank=True, null=True, verbose_name='最佳帧')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发起时间')),
                ('completed_at', models.DateTimeField(blank=True, null=True, verbose_name='完成时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='结果时间')),
                ('check_row', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.check', verbose_name='核验记录')),
                ('expected', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.subject', verbose_name='应到之人')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='face_checks', to='verification.subject', verbose_name='主体')),
            ],
            options={
                'verbose_name': '人脸核验',
                'verbose_name_plural': '人脸核验',
                'db_table': 'verification_face_check',
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.CharField(choices=[('privacy', '个人信息处理'), ('face', '人脸信息处理'), ('voice', '声纹信息处理'), ('credit_query', '征信查询授权'), ('data_query', '其他信息查询授权'), ('third_party', '向第三方提供个人信息'), ('auto_debit', '自动扣款授权'), ('e_sign', '电子签名与数字证书'), ('marketing', '营销信息'), ('bureau_reporting', '征信报送')], max_length=20, verbose_name='用途')),
                ('business_id', models.CharField(blank=True, default='', max_length=64, verbose_name='业务编号')),
                ('sha256', models.BinaryField(max_length=32, verbose_name='文本摘要')),
                ('read_seconds', models.PositiveIntegerField(verbose_name='阅读秒数')),
                ('granted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='同意时间')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='撤回时间')),
                ('evidence_leaf', models.UUIDField(verbose_name='存证')),
                ('withdrawal_leaf', models.UUIDField(blank=True, null=True, verbose_name='撤回存证')),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.agreementtext', verbose_name='协议')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='verification.subject', verbose_name='主体')),
            ],
            options={
                'verbose_name': '授权同意',
                'verbose_name_plural': '授权同意',
                'db_table': 'verification_consent',
            },
        ),
        migrations.AddField(
            model_name='check',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='verification.subject', verbose_name='主体'),
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('id_card_front', '身份证人像面'), ('id_card_back', '身份证国徽面'), ('face', '人脸照片'), ('voice', '语音'), ('licence', '营业执照')], max_length=16, verbose_name='种类')),
                ('object_id', models.UUIDField(verbose_name='保管对象')),
                ('size', models.PositiveIntegerField(verbose_name='字节数')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='上传时间')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='verification.subject', verbose_name='主体')),
            ],
            options={
                'verbose_name': '上传文件',
                'verbose_name_plural': '上传文件',
                'db_table': 'verification_upload',
            },
        ),
        migrations.CreateModel(
            name='IdCardReading',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('reading', '识别中'), ('read', '已识别'), ('refused', '未通过')], default='reading', max_length=10, verbose_name='状态')),
                ('provider', models.CharField(max_length=20, verbose_name='识别方')),
                ('front', core.crypto.fields.SealedJSONField(null=True, verbose_name='人像面内容')),
                ('fields', core.crypto.fields.SealedJSONField(null=True, verbose_name='证件内容')),
                ('reason_code', models.CharField(blank=True, default='', max_length=40, verbose_name='原因')),
                ('warnings', models.JSONField(default=list, verbose_name='影像告警')),
                ('paid_calls', models.PositiveSmallIntegerField(default=0, verbose_name='外部调用次数')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='开始时间')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='结束时间')),
                ('evidence_leaf', models.UUIDField(blank=True, null=True, verbose_name='存证')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='verification.subject', verbose_name='主体')),
                ('back_upload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.upload', verbose_name='国徽面')),
                ('front_upload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.upload', verbose_name='人像面')),
            ],
            options={
                'verbose_name': '身份证识别',
                'verbose_name_plural': '身份证识别',
                'db_table': 'verification_id_card_reading',
            },
        ),
        migrations.CreateModel(
            name='WatchlistVersion',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('list_code', models.CharField(max_length=40, verbose_name='名单')),
                ('number', models.PositiveIntegerField(verbose_name='版本')),
                ('current', models.BooleanField(default=True, verbose_name='现行')),
                ('source_sha256', models.BinaryField(max_length=32, verbose_name='来源文件摘要')),
                ('salt', models.BinaryField(max_length=16, verbose_name='盐')),
                ('entries', models.PositiveIntegerField(verbose_name='条目数')),
                ('names', models.PositiveIntegerField(verbose_name='名称数')),
                ('imported_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='导入时间')),
            ],
            options={
                'verbose_name': '名单版本',
                'verbose_name_plural': '名单版本',
                'db_table': 'verification_watchlist_version',
                'constraints': [models.UniqueConstraint(fields=('list_code', 'number'), name='verification_watchlist_version_once'), models.UniqueConstraint(condition=models.Q(('current', True)), fields=('list_code',), name='verification_watchlist_version_one_current')],
            },
        ),
        migrations.CreateModel(
            name='WatchlistName',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('entry', models.CharField(max_length=40, verbose_name='条目')),
                ('name', models.CharField(max_length=400, verbose_name='名称')),
                ('person', models.BooleanField(default=True, verbose_name='自然人')),
                ('keys', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), size=None, verbose_name='检索键')),
                ('births', models.JSONField(default=list, verbose_name='出生日期范围')),
                ('id_hashes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None, verbose_name='证件号摘要')),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='listed', to='verification.watchlistversion', verbose_name='名单版本')),
            ],
            options={
                'verbose_name': '名单名称',
                'verbose_name_plural': '名单名称',
                'db_table': 'verification_watchlist_name',
            },
        ),
        migrations.CreateModel(
            name='ScreeningMatch',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('list_code', models.CharField(max_length=40, verbose_name='名单')),
                ('list_version', models.PositiveIntegerField(verbose_name='名单版本')),
                ('entry', models.CharField(max_length=40, verbose_name='条目')),
                ('score', models.PositiveSmallIntegerField(verbose_name='匹配度')),
                ('matched_by', models.CharField(choices=[('id_number', '证件号'), ('name_birth', '姓名与出生日期'), ('name', '姓名')], max_length=12, verbose_name='匹配方式')),
                ('check_row', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='verification.check', verbose_name='核验记录')),
            ],
            options={
                'verbose_name': '名单匹配',
                'verbose_name_plural': '名单匹配',
                'db_table': 'verification_screening_match',
                'constraints': [models.UniqueConstraint(fields=('check_row', 'list_code', 'entry'), name='verification_screening_match_once')],
            },
        ),
        migrations.CreateModel(
            name='ScreeningAlert',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('outcome', models.CharField(choices=[('hit', '命中'), ('review', '待甄别')], max_length=10, verbose_name='结果')),
                ('status', models.CharField(choices=[('open', '待处理')], default='open', max_length=10, verbose_name='状态')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='发现时间')),
                ('check_row', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='alert', to='verification.check', verbose_name='核验记录')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.subject', verbose_name='主体')),
            ],
            options={
                'verbose_name': '名单预警',
                'verbose_name_plural': '名单预警',
                'db_table': 'verification_screening_alert',
                'indexes': [models.Index(fields=['status', '-created_at'], name='verification_alert_open')],
            },
        ),
        migrations.CreateModel(
            name='PhoneCode',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('phone', core.crypto.fields.SealedTextField(verbose_name='手机号')),
                ('phone_index', core.crypto.fields.BlindIndexField(max_length=32, verbose_name='手机号摘要')),
                ('action', models.CharField(choices=[('register', '注册'), ('relink', '更换微信'), ('open_account', '开立账户'), ('bind_card', '绑定银行卡'), ('sign', '签署合同'), ('top_up', '转入资金'), ('transfer', '转账')], max_length=16, verbose_name='用途')),
                ('business_id', models.CharField(blank=True, default='', max_length=64, verbose_name='业务编号')),
                ('amount_fen', models.BigIntegerField(blank=True, null=True, verbose_name='金额（分）')),
                ('salt', models.BinaryField(max_length=16, verbose_name='盐')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='申请时间')),
                ('expires_at', models.DateTimeField(verbose_name='到期时间')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='发送时间')),
                ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='使用时间')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='phone_codes', to='verification.subject', verbose_name='主体')),
            ],
            options={
                'verbose_name': '短信验证码',
                'verbose_name_plural': '短信验证码',
                'db_table': 'verification_phone_code',
                'indexes': [models.Index(fields=['phone_index', '-created_at'], name='verification_code_by_phone'), models.Index(fields=['subject', '-created_at'], name='verification_code_by_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(('action__in', ['register', 'relink', 'open_account', 'bind_card', 'sign', 'top_up', 'transfer'])), name='verification_phone_code_action'), models.CheckConstraint(condition=models.Q(('amount_fen__isnull', True), ('amount_fen__gt', 0), _connector='OR'), name='verification_phone_code_amount')],
            },
        ),
        migrations.CreateModel(
            name='FaceToken',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('action', models.CharField(choices=[('apply', '申请额度'), ('open_account', '开立账户'), ('sign', '签署合同'), ('drawdown', '提款'), ('bind_card', '绑定银行卡'), ('relink', '更换微信')], max_length=16, verbose_name='用途')),
                ('business_id', models.CharField(max_length=64, verbose_name='业务编号')),
                ('token_sha256', models.BinaryField(max_length=32, unique=True, verbose_name='令牌摘要')),
                ('token', core.crypto.fields.SealedTextField(verbose_name='令牌')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='创建时间')),
                ('expires_at', models.DateTimeField(verbose_name='到期时间')),
                ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='使用时间')),
                ('face_check', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='token', to='verification.facecheck', verbose_name='人脸核验')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='verification.subject', verbose_name='主体')),
            ],
            options={
                'verbose_name': '人脸令牌',
                'verbose_name_plural': '人脸令牌',
                'db_table': 'verification_face_token',
                'constraints': [models.CheckConstraint(condition=models.Q(('used_at__isnull', True), ('used_at__lt', models.F('expires_at')), _connector='OR'), name='verification_face_token_used_in_time')],
            },
        ),
        migrations.AddIndex(
            model_name='facecheck',
            index=models.Index(fields=['subject', '-created_at'], name='verification_face_newest'),
        ),
        migrations.AddIndex(
            model_name='facecheck',
            index=models.Index(fields=['business_id'], name='verification_face_business'),
        ),
        migrations.AddConstraint(
            model_name='facecheck',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('status__in', ['starting', 'started', 'checking'])), models.Q(('finished_at__isnull', False), ('reason_code', ''), ('status', 'passed')), models.Q(('finished_at__isnull', False), ('status', 'failed'), models.Q(('reason_code', ''), _negated=True)), _connector='OR'), name='verification_face_check_status'),
        ),
        migrations.AddConstraint(
            model_name='facecheck',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['apply', 'open_account', 'sign', 'drawdown', 'bind_card', 'relink'])), name='verification_face_check_action'),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(fields=['subject', 'purpose'], name='verification_consent_purpose'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('subject', 'agreement', 'business_id', 'sha256'), name='verification_consent_once_in_force'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at__isnull', True), ('withdrawn_at__gte', models.F('granted_at')), _connector='OR'), name='verification_consent_withdrawn_after'),
        ),
        migrations.AddIndex(
            model_name='check',
            index=models.Index(fields=['subject', 'kind', '-asked_at'], name='verification_check_newest'),
        ),
        migrations.AddIndex(
            model_name='check',
            index=models.Index(fields=['business_id'], name='verification_check_business'),
        ),
        migrations.AddConstraint(
            model_name='check',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('outcome', ''), ('status', 'asked')), models.Q(('answered_at__isnull', False), ('outcome', ''), ('status', 'unanswered')), models.Q(('answered_at__isnull', False), ('status', 'answered'), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='verification_check_status'),
        ),
        migrations.AddConstraint(
            model_name='check',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['carrier', 'id_check', 'watchlist', 'face'])), name='verification_check_kind'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(fields=['subject', '-created_at'], name='verification_upload_newest'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['id_card_front', 'id_card_back', 'face', 'voice', 'licence'])), name='verification_upload_kind'),
        ),
        migrations.AddIndex(
            model_name='idcardreading',
            index=models.Index(fields=['subject', '-created_at'], name='verification_reading_newest'),
        ),
        migrations.AddConstraint(
            model_name='idcardreading',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('status', 'reading')), models.Q(('fields__isnull', False), ('finished_at__isnull', False), ('reason_code', ''), ('status', 'read')), models.Q(('finished_at__isnull', False), ('status', 'refused'), models.Q(('reason_code', ''), _negated=True)), _connector='OR'), name='verification_id_card_reading_status'),
        ),
        migrations.AddIndex(
            model_name='watchlistname',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['keys'], name='verification_watchlist_keys'),
        ),
        migrations.AddIndex(
            model_name='watchlistname',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['id_hashes'], name='verification_watchlist_ids'),
        ),
    ]
