"""One file per inference runtime: a workload → a session that executes it."""
