"""The chart of accounts and the guards of the ledger."""
