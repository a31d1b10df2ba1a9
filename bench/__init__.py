"""Benchmarks: each measures the product against a baseline on the same machine, in turns, and prints ratio and times."""
