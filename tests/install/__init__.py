"""Tests of the installation: the choice of Python, the package indexes and the lock files."""
