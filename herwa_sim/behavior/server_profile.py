"""What a server of the population is like: plain values, and nothing that happens."""

from dataclasses import dataclass

from herwa_sim.entities import ChannelType


@dataclass(frozen=True, slots=True)
class Room:
    """A channel. `share` is how much is said there next to the others; 0 leaves it to bots and webhooks."""

    name: str
    share: float = 1.0
    type: ChannelType = ChannelType.TEXT


@dataclass(frozen=True, slots=True)
class Questions:
    """Threads in one channel: so many are opened a day, about one of these things, which has one of these troubles."""

    room: str
    a_day: float
    things: tuple[str, ...]
    troubles: tuple[str, ...]

    def title(self, number: int) -> str:
        """The title of that number; neighbours differ in both parts."""
        return f"{self.things[number % len(self.things)]}: {self.troubles[number // 7 % len(self.troubles)]}"


@dataclass(frozen=True, slots=True)
class Scene:
    """One server. Its people are named loudest first; further ones are invented until there are `size`.

    `owner` and `moderators` are personas or people of the server, `guests` are personas who are ordinary members;
    `badges` are roles and the people who are given them.
    `a_day` is how many messages are usual, `evening` the hour of the server's own clock at which most is going on,
    `weekend` how much more is said at weekends than on other days, `voices` how many people talk at a good hour, and
    `deed_every` how many seconds pass between two things that anybody can see.
    """

    name: str
    locale: str
    zone: str
    size: int
    a_day: float
    evening: float
    weekend: float
    voices: int
    deed_every: float
    owner: str
    moderators: tuple[str, ...]
    guests: tuple[str, ...]
    categories: tuple[tuple[str, tuple[Room, ...]], ...]
    greeting: str
    questions: Questions
    standing: tuple[tuple[str, str], ...]
    people: tuple[str, ...]
    roles: tuple[str, ...]
    bot: str
    webhook: str
    emoji: tuple[str, ...]
    badges: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def rooms(self) -> tuple[Room, ...]:
        """Every channel, in the order of the page."""
        return tuple(room for _, rooms in self.categories for room in rooms)

    @property
    def talk(self) -> tuple[Room, ...]:
        """Channels in which people write."""
        return tuple(room for room in self.rooms if room.type == ChannelType.TEXT and room.share > 0)

    @property
    def notices(self) -> str:
        """The channel to which the webhook belongs: the first one of all."""
        return self.rooms[0].name
