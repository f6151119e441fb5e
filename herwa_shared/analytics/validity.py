"""Until when the result of a statistics query holds, if its data does not change."""

from datetime import datetime, timedelta

from herwa_shared.analytics.coverage import GATEWAY_LIVENESS_TIMEOUT
from herwa_shared.analytics.query import ActivityQuery

MINUTE = timedelta(minutes=1)


def get_valid_until(now: datetime, *queries: ActivityQuery, has_names: bool = False) -> datetime | None:
    """Return until when a result that was computed at `now` holds; None if time does not end it.

    A result about a running window depends on `now`: an interval begins or ends, a comparison covers more time, a
    collector that stopped counts as running for GATEWAY_LIVENESS_TIMEOUT. It holds until the next full minute, or until
    one of its windows begins or ends, if that is earlier; every interval begins at a full minute. `has_names`: it
    contains names of channels or members, which change without a new data version, and so holds no longer either.
    """
    if not has_names and all(query.end + GATEWAY_LIVENESS_TIMEOUT <= now for query in queries):
        return None
    next_minute = now.replace(second=0, microsecond=0) + MINUTE
    edges = (edge for query in queries for edge in (query.start, query.end))
    return min([next_minute, *(edge for edge in edges if now < edge)])
