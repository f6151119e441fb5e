"""Shared state of one simulated server: sampling of members, channels and delays."""

from datetime import datetime
from itertools import accumulate
from random import Random

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions.presence import set_status
from herwa_sim.behavior.activity_profile import get_activity_level
from herwa_sim.behavior.member_profiles import MemberProfile, list_member_profiles
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.behavior.server_setup import get_setup_time
from herwa_sim.entities import SimChannel, SimGuild
from herwa_sim.snowflakes import digest
from herwa_sim.world import PERSONAS, World

# Live activity is higher than in the generated history, and never drops to zero at night, so that a demo shows some.
ACTIVITY_FACTOR = 4.0
MIN_ACTIVITY = 0.35
WEIGHTS_TTL_SECONDS = 120.0

_DAY_SECONDS = 86_400.0
_UNKNOWN_MEMBER_WEIGHT = 0.02  # weight of a member without a MemberProfile


class ServerSimulation:
    """The state that all behaviors of one server share.

    `elapsed` is the simulated time in seconds, which may run faster than real time.
    """

    def __init__(self, world: World, guild: SimGuild, profile: ServerProfile) -> None:
        self.world = world
        self.guild = guild
        self.profile = profile
        self.random = Random(digest("life", profile.name))  # noqa: S311 - simulation, not security
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
        """Return the current activity level, with a lower bound; the mean over a week is about 1."""
        return max(get_activity_level(self.profile, now), MIN_ACTIVITY)

    def sample_delay(self, per_day: float, now: datetime) -> float:
        """Sample the seconds until the next of `per_day` actions (exponential distribution)."""
        return self.random.expovariate(per_day * ACTIVITY_FACTOR * self.get_activity_level(now) / _DAY_SECONDS)

    def is_simulated(self, user_id: int) -> bool:
        """True for simulated members: not for bots, and not for personas that visitors use."""
        is_member = user_id in self.guild.members and user_id not in self._excluded_ids
        return is_member and not self.world.users[user_id].bot

    def list_member_ids(self) -> list[int]:
        """List the ids of the simulated members."""
        return [user_id for user_id in self.guild.members if self.is_simulated(user_id)]

    def pick_members(self, now: datetime, count: int) -> list[int]:
        """Sample up to `count` different members, weighted by activity, and set them online."""
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
        """Sample a chat channel, weighted by its share; None if there is none."""
        shares = {channel_profile.name: channel_profile.share for channel_profile in self.profile.chat_channels}
        channels = [
            channel
            for channel in self.guild.channels.values()
            if channel.type == ChannelType.TEXT and channel.name in shares
        ]
        return self.random.choices(channels, [shares[channel.name] for channel in channels])[0] if channels else None

    def find_channel(self, name: str) -> SimChannel | None:
        """Return the channel with this name, or None if it was deleted."""
        channels = self.guild.channels.values()
        return next(
            (channel for channel in channels if channel.name == name and channel.type != ChannelType.CATEGORY), None
        )

    def _update_weights(self, now: datetime) -> None:
        """Recompute the members' weights; the result is valid for WEIGHTS_TTL_SECONDS."""
        self._candidate_ids = self.list_member_ids()
        profiles = [self._profiles_by_name.get(self.world.users[user_id].name) for user_id in self._candidate_ids]
        self._cumulative_weights = list(
            accumulate(profile.compute_weight(now) if profile else _UNKNOWN_MEMBER_WEIGHT for profile in profiles)
        )
        self._weights_valid_until = self.elapsed + WEIGHTS_TTL_SECONDS
