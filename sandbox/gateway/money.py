"""Turn the contract's yuan into fen and back."""

from __future__ import annotations

_FEN_PER_YUAN = 100


def to_fen(yuan: str) -> int:
    """Read an amount such as "1000.00", which the contract has already checked."""
    return int(yuan.replace(".", ""))


def to_yuan(fen: int) -> str:
    """Write an amount with two decimals."""
    return f"{fen // _FEN_PER_YUAN}.{fen % _FEN_PER_YUAN:02d}"
