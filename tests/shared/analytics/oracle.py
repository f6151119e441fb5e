"""The same answers counted naively: every message looks at the clock on the wall, no interval is computed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, Series
from tests.activity import Wrote

STEP = timedelta(minutes=15)
Label = tuple[object, ...]


def label(moment: datetime, query: ActivityQuery) -> Label:
    """What the wall says about a moment, as coarse as the interval."""
    local = moment.astimezone(query.zone)
    match query.interval:
        case Interval.HOUR:
            return (local.date(), local.hour, local.utcoffset())
        case Interval.DAY:
            return (local.date(),)
        case Interval.WEEK:
            return tuple(local.isocalendar())[:2]
        case Interval.MONTH:
            return (local.year, local.month)


def labels(query: ActivityQuery) -> list[Label]:
    """Every label that the clock shows in the window, in order."""
    seen: dict[Label, None] = {}
    moment = query.start
    while moment < query.end:
        seen[label(moment, query)] = None
        moment += STEP
    seen[label(query.end - timedelta(microseconds=1), query)] = None
    return list(seen)


def counts(query: ActivityQuery, messages: Iterable[Wrote]) -> dict[Label, list[int]]:
    """Who wrote in each interval, once a message."""
    found: dict[Label, list[int]] = defaultdict(list)
    for message in messages:
        if message.kind == "message" and query.start <= message.at < query.end:
            found[label(message.at, query)].append(message.user)
    return found


def to_the_hour(messages: Iterable[Wrote]) -> list[Wrote]:
    """As the hourly rows know them."""
    return [Wrote(m.at.replace(minute=0, second=0, microsecond=0), m.user, m.channel, m.kind) for m in messages]


def labelled(series: Series, query: ActivityQuery) -> dict[Label, int | None]:
    """The answer under test by the same labels; two points of one label are an error."""
    found = {label(point.start, query): point.value for point in series.points}
    assert len(found) == len(series.points)
    return found
