"""A running `nas serve` → its API as Python, for programs and notebooks that are elsewhere.

client       the one class that people use
connection   requests → answers, or the errors of the library
following    a study → its end, by events and looks
studies, ledger, devices   what a server tells, as values; decoding makes them
sse          lines of a stream → events
files        what a server sends → files
"""
