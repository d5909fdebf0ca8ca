"""YAML and text → search spaces and architectures; knows nothing of shapes, devices or torch."""
