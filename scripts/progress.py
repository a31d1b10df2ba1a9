"""How far a long work is, for the person who waits. Uses the standard library only."""

from __future__ import annotations

import shutil
import sys
import time

BAR_WIDTH = 30


class Progress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, title: str, *, total: int) -> None:
        self.title = title
        self.total = max(total, 1)
        self.began = time.monotonic()
        self.is_terminal = sys.stderr.isatty()
        self.last_tenth = -1

    def show(self, done: int, note: str) -> None:
        """Show how far the work is."""
        share = min(done / self.total, 1.0)
        if self.is_terminal:
            filled = round(share * BAR_WIDTH)
            bar = "#" * filled + "-" * (BAR_WIDTH - filled)
            columns = shutil.get_terminal_size().columns
            line = f"{self.title} [{bar}] {share:4.0%}  {note}"
            print(f"\r\033[K{line[: columns - 1]}", end="", file=sys.stderr, flush=True)
        elif int(share * 10) > self.last_tenth:
            self.last_tenth = int(share * 10)
            print(f"{self.title}: {share:.0%}, {note}", file=sys.stderr, flush=True)

    def finish(self, text: str) -> None:
        """Replace the bar by a last word."""
        start = "\r\033[K" if self.is_terminal else ""
        print(f"{start}{text} ({time.monotonic() - self.began:.0f} s)", file=sys.stderr, flush=True)
