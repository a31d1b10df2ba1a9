"""Pay borrowers out through the operation, as the REST call does: `python -m bench.drawing --bank 125`.

Reads lines `draw FIRST COUNT` from standard input, pays out that many borrowers from that number on, and answers each line
with the seconds that it took. A process of its own for each client, like a worker of the web server.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import django

from bench.borrowers import face_token_of, id_of


def draw(number: int) -> Any:
    """Pay one borrower out under an idempotency key, with the answer that a customer gets."""
    from core.actors import customer_actor
    from core.idempotency import Answer, Claim, claimed, request_digest
    from lending import operations
    from lending.rest.loan_documents import drawdown_document

    customer_id, drawdown_id = id_of("customer", number), id_of("drawdown", number)
    path = f"/b/bench/api/v1/drawdowns/{drawdown_id.hex}"
    body = json.dumps({"face_token": face_token_of(number)}).encode()

    def render(row: Any) -> Answer:
        return Answer(202, drawdown_document(row), {"Location": path})

    claim = Claim(
        caller=customer_actor(customer_id),
        key=f"draw-{drawdown_id.hex}",
        request_sha256=request_digest("POST", f"{path}/disburse", body),
        render=render,
    )
    with claimed(claim):
        drawdown = operations.disburse_drawdown(
            drawdown_id=drawdown_id, customer_id=customer_id, face_token=face_token_of(number)
        )
    if drawdown.status != "disbursed":
        msg = f"borrower {number} was not paid out: {drawdown.status} {drawdown.reason_code}"
        raise RuntimeError(msg)
    return claim.answer


def main() -> None:
    """Answer lines until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.drawing", description=__doc__)
    parser.add_argument("--bank", required=True)
    asked = parser.parse_args()
    django.setup()
    from core.tenancy import in_bank

    print("ready", flush=True)
    with in_bank(asked.bank):
        for line in sys.stdin:
            first, count = map(int, line.split()[1:])
            started = time.perf_counter()
            for number in range(first, first + count):
                draw(number)
            print(f"{time.perf_counter() - started:.6f}", flush=True)


if __name__ == "__main__":
    main()
