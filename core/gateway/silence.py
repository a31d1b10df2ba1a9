"""Keep what libraries write of a call out of every log: addresses, bodies and signatures are no one's to read there."""

from __future__ import annotations

import logging


def _nothing(record: logging.LogRecord) -> bool:
    del record
    return False


def silence(*names: str) -> None:
    """Let nothing that these loggers write reach a handler, whatever configures logging afterwards.

    A filter stays where `logging.config.dictConfig`, which servers and workers call at their own time, switches a
    disabled logger on again.
    """
    for name in names:
        logging.getLogger(name).addFilter(_nothing)
