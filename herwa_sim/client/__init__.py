"""Client of the control API of the local Discord, for `herwa`, tests and benchmarks."""
