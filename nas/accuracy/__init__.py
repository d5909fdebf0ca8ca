"""Candidates → accuracy, by evaluators behind one protocol."""
