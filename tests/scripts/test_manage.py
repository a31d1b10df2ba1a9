"""Commands find the demo of their checkout, and say so plainly where no database answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.house.reading import ROOT

NOBODY = "postgresql://nobody@127.0.0.1:1/demo"
ELSEWHERE = "postgresql://nobody@127.0.0.1:2/given"


def _advance(folder: Path, **given: str) -> str:
    """Run a command that needs a database, in a checkout whose demo has ended; return what it complained of."""
    shutil.copy(ROOT / "manage.py", folder)
    (folder / ".local").mkdir()
    demo = {"environment": {"DATABASE_URL": NOBODY, "SIMULATION": "1"}}
    (folder / ".local" / "demo.json").write_text(json.dumps(demo), encoding="utf-8")
    own = {"DATABASE_URL", "SIMULATION", "DJANGO_SETTINGS_MODULE"}
    inherited = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run(
        [sys.executable, "manage.py", "advance_day", "--bank", "125", "--to", "2027-01-11"],
        cwd=folder, env={**inherited, "PYTHONPATH": str(ROOT), **given}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.rstrip()


def test_a_command_goes_to_the_demo_and_says_plainly_where_no_database_answers(tmp_path: Path) -> None:
    told = _advance(tmp_path)
    assert "port 1 failed" in told
    assert told.endswith("Start it (`make demo`), or set DATABASE_URL to where it is.")


def test_where_a_database_is_named_nothing_of_the_demo_counts(tmp_path: Path) -> None:
    assert "only with SIMULATION=1" in _advance(tmp_path, DATABASE_URL=ELSEWHERE)
