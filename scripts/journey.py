"""`make journey`: the whole walk on fresh, throw-away servers; the last line of output is one JSON object."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.local_stack.errors import StackError
from scripts.product import ROOT, ProductError, ensure_database, product
from scripts.stack import fresh_stack
from scripts.story import tell

BANK, REGION = "125", "320700"


def main() -> int:
    """Walk, and print the result; 0 if everything went as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep-logs", action="store_true", help="keep the logs of the parts")
    asked = parser.parse_args()
    started = time.monotonic()
    local = ROOT / ".local"
    local.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=local, prefix="journey-"))
    result: dict[str, object] = {"ok": False}
    try:
        with fresh_stack(ROOT, quiet=True) as stack:
            url, _ = ensure_database(stack, "lending_journey", say=print)
            with product(stack, database_url=url, home=home, say=print) as running:
                print("opening two banks", flush=True)
                running.manage("create_master_key")
                running.start_sandbox()
                running.manage("open_sample_banks", "--only", f"{BANK},116")
                running.start_web()
                running.start_workers()
                running.await_sandbox()
                running.await_web()
                print(f"one customer at bank {BANK}", flush=True)
                story = tell(running, BANK, REGION, say=lambda text: print(text, flush=True))
        good = all(story.facts.get(name) for name in ("ledger_balanced", "contract_valid"))
        result = {
            "ok": good,
            "seconds": round(time.monotonic() - started, 1),
            "machine_seconds": round(sum(step["seconds"] for step in story.steps), 1),
            "steps": story.steps,
            **story.facts,
        }
    except (AssertionError, ProductError, StackError) as error:
        result["error"] = str(error)[:4000]
    finally:
        if asked.keep_logs or not result["ok"]:
            print(f"logs: {home / 'logs'}")
        else:
            shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
