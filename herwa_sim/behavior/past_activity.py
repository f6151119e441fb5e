"""What happened besides messages in a server's past: reactions, edits, deletions, voice, leaves, numbers of members.

Deterministic: the same messages and members give the same events.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from herwa_shared.discord.constants import ChannelType
from herwa_sim.behavior.activity_profile import build_calendar, get_activity_level, get_timezone, sample_moment
from herwa_sim.behavior.history_generator import PastMessage, ServerHistory
from herwa_sim.behavior.member_profiles import MemberProfile
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.snowflakes import digest

REACTION_SHARE, EDIT_SHARE, DELETE_SHARE = 0.35, 0.06, 0.015
RECENT_AUTHORS = 40
LEAVES_PER_JOIN = 0.6
NEWCOMER_SHARE = 0.6  # of the members who leave
VOICE_SESSIONS_PER_MEMBER = 3.5  # a day, for each member who is in voice at the peak
ONLINE_SHARE = 0.18
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class PastReaction(NamedTuple):
    """A reaction of a member, by name, to a message in a channel or thread."""

    at: datetime
    channel: str
    thread: int
    member: str


class PastEdit(NamedTuple):
    """An edit of a message by its author."""

    at: datetime
    channel: str
    thread: int
    author: str


class PastDeletion(NamedTuple):
    """The deletion of a message."""

    at: datetime
    channel: str
    thread: int


class PastVoiceSession(NamedTuple):
    """A member in a voice channel."""

    at: datetime
    channel: str
    member: str
    seconds: int
    muted: bool
    streaming: bool
    video: bool


class PastVisit(NamedTuple):
    """The time in the server of a member who has left; `number` identifies them."""

    joined_at: datetime
    left_at: datetime
    number: int


class PastCounts(NamedTuple):
    """A sample of the numbers of members, and of members online."""

    at: datetime
    members: int
    online: int


def generate_reactions_and_edits(
    profile: ServerProfile, history: ServerHistory, end: datetime
) -> Iterator[PastReaction | PastEdit | PastDeletion]:
    """Yield what happened to the messages of members, before `end`."""
    random = Random(digest(profile.name, "reactions"))  # noqa: S311 - simulation, not security
    recent: list[str] = []
    for message in history.messages:
        if message.author == profile.bot_name:
            continue
        recent = [*recent[-RECENT_AUTHORS:], message.author]
        for event in _react(message, recent, random):
            if event.at < end:
                yield event


def _react(
    message: PastMessage, recent: Sequence[str], random: Random
) -> Iterator[PastReaction | PastEdit | PastDeletion]:
    place = message.channel, message.thread
    if random.random() < REACTION_SHARE:
        for member in {random.choice(recent) for _ in range(1 + int(random.expovariate(1 / 1.5)))}:
            yield PastReaction(message.sent_at + timedelta(seconds=5 + random.expovariate(1 / 900)), *place, member)
    if random.random() < EDIT_SHARE:
        yield PastEdit(message.sent_at + timedelta(seconds=10 + random.expovariate(1 / 120)), *place, message.author)
    if random.random() < DELETE_SHARE:
        yield PastDeletion(message.sent_at + timedelta(seconds=20 + random.expovariate(1 / 600)), *place)


def generate_voice_sessions(
    profile: ServerProfile, set_up_at: datetime, members: Sequence[MemberProfile], *, begin: datetime, end: datetime
) -> Iterator[PastVoiceSession]:
    """Yield voice sessions that begin and end within `[begin, end)`; a member has one at a time."""
    channels = [channel.name for channel in profile.channels if channel.type == ChannelType.VOICE]
    active = [member for member in members if member.activity]
    if not channels or not active:
        return
    calendar = build_calendar(profile, set_up_at)
    busy_until: dict[str, datetime] = {}
    day, last_day = (moment.astimezone(get_timezone(profile)).date() for moment in (begin, end))
    while day <= last_day:
        random = Random(digest(profile.name, "voice", day.isoformat()))  # noqa: S311 - simulation, not security
        count = profile.peak_voice_members * VOICE_SESSIONS_PER_MEMBER * calendar.get_factor(day)
        starts = sorted(sample_moment(profile, day, random) for _ in range(int(count + random.random())))
        for at in starts:
            member = random.choices(active, [candidate.compute_weight(at) for candidate in active])[0]
            session = _sample_voice_session(at, member.name, channels, random)
            session_end = at + timedelta(seconds=session.seconds)
            if begin <= at and session_end <= end and busy_until.get(member.name, at) <= at and member.joined_at < at:
                busy_until[member.name] = session_end
                yield session
        day += DAY


def _sample_voice_session(at: datetime, member: str, channels: Sequence[str], random: Random) -> PastVoiceSession:
    minutes = random.uniform(1, 4) if random.random() < 0.3 else random.triangular(10, 90, 25)
    channel = random.choices(channels, [1 / rank for rank in range(1, len(channels) + 1)])[0]
    muted, streaming, video = (random.random() < share for share in (0.25, 0.1, 0.08))
    return PastVoiceSession(at, channel, member, int(minutes * 60), muted, streaming, video)


def generate_visits(
    profile: ServerProfile, history: ServerHistory, *, begin: datetime, end: datetime
) -> tuple[PastVisit, ...]:
    """Generate the members who left within `[begin, end)`; most of them had joined not long before."""
    random = Random(digest(profile.name, "visits", begin.date().isoformat()))  # noqa: S311 - simulation, not security
    visits = []
    for number in range(int(len(history.joined_members) * LEAVES_PER_JOIN)):
        left_at = begin + (end - begin) * random.random()
        days = random.expovariate(1 / 6) if random.random() < NEWCOMER_SHARE else 20 + random.expovariate(1 / 200)
        visits.append(PastVisit(left_at - timedelta(days=days + 0.01), left_at, number))
    return tuple(sorted(visits, key=lambda visit: visit.left_at))


def generate_counts(
    profile: ServerProfile,
    joins: Sequence[datetime],
    leaves: Sequence[datetime],
    *,
    begin: datetime,
    end: datetime,
    members_at_end: int,
) -> Iterator[PastCounts]:
    """Yield one sample an hour. `joins` and `leaves` are sorted."""
    random = Random(digest(profile.name, "counts"))  # noqa: S311 - simulation, not security
    at = begin
    while at < end:
        joins_after = len(joins) - bisect_right(joins, at)
        leaves_after = len(leaves) - bisect_right(leaves, at)
        members = max(members_at_end - joins_after + leaves_after, 1)
        level = get_activity_level(profile, at)
        online = round(members * ONLINE_SHARE * (0.5 + 0.5 * min(level, 2.5)) * random.uniform(0.92, 1.08))
        yield PastCounts(at, members, min(online, members))
        at += HOUR
