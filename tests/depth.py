"""How far a test goes: most take few examples in the usual run, and as many as is promised in the deep one."""

from __future__ import annotations

from hypothesis import settings


def is_deep() -> bool:
    """Tell whether this is `make test-deep`."""
    return settings.get_current_profile_name() == "deep"
