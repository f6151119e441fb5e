"""Measurements, each against a peer or a floor taken in the same run: `python -m benchmarks.NAME`, or `make bench`."""
