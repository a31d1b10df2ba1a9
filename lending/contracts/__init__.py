"""The contract as a file: set from a template, sealed and signed by the bank, checked years later.

This package is a library: it knows no model, opens no transaction and keeps no state but fonts in memory.
`data` says what a contract states, `render` sets it as PDF/A, `signing` seals, signs and time-stamps it,
`verify` judges any file that somebody shows, `numbers` makes contract numbers.
"""
