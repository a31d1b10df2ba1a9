"""Problems: what can be wrong with a request, one class each, with a stable code and a text for the customer.

A room defines its problems beside the operation that raises them, by deriving from `Problem`. Every class registers
itself under its code, so codes cannot clash and the catalogue (`docs/errors.md`) is made from the code. On the wire a
problem is an RFC 9457 document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

CATALOGUE: dict[str, type[Problem]] = {}


class Problem(Exception):
    """A request that cannot be done, told to the customer.

    `code` never changes once published; `title` is Chinese and safe for the customer; `detail` says what and what next.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    replayable: ClassVar[bool] = True  # a business answer that the same idempotency key gets again

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the class under its code.

        Raises:
            TypeError: another problem has this code.
        """
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            return
        other = CATALOGUE.setdefault(cls.code, cls)
        if other is not cls and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            msg = f"problem code {cls.code!r} is taken by {other.__module__}.{other.__qualname__}"
            raise TypeError(msg)

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Mapping[str, list[str]] | None = None,
        **extra: str | int | bool | None,
    ) -> None:
        """Make the problem; `errors` maps a field to what is wrong with it, `extra` are further members."""
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = dict(errors or {})
        self.extra = extra

    def document(self, *, trace_id: str = "") -> dict[str, Any]:
        """Return the RFC 9457 members."""
        return {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail or self.title,
            "errors": self.errors,
            "trace_id": trace_id,
            **self.extra,
        }


class InvalidRequest(Problem):
    """The request cannot be read: malformed JSON, a missing or ill-formed field."""

    code = "invalid_request"
    status = 400
    title = "请求内容有误，请检查后重试"
    replayable = False


class Unauthenticated(Problem):
    """No token, or one that is unknown, expired, ended or of another bank."""

    code = "unauthenticated"
    status = 401
    title = "登录已失效，请重新进入小程序"
    replayable = False


class NotFound(Problem):
    """No such resource for this caller; absent and forbidden look the same."""

    code = "not_found"
    status = 404
    title = "未找到相关信息，请刷新后重试"


class Absent(NotFound):
    """Told by an operation that finds out by itself whose the resource is; not kept under an idempotency key."""

    replayable = False


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    title = "不支持的请求方式，请更新小程序后重试"
    replayable = False


class StateConflict(Problem):
    """The resource is not in a state in which this can be done; read it again."""

    code = "state_conflict"
    status = 409
    title = "当前状态无法进行此操作，请刷新后重试"


class PayloadTooLarge(Problem):
    """The body is larger than this path accepts."""

    code = "payload_too_large"
    status = 413
    title = "提交的内容过大，请缩小后重新提交"
    replayable = False


class UnsupportedMediaType(Problem):
    """The body's content type is not one that this path reads."""

    code = "unsupported_media_type"
    status = 415
    title = "不支持的内容格式，请更新小程序后重试"
    replayable = False


class TooManyRequests(Problem):
    """Too many requests of this kind; `retry_after` says in how many seconds another is welcome."""

    code = "too_many_requests"
    status = 429
    title = "操作过于频繁，请稍后再试"
    replayable = False


class Unavailable(Problem):
    """Something that the request needs right now does not answer; the same request may be sent again."""

    code = "vendor_unavailable"
    status = 503
    title = "服务暂时不可用，请稍后重试"
    replayable = False


class InternalError(Problem):
    """A defect of ours; the trace id finds it in the log."""

    code = "internal_error"
    status = 500
    title = "系统繁忙，请稍后重试"
    replayable = False
