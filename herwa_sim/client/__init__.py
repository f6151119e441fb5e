"""Client of the local Discord's control API, for `herwa`, tests and benchmarks."""
