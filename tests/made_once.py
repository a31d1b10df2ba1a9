"""A state that takes long to reach, made once for a module or a class; each of its tests goes on from it and is undone.

    lent_once = made_once(lend_m1)

    @pytest.fixture
    def lent(lent_once, bank_a):
        return deepcopy(lent_once)

What is made lies in a transaction that is never committed, and a test's own transaction is a savepoint of it. So it is for
tests that commit nothing: a `transaction=True` test needs a module (for `scope="class"`: a class) without such a state.

Whatever was made may be there for every test of its module or class, whether that has asked for it or not: such a test must
not mind, or stand in another class. One that goes on from another says so by `after`, so that they are undone the other way
round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from core.tenancy import PUBLIC, enter
from tests import conftest as everywhere
from tests import database
from tests.undone import undone


@pytest.fixture(scope="class")
def committed_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let the tests of a class commit, each with customers of its own; the database is put back once, after the last."""
    del django_db_setup
    with django_db_blocker.unblock():
        yield
        everywhere._put_back(None)  # type: ignore[arg-type]


def made_once(make: Callable[..., Any], *, scope: Any = "module", after: str | None = None) -> Any:
    """Return a fixture that makes something at bank A once; `after` names another such fixture, from which it goes on."""

    @pytest.fixture(scope=scope)
    def made(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
        del django_db_setup
        begun = [] if after is None else [deepcopy(request.getfixturevalue(after))]
        with django_db_blocker.unblock(), undone(database.BANK_A):
            found = make(*begun)
            enter(PUBLIC)
            yield found

    return made
