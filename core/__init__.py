"""Mechanism without a banking noun: money, clock, steps, idempotency, crypto, vault, evidence, gateway, audit."""
