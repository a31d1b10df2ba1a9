"""Durable steps: the heart. Import `core.steps.registry` for kinds and outcomes and `core.steps.queue` to enqueue."""
