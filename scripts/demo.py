"""`make demo`: everything, with 58 sample banks and one customer's walk; runs until Ctrl-C."""

from __future__ import annotations

import csv
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.local_stack.errors import StackError
from scripts.phone import CallFailed
from scripts.product import (
    ROOT,
    Product,
    ProductError,
    ensure_database,
    mark_complete,
    product,
    write_demo_file,
    write_out,
)
from scripts.stack import Stack, running_stack
from scripts.story import tell

DATABASE = "lending_demo"
BANK, REGION = "125", "320700"
OTHER_BANK = "116"
STAFF_BANKS = (BANK, OTHER_BANK)
DEMO_FILE = ROOT / ".local" / "demo.json"


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


def sample_banks() -> list[dict[str, str]]:
    """Return the rows of the sample banks that the demo opens."""
    with (ROOT / "tenants" / "provisioning" / "sample_banks.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["opened"] == "1"]


def known_staff(running: Product) -> list[dict[str, str]]:
    """Return the logins of the former start, whose addresses may have moved to another port."""
    try:
        former: list[dict[str, str]] = json.loads(DEMO_FILE.read_text(encoding="utf-8"))["staff"]
        return [{**login, "url": f"{running.base_url}{urlsplit(login['url']).path}"} for login in former]
    except (OSError, ValueError, KeyError):
        return []


def make_staff(running: Product) -> list[dict[str, str]]:
    """Give two banks and the province an administrator and a checker each, and return the logins."""
    staff = []
    for bank, login in itertools.product((*STAFF_BANKS, "province"), ("admin", "checker")):
        role = "管理员" if login == "admin" else "复核" if bank == "province" else "合规"
        password = running.manage("make_staff", "--bank", bank, "--login", login, "--role", role, "--superuser")
        path = "/admin/" if bank == "province" else f"/b/{bank}/admin/"
        staff.append(
            {
                "bank": bank,
                "login": login,
                "password": password.strip().splitlines()[-1],
                "url": f"{running.base_url}{path}",
            }
        )
    return staff


def show(running: Product, staff: list[dict[str, str]]) -> None:
    """Print where everything is."""
    say("")
    say(f"  interface    {running.base_url}/api/docs/")
    say(f"  sandbox      {running.sandbox_url}/sandbox/people?n=1")
    for login in staff:
        say(f"  admin {login['bank']:<9}{login['url']}   {login['login']} / {login['password']}")
    say(f"  a command    .local/venv/bin/python manage.py advance_day --bank {BANK} --to DATE   (all others likewise)")
    say(f"  all of it is in {ROOT / '.local' / 'demo.json'}; logs are in {running.home / 'logs'}")
    say("  Ctrl-C ends the demo; the next start takes seconds.")


def run(running: Product, stack: Stack, *, new: bool) -> None:
    """Fill what is new, start everything, walk one customer through if the demo is new, and stay."""
    if not (running.home / "master.key").exists():
        running.manage("create_master_key")
    running.start_sandbox()
    if new:
        say("opening the sample banks")
        running.manage("open_sample_banks", progress=True)
        write_out(stack)
    running.start_web()
    running.await_sandbox()
    running.await_web()
    running.start_workers()  # only now: they would take the processor from what a person waits for
    staff = ([] if new else known_staff(running)) or make_staff(running)
    banks = [{"code": row["code"], "name": row["display_name"], "stage": row["stage"]} for row in sample_banks()]
    write_demo_file(running, banks, staff)
    if new:
        running.manage("vary_sample_products", "--bank", OTHER_BANK)
        say(f"one customer at bank {BANK}, from the scan to the first repayment:")
        tell(running, BANK, REGION, say=say)
    show(running, staff)


def wait_for_the_end(running: Product) -> None:
    """Stay until Ctrl-C, and say so when a part has ended by itself."""
    told: set[str] = set()
    while True:
        time.sleep(1)
        for name, process in running.processes.items():
            if process.poll() is not None and name not in told:
                told.add(name)
                say(f"{name} has ended with {process.returncode}; see {running.home / 'logs' / f'{name}.log'}")


def main() -> int:
    """Run the demo."""
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT also where whoever started it in the background ignores it
        signal.signal(number, signal.default_int_handler)
    host = os.environ.get("DEMO_HOST", "127.0.0.1")
    try:
        with running_stack(ROOT) as stack:
            url, new = ensure_database(stack, DATABASE, say=say)
            with product(stack, database_url=url, home=ROOT / ".local" / "demo", say=say, host=host) as running:
                run(running, stack, new=new)
                if new:
                    mark_complete(stack, DATABASE)
                wait_for_the_end(running)
    except KeyboardInterrupt:
        say("\nended; nothing is left running")
    except (CallFailed, AssertionError, ProductError, StackError) as error:
        say(f"the demo could not go on: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
