"""The protected acts of the lending room; importing them registers them."""

from __future__ import annotations

from lending.acts import applications, loans

__all__ = ["applications", "loans"]
