"""The address for which pages are built: one that nobody has."""

# A page finds out where it is when it runs: see build_plugins.py.
BUILT_FOR = "http://herwa.invalid"
