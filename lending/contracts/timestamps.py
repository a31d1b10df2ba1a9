"""RFC 3161 time stamps: who gives them, and what makes an answer usable.

`TimestampSource` is the seam: an adapter carries a query out and an answer back, and knows nothing of
contracts. `TokenRequest` is what the signature library asks; it checks that the answer is about our query
before anything is built on it. Whether the authority is to be trusted is a question for `verify`.
"""

from __future__ import annotations

from typing import Protocol

from asn1crypto import cms, parser, tsp
from pyhanko.sign.timestamps import TimeStamper

from lending.contracts.cms_form import LoosePart, in_one_form, refuse_many_certificates
from lending.contracts.errors import TimestampFailure, TimestampUnavailable


class TimestampSource(Protocol):
    """A time stamp authority, as seen from here."""

    def answer(self, query: bytes) -> bytes:
        """Carry a DER `TimeStampReq` to the authority and return its DER `TimeStampResp`, unread.

        An outside call, PURE: it may be repeated, each repeat is another time stamp. Called outside
        transactions only.

        Raises:
            TimestampUnavailable: no answer came, or not in time.
        """
        ...


class TokenRequest(TimeStamper):
    """Ask a `TimestampSource` for one token, in the signature library's own terms."""

    def __init__(self, source: TimestampSource) -> None:
        """Ask this source, with a nonce in every query."""
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self._source = source

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token over this digest that carries our nonce.

        Raises:
            TimestampUnavailable: the source failed, refused, or answered about something else.
        """
        nonce, query = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        answer = self._source.answer(query.dump())
        try:
            return _token(answer, query=query, nonce=nonce)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TimestampUnavailable(TimestampFailure.GARBAGE, type(error).__name__) from error


def _token(answer: bytes, *, query: tsp.TimeStampReq, nonce: int) -> cms.ContentInfo:
    """Read the answer and return its token, after checking that it answers this query."""
    # The status is read by itself: a refusal has no token, which the library's type does not foresee.
    _, _, _, _, content, _ = parser.parse(answer, strict=True)
    status = tsp.PKIStatusInfo.load(content)["status"].native
    if status not in ("granted", "granted_with_mods"):
        raise TimestampUnavailable(TimestampFailure.REFUSED, str(status))
    token = tsp.TimeStampResp.load(answer, strict=True)["time_stamp_token"]
    stamped = token["content"]["encap_content_info"]["content"].parsed
    same_imprint = stamped["message_imprint"].native == query["message_imprint"].native
    if not same_imprint or stamped["nonce"].native != nonce:
        raise TimestampUnavailable(TimestampFailure.MISMATCH)
    token = in_one_form(token)
    try:
        refuse_many_certificates(token["content"])
    except LoosePart as error:
        raise TimestampUnavailable(TimestampFailure.GARBAGE, str(error)) from error
    return token
