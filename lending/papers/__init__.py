"""What the papers of a loan say (receipt, statement, settlement certificate, notice): data in, plain JSON out; pure."""

from __future__ import annotations
