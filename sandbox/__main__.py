"""Run the sandbox: `python -m sandbox --port 8900 [--host 127.0.0.1] [--data DIR]`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from sandbox.app import build
from sandbox.wire import address_of, listen, server


def main() -> int:
    """Listen, say where on standard output, and serve until a signal; 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8900, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the people there, so that they outlive this run")
    arguments = parser.parse_args()
    # Also where whoever started it in the background ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        listener = listen(arguments.host, arguments.port)
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen on {arguments.host}:{arguments.port}: {error.strerror}\n")
        return 1
    with listener:
        app = build(arguments.data)
        sys.stdout.write(f"sandbox: {address_of(listener)}\n")
        sys.stdout.flush()
        try:
            server(app).run(sockets=[listener])
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
