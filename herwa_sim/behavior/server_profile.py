"""What a server of the population is like: plain values, and nothing that happens."""

from dataclasses import dataclass

from herwa_sim.entities import ChannelType


@dataclass(frozen=True, slots=True)
class ChannelProfile:
    """A channel. `share` is how much is said there next to the others; 0 leaves it to bots and webhooks."""

    name: str
    share: float = 1.0
    type: ChannelType = ChannelType.TEXT


@dataclass(frozen=True, slots=True)
class QuestionProfile:
    """Threads in one channel: so many are opened a day, about one of these things, which has one of these troubles."""

    channel: str
    per_day: float
    topics: tuple[str, ...]
    problems: tuple[str, ...]

    def format_title(self, number: int) -> str:
        """The title of that number; neighbours differ in both parts."""
        return f"{self.topics[number % len(self.topics)]}: {self.problems[number // 7 % len(self.problems)]}"


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """One server. Its people are named loudest first; further ones are invented until there are `size`.

    `owner` and `moderators` are personas or people of the server, `guests` are personas who are ordinary members;
    `badges` are roles and the people who are given them.
    `a_day` is how many messages are usual, `evening` the hour of the server's own clock at which most is going on,
    `weekend` how much more is said at weekends than on other days, `voices` how many people talk at a good hour, and
    `deed_every` how many seconds pass between two things that anybody can see.
    """

    name: str
    locale: str
    timezone: str
    size: int
    messages_per_day: float
    peak_hour: float
    weekend_factor: float
    peak_voice_members: int
    mean_interval: float
    owner: str
    moderators: tuple[str, ...]
    guests: tuple[str, ...]
    categories: tuple[tuple[str, tuple[ChannelProfile, ...]], ...]
    greeting_channel: str
    questions: QuestionProfile
    permanent_threads: tuple[tuple[str, str], ...]
    member_names: tuple[str, ...]
    roles: tuple[str, ...]
    bot_name: str
    webhook_name: str
    emoji: tuple[str, ...]
    role_members: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def channels(self) -> tuple[ChannelProfile, ...]:
        """Every channel, in the order of the page."""
        return tuple(channel for _, channels in self.categories for channel in channels)

    @property
    def chat_channels(self) -> tuple[ChannelProfile, ...]:
        """Channels in which people write."""
        return tuple(channel for channel in self.channels if channel.type == ChannelType.TEXT and channel.share > 0)

    @property
    def announcement_channel(self) -> str:
        """The channel to which the webhook belongs: the first one of all."""
        return self.channels[0].name
