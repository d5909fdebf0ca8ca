"""Networks + fitted models of a device → latency, energy and memory; and the fitting itself."""
