"""Let a test change what the outside answers about a person, give one a card, and fetch the sample watchlist."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.people.world import World


def routes() -> list[Route]:
    """Give the control calls over people: `POST …/override`, `POST …/cards` and `GET /sandbox/watchlist.csv`."""
    return [
        Route("/sandbox/people/{person}/cards", _add_card, methods=["POST"]),
        Route("/sandbox/people/{person}/override", _override, methods=["POST"]),
        Route("/sandbox/watchlist.csv", _watchlist, methods=["GET"]),
    ]


async def _override(request: Request) -> Response:
    """Lay facts over a person; answer every fact as the outside now sees it."""
    world: World = request.app.state.world
    person_id = request.path_params["person"]
    try:
        facts = json.loads(await request.body())
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        return JSONResponse({"code": "invalid_request", "message": "the body is a JSON object of facts"}, 400)
    if world.get(person_id) is None:
        return JSONResponse({"code": "not_found", "message": f"nobody is {person_id}"}, 404)
    try:
        return JSONResponse({"person": person_id, "facts": asdict(world.override(person_id, **facts))})
    except ValueError as error:
        return JSONResponse({"code": "invalid_request", "message": str(error)}, 400)


async def _add_card(request: Request) -> Response:
    """Give a person one more bank card."""
    world: World = request.app.state.world
    person_id = request.path_params["person"]
    if world.get(person_id) is None:
        return JSONResponse({"code": "not_found", "message": f"nobody is {person_id}"}, 404)
    return JSONResponse({"person": person_id, "card_number": world.add_card(person_id)})


async def _watchlist(request: Request) -> Response:
    """Give everybody who is listed, as CSV with a header line."""
    world: World = request.app.state.world
    text = io.StringIO()
    writer = csv.DictWriter(text, ["entry", "name", "id_number", "birth_date", "sex"])
    writer.writeheader()
    writer.writerows(world.watchlist_rows())
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8")
