"""One living server: who could do something now, and where."""

from datetime import datetime
from itertools import accumulate
from random import Random

from herwa_sim.actions.presence import set_status
from herwa_sim.behavior.activity_profile import liveliness
from herwa_sim.behavior.member_profiles import Person, people_of
from herwa_sim.behavior.server_profile import Scene
from herwa_sim.behavior.server_setup import settled_at
from herwa_sim.entities import Channel, ChannelType, Guild
from herwa_sim.snowflakes import digest
from herwa_sim.world import PERSONAS, World

# A demonstration is somewhat livelier than the past, and its nights are never quite still.
LIVELIER = 4.0
STILLEST = 0.35
WEIGHED_FOR = 120.0

_DAY_SECONDS = 86_400.0
_NEWCOMER = 0.02  # how loud somebody is whom the cast does not know


class Life:
    """What the strands of a server's life share. `elapsed` is its own time, in seconds, which may be sped up."""

    def __init__(self, world: World, guild: Guild, scene: Scene) -> None:
        self.world = world
        self.guild = guild
        self.scene = scene
        self.random = Random(digest("life", scene.name))  # noqa: S311 - a play, not a secret
        self.elapsed = 0.0
        self._people: dict[str, Person] = {one.name: one for one in people_of(scene, settled_at(guild))}
        self._not_ours = {world.bot.id, *PERSONAS.values()}
        self._weighed: list[int] = []
        self._heavier: list[float] = []
        self._weighed_until = 0.0

    def liveliness(self, now: datetime) -> float:
        """How much is going on, 1 in the mean of a week."""
        return max(liveliness(self.scene, now), STILLEST)

    def pause(self, a_day: float, now: datetime) -> float:
        """Seconds until the next of so many a day."""
        return self.random.expovariate(a_day * LIVELIER * self.liveliness(now) / _DAY_SECONDS)

    def lives_here(self, user_id: int) -> bool:
        """True for the server's people: not for bots, and not for those whom visitors of the local Discord play."""
        is_ours = user_id in self.guild.members and user_id not in self._not_ours
        return is_ours and not self.world.users[user_id].bot

    def everybody(self) -> list[int]:
        """The server's people."""
        return [one for one in self.guild.members if self.lives_here(one)]

    def some(self, now: datetime, count: int) -> list[int]:
        """So many different people, or fewer, the loud ones first of all; they are online from now on."""
        if self.elapsed >= self._weighed_until:
            self._weigh(now)
        if not self._heavier or not self._heavier[-1]:
            return []
        drawn = self.random.choices(self._weighed, cum_weights=self._heavier, k=3 * count)
        chosen = [one for one in dict.fromkeys(drawn) if self.lives_here(one)][:count]
        for user_id in chosen:
            if self.world.status(user_id) == "offline":
                set_status(self.world, user_id, "online")
        return chosen

    def room(self) -> Channel | None:
        """A channel in which people write, the busy ones more often."""
        shares = {room.name: room.share for room in self.scene.talk}
        places = [one for one in self.guild.channels.values() if one.type == ChannelType.TEXT and one.name in shares]
        return self.random.choices(places, [shares[one.name] for one in places])[0] if places else None

    def channel(self, name: str) -> Channel | None:
        """The channel of that name, unless somebody has deleted it."""
        places = self.guild.channels.values()
        return next((one for one in places if one.name == name and one.type != ChannelType.CATEGORY), None)

    def _weigh(self, now: datetime) -> None:
        """How likely it is of each to be the next to do something."""
        self._weighed = self.everybody()
        people = [self._people.get(self.world.users[user_id].name) for user_id in self._weighed]
        self._heavier = list(accumulate(one.weight(now) if one else _NEWCOMER for one in people))
        self._weighed_until = self.elapsed + WEIGHED_FOR
