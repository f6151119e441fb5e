"""May this run, and if not, why: pure, without I/O. The order of decisions is `steps.STEPS`."""
