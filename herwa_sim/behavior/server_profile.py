"""Profiles of the simulated servers: plain values without behavior."""

from dataclasses import dataclass

from herwa_shared.discord.constants import ChannelType


@dataclass(frozen=True, slots=True)
class ChannelProfile:
    """A channel. `share` is its relative number of messages; 0 is for bots and webhooks only."""

    name: str
    share: float = 1.0
    type: ChannelType = ChannelType.TEXT


@dataclass(frozen=True, slots=True)
class QuestionProfile:
    """Question threads: the channel, the number per day, and the parts of their titles."""

    channel: str
    per_day: float
    topics: tuple[str, ...]
    problems: tuple[str, ...]

    def format_title(self, number: int) -> str:
        """Return the title with this number, a combination of a topic and a problem."""
        return f"{self.topics[number % len(self.topics)]}: {self.problems[number // 7 % len(self.problems)]}"


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """One simulated server.

    - `size`: number of members. `member_names` come first, most active first; further names are generated.
    - `owner`, `moderators`: personas or members.
    - `guests`: personas who are ordinary members.
    - `role_members`: additional roles and the members who have them.
    - `messages_per_day`: messages on a usual day.
    - `peak_hour`: local hour with the most activity.
    - `weekend_factor`: activity on weekend days relative to weekdays.
    - `peak_voice_members`: number of members in voice at the peak hour.
    - `mean_action_interval_seconds`: mean time between two voice actions; a presence change takes twice as long.
    """

    name: str
    locale: str
    timezone: str
    size: int
    messages_per_day: float
    peak_hour: float
    weekend_factor: float
    peak_voice_members: int
    mean_action_interval_seconds: float
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
        """All channels, in the order of the channel list."""
        return tuple(channel for _, channels in self.categories for channel in channels)

    @property
    def chat_channels(self) -> tuple[ChannelProfile, ...]:
        """Text channels in which members write."""
        return tuple(channel for channel in self.channels if channel.type == ChannelType.TEXT and channel.share > 0)

    @property
    def announcement_channel(self) -> str:
        """Name of the channel that the webhook posts to: the first channel."""
        return self.channels[0].name
