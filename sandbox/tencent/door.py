"""Tencent Cloud's door: signature first, then the action."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.calls import current_call
from sandbox.tencent import tc3
from sandbox.tencent.errors import TencentError
from sandbox.tencent.face_sessions import FaceDesk
from sandbox.tencent.faceid import FaceService
from sandbox.tencent.ocr import CardReader
from sandbox.tencent.parameters import Parameters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.clock import Clock
    from sandbox.people import World

MAX_BODY_BYTES: Final = 12 * 1024 * 1024
_OCR: Final = ("ocr", "2018-11-19")
_FACEID: Final = ("faceid", "2018-03-01")
_PRODUCT_OF_ACTION: Final = {
    "IDCardOCR": _OCR,
    "DetectAuth": _FACEID,
    "GetDetectInfoEnhanced": _FACEID,
    "IdCardVerification": _FACEID,
}


class TencentDoor:
    """Answer as ocr.tencentcloudapi.com and faceid.tencentcloudapi.com do."""

    def __init__(self, world: World, clock: Clock) -> None:
        """Open the door for the people of a world; face tokens live by the clock."""
        self.cards = CardReader(world)
        self.desk = FaceDesk(world)
        self._faces = FaceService(world, self.desk, clock)

    def routes(self) -> list[Route]:
        """Return the one path of the SDK, and the same under /tencent."""
        return [Route(path, self.serve, methods=["POST"]) for path in ("/", "/tencent/", "/tencent")]

    async def serve(self, request: Request) -> Response:
        """Answer one action: HTTP 200, whatever the outcome."""
        request_id = str(uuid.uuid4())
        call = current_call(request)
        try:
            answer = await self._act(request)
        except TencentError as refusal:
            answer = {"Error": {"Code": refusal.code, "Message": refusal.message}}
        call.request_id = call.request_id or request_id
        return JSONResponse({"Response": {**answer, "RequestId": request_id}})

    async def _act(self, request: Request) -> dict[str, object]:
        body = await request.body()
        if len(body) > MAX_BODY_BYTES:
            raise TencentError("RequestSizeLimitExceeded", "The request is larger than the API takes.")
        action = request.headers.get("x-tc-action", "")
        if not action:
            raise TencentError("MissingParameter", "The request is missing a required parameter `Action`.")
        product = _PRODUCT_OF_ACTION.get(action)
        if product is None:
            raise TencentError("InvalidAction", f"The sandbox has no action `{action}`.")
        service, version = product
        if request.headers.get("x-tc-version") != version:
            raise TencentError("NoSuchVersion", f"`{action}` is of version {version}.")
        signed = tc3.SignedRequest(request.method, request.url.query, request.headers, body)
        tc3.check(signed, service=service, at=datetime.now(UTC))
        call, parameters = current_call(request), Parameters(body)
        if action == "DetectAuth":
            return self._faces.detect_auth(parameters, call, f"{request.base_url}sandbox/face")
        if action == "GetDetectInfoEnhanced":
            # Portraits are drawn on first use: not on the event loop.
            return await asyncio.to_thread(self._faces.get_detect_info, parameters, call)
        if action == "IdCardVerification":
            return self._faces.verify_id_card(parameters, call)
        return await asyncio.to_thread(self.cards.read, parameters, call)
