"""Who did what, kept append-only at each bank."""

from __future__ import annotations
