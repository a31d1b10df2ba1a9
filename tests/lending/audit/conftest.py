"""Let a comparison that fails tell both figures."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"tests.lending.audit.{name}" for name in ("bank", "comparing", "deposits", "rounds")))
