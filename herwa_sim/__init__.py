"""A local Discord: gateway, REST and a world that lives, for demo and tests. The real bot connects to it unchanged."""
