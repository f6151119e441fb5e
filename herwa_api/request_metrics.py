"""Count requests and their time by endpoint and kind of status, for the metrics of the process."""

from collections import defaultdict
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from starlette.types import Scope

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ENDPOINT = "other"
"""The endpoint of requests that reach no route: their paths are those of clients, of which there are any number."""

_RequestKind = tuple[str, str]
"""Endpoint, as method and template of the path, and the kind of the status, such as 2xx."""


class RequestCounts:
    """The counts of one process."""

    def __init__(self) -> None:
        self._counts: defaultdict[_RequestKind, int] = defaultdict(int)
        self._seconds: defaultdict[_RequestKind, float] = defaultdict(float)

    def add(self, scope: Scope, status: int, seconds: float, *, template: str = "") -> None:
        """Count a request that has ended. `template` is that of its path if no route of FastAPI has served it."""
        route, method = scope.get("route"), scope["method"]
        path = template or (route.path if route is not None else "")
        endpoint = f"{method} {path}" if path and method in METHODS else NO_ENDPOINT
        kind = endpoint, f"{status // 100}xx"
        self._counts[kind] += 1
        self._seconds[kind] += seconds

    def build_metrics(self) -> Iterator[Metric]:
        """Build the metrics of all requests so far."""
        for name, help_text, values in (
            ("herwa_requests", "Requests by endpoint and status.", self._counts),
            ("herwa_request_seconds", "Time of these requests.", self._seconds),
        ):
            family = CounterMetricFamily(name, help_text, labels=["endpoint", "status"])
            for (endpoint, status), value in sorted(values.items()):
                family.add_metric([endpoint, status], value)
            yield family
