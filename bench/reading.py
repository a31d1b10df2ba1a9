"""What reading a loan with a long history costs over a view that does one SELECT."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Final

from bench.disbursement import CLIENTS, READER, TURNS, Borrowers, at_once, run, sender
from bench.report import Finding, compared

AT_MOST: Final = 2.0
READS: Final = 100
WARMING: Final = 50
SHOWN: Final = {"loan": "a loan with a long history, read", "schedule": "  its schedule, read"}
MILLISECONDS: Final = 1000


def measure(borrowers: Borrowers) -> list[Finding]:
    """Lengthen the first borrower's loan, and let its reads and those of a card take turns at the web server."""
    made = json.loads(run(borrowers.running, "bench.history", "--bank", borrowers.bank, "--borrower", str(READER)))
    note = f"{made['instalments']} instalments, {made['events']} events; the baseline is GET cards/{{id}} with a token"
    with ExitStack() as stack:
        clients = [stack.enter_context(sender(borrowers, loan=made["loan"])) for _ in range(CLIENTS)]
        for verb in ("read", *SHOWN):
            at_once(clients, verb, borrowers, WARMING)
        turns = [{verb: at_once(clients, verb, borrowers, READS) for verb in ("read", *SHOWN)} for _ in range(TURNS)]
    times = [{verb: CLIENTS * MILLISECONDS / rate for verb, rate in turn.items()} for turn in turns]
    return [
        compared(
            name=name, unit="ms", measured=[turn[verb] for turn in times], baseline=[turn["read"] for turn in times],
            at_most=AT_MOST, note=note,
        )
        for verb, name in SHOWN.items()
    ]  # fmt: skip
