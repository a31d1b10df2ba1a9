"""Writes that run with every payment, each one function in the database (stack A9)."""
