"""What the product costs beside the least that could do the same: `python -m tests.benchmarks.NAME`."""
