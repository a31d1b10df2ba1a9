"""Do things at the same moment, each over a connection of its own: what every race of these tests begins with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

from django.db import connections

from core.errors import Problem
from core.tenancy import in_bank

T = TypeVar("T")
DONE = "done"


def at_once(bank: str | None, tasks: Sequence[Callable[[], T]]) -> list[T | Problem]:
    """Run tasks at the same moment, each at the bank, or where there is none as it comes; return their results in order.

    What a task refuses is its result; anything else that it raises is raised here.
    """
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], T]) -> T | Problem:
        try:
            start.wait(30)
            with nullcontext() if bank is None else in_bank(bank):
                return task()
        except Problem as problem:
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        return [future.result() for future in [pool.submit(run, task) for task in tasks]]


def became(result: object) -> str:
    """Return what became of a task: the code of a refusal, a word as it is, else that it was done."""
    return result.code if isinstance(result, Problem) else result if isinstance(result, str) else DONE


def told(results: Iterable[object]) -> list[str]:
    """Return what became of tasks, sorted: which came first is chance."""
    return sorted(map(became, results))
