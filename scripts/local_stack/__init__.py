"""A real PostgreSQL and a real Redis-compatible server for one checkout, from wheels.

`scripts/stack.py` is the door. In here: `folder` (where things live and as whom they run), `uses` (who needs
the servers, so that the last one out stops them), `postgres`, `redis`, `processes`.
"""
