"""A web process and a worker at once, for `test_two_processes`: a program of its own that does what it is told by lines.

`list` asks over HTTP for the products of bank 125, `scan SCENE` resolves a code, `work` runs the bank's due steps as a worker
does. After each it prints one JSON value. It lives as long as its input does, so whatever it caches stays cached.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

import django

BANK: Final = "125"


def obey(command: str, client: Any) -> Any:
    """Do what a line says and return what came of it."""
    from core.steps import engine
    from core.steps.registry import LANES
    from core.tenancy import PUBLIC, enter, in_bank

    word, _, told = command.partition(" ")
    if word == "list":
        return [row["code"] for row in client.get(f"/b/{BANK}/api/v1/products").json()["items"]]
    if word == "scan":
        answer = client.post("/api/v1/entries/resolve", {"scene": told}, content_type="application/json")
        return answer.json().get("code", answer.status_code)
    with in_bank(BANK):
        done = engine.run_due(lanes=list(LANES), seconds=10)
    enter(PUBLIC)
    return done


def main() -> None:
    """Say that it is there, then obey until the input ends."""
    django.setup()
    from django.test import Client

    client = Client()
    sys.stdout.write('"ready"\n')
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(obey(line.strip(), client)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
