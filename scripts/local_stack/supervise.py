"""Signals and child processes: run one command to its end, and leave none of its processes behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.local_stack.errors import StackError
from scripts.local_stack.processes import descendants_of, end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    Handler = Callable[[int, FrameType | None], None] | signal.Handlers

SET_PARENT_DEATH_SIGNAL = 1
SET_CHILD_SUBREAPER = 36
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
COMMAND_NOT_FOUND = 127
SIGNAL_BASE = 128


@contextlib.contextmanager
def signals_as_exit() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the calls as Ctrl-C does, instead of killing at once."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(SIGNAL_BASE + number)

    untouched = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) == signal.SIG_DFL]
    with _handlers(dict.fromkeys(untouched, leave)):
        yield


@contextlib.contextmanager
def no_signals() -> Iterator[None]:
    """Let no second Ctrl-C tear a stop apart: it takes a moment and ends by itself."""
    with _handlers(dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)):
        yield


@contextlib.contextmanager
def _handlers(wanted: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Python sets handlers in the main thread only
        return
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_to_the_end(words: Sequence[str], *, environment: Mapping[str, str]) -> int:
    """Run a command in the foreground and return its exit code (128 + n when signal n ended it).

    Signals are passed on to it. When it has ended, what it left in the background is ended too; if we are
    killed ourselves, it gets SIGTERM.

    Raises:
        StackError: there is no such command.
    """
    process_control = _process_control()
    if process_control:
        process_control(SET_CHILD_SUBREAPER, 1)  # orphans below us become our children: none gets away

    def follow_the_parent() -> None:
        if process_control:
            process_control(SET_PARENT_DEATH_SIGNAL, int(signal.SIGTERM))

    before = set(descendants_of(os.getpid()))
    try:
        child = subprocess.Popen(words, env=dict(environment), preexec_fn=follow_the_parent)  # noqa: PLW1509 - one system call
    except OSError as error:
        message = f"{words[0]} cannot be run: {error.strerror}."
        raise StackError(message, hint="check the command after `--`.") from error
    with _passing_on(child):
        code = child.wait()
    end(
        [pid for pid in descendants_of(os.getpid()) if pid not in before],
        first=signal.SIGTERM,
        patience_seconds=5,
    )
    return SIGNAL_BASE - code if code < 0 else code


@contextlib.contextmanager
def _passing_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def pass_on(number: int, _: FrameType | None) -> None:
        # Ctrl-C goes to the whole foreground group: the command has got it already; twice means "at once".
        if number != signal.SIGINT or not _at_the_terminal():
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(number)

    with _handlers(dict.fromkeys(FORWARDED, pass_on)):
        yield


def _at_the_terminal() -> bool:
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _process_control() -> Callable[[int, int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None

    def call(option: int, value: int) -> int:
        return int(prctl(option, value, 0, 0, 0))

    return call
