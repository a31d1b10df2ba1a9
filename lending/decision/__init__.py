"""Lending decisions: admission, rating, limit and price. Pure: no clock, no database, no Django.

`decide` takes facts and the product's policy fields and answers with an outcome, all its reasons and its
path; `facts` and `policy` say what it is told; `standard` holds the one standard decision model; `engine`
runs a model on ZEN; `lint` refuses a model that could let somebody through by mistake; `snapshots` keeps what
a decision was made of, so that it can be made again; `regions` says what ties a customer to the bank's area;
`reasons` says it all to the customer.
"""
