"""The sandbox: the vendors' doors and a world of synthetic people, in a process of its own.

It imports nothing of the product and the product imports nothing of it: they meet on the wire only.
"""
