"""Moments of a day end, counted stage by stage, and a process that kills itself at one of them.

A moment is just before or just after a statement, or a commit. The product knows nothing of this: what is wrapped is the
connection, and the functions by which the runner begins a stage.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from lending.closing import runner, stages
from lending.closing.repricing import reprice_loans
from lending.models.closing import FOLLOW, REPRICING


class Moments:
    """Counts the moments of each stage; `at` is told each of them."""

    def __init__(self, at: Callable[[str, int], None] | None = None) -> None:
        """Begin before any stage."""
        self.counts: Counter[str] = Counter()
        self._stage = ""
        self._at = at

    def pass_one(self) -> None:
        """Let one moment pass."""
        if self._stage:
            self.counts[self._stage] += 1
            if self._at is not None:
                self._at(self._stage, self.counts[self._stage])

    def execute(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 -- Django's signature
        """Run a statement between two moments."""
        self.pass_one()
        result = execute(sql, params, many, context)
        self.pass_one()
        return result

    def entering(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that begins a stage when it is called."""

        def entered(*args: Any, **kwargs: Any) -> Any:
            self._stage = name
            return function(*args, **kwargs)

        return entered


@contextmanager
def watched(at: Callable[[str, int], None] | None = None) -> Iterator[Moments]:
    """Count the moments of every day end inside the block; a stage lasts until the next one begins, its commit included."""
    moments = Moments(at)
    do, commit = stages._do, getattr(connection, "_commit")  # noqa: B009 -- what Django does not declare
    reprice, follow = reprice_loans, runner._follow

    def commit_between_two_moments() -> None:
        moments.pass_one()
        commit()
        moments.pass_one()

    def do_watched(closed_date: Any, stage: str, work: Callable[[], Any]) -> None:
        moments._stage = stage
        do(closed_date, stage, work)

    setattr(stages, "_do", do_watched)  # noqa: B010 -- functions of modules
    setattr(runner, "reprice_loans", moments.entering(REPRICING, reprice))  # noqa: B010
    setattr(runner, "_follow", moments.entering(FOLLOW, follow))  # noqa: B010
    setattr(connection, "_commit", commit_between_two_moments)  # noqa: B010
    try:
        with connection.execute_wrapper(moments.execute):
            yield moments
    finally:
        setattr(stages, "_do", do)  # noqa: B010
        setattr(runner, "reprice_loans", reprice)  # noqa: B010
        setattr(runner, "_follow", follow)  # noqa: B010
        setattr(connection, "_commit", commit)  # noqa: B010


@contextmanager
def dying(stage: str, number: int, reached: Path) -> Iterator[None]:
    """Kill this very process at a moment of a stage, without a chance to tidy up; say so by a file."""

    def die(at_stage: str, at_number: int) -> None:
        if (at_stage, at_number) == (stage, number):
            reached.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    with watched(die):
        yield
