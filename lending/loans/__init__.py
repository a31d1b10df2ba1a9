"""Loan arithmetic: due dates, schedules, interest, the all-in rate. Pure: no clock, no database, no Django.

Everything is computed in integers and rounded once per figure, half up to the fen. The same terms give the
same rows for ever, which is what lets a contract, a quote and the books be compared years later.
"""
