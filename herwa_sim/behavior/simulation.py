"""One living server: who could do something now, and where."""

from datetime import datetime
from itertools import accumulate
from random import Random

from herwa_sim.actions.presence import set_status
from herwa_sim.behavior.activity_profile import get_activity_level
from herwa_sim.behavior.member_profiles import MemberProfile, list_member_profiles
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.behavior.server_setup import get_setup_time
from herwa_sim.entities import ChannelType, SimChannel, SimGuild
from herwa_sim.snowflakes import digest
from herwa_sim.world import PERSONAS, World

# A demonstration is somewhat livelier than the past, and its nights are never quite still.
ACTIVITY_FACTOR = 4.0
MIN_ACTIVITY = 0.35
WEIGHTS_TTL_SECONDS = 120.0

_DAY_SECONDS = 86_400.0
_UNKNOWN_MEMBER_WEIGHT = 0.02  # how loud somebody is whom the cast does not know


class ServerSimulation:
    """What the strands of a server's life share. `elapsed` is its own time, in seconds, which may be sped up."""

    def __init__(self, world: World, guild: SimGuild, profile: ServerProfile) -> None:
        self.world = world
        self.guild = guild
        self.profile = profile
        self.random = Random(digest("life", profile.name))  # noqa: S311 - a play, not a secret
        self.elapsed = 0.0
        self._profiles_by_name: dict[str, MemberProfile] = {
            member_profile.name: member_profile
            for member_profile in list_member_profiles(profile, get_setup_time(guild))
        }
        self._excluded_ids = {world.bot.id, *PERSONAS.values()}
        self._candidate_ids: list[int] = []
        self._cumulative_weights: list[float] = []
        self._weights_valid_until = 0.0

    def get_activity_level(self, now: datetime) -> float:
        """How much is going on, 1 in the mean of a week."""
        return max(get_activity_level(self.profile, now), MIN_ACTIVITY)

    def sample_delay(self, per_day: float, now: datetime) -> float:
        """Seconds until the next of so many a day."""
        return self.random.expovariate(per_day * ACTIVITY_FACTOR * self.get_activity_level(now) / _DAY_SECONDS)

    def is_simulated(self, user_id: int) -> bool:
        """True for the server's people: not for bots, and not for those whom visitors of the local Discord play."""
        is_member = user_id in self.guild.members and user_id not in self._excluded_ids
        return is_member and not self.world.users[user_id].bot

    def list_member_ids(self) -> list[int]:
        """The server's people."""
        return [user_id for user_id in self.guild.members if self.is_simulated(user_id)]

    def pick_members(self, now: datetime, count: int) -> list[int]:
        """So many different people, or fewer, the loud ones first of all; they are online from now on."""
        if self.elapsed >= self._weights_valid_until:
            self._update_weights(now)
        if not self._cumulative_weights or not self._cumulative_weights[-1]:
            return []
        sampled_ids = self.random.choices(self._candidate_ids, cum_weights=self._cumulative_weights, k=3 * count)
        picked_ids = [candidate_id for candidate_id in dict.fromkeys(sampled_ids) if self.is_simulated(candidate_id)][
            :count
        ]
        for user_id in picked_ids:
            if self.world.get_status(user_id) == "offline":
                set_status(self.world, user_id, "online")
        return picked_ids

    def pick_channel(self) -> SimChannel | None:
        """A channel in which people write, the busy ones more often."""
        shares = {channel_profile.name: channel_profile.share for channel_profile in self.profile.chat_channels}
        channels = [
            channel
            for channel in self.guild.channels.values()
            if channel.type == ChannelType.TEXT and channel.name in shares
        ]
        return self.random.choices(channels, [shares[channel.name] for channel in channels])[0] if channels else None

    def find_channel(self, name: str) -> SimChannel | None:
        """The channel of that name, unless somebody has deleted it."""
        channels = self.guild.channels.values()
        return next(
            (channel for channel in channels if channel.name == name and channel.type != ChannelType.CATEGORY), None
        )

    def _update_weights(self, now: datetime) -> None:
        """How likely it is of each to be the next to do something."""
        self._candidate_ids = self.list_member_ids()
        profiles = [self._profiles_by_name.get(self.world.users[user_id].name) for user_id in self._candidate_ids]
        self._cumulative_weights = list(
            accumulate(profile.compute_weight(now) if profile else _UNKNOWN_MEMBER_WEIGHT for profile in profiles)
        )
        self._weights_valid_until = self.elapsed + WEIGHTS_TTL_SECONDS
