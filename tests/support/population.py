"""Counts everything that happened in a guild in plain Python, as a reference for every metric.

A test records what it has sent. Nothing here is imported from Herwa: the names of metrics and intervals are those that
people see, and an interval is found by the local time of an event, not by edges.
"""

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MESSAGE, VOICE, JOIN, LEAVE, REACTION, THREAD = "message", "voice", "join", "leave", "reaction", "thread"
COMMAND, DENIED, MEMBERS = "command", "denied", "members"
COUNTED_KINDS = {
    "messages": MESSAGE,
    "joins": JOIN,
    "leaves": LEAVE,
    "reactions": REACTION,
    "threads": THREAD,
    "commands": COMMAND,
    "commands_denied": DENIED,
}
DISTINCT_KINDS = {"active_members": MESSAGE, "voice_members": VOICE}
Label = tuple[object, ...]


class Happening(NamedTuple):
    """Something that a member did. `value` are seconds in voice, or a number of members."""

    kind: str
    at: datetime
    user: int
    channel: int = 0
    value: int = 0


class TicketRecord(NamedTuple):
    """A ticket: when it was opened, and when another person wrote first."""

    opened_at: datetime
    responded_at: datetime | None


@dataclass
class ReferencePopulation:
    """What happened in one guild. A number of members holds until the next one, at most until `members_known_until`."""

    happenings: list[Happening] = field(default_factory=list)
    tickets: list[TicketRecord] = field(default_factory=list)
    members_known_until: datetime | None = None

    def add(self, kind: str, at: datetime, user: int, channel: int = 0, value: int = 0) -> None:
        self.happenings.append(Happening(kind, at, user, channel, value))

    def count(self, metric: str, start: datetime, end: datetime, *, channel: int = 0) -> int | None:
        """Count a metric in `[start, end)`; None if it has no value then."""
        return self._count(metric, lambda at: start <= at < end, channel)

    def count_by_label(
        self, metric: str, start: datetime, end: datetime, *, interval: str, zone: ZoneInfo, channel: int = 0
    ) -> dict[Label, int | None]:
        """Count a metric for each interval of the window, by its label."""
        labels = dict.fromkeys(build_label(moment, interval, zone) for moment in _iterate_moments(start, end))

        def count_label(label: Label) -> int | None:
            return self._count(
                metric, lambda at: start <= at < end and build_label(at, interval, zone) == label, channel
            )

        return {label: count_label(label) for label in labels}

    def count_by_user(self, metric: str, start: datetime, end: datetime) -> dict[int, int]:
        """Count a metric for each member, without those with 0."""
        kind = COUNTED_KINDS[metric]
        users = [
            happening.user for happening in self.happenings if happening.kind == kind and start <= happening.at < end
        ]
        return {user: users.count(user) for user in set(users)}

    def _count(self, metric: str, is_counted: Callable[[datetime], bool], channel: int) -> int | None:
        happenings = [
            happening for happening in self.happenings if is_counted(happening.at) and channel in (0, happening.channel)
        ]
        if metric in COUNTED_KINDS:
            return sum(happening.kind == COUNTED_KINDS[metric] for happening in happenings)
        if metric in DISTINCT_KINDS:
            return len({happening.user for happening in happenings if happening.kind == DISTINCT_KINDS[metric]})
        if metric == "voice_minutes":
            return math.floor(sum(happening.value for happening in happenings if happening.kind == VOICE) / 60 + 0.5)
        if metric == "members":
            return self._find_member_count(is_counted)
        assert metric == "first_response_seconds"
        return _compute_median(
            [
                math.floor((ticket.responded_at - ticket.opened_at).total_seconds())
                for ticket in self.tickets
                if ticket.responded_at is not None and is_counted(ticket.opened_at)
            ]
        )

    def _find_member_count(self, is_counted: Callable[[datetime], bool]) -> int | None:
        """Find the newest number that was known at one of the counted moments: when sampled, and at each full minute."""
        samples = sorted((happening.at, happening.value) for happening in self.happenings if happening.kind == MEMBERS)
        known = dict(samples)
        if samples and self.members_known_until is not None:
            minute = samples[0][0].replace(second=0, microsecond=0) + timedelta(minutes=1)
            while minute < self.members_known_until:
                known[minute] = max(sample for sample in samples if sample[0] <= minute)[1]
                minute += timedelta(minutes=1)
        counted = [moment for moment in known if is_counted(moment)]
        return known[max(counted)] if counted else None


def build_label(moment: datetime, interval: str, zone: ZoneInfo) -> Label:
    """Build the label of the interval in which a moment lies, from its local time."""
    local = moment.astimezone(zone)
    if interval == "hour":
        return (local.date(), local.hour, local.utcoffset())
    if interval == "day":
        return (local.date(),)
    if interval == "week":
        return tuple(local.isocalendar())[:2]
    return (local.year, local.month)


def _iterate_moments(start: datetime, end: datetime) -> Iterable[datetime]:
    moment = start
    while moment < end:
        yield moment
        moment += timedelta(minutes=15)
    yield end - timedelta(microseconds=1)


def _compute_median(values: list[int]) -> int | None:
    return math.floor(statistics.median(values) + 0.5) if values else None
