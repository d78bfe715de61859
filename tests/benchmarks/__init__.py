"""Measurements, each `python -m tests.benchmarks.NAME` with one JSON line, and short forms that CI runs."""
