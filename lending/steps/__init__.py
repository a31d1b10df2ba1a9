"""The durable steps of the lending room; importing them registers their kinds."""

from __future__ import annotations

from lending.steps import applications, loans, servicing

__all__ = ["applications", "loans", "servicing"]
