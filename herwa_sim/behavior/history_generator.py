"""Deterministic generator of a server's history: joins, threads and messages of past months.

Each day depends on its own date only. Therefore a shorter history is a suffix of a longer one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from math import exp
from random import Random
from typing import NamedTuple

from herwa_sim.behavior.activity_profile import (
    ActivityCalendar,
    build_calendar,
    get_timezone,
    get_weekday_factor,
    sample_moment,
)
from herwa_sim.behavior.member_profiles import MemberProfile, list_member_profiles
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.snowflakes import create_snowflake, digest

MEAN_CONVERSATION_LENGTH = 6.0  # messages per conversation
GREETER_POOL_SIZE = 8
DAY = timedelta(days=1)


class PastMessage(NamedTuple):
    """A past message.

    `channel` is a channel name. `thread` is the thread id, 0 for none. `is_reply` makes it a reply to the previous
    message there.
    """

    sent_at: datetime
    channel: str
    thread: int
    author: str
    length: int
    attachments: int
    is_reply: bool


class PastThread(NamedTuple):
    """A past thread. Its id encodes `sent_at`."""

    sent_at: datetime
    id: int
    channel: str
    title: str
    owner: str


@dataclass(frozen=True, slots=True)
class ServerHistory:
    """The joins, threads and messages of a period, each in chronological order."""

    joined_members: tuple[MemberProfile, ...]
    threads: tuple[PastThread, ...]
    messages: tuple[PastMessage, ...]


def generate_history(profile: ServerProfile, set_up_at: datetime, *, begin: datetime, end: datetime) -> ServerHistory:
    """Generate the history of `[begin, end)`. Pure function.

    Messages in threads that were opened before `begin` are left out.
    """
    calendar = build_calendar(profile, set_up_at)
    members = list_member_profiles(profile, set_up_at)
    first, last = (moment.astimezone(get_timezone(profile)).date() for moment in (begin - 2 * DAY, end))
    actions = [
        action
        for day in _iterate_days(first, last)
        for action in _DayGenerator(profile, members, calendar, day).generate_actions()
    ]
    ordered_actions = sorted(
        (action for action in actions if begin <= action.sent_at < end), key=lambda action: action.sent_at
    )
    threads = tuple(action for action in ordered_actions if isinstance(action, PastThread))
    thread_ids = {0, *(thread.id for thread in threads)}
    messages = tuple(
        action for action in ordered_actions if isinstance(action, PastMessage) and action.thread in thread_ids
    )
    joined_members = sorted(
        (member for member in members if begin <= member.joined_at < end), key=lambda member: member.joined_at
    )
    return ServerHistory(tuple(joined_members), threads, messages)


def sample_conversation_length(random: Random) -> int:
    """Sample the number of messages in a conversation."""
    return 1 + int(random.expovariate(1 / (MEAN_CONVERSATION_LENGTH - 0.5)))


def sample_message_length(random: Random) -> int:
    """Sample a message length in characters."""
    return min(1900, int(random.lognormvariate(3.6, 0.9)) + 1)


def sample_attachment_count(random: Random) -> int:
    """Sample the number of attachments of a message."""
    return random.choices((0, 1, 2, 4), (93, 5, 1.5, 0.5))[0]


def _iterate_days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


class _DayGenerator:
    """Generator of one local day of one server."""

    def __init__(
        self, profile: ServerProfile, members: Sequence[MemberProfile], calendar: ActivityCalendar, day: date
    ) -> None:
        self._profile = profile
        self._day = day
        self._random = Random(digest(profile.name, day.isoformat()))  # noqa: S311 - simulation, not security
        self._activity_factor = calendar.get_factor(day) * self._random.lognormvariate(0, 0.16)
        noon = sample_moment(profile, day, Random(0)).replace(hour=12)  # noqa: S311 - simulation, not security
        self._newcomers = [member for member in members if member.activity and abs(member.joined_at - noon) < DAY]
        weighted_members = [
            (member, member.compute_weight(noon))
            for member in members
            if member.activity and self._random.random() < member.daily_probability
        ]
        self._active_members = [(member, weight) for member, weight in weighted_members if weight]
        self._cumulative_weights = list(accumulate(weight for _, weight in self._active_members))
        self._channel_names = [channel.name for channel in profile.chat_channels]
        self._channel_shares = [channel.share for channel in profile.chat_channels]

    def generate_actions(self) -> Iterator[PastMessage | PastThread]:
        """Yield everything that starts on the day, unordered.

        Conversations and threads may extend into the following days.
        """
        message_count = (
            self._profile.messages_per_day
            * get_weekday_factor(self._profile, self._day.weekday())
            * self._activity_factor
        )
        for _ in range(int(message_count / MEAN_CONVERSATION_LENGTH + self._random.random())):
            yield from self._generate_conversation()
        for _ in range(_sample_poisson(self._random, self._profile.questions.per_day * self._activity_factor)):
            yield from self._generate_question()
        for member in self._newcomers:
            if member.joined_at.astimezone(get_timezone(self._profile)).date() == self._day:
                yield from self._generate_greeting(member)
        yield from self._generate_bot_posts()

    def _generate_conversation(self) -> Iterator[PastMessage]:
        """Yield a conversation: a few members, one channel, some minutes."""
        random = self._random
        at = sample_moment(self._profile, self._day, random)
        participants = self._pick_members(at, 2 + _sample_poisson(random, 1.2))
        channel = random.choices(self._channel_names, self._channel_shares)[0]
        for turn in range(sample_conversation_length(random) if participants else 0):
            yield self._create_message(
                at, channel, 0, random.choice(participants), is_reply=turn > 0 and random.random() < 0.24
            )
            at += timedelta(seconds=3 + random.expovariate(1 / 50))

    def _generate_question(self) -> Iterator[PastMessage | PastThread]:
        """Yield a question thread; most questions get replies after a while."""
        random, questions = self._random, self._profile.questions
        at = sample_moment(self._profile, self._day, random)
        members = self._pick_members(at, 4)
        if not members:
            return
        asker, *helpers = members
        title = questions.format_title(random.randrange(1000))
        id_ = create_snowflake(at, digest(self._profile.name, questions.channel, title))
        yield PastThread(at, id_, questions.channel, title, asker.name)
        yield self._create_message(at, questions.channel, id_, asker, is_reply=False)
        at += timedelta(minutes=random.lognormvariate(3.1, 1.1))
        for turn in range(1 + int(random.expovariate(1 / 5)) if helpers and random.random() < 0.93 else 0):
            author = asker if turn % 2 else random.choice(helpers)
            yield self._create_message(at, questions.channel, id_, author, is_reply=random.random() < 0.3)
            at += timedelta(minutes=min(random.expovariate(1 / 9), 300))

    def _generate_greeting(self, member: MemberProfile) -> Iterator[PastMessage]:
        """Yield a new member's greeting and the replies to it; some members do not greet."""
        random = self._random
        if random.random() > 0.6:
            return
        at = member.joined_at + timedelta(minutes=1 + random.expovariate(1 / 40))
        yield self._create_message(at, self._profile.greeting_channel, 0, member, is_reply=False)
        for greeter in self._pick_members(at, _sample_poisson(random, 1.4), among=GREETER_POOL_SIZE):
            at += timedelta(seconds=20 + random.expovariate(1 / 300))
            if greeter is not member:
                yield self._create_message(at, self._profile.greeting_channel, 0, greeter, is_reply=True)

    def _generate_bot_posts(self) -> Iterator[PastMessage]:
        """Yield the bot's daily post and its replies."""
        channel, bot = self._channel_names[0], self._profile.bot_name
        morning = sample_moment(self._profile, self._day, self._random).replace(minute=0, second=0)
        yield PastMessage(morning, channel, 0, bot, 180, 0, is_reply=False)
        for _ in range(_sample_poisson(self._random, self._profile.messages_per_day / 25)):
            at = sample_moment(self._profile, self._day, self._random)
            yield PastMessage(at, channel, 0, bot, 30 + self._random.randrange(200), 0, is_reply=False)

    def _create_message(
        self, at: datetime, channel: str, thread: int, author: MemberProfile, *, is_reply: bool
    ) -> PastMessage:
        length = sample_message_length(self._random)
        return PastMessage(at, channel, thread, author.name, length, sample_attachment_count(self._random), is_reply)

    def _pick_members(self, at: datetime, count: int, *, among: int | None = None) -> list[MemberProfile]:
        """Sample up to `count` different members who had joined by then."""
        if not self._active_members:
            return []
        sampled_members = self._random.choices(
            self._active_members[:among], cum_weights=self._cumulative_weights[:among], k=3 * count
        )
        return list({member.name: member for member, _ in sampled_members if member.joined_at < at}.values())[:count]


def _sample_poisson(random: Random, mean: float) -> int:
    """Sample from a Poisson distribution with this mean."""
    floor, product, count = exp(-mean), random.random(), 0
    while product > floor:
        product *= random.random()
        count += 1
    return count
