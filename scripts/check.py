"""Run every check of the code, two at a time, and show what the failing ones say."""

from __future__ import annotations

import argparse
import difflib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # called as a file, not with -m
    sys.path[0] = str(ROOT)

from scripts.local_stack.errors import StackError  # noqa: E402 - needs the path above
from scripts.stack import running_stack  # noqa: E402

OPENAPI = ROOT / "docs" / "openapi.yaml"
AT_A_TIME = 2
LONGEST_DIFF = 60
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
SPECTACULAR = ("manage.py", "spectacular", "--urlconf", "config.urls_contract", "--validate", "--fail-on-warn")


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a program of the environment with its arguments, and what to do when it fails."""

    name: str
    words: tuple[str, ...]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check has found; an empty complaint means that all is well."""

    check: Check
    complaint: str
    seconds: float


# The longest first: they share two places.
CHECKS = (
    Check("types (mypy)", ("-m", "mypy", ".")),
    Check("OpenAPI document", SPECTACULAR, "read the difference; if it is meant, `make openapi`."),
    Check(
        "lint (ruff)",
        ("-m", "ruff", "check", "--output-format=concise", "."),
        "`make format` repairs some of it.",
    ),
    Check("format (ruff)", ("-m", "ruff", "format", "--check", "--output-format=concise", "."), "`make format`."),
    Check(
        "import contracts",
        ("-c", LINT_IMPORTS, "--no-logo"),
    ),
    Check(
        "migrations",
        ("manage.py", "makemigrations", "--check", "--dry-run"),
        "`manage.py makemigrations`, and read what it wrote.",
    ),
    Check("Django's own checks", ("manage.py", "check", "--fail-level", "WARNING")),
)


def main() -> int:
    """Run the checks, or write the OpenAPI document; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-openapi", action="store_true", help="write docs/openapi.yaml from the code")
    asked = parser.parse_args()
    try:
        with running_stack(ROOT, quiet=True) as stack:
            environment = {**os.environ, **stack.environment()}
            if asked.write_openapi:
                return _write_openapi(environment)
            return _run_all(environment)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run_all(environment: dict[str, str]) -> int:
    failed = 0
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running = [pool.submit(_run, check, environment) for check in CHECKS]
        for verdict in (future.result() for future in as_completed(running)):
            word = "FAILED" if verdict.complaint else "ok"
            print(f"{word:<8}{verdict.check.name} ({verdict.seconds:.1f} s)")
            if verdict.complaint:
                failed += 1
                print("\n".join(f"        {line}" for line in verdict.complaint.splitlines()))
                if verdict.check.hint:
                    print(f"        What to do: {verdict.check.hint}")
            sys.stdout.flush()
    print(f"{failed} of {len(CHECKS)} checks failed." if failed else f"All {len(CHECKS)} checks passed.")
    return 1 if failed else 0


def _run(check: Check, environment: dict[str, str]) -> Verdict:
    began = time.monotonic()
    done = _call(check.words, environment)
    if done.returncode != 0:
        complaint = (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"
    elif check.words == SPECTACULAR:
        complaint = _difference(done.stdout)
    else:
        complaint = ""
    return Verdict(check=check, complaint=complaint, seconds=time.monotonic() - began)


def _call(words: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def _difference(document: str) -> str:
    """Return how the stored document differs from the code's, shortened; empty when it does not."""
    if not OPENAPI.exists():
        return f"{OPENAPI.relative_to(ROOT)} is missing."
    lines = list(
        difflib.unified_diff(
            OPENAPI.read_text(encoding="utf-8").splitlines(),
            document.splitlines(),
            fromfile=str(OPENAPI.relative_to(ROOT)),
            tofile="the code",
            lineterm="",
            n=2,
        )
    )
    more = [f"... and {len(lines) - LONGEST_DIFF} lines more"] if len(lines) > LONGEST_DIFF else []
    return "\n".join([*lines[:LONGEST_DIFF], *more])


def _write_openapi(environment: dict[str, str]) -> int:
    done = _call(SPECTACULAR, environment)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        return done.returncode
    OPENAPI.write_text(done.stdout, encoding="utf-8")
    print(f"{OPENAPI.relative_to(ROOT)} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
