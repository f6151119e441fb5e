"""Reference counts of messages: each message is labeled with its local time, without computing interval edges."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, TimeSeries
from tests.support.row_factories import EventRow

LABEL_STEP = timedelta(minutes=15)
BucketLabel = tuple[object, ...]


def build_label(moment: datetime, query: ActivityQuery) -> BucketLabel:
    """Build the local label of a time, with the precision of the query's interval."""
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


def list_labels(query: ActivityQuery) -> list[BucketLabel]:
    """List every label that occurs in the window, in order."""
    seen_labels: dict[BucketLabel, None] = {}
    moment = query.start
    while moment < query.end:
        seen_labels[build_label(moment, query)] = None
        moment += LABEL_STEP
    seen_labels[build_label(query.end - timedelta(microseconds=1), query)] = None
    return list(seen_labels)


def list_authors(query: ActivityQuery, messages: Iterable[EventRow]) -> dict[BucketLabel, list[int]]:
    """List the author of each message of the window, by label."""
    authors_by_label: dict[BucketLabel, list[int]] = defaultdict(list)
    for message in messages:
        if message.kind == "message" and query.start <= message.at < query.end:
            authors_by_label[build_label(message.at, query)].append(message.user)
    return authors_by_label


def truncate_to_hour(messages: Iterable[EventRow]) -> list[EventRow]:
    """Truncate the times to full UTC hours, the precision of the hourly table."""
    return [
        EventRow(message.at.replace(minute=0, second=0, microsecond=0), message.user, message.channel, message.kind)
        for message in messages
    ]


def label_values(timeseries: TimeSeries, query: ActivityQuery) -> dict[BucketLabel, int | None]:
    """Map the points of the series under test to labels; fail when two points have the same label."""
    values_by_label = {build_label(point.start, query): point.value for point in timeseries.points}
    assert len(values_by_label) == len(timeseries.points)
    return values_by_label
