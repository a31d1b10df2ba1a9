"""What the lending room puts into every new bank; importing it registers it."""

from __future__ import annotations

from lending.furnishing import certificates, products

__all__ = ["certificates", "products"]
