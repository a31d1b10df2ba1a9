"""Tencent Cloud's codes in our words; total, an unknown code is loud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import requests
import urllib3
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from core.gateway import (
    Answer,
    GatewayError,
    Invalid,
    RateLimited,
    Rejected,
    RetryAfter,
    Unavailable,
    UnknownOutcome,
    garbage,
    unknown_code,
)
from verification.providers.id_card import UnreadableReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.gateway.watch import Translate

OCR: Final = "tencent_ocr"
FACEID: Final = "tencent_faceid"

Meaning = tuple[type[GatewayError], str]

# Families whose members all mean the same to us; a name ends in a dot or is the whole code.
_FAMILIES: Mapping[str, type[GatewayError]] = {
    "AuthFailure": Invalid,
    "InvalidAction": Invalid,
    "InvalidParameter": Invalid,
    "InvalidParameterValue": Invalid,
    "MissingParameter": Invalid,
    "UnknownParameter": Invalid,
    "NoSuchProduct": Invalid,
    "NoSuchVersion": Invalid,
    "UnsupportedProtocol": Invalid,
    "UnsupportedRegion": Invalid,
    "UnsupportedOperation": Invalid,
    "RequestSizeLimitExceeded": Invalid,
    "IpInBlacklist": Invalid,
    "IpNotInWhitelist": Invalid,
    "RequestLimitExceeded": RateLimited,
    "InternalError": UnknownOutcome,
    "ResponseSizeLimitExceeded": UnknownOutcome,
    # Not opened, in arrears, package used up: nothing is processed until somebody at the bank acts.
    "UnauthorizedOperation": Unavailable,
    "ResourceInsufficient": Unavailable,
    "ResourceUnavailable": Unavailable,
    "ResourcesSoldOut": Unavailable,
}

_CARD: Mapping[str, UnreadableReason] = {
    "FailedOperation.CardSideError": UnreadableReason.WRONG_SIDE,
    "FailedOperation.EmptyImageError": UnreadableReason.NOT_AN_IMAGE,
    "FailedOperation.IdCardInfoIllegal": UnreadableReason.UNCLEAR,
    "FailedOperation.IdCardTooSmall": UnreadableReason.UNCLEAR,
    "FailedOperation.ImageBlur": UnreadableReason.UNCLEAR,
    "FailedOperation.ImageDecodeFailed": UnreadableReason.NOT_AN_IMAGE,
    "FailedOperation.FileDecodeFailed": UnreadableReason.NOT_AN_IMAGE,
    "FailedOperation.UnKnowFileTypeError": UnreadableReason.NOT_AN_IMAGE,
    "InvalidParameter.EngineImageDecodeFailed": UnreadableReason.NOT_AN_IMAGE,
    "FailedOperation.ImageNoIdCard": UnreadableReason.NOT_A_CARD,
    "FailedOperation.ImageNoText": UnreadableReason.NOT_A_CARD,
    "FailedOperation.ImageNoSpecifiedCard": UnreadableReason.NOT_A_CARD,
    "FailedOperation.ImageSizeTooLarge": UnreadableReason.TOO_LARGE,
    "LimitExceeded.TooLargeFileError": UnreadableReason.TOO_LARGE,
    "FailedOperation.MultiCardError": UnreadableReason.UNCLEAR,
    "FailedOperation.DetectFailed": UnreadableReason.UNCLEAR,
    "FailedOperation.OcrFailed": UnreadableReason.UNCLEAR,
    "FailedOperation.FieldException": UnreadableReason.UNCLEAR,
}
_OCR: Mapping[str, Meaning] = {
    **{code: (Rejected, reason.value) for code, reason in _CARD.items()},
    "FailedOperation.ArrearsError": (Unavailable, "arrears"),
    "FailedOperation.CountLimitError": (Unavailable, "package_used_up"),
    "FailedOperation.UnOpenError": (Unavailable, "not_opened"),
    "FailedOperation.DownLoadError": (RetryAfter, "download"),
    "FailedOperation.EngineRecognizeTimeout": (RetryAfter, "timeout"),
    "FailedOperation.ClassifyStoreFailed": (RetryAfter, "service"),
    "FailedOperation.ResponseParseFailed": (RetryAfter, "service"),
    "FailedOperation.UnKnowError": (RetryAfter, "service"),
    "FailedOperation.WarningServiceFailed": (RetryAfter, "service"),
}

NAME_INVALID: Final = "name_invalid"
ID_NUMBER_INVALID: Final = "id_number_invalid"
PHOTO_UNUSABLE: Final = "photo_unusable"
TOKEN_EXPIRED: Final = "token_expired"  # noqa: S105 -- a code of ours
_PHOTO_FAULTS = (
    "EmptyImageError",
    "ImageBlur",
    "ImageDecodeFailed",
    "ImageSizeTooLarge",
    "PoorImageQuality",
    "CoveredFace",
    "IncompleteFace",
    "LifePhotoDetectFaces",
    "LifePhotoDetectFake",
    "LifePhotoDetectNoFaces",
    "LifePhotoPoorQuality",
    "LifePhotoSizeError",
)
_SERVICE_FAULTS = (
    "CompareLibServiceUnavailable",
    "CompareSystemError",
    "DbError",
    "DecryptSystemError",
    "DetectEngineSystemError",
    "DownLoadError",
    "DownLoadTimeoutError",
    "EncryptSystemError",
    "FileSaveError",
    "IdPhotoSystemNoanswer",
    "LivessSystemError",
    "LivessUnknownError",
    "StsUnAuthErrError",
    "UnKnown",
)
_FACEID: Mapping[str, Meaning] = {
    "FailedOperation.IdFormatError": (Rejected, ID_NUMBER_INVALID),
    "FailedOperation.NameFormatError": (Rejected, NAME_INVALID),
    **{f"FailedOperation.{word}": (Rejected, PHOTO_UNUSABLE) for word in _PHOTO_FAULTS},
    **{f"FailedOperation.{word}": (RetryAfter, "service") for word in _SERVICE_FAULTS},
    "FailedOperation.IdentityAuthLimitExceeded": (RateLimited, "person_limit"),
    "FailedOperation.RequestLimitExceeded": (RateLimited, "rate"),
    "FailedOperation.InvalidTokenParameter": (Invalid, "token"),
    "InvalidParameterValue.BizTokenExpired": (Rejected, TOKEN_EXPIRED),
}
_TABLES = {OCR: _OCR, FACEID: _FACEID}


def meaning_of(service: str, code: str) -> Meaning | None:
    """Return the kind of error and our word for a code, None for one that no table knows."""
    known = _TABLES[service].get(code)
    if known is not None:
        return known
    kind = _FAMILIES.get(code.partition(".")[0])
    return (kind, code) if kind else None


def refusal(service: str, operation: str, *, code: str, message: str, trace: str) -> GatewayError:
    """Make our error of an error that the service answered."""
    meaning = meaning_of(service, code)
    if meaning is None:
        return unknown_code(service, operation, code, trace=trace)
    kind, word = meaning
    return kind(service, operation, code=word, message=message, trace=trace)


def response(service: str, operation: str, members: object) -> Answer:
    """Return the members of `Response`.

    Raises:
        GatewayError: it is an error after all (the SDK overlooks one under some content types), or garbage.
    """
    if not isinstance(members, dict):
        raise garbage(service, operation, "object")
    answer = Answer(service, operation, members).part("Response")
    error = answer.optional_part("Error")
    if error is None:
        return answer
    trace = answer.optional_text("RequestId") or ""
    raise refusal(
        service, operation, code=error.text("Code"), message=error.optional_text("Message") or "", trace=trace
    )


def translator(service: str, operation: str) -> Translate:
    """Return what turns an exception of the SDK into one of our errors."""

    def translate(error: Exception) -> GatewayError | None:
        if isinstance(error, TencentCloudSDKException):
            if error.get_code() == "ClientNetworkError":
                # The SDK keeps only the text; what happened stands in the exception it was handling.
                return _network(service, operation, error.__context__)
            if error.get_code() == "ServerNetworkError":
                return UnknownOutcome(service, operation, code="http_status")
            return refusal(
                service,
                operation,
                code=str(error.get_code()),
                message=str(error.get_message()),
                trace=str(error.get_request_id() or ""),
            )
        if isinstance(error, requests.RequestException):
            return _network(service, operation, error)
        if isinstance(error, ValueError | KeyError | TypeError):
            return garbage(service, operation, "json")
        return None

    return translate


def _network(service: str, operation: str, error: BaseException | None) -> GatewayError:
    name = type(error).__name__
    never_sent = isinstance(
        error,
        requests.exceptions.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError,
    )
    if never_sent or _refused(error):
        return Unavailable(service, operation, code=name)
    return UnknownOutcome(service, operation, code=name)


def _refused(error: BaseException | None) -> bool:
    """Tell whether a connection was never made: refused, or the name not resolved."""
    if not isinstance(error, requests.exceptions.ConnectionError) or not error.args:
        return False
    reason = getattr(error.args[0], "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
