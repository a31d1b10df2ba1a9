"""The control calls that belong to no vendor: people, faults, call log, clock, health."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.calls import CallFilter, CallLog
from sandbox.payloads import ControlError, json_object, only, whole_number
from sandbox.people.voice import MAX_TEXT, speak

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from sandbox.clock import Clock
    from sandbox.faults import FaultTable
    from sandbox.people import Person, World
    from sandbox.people.person import Sex

MAX_PEOPLE: Final = 1000
MAX_ADVANCE_SECONDS: Final = 10 * 365 * 86_400
_SEXES: Final[dict[str, Sex]] = {"男": "男", "女": "女", "male": "男", "female": "女"}
_LIVE: Final = {"yes": True, "no": False}
_PEOPLE_QUERY: Final = ("n", "region", "age", "sex", "profile")
_CALLS_QUERY: Final = ("vendor", "operation", "bank", "request_id", "person", "since")


class Controls:
    """Serve /sandbox/*."""

    def __init__(self, world: World, faults: FaultTable, log: CallLog, clock: Clock) -> None:
        """Control one sandbox."""
        self._world = world
        self._faults = faults
        self._log = log
        self._clock = clock
        self._pictures: dict[str, Callable[[Person], bytes]] = {
            "id_card_front": world.card_front,
            "id_card_back": world.card_back,
            "face": world.portrait,
        }

    def routes(self) -> list[Route]:
        """Return the control calls."""
        return [
            Route("/sandbox/healthz", self.health, methods=["GET"]),
            Route("/sandbox/people", self.make_people, methods=["GET"]),
            Route("/sandbox/people/{person}", self.show_person, methods=["GET"]),
            Route("/sandbox/people/{person}/{picture}.jpg", self.picture, methods=["GET"]),
            Route("/sandbox/people/{person}/voice", self.voice, methods=["GET"]),
            Route("/sandbox/faults", self.show_faults, methods=["GET"]),
            Route("/sandbox/faults", self.set_fault, methods=["POST"]),
            Route("/sandbox/calls", self.show_calls, methods=["GET"]),
            Route("/sandbox/calls", self.clear_calls, methods=["DELETE"]),
            Route("/sandbox/clock", self.show_clock, methods=["GET"]),
            Route("/sandbox/clock", self.set_clock, methods=["POST"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Say that the sandbox is up."""
        return JSONResponse({"status": "ok"})

    async def make_people(self, request: Request) -> Response:
        """Make people who do not exist."""
        query = request.query_params
        only(dict(query), *_PEOPLE_QUERY)
        count = whole_number(query.get("n", "1"), "n", least=1, most=MAX_PEOPLE)
        age = whole_number(query["age"], "age", least=0, most=120) if query.get("age") else None
        sex = _SEXES.get(query["sex"]) if query.get("sex") else None
        if query.get("sex") and sex is None:
            raise ControlError("invalid_field", f"sex: one of {', '.join(_SEXES)}")
        try:
            made = self._world.make(
                count,
                region=query.get("region") or None,
                age=age,
                sex=sex,
                profile=query.get("profile") or "good",
            )
        except ValueError as error:
            raise ControlError("invalid_field", str(error)) from error
        return JSONResponse([_brief(person, request) for person in made])

    async def show_person(self, request: Request) -> Response:
        """Show everything about one person."""
        person = self._person(request)
        return JSONResponse(
            {
                **_brief(person, request),
                "sex": person.sex,
                "ethnicity": person.ethnicity,
                "birth_date": person.birth_date.isoformat(),
                "address": person.address,
                "authority": person.authority,
                "valid_from": person.valid_from.isoformat(),
                "valid_until": person.valid_until.isoformat() if person.valid_until else None,
                "profile": person.profile,
                "carrier": person.carrier,
            }
        )

    async def picture(self, request: Request) -> Response:
        """Serve a picture of a person, drawn when first asked for."""
        draw = self._pictures.get(request.path_params["picture"])
        person = self._person(request)
        if draw is None:
            raise ControlError("unknown_picture", f"one of {', '.join(self._pictures)}", status=HTTPStatus.NOT_FOUND)
        return Response(await asyncio.to_thread(draw, person), media_type="image/jpeg")

    async def voice(self, request: Request) -> Response:
        """Let a person read a text aloud, or a machine play that back."""
        query = request.query_params
        only(dict(query), "text", "live")
        person, text, live = self._person(request), query.get("text", ""), query.get("live", "yes")
        if not 0 < len(text) <= MAX_TEXT:
            raise ControlError("invalid_field", f"text: 1 to {MAX_TEXT} characters are required")
        if live not in _LIVE:
            raise ControlError("invalid_field", f"live: one of {', '.join(_LIVE)}")
        return Response(speak(person, text, live=_LIVE[live]), media_type="audio/wav")

    async def show_faults(self, _request: Request) -> Response:
        """List the faults that are set."""
        return JSONResponse({"faults": list(self._faults.rows())})

    async def set_fault(self, request: Request) -> Response:
        """Set a vendor's fault, clear a vendor's faults, or clear all."""
        self._faults.order(await json_object(request))
        return await self.show_faults(request)

    async def show_calls(self, request: Request) -> Response:
        """Show the call log."""
        query = request.query_params
        only(dict(query), *_CALLS_QUERY)
        after_number, since_at = _since(query.get("since", ""))
        wanted = CallFilter(
            vendor=query.get("vendor"),
            operation=query.get("operation"),
            bank=query.get("bank"),
            request_id=query.get("request_id"),
            person=query.get("person"),
            after_number=after_number,
            since_at=since_at,
        )
        return JSONResponse({"calls": [call.as_json() for call in self._log.select(wanted)]})

    async def clear_calls(self, _request: Request) -> Response:
        """Forget the call log; the numbers go on."""
        return JSONResponse({"cleared": self._log.clear()})

    async def show_clock(self, _request: Request) -> Response:
        """Show the time that codes and tokens live by."""
        ahead_seconds = round(self._clock.ahead_seconds, 3)
        return JSONResponse({"now": self._clock.now().isoformat(), "ahead_seconds": ahead_seconds})

    async def set_clock(self, request: Request) -> Response:
        """Advance the clock of codes and tokens; an empty body puts it back to the real time."""
        payload = await json_object(request)
        only(payload, "advance_seconds")
        if not payload:
            self._clock.reset()
            return await self.show_clock(request)
        seconds = payload["advance_seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise ControlError("invalid_field", "advance_seconds: a number is required")
        if not 0 < seconds + self._clock.ahead_seconds <= MAX_ADVANCE_SECONDS or seconds <= 0:
            raise ControlError("invalid_field", f"advance_seconds: more than 0, at most {MAX_ADVANCE_SECONDS} in all")
        self._clock.advance(seconds)
        return await self.show_clock(request)

    def _person(self, request: Request) -> Person:
        person = self._world.get(request.path_params["person"])
        if person is None:
            raise ControlError("unknown_person", "no such person", status=HTTPStatus.NOT_FOUND)
        return person


def _brief(person: Person, request: Request) -> dict[str, object]:
    """Return what api.md promises of a person."""
    base = f"{request.base_url}sandbox/people/{person.person}"
    return {
        "person": person.person,
        "name": person.name,
        "id_number": person.id_number,
        "phone": person.phone,
        "card_number": person.card_number,
        "id_card_front_url": f"{base}/id_card_front.jpg",
        "id_card_back_url": f"{base}/id_card_back.jpg",
        "face_url": f"{base}/face.jpg",
        "voice_url": f"{base}/voice",
    }


def _since(text: str) -> tuple[int, datetime | None]:
    """Read `since`: the number of the last call already seen, or an aware time."""
    if not text:
        return 0, None
    if text.isascii() and text.isdigit():
        return int(text), None
    try:
        since_at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ControlError("invalid_field", "since: a call's number or an ISO 8601 time is required") from error
    if since_at.tzinfo is None:
        raise ControlError("invalid_field", "since: the time needs its offset (+08:00)")
    return 0, since_at
