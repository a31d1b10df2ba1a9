"""The numbers of this room that a bank or a regulator may change."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tenants.parameters import Locked, Parameter, declare, lock, value_of

ID_CARD_PROVIDER: Final = declare(
    Parameter(
        "id_card.provider",
        "local",
        "身份证识别由谁完成：本地引擎或腾讯云",
        source="A4-13",
        choices=("local", "tencent"),
    )
)
ID_CARD_LEAST_CONFIDENCE: Final = declare(
    Parameter(
        "id_card.least_confidence",
        60,
        "身份证字段识别置信度下限，低于此值须重拍",
        "%",
        "A4-13",
        low=0,
        high=100,
        tighter="higher",
    )
)
ID_CARD_REFUSED_WARNINGS: Final = declare(
    Parameter(
        "id_card.refused_warnings",
        "copy,reshot,temporary_card,occluded,edited,electronic_card,watermark",
        "出现即须重拍的证件影像告警",
        source="A4-13",
        tighter="superset",
        choices=(
            "date_invalid",
            "border_cut",
            "copy",
            "reshot",
            "temporary_card",
            "occluded",
            "edited",
            "reflection",
            "electronic_card",
            "watermark",
        ),
    )
)
LEAST_AGE: Final = declare(
    Parameter(
        "customer.least_age",
        18,
        "可远程办理业务的最低年龄",
        "岁",
        "ACC-12",
        low=16,
        high=30,
        tighter="higher",
    )
)
VENDOR_SECONDS: Final = declare(
    Parameter("verification.vendor_seconds", 120, "核验方无应答时的等待上限", "秒", "工程取值", low=10, high=3600)
)
CODE_SECONDS: Final = declare(
    Parameter("phone_code.seconds", 300, "短信验证码有效期", "秒", "SEC-02", low=60, high=600, tighter="lower")
)
CODE_TRIES: Final = declare(
    Parameter("phone_code.tries", 5, "每个短信验证码可尝试次数", "次", "SEC-02", low=1, high=10, tighter="lower")
)
CODE_PAUSE_SECONDS: Final = declare(
    Parameter(
        "phone_code.pause_seconds",
        60,
        "同一手机号两次发送的间隔",
        "秒",
        "SEC-02",
        low=1,
        high=600,
        tighter="higher",
    )
)
CODES_PER_PHONE_DAY: Final = declare(
    Parameter(
        "phone_code.per_phone_day",
        10,
        "同一手机号 24 小时内发送上限",
        "次",
        "SEC-02",
        low=1,
        high=50,
        tighter="lower",
    )
)
CODES_PER_CUSTOMER_DAY: Final = declare(
    Parameter(
        "phone_code.per_customer_day",
        20,
        "同一客户 24 小时内发送上限",
        "次",
        "工程取值",
        low=1,
        high=100,
        tighter="lower",
    )
)
CODE_KEPT_DAYS: Final = declare(
    Parameter(
        "phone_code.kept_days",
        180,
        "短信验证码发送记录的保存天数",
        "天",
        "网络安全法第二十一条",
        low=180,
        high=1095,
        tighter="higher",
    )
)
UPLOADS_PER_DAY: Final = declare(
    Parameter(
        "upload.per_customer_day",
        100,
        "同一客户 24 小时内上传上限",
        "个",
        "工程取值",
        low=1,
        high=1000,
        tighter="lower",
    )
)
FACE_PROVIDER: Final = declare(
    Parameter("face.provider", "tencent", "人脸核验由谁完成", source="A4-17", choices=("tencent",))
)
FACE_TOKEN_SECONDS: Final = declare(
    Parameter("face.token_seconds", 300, "人脸令牌有效期", "秒", "A4-17", low=30, high=600, tighter="lower")
)
FACE_LEAST_SIMILARITY: Final = declare(
    Parameter(
        "face.least_similarity",
        80,
        "人脸比对通过的最低相似度",
        "分",
        "SEC-03",
        low=70,
        high=100,
        tighter="higher",
    )
)
FACE_FAILS: Final = declare(
    Parameter("face.fails_per_day", 5, "24 小时内人脸核验失败上限", "次", "SEC-03", low=1, high=20, tighter="lower")
)
FACE_LOCK_HOURS: Final = declare(
    Parameter(
        "face.lock_hours",
        24,
        "人脸核验失败过多后的锁定时长",
        "小时",
        "SEC-03",
        low=1,
        high=240,
        tighter="higher",
    )
)
FACE_STARTS_PER_DAY: Final = declare(
    Parameter(
        "face.starts_per_day",
        50,
        "同一客户 24 小时内发起人脸核验上限",
        "次",
        "工程取值",
        low=1,
        high=500,
        tighter="lower",
    )
)
VOICE_TOKEN_SECONDS: Final = declare(
    Parameter("voice.token_seconds", 300, "声纹令牌有效期", "秒", "A2-15, A4-17", low=30, high=600, tighter="lower")
)
VOICE_TEXT_DIGITS: Final = declare(
    Parameter("voice.text_digits", 8, "声纹核验朗读的数字个数", "位", "A2-16", low=6, high=12, tighter="higher")
)
VOICE_TEXT_SECONDS: Final = declare(
    Parameter("voice.text_seconds", 120, "声纹核验朗读内容有效期", "秒", "A2-16", low=30, high=300, tighter="lower")
)
VOICE_LEAST_SIMILARITY: Final = declare(
    Parameter(
        "voice.least_similarity",
        80,
        "声纹比对通过的最低相似度",
        "分",
        "SEC-03",
        low=70,
        high=100,
        tighter="higher",
    )
)
VOICE_FAILS: Final = declare(
    Parameter("voice.fails_per_day", 5, "24 小时内声纹核验失败上限", "次", "SEC-03", low=1, high=20, tighter="lower")
)
VOICE_LOCK_HOURS: Final = declare(
    Parameter(
        "voice.lock_hours",
        24,
        "声纹核验失败过多后的锁定时长",
        "小时",
        "SEC-03",
        low=1,
        high=240,
        tighter="higher",
    )
)
VOICE_STARTS_PER_DAY: Final = declare(
    Parameter(
        "voice.starts_per_day",
        50,
        "同一客户 24 小时内发起声纹核验上限",
        "次",
        "工程取值",
        low=1,
        high=500,
        tighter="lower",
    )
)
VOICE_LEAST_SECONDS: Final = declare(
    Parameter("voice.least_seconds", 1, "录音的最短时长", "秒", "工程取值", low=1, high=5, tighter="higher")
)
VOICE_MOST_SECONDS: Final = declare(
    Parameter("voice.most_seconds", 30, "录音的最长时长", "秒", "工程取值", low=10, high=60, tighter="lower")
)
FAILED_DAYS: Final = declare(
    Parameter(
        "attempt.failed_days",
        60,
        "未通过核验的人脸影像和录音的保存天数",
        "天",
        "DATA-07",
        low=30,
        high=90,
        tighter="lower",
    )
)
SCREENING_REVIEW_SCORE: Final = declare(
    Parameter(
        "watchlist.review_score",
        60,
        "名单匹配度达到此值须人工甄别",
        "分",
        "AML-07",
        low=1,
        high=100,
        tighter="lower",
    )
)

DISCIPLINE_SOURCE: Final = "ACC-09，电信网络诈骗及其关联违法犯罪联合惩戒办法（2024-12-01 起施行）"
DISCIPLINE_CONVICTED_YEARS: Final = declare(
    Parameter(
        "discipline.convicted_years", 3, "涉诈联合惩戒期限：受过刑事处罚的", "年", DISCIPLINE_SOURCE, "fixed", 1, 10
    )
)
DISCIPLINE_POLICE_YEARS: Final = declare(
    Parameter("discipline.police_years", 2, "涉诈联合惩戒期限：公安机关认定的", "年", DISCIPLINE_SOURCE, "fixed", 1, 10)
)
DISCIPLINE_MOST_YEARS: Final = declare(
    Parameter("discipline.most_years", 5, "涉诈联合惩戒连续执行的最长期限", "年", DISCIPLINE_SOURCE, "fixed", 1, 10)
)

SCREENING: Final = lock(
    Locked(
        "aml.screening",
        "反洗钱和反恐怖融资名单筛查",
        "开户、授信、用款、还款各环节先查名单，命中即停止办理",
        "法定义务，任何机构和产品都不得关闭、跳过或降低要求",
        "AML-05，反洗钱法第四十条、第四十一条",
    )
)
DUE_DILIGENCE: Final = lock(
    Locked(
        "aml.due_diligence",
        "客户尽职调查",
        "建立业务关系前核验身份证件、联网核查、人脸，身份不明不办理",
        "法定义务，任何机构和产品都不得关闭或跳过",
        "AML-01、AML-02，反洗钱法第二十八条、第二十九条",
    )
)


def number(parameter: Parameter) -> int:
    """Return an integer parameter's value in force at the current bank."""
    return value_of(parameter.name, kind=int)


def word(parameter: Parameter) -> str:
    """Return a text parameter's value in force at the current bank."""
    return value_of(parameter.name, kind=str)


def seconds(parameter: Parameter) -> timedelta:
    """Return a parameter in seconds as a span of time."""
    return timedelta(seconds=number(parameter))
