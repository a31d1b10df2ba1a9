"""The durable steps of the lending room; importing them registers their kinds."""

from __future__ import annotations

from lending.steps import applications, closing, days, loans, models, servicing, signing, stopping

__all__ = ["applications", "closing", "days", "loans", "models", "servicing", "signing", "stopping"]
