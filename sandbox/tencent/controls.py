"""What a test or a demo does at Tencent's: walk through the face page, spoil an ID card."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, get_args

from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from sandbox.payloads import ControlError, json_object, only, text, whole_number
from sandbox.tencent.face_page import face_page
from sandbox.tencent.face_sessions import MESSAGES, Outcome
from sandbox.tencent.ocr import WARNINGS, Marks

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.clock import Clock
    from sandbox.people import ImageSide, World
    from sandbox.tencent.door import TencentDoor

_OUTCOMES: Final[dict[str, Outcome]] = {outcome: outcome for outcome in get_args(Outcome)}
_SIDES: Final[dict[str, ImageSide]] = {"front": "front", "back": "back"}


class TencentControls:
    """Act as the person before the camera, and as the hand that holds the card."""

    def __init__(self, door: TencentDoor, world: World, clock: Clock) -> None:
        """Act on a door, for the people of a world."""
        self._door = door
        self._world = world
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the control calls."""
        return [
            Route("/sandbox/face/{token}", self.page, methods=["GET"]),
            Route("/sandbox/face/{token}/finish", self.finish, methods=["POST"]),
            Route("/sandbox/ocr/marks", self.mark, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Show the vendor's page (the Url that DetectAuth gives)."""
        session = self._door.desk.find(request.path_params["token"])
        if session is None:
            raise ControlError("unknown_token", "no such face verification", status=HTTPStatus.NOT_FOUND)
        return HTMLResponse(face_page(session))

    async def finish(self, request: Request) -> Response:
        """Let a person go through the vendor's page; the answer is the code that the vendor will report."""
        payload = await json_object(request)
        only(payload, "person", "outcome")
        outcome = _OUTCOMES.get(text(payload, "outcome"))
        if outcome is None:
            raise ControlError("invalid_field", f"outcome: one of {', '.join(_OUTCOMES)}")
        person = self._world.get(text(payload, "person")) if "person" in payload else None
        if person is None and "person" in payload:
            raise ControlError("unknown_person", "no such person", status=HTTPStatus.NOT_FOUND)
        token = request.path_params["token"]
        attempt = self._door.desk.finish(token, person, outcome, at=self._clock.now())
        row = {
            "start_token": token,
            "person": attempt.person.person,
            "code": attempt.code,
            "message": MESSAGES[attempt.code],
            "similarity": attempt.similarity,
        }
        return JSONResponse(row)

    async def mark(self, request: Request) -> Response:
        """Make the OCR find warnings, or a poor quality, on a side of somebody's card; neither clears it."""
        payload = await json_object(request)
        only(payload, "person", "side", "warnings", "quality")
        person = self._world.get(text(payload, "person"))
        if person is None:
            raise ControlError("unknown_person", "no such person", status=HTTPStatus.NOT_FOUND)
        side = _SIDES.get(text(payload, "side"))
        if side is None:
            raise ControlError("invalid_field", "side: front or back")
        key = (person.person, side)
        if "warnings" not in payload and "quality" not in payload:
            self._door.cards.marks.pop(key, None)
            return JSONResponse({"person": person.person, "side": side, "warnings": [], "quality": Marks().quality})
        warnings = payload.get("warnings", [])
        if not isinstance(warnings, list) or not all(code in WARNINGS for code in warnings):
            raise ControlError("invalid_field", f"warnings: some of {', '.join(map(str, WARNINGS))}")
        quality = whole_number(payload.get("quality", Marks().quality), "quality", least=0, most=100)
        self._door.cards.marks[key] = Marks(tuple(warnings), quality)
        return JSONResponse({"person": person.person, "side": side, "warnings": warnings, "quality": quality})
