"""Networks → measurement logs: runtimes, the timing protocol, and what to measure next."""
