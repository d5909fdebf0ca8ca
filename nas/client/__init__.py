"""A running `nas serve` → its API as Python, for programs and notebooks that are elsewhere."""
