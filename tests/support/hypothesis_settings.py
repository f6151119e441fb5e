"""Settings of property-based tests."""

from hypothesis import HealthCheck, settings

no_deadline = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No time limit per example: the test machine is shared, so the duration of an example means nothing."""
