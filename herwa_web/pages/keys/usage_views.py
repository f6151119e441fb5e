"""View models of the use of one API key: requests by endpoint, and the last requests; the example of a request."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from herwa_shared.charts.formatting import format_int
from herwa_shared.demo_guild import DEMO_GUILD_ID
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.services.api_key_usage import EndpointUsage, KeyRequest
from herwa_web.pages.keys import texts

MAX_LISTED_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """Requests at one endpoint in the last days."""

    endpoint: str
    requests: str
    failed: str
    average: str


@dataclass(frozen=True, slots=True)
class LoggedRequestRow:
    """One request. `tone` is the color of its result."""

    time: str
    endpoint: str
    result: str
    duration: str
    tone: str


def build_endpoint_rows(usages: Sequence[EndpointUsage]) -> list[EndpointRow]:
    """Sum the days of each endpoint; the endpoint with most requests first."""
    days_by_endpoint: dict[str, list[EndpointUsage]] = defaultdict(list)
    for usage in usages:
        days_by_endpoint[usage.endpoint].append(usage)
    counted = [(sum(day.requests for day in days), endpoint, days) for endpoint, days in days_by_endpoint.items()]
    return [
        EndpointRow(
            endpoint or texts.UNKNOWN_ENDPOINT,
            format_int(requests),
            format_int(sum(day.client_errors + day.server_errors for day in days)),
            texts.format_milliseconds(sum(day.average_milliseconds * day.requests for day in days) / requests),
        )
        for requests, endpoint, days in sorted(counted, key=lambda item: (-item[0], item[1]))
    ]


def build_request_rows(requests: Sequence[KeyRequest], zone: tzinfo) -> list[LoggedRequestRow]:
    """Build the rows of the newest requests, newest first."""
    return [
        LoggedRequestRow(
            format_local_time(request.at, zone),
            request.endpoint or texts.UNKNOWN_ENDPOINT,
            texts.format_result(request.status, request.code),
            texts.format_milliseconds(request.milliseconds),
            "red" if request.status >= 400 else "",
        )
        for request in requests[:MAX_LISTED_REQUESTS]
    ]


def build_curl_command(origin: str, guild_id: str, secret: str, now: datetime, *, is_test: bool) -> str:
    """Build a command that reads the messages of yesterday; `now` is in the time zone of the server."""
    server = str(DEMO_GUILD_ID) if is_test else guild_id
    window = f"from={now.date() - timedelta(days=1)}&to={now.date()}"
    url = f"{origin}/api/guilds/{server}/stats?metric=messages&{window}"
    return f"curl -H 'Authorization: Bearer {secret}' '{url}'"
