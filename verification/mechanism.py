"""This room's lines in a bank's identification dossier (A1-3): who answers, by what, and from which value on it passes."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from tenants.mechanism import Means, register_means
from verification import parameters
from verification.models.check import CARRIER, FACE, ID_CHECK
from verification.switching import ID_CARD

LOCAL: Final = "local"
VENDORS: Final = {LOCAL: "本行自有引擎", "tencent": "腾讯云", "gateway": "银行服务网关"}
GATEWAY: Final = VENDORS["gateway"]
READER: Final = "rapidocr"
INTERFACE: Final = "银行网关接口 v1（docs/gateway-openapi.yaml）"
EXACT: Final = "要素全部一致"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "未安装"


def _id_card() -> Means:
    provider = parameters.word(parameters.ID_CARD_PROVIDER)
    local = f"PP-OCRv6（det small、rec small，{READER} {_installed(READER)}）"
    return Means(
        title="身份证正反面识别与防伪告警", switch=ID_CARD, vendor=VENDORS[provider],
        algorithm=local if provider == LOCAL else "OCR IDCardOCR 2018-11-19",
        threshold=f"单字段置信度不低于 {parameters.number(parameters.ID_CARD_LEAST_CONFIDENCE)}",
    )  # fmt: skip


def _face() -> Means:
    return Means(
        title="人脸核验（活体检测与人证比对）", switch=FACE, vendor=VENDORS[parameters.word(parameters.FACE_PROVIDER)],
        algorithm="FaceID 2018-03-01", threshold=f"相似度不低于 {parameters.number(parameters.FACE_LEAST_SIMILARITY)}",
    )  # fmt: skip


def _voice() -> Means:
    return Means(
        title="声纹核验（随机数字朗读）", switch="", vendor=GATEWAY, algorithm=INTERFACE,
        threshold=f"相似度不低于 {parameters.number(parameters.VOICE_LEAST_SIMILARITY)}",
    )  # fmt: skip


def _carrier() -> Means:
    return Means(
        title="运营商三要素核验", switch=CARRIER, vendor=f"手机号码所属运营商（经{GATEWAY}）", algorithm=INTERFACE,
        threshold=EXACT,
    )  # fmt: skip


def _id_check() -> Means:
    return Means(
        title="公民身份信息联网核查", switch=ID_CHECK, vendor=f"联网核查系统（经{GATEWAY}）", algorithm=INTERFACE,
        threshold=EXACT,
    )  # fmt: skip


def _watchlist() -> Means:
    return Means(
        title="名单筛查", switch="", vendor="本系统", algorithm="姓名与证件号匹配",
        threshold=f"相似度 {parameters.number(parameters.SCREENING_REVIEW_SCORE)} 起转人工",
    )  # fmt: skip


for _tell in (_id_card, _carrier, _id_check, _face, _voice, _watchlist):
    register_means(_tell)
