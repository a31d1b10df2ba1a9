"""What can go wrong with a contract file. Callers map these to their own codes; texts are for bank staff."""

from __future__ import annotations

from enum import StrEnum


class ContractError(Exception):
    """Be the base of every error of this package."""


class ContractDataError(ContractError):
    """Refuse contract data that contradict themselves (a schedule that does not add up, an empty name)."""


class ContractNumberError(ContractError):
    """Refuse parts of which no contract number can be made, or a text that is none."""


class TemplateError(ContractError):
    """Refuse a contract template that does not compile.

    `line` is the line in the bank's template (1 = first), or `None` when the compiler names none;
    `reason` is the compiler's own message.
    """

    def __init__(self, *, line: int | None, reason: str) -> None:
        self.line = line
        self.reason = reason
        where = f"第{line}行" if line is not None else "位置未知"
        super().__init__(f"合同模板有误（{where}）：{reason}")


class GlyphMissing(ContractError):
    """Refuse a contract of which a character cannot be shown by the embedded font.

    `characters` holds each of them once, in the order of the document. A name must never appear as an empty
    box, so there is no fallback: the person's name is corrected (private-use characters of old systems have
    proper code points today) or the contract is made on paper.
    """

    def __init__(self, characters: str) -> None:
        self.characters = characters
        points = "、".join(f"U+{ord(character):04X}" for character in characters)
        super().__init__(f"字体中没有这些字符：{points}")


class SignerError(ContractError):
    """Refuse a signing certificate that cannot sign contracts (wrong key, wrong usage, not readable)."""


class SigningError(ContractError):
    """Report that a file could not be signed (no place for the seal, already signed, no PDF)."""


class TimestampFailure(StrEnum):
    """Say how the time stamp authority failed us."""

    UNREACHABLE = "unreachable"
    """No connection, or it broke."""
    TIMEOUT = "timeout"
    """No whole answer within the time allowed."""
    HTTP_STATUS = "http_status"
    """An answer other than 200, or of another content type."""
    REFUSED = "refused"
    """A proper answer that grants nothing."""
    GARBAGE = "garbage"
    """An answer that is no RFC 3161 response, or far too long."""
    MISMATCH = "mismatch"
    """A time stamp of something else: another hash, or another nonce."""


class TimestampUnavailable(ContractError):
    """Report that no usable time stamp came back. Asking again is always safe: the call is PURE."""

    def __init__(self, failure: TimestampFailure, detail: str = "") -> None:
        self.failure = failure
        self.detail = detail
        super().__init__(f"时间戳服务不可用（{failure.value}）{detail and '：' + detail}")
