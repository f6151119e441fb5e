"""Benchmarks. Each compares Herwa with a peer, a floor or a fixed bound: `python -m benchmarks.NAME` or `make bench`.

A peer is another program that does the same job, a floor is the least work that the job can take. Both are measured in
the same run, so a slow machine slows both.
"""
