"""Local Discord simulator: gateway, REST API, OAuth2 and a simulated population.

It serves the demo and the tests. The real bot connects to it unchanged.
"""
